// Probot as the host of the GitHub App: with our Octokit, our tokens and our log, and none of its defaults that
// surprise.
import type { Octokit } from '@octokit/core';
import type { EndpointOptions, RequestParameters } from '@octokit/types';
import type { Budgets, PaceOptions, Session } from './api.ts';
import { Probot, ProbotOctokit } from 'probot';
import { createProbotAuth } from 'octokit-auth-probot';
import githubAppJwt from 'universal-github-app-jwt';
import { systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { budgetsOf, pace } from './api.ts';
import { foreignLog } from './foreign-log.ts';
import { TokenCache } from './token-cache.ts';

export interface HostOptions extends PaceOptions {
  appId: number;
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
  /** REST base without a trailing slash; of a GitHub Enterprise Server it ends with /api/v3. */
  apiUrl: string;
}

/** The App on GitHub: its webhooks, and clients that speak as itself or as one of its installations. */
export interface Host {
  probot: Probot;
  app: Octokit;
  /** A client with the tokens and the budget of that installation. */
  installation(id: number): Promise<Octokit>;
  installationToken(id: number): Promise<string>;
  /** Its next request asks for a token anew: one keeps the permissions that it was made with. */
  renewToken(id: number): void;
  /** The App is not installed there any more: its client, token and budget go. */
  forget(id: number): void;
}

/** What Probot and its authentication put together before they make an Octokit. */
interface OctokitOptions {
  auth?: Record<string, unknown> & { installationId?: number };
}

/**
 * Signs as the App, and remembers by how much its clock and GitHub's differ: the library finds that out by a refused
 * request each time.
 */
function signer(privateKey: string): (appId: number, found?: number) => Promise<{ jwt: string; expiresAt: string }> {
  let ahead = 0;
  return async (appId, found) => {
    ahead = found ?? ahead;
    // The library measures GitHub's clock against this machine's.
    const now = Math.floor(systemClock.now() / 1000) + ahead;
    const { token, expiration } = await githubAppJwt({ id: appId, privateKey, now }).catch((error: unknown) => {
      throw new AppError('E_CONFIG', 'the private key of the GitHub App cannot be read', {
        cause: error,
        hint: 'COX_GITHUB_PRIVATE_KEY must be the whole PEM file that GitHub gave for this App.',
      });
    });
    return { jwt: token, expiresAt: new Date(expiration * 1000).toISOString() };
  };
}

function mintsToken(url: string): boolean {
  return url.endsWith('/access_tokens');
}

type InstallationAuth = { type: 'installation'; installationId: number };
type Request = Octokit['request'];

async function tokenOf(
  auth: (options: InstallationAuth) => Promise<unknown>,
  tokens: TokenCache,
  installationId: number,
): Promise<string> {
  for (;;) {
    const { token } = (await auth({ type: 'installation', installationId })) as { token: string };
    if (tokens.holds(installationId, token)) return token;
  }
}

/** Probot's authentication, but that each request of an installation carries a token that was made for this App. */
function authWith(tokens: TokenCache): (given: Parameters<typeof createProbotAuth>[0]) => unknown {
  return (given) => {
    const auth = createProbotAuth(given);
    const id = 'installationId' in given ? Number(given.installationId) : undefined;
    const authenticate: (...asked: Parameters<typeof hook>) => Promise<unknown> = auth.hook;
    const hook = async (request: Request, route: EndpointOptions, parameters?: RequestParameters): Promise<unknown> => {
      const asked = request.endpoint.merge({ ...route, ...parameters });
      if (id === undefined || mintsToken(asked.url)) return authenticate(request, route, parameters);
      const authorization = `token ${await tokenOf(auth, tokens, id)}`;
      return request({ ...asked, headers: { ...asked.headers, authorization } });
    };
    return Object.assign(auth.bind(null), { hook });
  };
}

function octokitOf(
  options: HostOptions,
  tokens: TokenCache,
  installations: Map<number, Budgets>,
): typeof ProbotOctokit {
  const createJwt = signer(options.privateKey);
  const app: Session = {
    budgets: budgetsOf(options.clock),
    ready: () => Promise.resolve(),
    dropToken: () => undefined,
  };
  const paced = (octokit: Octokit, { auth }: OctokitOptions): void => {
    const id = auth?.installationId;
    if (id === undefined) return pace(octokit, options, () => app);
    const budgets = installations.get(id) ?? budgetsOf(options.clock);
    installations.set(id, budgets);
    const session: Session = {
      budgets,
      ready: async () => void (await tokenOf(octokit.auth, tokens, id)),
      dropToken: () => tokens.drop(id),
    };
    pace(octokit, options, (url) => (mintsToken(url) ? app : session));
  };
  return ProbotOctokit.plugin(paced).defaults((given: OctokitOptions) => {
    // Probot's `request` would ask api.github.com for tokens of a GitHub Enterprise Server; without it Octokit's is
    // used.
    const { request: _request, privateKey: _privateKey, ...auth } = given.auth ?? {};
    return {
      authStrategy: authWith(tokens),
      ...given,
      auth: { ...auth, cache: tokens, createJwt },
      // Retries would send a create again whose answer was lost; the throttle lets a second pass between two writes.
      retry: { enabled: false },
      throttle: { enabled: false },
      userAgent: 'coxswain',
    };
  });
}

/** Throws E_CONFIG without a webhook secret: Probot would take deliveries signed with the word "development". */
export async function openHost(options: HostOptions): Promise<Host> {
  const { appId, privateKey, webhookSecret, apiUrl, log } = options;
  if (!webhookSecret)
    throw new AppError('E_CONFIG', 'the webhook secret of the GitHub App is empty', {
      hint: 'Set COX_GITHUB_WEBHOOK_SECRET to the secret that is set in the settings of the App.',
    });
  const tokens = new TokenCache(options.clock);
  const budgets = new Map<number, Budgets>();
  const probot = new Probot({
    appId,
    privateKey,
    secret: webhookSecret,
    baseUrl: apiUrl,
    log: foreignLog(log),
    Octokit: octokitOf(options, tokens, budgets),
  });
  await probot.ready();
  const app = await probot.auth();
  const clients = new Map<number, Promise<Octokit>>();
  return {
    probot,
    app,
    installation(id) {
      const client = clients.get(id) ?? probot.auth(id);
      clients.set(id, client);
      return client;
    },
    installationToken: (installationId) => tokenOf(app.auth, tokens, installationId),
    renewToken: (id) => tokens.drop(id),
    forget(id) {
      clients.delete(id);
      budgets.delete(id);
      tokens.drop(id);
    },
  };
}
