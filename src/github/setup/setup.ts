// Set-up of the GitHub App in clicks: whoever has the token of the cluster's Secret gets an App made on GitHub, once.
import type { Api } from '../../cluster/api.ts';
import type { Logger } from '../../base/log.ts';
import type { AppCredentials, StoredApp } from './app-secret.ts';
import type { AppManifest } from './manifest.ts';
import { createHmac } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { foreignLog } from '../client/foreign-log.ts';
import { appSecret, hashOfToken, newToken, readAppSecret, sameText, writeAppSecret } from './app-secret.ts';
import { manifestOf, newAppUrl, readAppFile, webUrlOf } from './manifest.ts';
import { webhookPath } from '../webhook/webhook.ts';

export interface SetupOptions {
  api: Pick<Api, 'get' | 'create' | 'replace'>;
  namespace: string;
  /** How people reach the page, without a trailing slash. */
  publicUrl: string;
  /** Where GitHub sends webhooks instead of there, in development. */
  hookUrl?: string | undefined;
  /** REST base of GitHub. */
  apiUrl: string;
  log: Logger;
}

/** What the browser posts to GitHub. */
interface AppForm {
  action: string;
  manifest: AppManifest;
}

/** Every way in is closed once there are credentials; then all of these throw E_SETUP. */
export interface Setup {
  /** Makes sure that there is a token, and an address with it. */
  begin(signal: AbortSignal): Promise<void>;
  /** Uses the token up: what is answered is the session of the one browser that goes on. */
  enter(token: string): Promise<string>;
  form(session: string, organization: string): Promise<AppForm>;
  /** GitHub's page on which the App is installed in repositories. */
  finish(session: string, back: { code: string; state: string }): Promise<{ installUrl: string }>;
}

function refused(message: string): AppError {
  return new AppError('E_SETUP', message, {
    hint: 'Ask for an address anew with: cox setup github. It holds for one browser.',
  });
}

/** Known to the browser with that session alone, and to GitHub. */
function stateOf(session: string): string {
  return createHmac('sha256', session).update('state').digest('base64url');
}

function addressOf(publicUrl: string): string {
  return `${publicUrl}/setup?token=${newToken()}`;
}

function tokenIn(address: string | undefined): string {
  return URL.parse(address ?? '')?.searchParams.get('token') ?? '';
}

async function readOpen({ api, namespace }: SetupOptions): Promise<StoredApp> {
  const stored = await readAppSecret(api, namespace);
  if (stored.credentials) throw new AppError('E_SETUP', 'GitHub is set up already');
  return stored;
}

async function openFor(options: SetupOptions, session: string): Promise<StoredApp> {
  const stored = await readOpen(options);
  if (!session || !sameText(hashOfToken(session), stored.door.session ?? ''))
    throw refused('this browser has not begun the set-up, or another one has begun it since');
  return stored;
}

async function begin(options: SetupOptions, signal: AbortSignal): Promise<void> {
  const { api, namespace, publicUrl, log } = options;
  const { secret, credentials, door } = await readAppSecret(api, namespace, signal);
  if (credentials) return;
  if (!tokenIn(door.address) || !door.address?.startsWith(`${publicUrl}/setup?`)) {
    const content = { ...door, address: addressOf(publicUrl) };
    await writeAppSecret(api, { namespace, before: secret, content });
  }
  log.info({ hint: 'cox setup github' }, 'there is no GitHub App yet: it can be set up in clicks');
}

async function enter(options: SetupOptions, token: string): Promise<string> {
  const { api, namespace, publicUrl } = options;
  const { secret, door } = await readOpen(options);
  const known = tokenIn(door.address);
  if (!known || !sameText(token, known)) throw refused('this address is not valid, or was used before');
  const session = newToken();
  const content = { address: addressOf(publicUrl), session: hashOfToken(session) };
  await writeAppSecret(api, { namespace, before: secret, content }).catch((error: unknown) => {
    if (isStatus(error, 409)) throw refused('this address is being used by somebody else');
    throw error;
  });
  return session;
}

interface Made {
  credentials: AppCredentials;
  htmlUrl: string;
}

/** The code holds for one exchange: whatever fails from here on, the App is there. */
async function exchange({ apiUrl, log }: SetupOptions, code: string): Promise<Made> {
  const { ProbotOctokit } = await import('probot');
  const octokit = new ProbotOctokit({
    baseUrl: apiUrl,
    userAgent: 'coxswain',
    log: foreignLog(log),
    retry: { enabled: false },
    throttle: { enabled: false },
  });
  const request = { signal: AbortSignal.timeout(30_000) };
  const { data } = await octokit
    .request('POST /app-manifests/{code}/conversions', { code, request })
    .catch((error: unknown) => {
      const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 0;
      throw new AppError('E_GITHUB', `GitHub did not exchange the code for the App (${status || 'no answer'})`, {
        cause: { status },
        hint: 'A code holds for an hour and for one use. Delete the App in the settings on GitHub, and begin anew.',
      });
    });
  const { id, pem, webhook_secret: webhookSecret, html_url: htmlUrl } = data;
  if (!webhookSecret || !pem.startsWith('-----BEGIN'))
    throw new AppError('E_GITHUB', 'GitHub gave no webhook secret, or no private key', {
      hint: `Delete the App at ${htmlUrl}, and begin anew.`,
    });
  return { credentials: { appId: id, privateKey: pem, webhookSecret }, htmlUrl };
}

const storeAttempts = 3;

/** What is written there meanwhile is the door alone, unless somebody else was faster. */
async function store(options: SetupOptions, { credentials, htmlUrl }: Made): Promise<void> {
  const { api, namespace } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { secret, credentials: others } = await readAppSecret(api, namespace);
      // Ours, when the answer to the last attempt was lost.
      if (others?.appId === credentials.appId) return;
      if (others) break;
      await writeAppSecret(api, { namespace, before: secret, content: credentials });
      return;
    } catch (error) {
      if (attempt < storeAttempts) continue;
      throw new AppError('E_API', `the credentials of the App could not be stored in ${namespace}/${appSecret}`, {
        cause: error,
        hint: `Delete the App at ${htmlUrl}, and begin anew once the cluster takes them.`,
      });
    }
  }
  throw new AppError('E_SETUP', 'somebody else has set GitHub up meanwhile', {
    hint: `The App at ${htmlUrl} is not used: delete it.`,
  });
}

async function finish(
  options: SetupOptions,
  session: string,
  { code, state }: { code: string; state: string },
): Promise<{ installUrl: string }> {
  const { api, namespace } = options;
  const { secret } = await openFor(options, session);
  if (!sameText(state, stateOf(session))) throw refused('this answer of GitHub belongs to another set-up');
  if (!/^[\w-]{1,200}$/.test(code)) throw refused('GitHub came back without a code');
  // The App would be lost if its credentials could not be stored: better not to make the exchange at all.
  const trial = { appId: 1, privateKey: 'x', webhookSecret: 'x' };
  await writeAppSecret(api, { namespace, before: secret, content: trial, dryRun: true });
  const made = await exchange(options, code);
  await store(options, made);
  options.log.info({ app: made.credentials.appId }, 'the GitHub App is set up');
  return { installUrl: `${made.htmlUrl}/installations/new` };
}

/** Steps throw E_SETUP, E_GITHUB or E_API with what to do next; nothing is remembered but what the Secret holds. */
export function createSetup(options: SetupOptions): Setup {
  const { publicUrl, apiUrl } = options;
  const hookUrl = options.hookUrl ?? `${publicUrl}${webhookPath}`;
  return {
    begin: (signal) => begin(options, signal),
    enter: (token) => enter(options, token),
    async form(session, organization) {
      await openFor(options, session);
      return {
        action: newAppUrl(webUrlOf(apiUrl), organization, stateOf(session)),
        manifest: manifestOf(readAppFile(), publicUrl, hookUrl),
      };
    },
    finish: (session, back) => finish(options, session, back),
  };
}
