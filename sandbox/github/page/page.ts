// The pages: what a person would see on GitHub, driven by hand and following what happens.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Html } from './html.ts';
import type { View } from './layout.ts';
import type { Scenario } from './list.ts';
import type { Site } from '../site.ts';
import type { Account, Repository } from '../world.ts';
import { readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { installPage, newAppPage } from './app-setup.ts';
import { createMarkdown } from './markdown.ts';
import { carryOut } from './actions.ts';
import { checkPage, deploymentsPage, webhooksPage } from './checks.ts';
import { blobPage, commitPage, comparePage, editPage, treePage } from './files.ts';
import { escapeHtml, html } from './html.ts';
import { layout } from './layout.ts';
import { pullsPage, repositoriesPage } from './list.ts';
import { conversationPage, filesPage } from './pull-page.ts';
import { readBody } from '../routes/rest.ts';
import { findAccount, findRepository, fullName } from '../world.ts';

interface PageOptions {
  site: Site;
  scenarios: readonly Scenario[];
  /** Calls back at each change until the returned function is called. */
  watch(listener: () => void): () => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

// Forms may lead away: what makes an App goes back to whoever asked for it.
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src * data:; connect-src 'self'; form-action *";

function cookieOf(request: IncomingMessage): string {
  return decodeURIComponent(/(?:^|;\s*)as=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
}

/** The person in the cookie, else the first there is. */
function actorOf(site: Site, request: IncomingMessage): Account | null {
  const chosen = findAccount(site.world, cookieOf(request));
  return chosen?.type === 'User'
    ? chosen
    : ([...site.world.accounts.values()].find((account) => account.type === 'User') ?? null);
}

async function pageOf(options: PageOptions, view: View, url: URL): Promise<Html> {
  const { world } = options.site;
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const [owner = '', name = '', room = 'pulls', ...rest] = parts;
  if (owner === '') return repositoriesPage(view);
  if (owner === 'apps' && room === 'installations') return installPage(view, options.site);
  const repository = findRepository(world, owner, name);
  if (!repository) throw new Failure(404, 'Not Found');
  const path = rest.join('/');
  if (room === 'pulls')
    return pullsPage(view, repository, { closed: url.searchParams.has('closed'), scenarios: options.scenarios });
  if (room === 'pull') return pullPage(view, repository, rest);
  if (room === 'tree') return treePage(view, repository, path);
  if (room === 'blob') return blobPage(view, repository, path);
  if (room === 'edit') return editPage(view, repository, path);
  if (room === 'compare') return comparePage(view, repository, path);
  if (room === 'commit') return commitPage(view, repository, path);
  if (room === 'deployments') return deploymentsPage(view, repository);
  if (room === 'webhooks') {
    const own = options.site.hooks.deliveries().filter((delivery) => delivery.repositoryId === repository.id);
    return webhooksPage(view, repository, own.slice(0, 50));
  }
  const check = room === 'runs' ? repository.checks.find((each) => each.id === Number(path)) : undefined;
  if (!check) throw new Failure(404, 'Not Found');
  return checkPage(view, repository, check);
}

function pullPage(view: View, repository: Repository, rest: readonly string[]): Promise<Html> {
  const pull = repository.pulls.get(Number(rest[0]));
  if (!pull) throw new Failure(404, `${fullName(repository)} has no pull request ${rest[0] ?? ''}`);
  return rest[1] === 'files' ? filesPage(view, repository, pull) : conversationPage(view, repository, pull);
}

function errorPage(view: View, error: unknown): { status: number; shown: Html } {
  const status = error instanceof Failure ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  const details =
    error instanceof Failure
      ? (error.errors ?? []).map((each) => html`<p>${String(each['message'] ?? each['code'])}</p>`)
      : null;
  const live = html`<section class="box"><div class="box-head failure"><b>${status}</b> ${message}</div>
    <div class="body">${details}<a href="${view.path}">Back</a></div></section>`;
  return { status, shown: layout(view, { title: message, live }) };
}

/** A face of one letter on a colour that follows from the name. */
function avatarImage(login: string): string {
  const hue = [...login].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  const letter = escapeHtml((login[0] ?? '?').toUpperCase());
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" fill="hsl(${hue} 45% ` +
    '48%)"/><text x="20" y="27" font-family="sans-serif" font-size="20" font-weight="600" fill="#fff" ' +
    `text-anchor="middle">${letter}</text></svg>`
  );
}

function follow(options: PageOptions, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 1000\n\n');
  let told = false;
  const stop = options.watch(() => {
    // Many changes of one moment are one notice.
    if (told) return;
    told = true;
    setImmediate(() => {
      told = false;
      response.write('data: changed\n\n');
    });
  });
  request.on('close', stop);
}

async function act(
  options: PageOptions,
  at: { name: string; view: View },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = new URLSearchParams((await readBody(request)).toString('utf8'));
  const origin = request.headers.origin;
  if (origin !== undefined && origin !== `http://${request.headers.host ?? ''}`)
    throw new Failure(403, 'Forms of other sites are refused.');
  const outcome = await carryOut(at.name, {
    site: options.site,
    scenarios: options.scenarios,
    actor: at.view.actor,
    form,
  });
  const cookie =
    outcome.actAs === undefined
      ? {}
      : { 'set-cookie': `as=${encodeURIComponent(outcome.actAs)}; Path=/; HttpOnly; SameSite=Strict` };
  response.writeHead(303, { location: outcome.to, ...cookie }).end();
}

/** The account for which an App is made from a manifest: '' is the viewer's own. */
function makerOf({ pathname }: URL): string | undefined {
  const match = /^(?:\/organizations\/([^/]+))?\/settings\/apps\/new$/.exec(pathname);
  return match ? decodeURIComponent(match[1] ?? '') : undefined;
}

/** Answers everything that is neither REST nor git. */
export function createPage(options: PageOptions): Handler {
  const markdown = createMarkdown();
  const file = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));
  const files: Record<string, { type: string; body: Buffer }> = {
    '/-/page.css': { type: 'text/css', body: file('page.css') },
    '/-/page.js': { type: 'text/javascript', body: file('page.js') },
  };
  return async (request, response) => {
    const url = new URL(request.url ?? '/', options.site.world.url);
    const known = files[url.pathname];
    const face = /^\/-\/avatar\/(.+)\.svg$/.exec(url.pathname)?.[1];
    if (known) return void response.writeHead(200, { 'content-type': `${known.type}; charset=utf-8` }).end(known.body);
    if (face !== undefined)
      return void response
        .writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=3600' })
        .end(avatarImage(decodeURIComponent(face)));
    if (url.pathname === '/-/events') return follow(options, request, response);
    const maker = request.method === 'POST' ? makerOf(url) : undefined;
    const deed = request.method === 'POST' ? /^\/-\/do\/([a-z-]+)$/.exec(url.pathname)?.[1] : undefined;
    const path = deed === undefined ? url.pathname + url.search : '/';
    const view: View = { world: options.site.world, actor: actorOf(options.site, request), path, markdown };
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
    };
    try {
      if (maker !== undefined) {
        const manifest = new URLSearchParams((await readBody(request)).toString('utf8')).get('manifest') ?? '';
        const asked = newAppPage(view, { manifest, state: url.searchParams.get('state') ?? '', owner: maker });
        return void response.writeHead(200, headers).end(asked.text);
      }
      if (deed !== undefined) return await act(options, { name: deed, view }, request, response);
      const shown = await pageOf(options, view, url);
      response.writeHead(200, headers).end(shown.text);
    } catch (error) {
      const { status, shown } = errorPage(view, error);
      response.writeHead(status, headers).end(shown.text);
    }
  };
}
