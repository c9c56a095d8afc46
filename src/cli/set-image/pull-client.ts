// Opens a pull request as whoever the token belongs to.
import type { Environment } from '../options.ts';
import { AppError, errorMessage } from '../../base/errors.ts';
import { foreignLog } from '../../github/client/foreign-log.ts';
import { openPull, standingPull } from '../../github/publish/open-pull.ts';
import { quiet } from '../session.ts';

interface PullClient {
  open(pull: { base: string; head: string; title: string; body: string }): ReturnType<typeof openPull>;
  /** Address of the open one of that branch; undefined: none is open. */
  standing(pull: { base: string; head: string }): Promise<string | undefined>;
}

interface Server {
  /** Where its repositories are. */
  origin: string;
  api: string;
}

function urlAt(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A token goes over https, or stays on this machine. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname));
}

/** The one GitHub that GITHUB_TOKEN belongs to. Throws E_CONFIG. */
function serverOf(env: Environment): Server {
  const [server, api] = [env['GITHUB_SERVER_URL'] || 'https://github.com', env['GITHUB_API_URL']];
  const named = urlAt(api || server);
  if (!named || !isSafe(named))
    throw new AppError('E_CONFIG', `${api ? 'GITHUB_API_URL' : 'GITHUB_SERVER_URL'} is no address of https`);
  if (api) {
    // GitHub itself has another host for it, a GitHub of one's own has the same.
    if (/^api\.(?:github\.com|[a-z0-9-]+\.ghe\.com)$/.test(named.host)) named.host = named.host.slice('api.'.length);
    return { origin: named.origin, api };
  }
  const { origin, host } = named;
  if (host === 'github.com' || host.endsWith('.ghe.com')) return { origin, api: `https://api.${host}` };
  return { origin, api: `${origin}/api/v3` };
}

/** The address without anybody's name or password. */
function withoutUser(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^@/]*@/i, '$1');
}

/** GITHUB_TOKEN for an address of its own GitHub by https; undefined for every other one. */
export function tokenFor(env: Environment, url: string): string | undefined {
  const at = urlAt(url);
  return at && isSafe(at) && at.origin === serverOf(env).origin ? env['GITHUB_TOKEN'] || undefined : undefined;
}

/** Owner and name of a repository of that GitHub, by https or ssh; undefined: it lies elsewhere. */
function repositoryOf(url: string, { origin }: Server): { owner: string; repo: string } | undefined {
  const [, host, path] = /^[^@/:]+@([^:/]+):([^:]*)$/.exec(url) ?? [];
  const at = urlAt(host === undefined ? url : `ssh://${host}/${path ?? ''}`);
  const home = at?.protocol === 'ssh:' ? at.hostname === new URL(origin).hostname : at?.origin === origin;
  const [owner = '', repo = '', ...more] = at && home ? at.pathname.split('/').filter(Boolean) : [];
  const named = repo.replace(/\.git$/, '');
  const fine = /^[A-Za-z0-9_-]+$/.test(owner) && /^[A-Za-z0-9._-]+$/.test(named) && more.length === 0;
  return fine ? { owner, repo: named } : undefined;
}

/**
 * GITHUB_TOKEN, and GITHUB_SERVER_URL and GITHUB_API_URL as GitHub Actions sets them. Throws E_CONFIG without a token,
 * and where the repository is of another server.
 */
export async function pullClient(env: Environment, url: string): Promise<PullClient> {
  const token = env['GITHUB_TOKEN'];
  if (!token)
    throw new AppError('E_CONFIG', 'a pull request is opened with a token, and GITHUB_TOKEN is not set', {
      hint: 'It needs the permissions contents: write and pull-requests: write.',
    });
  const server = serverOf(env);
  const place = repositoryOf(url, server);
  if (!place)
    throw new AppError('E_CONFIG', `${withoutUser(url)} is no repository of ${server.origin}, whose token there is`, {
      hint: 'Commit to its branch with --push, or name its GitHub by GITHUB_SERVER_URL.',
    });
  const { ProbotOctokit } = await import('probot');
  const octokit = new ProbotOctokit({
    auth: { token },
    baseUrl: server.api,
    userAgent: 'coxswain',
    log: foreignLog(quiet),
    retry: { enabled: false },
    throttle: { enabled: false },
  });
  const failed =
    (message: string, hint: string) =>
    (error: unknown): never => {
      throw new AppError('E_GITHUB', `${message}: ${errorMessage(error)}`, { cause: error, hint });
    };
  return {
    standing: (pull) =>
      standingPull(octokit, { ...place, ...pull }).catch(
        failed('GitHub did not say which pull requests are open', 'The token needs pull-requests: write; try again.'),
      ),
    open: (pull) =>
      openPull(octokit, { ...place, ...pull }).catch(
        failed(
          'GitHub opened no pull request',
          'The branch is there: open it by hand, or give the token pull-requests: write and try again.',
        ),
      ),
  };
}
