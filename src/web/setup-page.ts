// Set-up of GitHub in the browser: pages, one cookie, and what works and what does not once it is done.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Finding } from '../policy/finding.ts';
import type { Html } from './html.ts';
import { AppError, describeError } from '../base/errors.ts';
import { html, page } from './html.ts';

/** What the pages ask; errors are told to whoever looks. */
interface Setup {
  enter(token: string): Promise<string>;
  form(session: string, organization: string): Promise<{ action: string; manifest: object }>;
  finish(session: string, back: { code: string; state: string }): Promise<{ installUrl: string }>;
}

interface GitHubStatus {
  name: string;
  installUrl: string;
  findings: Finding[];
}

export interface SetupPages {
  /** What of the installation is as it should be, and what is not. */
  installation: () => Promise<Finding[]>;
  /** Undefined once there is an App. */
  setup: Setup | undefined;
  /** Undefined while there is none. */
  status: (() => Promise<GitHubStatus>) | undefined;
  /** How people reach this page: a cookie is bound to it. */
  publicUrl: string;
  /** Called once the App is there and whoever made it has the answer. */
  onSetUp: () => void;
}

interface Shown {
  status?: number;
  body: Html;
  /** Value of the session's cookie. */
  session?: string;
  /** Origin to which the page's form goes. */
  formTo?: string;
  isSetUp?: boolean;
  /** Loads itself anew until it says something else. */
  again?: boolean;
}

const cookieName = 'cox-setup';
/** GitHub: the code of a manifest holds for an hour. */
const cookieSeconds = 3_600;
const maxFormBytes = 4 * 1024;

function sessionOf(request: IncomingMessage): string {
  return /(?:^|;\s*)cox-setup=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > maxFormBytes) throw new AppError('E_SETUP', 'the form is too large');
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function beginPage(token: string): Html {
  return html`<h1>Set up GitHub</h1>
<p>Coxswain makes a GitHub App of its own, with the permissions and events of its <code>app.yml</code>.
Its credentials go into a Secret of the cluster and nowhere else.</p>
<form method="post" action="setup"><input type="hidden" name="token" value="${token}">
<p><label>Organization that owns it, empty for your own account
<input name="organization" maxlength="100" autocomplete="off"></label></p>
<p><button>Begin</button></p></form>`;
}

function createPage(action: string, manifest: object): Html {
  return html`<h1>Make the App on GitHub</h1>
<p>GitHub shows its name and asks you to confirm; then it sends you back here.</p>
<form method="post" action="${action}"><input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
<p><button>Make it on GitHub</button></p></form>`;
}

function installPage(installUrl: string): Html {
  return html`<h1>The App is made</h1>
<p>Its credentials are stored, and Coxswain starts with them now.</p>
<p><a class="button" href="${installUrl}">Install it in your repositories</a></p>
<p><a href="../setup">What works and what does not</a></p>`;
}

const marks = { good: '✅', bad: '❌', waiting: '⏳' } as const;

function findingRows(findings: readonly Finding[]): Html[] {
  return findings.map(
    ({ what, state, detail, next }) =>
      html`<tr><th scope="row">${marks[state]} ${what}</th>
<td>${detail}${next !== undefined && html`<br>${next}`}</td></tr>`,
  );
}

/** Each part of the installation, what is wrong first. */
export function installationPage(findings: readonly Finding[]): Html {
  const rank = { bad: 0, waiting: 1, good: 2 };
  const rows = findingRows(findings.toSorted((one, other) => rank[one.state] - rank[other.state]));
  return html`<div class="setup"><h1>Installation</h1><table>${rows}</table></div>`;
}

function statusPage({ name, installUrl, findings }: GitHubStatus): Html {
  const rows = findingRows(findings);
  return html`<h1>GitHub${name && `: ${name}`}</h1><table>${rows}</table>
${installUrl !== '' && html`<p><a class="button" href="${installUrl}">Install it in your repositories</a></p>`}`;
}

async function answer({ setup, status }: SetupPages, request: IncomingMessage, url: URL): Promise<Shown> {
  const session = sessionOf(request);
  const { method = 'GET' } = request;
  if (url.pathname === '/setup' && method === 'POST' && setup) {
    const form = await formOf(request);
    const token = form.get('token') ?? '';
    const entered = token ? await setup.enter(token) : session;
    const { action, manifest } = await setup.form(entered, (form.get('organization') ?? '').trim());
    return { body: createPage(action, manifest), session: entered, formTo: new URL(action).origin };
  }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: html`<h1>Method not allowed</h1>` };
  if (url.pathname === '/setup/created' && method === 'GET' && setup) {
    const back = { code: url.searchParams.get('code') ?? '', state: url.searchParams.get('state') ?? '' };
    const { installUrl } = await setup.finish(session, back);
    return { body: installPage(installUrl), session: '', isSetUp: true };
  }
  if (status) return { body: statusPage(await status()), again: true };
  const token = url.searchParams.get('token') ?? '';
  if (setup && (token || session)) return { body: beginPage(token) };
  return {
    status: setup ? 403 : 404,
    body: setup
      ? html`<h1>GitHub is not set up</h1>
<p>Whoever may read the Secrets of Coxswain gets the address with <code>cox setup github</code>.</p>`
      : html`<h1>There is no GitHub App</h1>`,
  };
}

function headersOf({ session, formTo, again }: Shown, publicUrl: string): Record<string, string> {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const cookie =
    `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Lax; ` + `Max-Age=${session ? cookieSeconds : 0}${secure}`;
  const form = formTo === undefined ? "'self'" : formTo;
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // An identity provider may stand between the form and GitHub.
    'content-security-policy':
      "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
      `form-action ${form}${formTo ? ' https:' : ''}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    // GitHub learns from where it is asked, and not the address with its token.
    'referrer-policy': formTo === undefined ? 'no-referrer' : 'strict-origin',
    ...(session !== undefined && { 'set-cookie': cookie }),
    ...(again && { refresh: '15' }),
  };
}

/** Exact paths: nothing else belongs to the set-up. */
export function isSetupPath(path: string): boolean {
  return path === '/setup' || path === '/setup/created';
}

/** Answers everything under /setup. */
export async function answerSetup(
  pages: SetupPages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const shown = await answer(pages, request, url).catch((error: unknown): Shown => ({
    status: error instanceof AppError && error.code === 'E_SETUP' ? 403 : 502,
    body: html`<h1>That did not work</h1><p>${describeError(error)}</p>`,
  }));
  const up = url.pathname === '/setup' ? './' : '../';
  const text = page({ title: 'GitHub', up, body: html`<div class="setup">${shown.body}</div>` });
  if (shown.isSetUp) response.once('close', pages.onSetUp);
  response.writeHead(shown.status ?? 200, headersOf(shown, pages.publicUrl));
  response.end(request.method === 'HEAD' ? undefined : text);
}
