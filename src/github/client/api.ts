// GitHub's REST API as the App and as its installations: own budget, no retry of what may have happened, one kind of
// error.
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import type { Clock } from '../../base/clock.ts';
import type { ErrorKind } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { backoffDelay, retryAfterMs } from '../../base/retry.ts';
import { Budget } from './rate-limiter.ts';
import type { Permit } from '../../base/permit.ts';

/** We send GraphQL no mutations. */
function isRead(method: string, url: string): boolean {
  return method === 'GET' || url.endsWith('/graphql');
}

/**
 * What GitHub counts as new content: comments, pull requests, checks, deployments. A reaction or a status belongs to
 * one that is there.
 */
function itemShare(method: string, url: string): number | undefined {
  if (method !== 'POST' || isRead(method, url) || /\/(reactions|statuses)$/.test(url)) return undefined;
  return url.endsWith('/deployments') ? deploymentShare : 1;
}

/**
 * GitHub: "Troubleshooting the REST API", x-accepted-github-permissions: sets by semicolon, of which one suffices,
 * members by comma.
 */
function permissionHint(accepted: string | undefined): string {
  const sets = (accepted ?? '')
    .slice(0, 200)
    .split(';')
    .map((set) =>
      set
        .split(',')
        .map((each) => each.trim().replace('=', ': '))
        .filter(Boolean)
        .join(' and '),
    )
    .filter(Boolean);
  const needed = sets.length > 0 ? `It needs ${sets.join(', or ')}` : 'A permission of the GitHub App is missing';
  return `${needed}: whoever owns the App adds that in its settings, and then an owner of the account where it is installed accepts it.`;
}

/** `status` 0: no answer came, so a write may or may not have happened. */
export class GitHubError extends AppError {
  readonly status: number;

  /** `accepted`: the permissions with which GitHub would have done it, as its header names them. */
  constructor(
    message: string,
    status: number,
    kind: ErrorKind,
    { accepted, cause }: { accepted?: string | undefined; cause: unknown },
  ) {
    const hint =
      status === 401
        ? 'Check the App id and its private key.'
        : status === 403 && kind === 'terminal'
          ? permissionHint(accepted)
          : undefined;
    super('E_GITHUB', message, { kind, cause, ...(hint && { hint }) });
    this.name = 'GitHubError';
    this.status = status;
  }
}

/** The limits leave no room now, and the caller wanted it at once (`request: { atOnce: true }`): nothing was sent. */
export class LimitReached extends AppError {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('E_GITHUB', `GitHub's limits leave room in ${Math.ceil(waitMs / 1000)} s`, { kind: 'waiting' });
    this.name = 'LimitReached';
    this.waitMs = waitMs;
  }
}

export function isGitHub(error: unknown, status: number): error is GitHubError {
  return error instanceof GitHubError && error.status === status;
}

export interface ApiOptions {
  appId: number;
  privateKey: string;
  apiUrl: string;
  clock: Clock;
  log: Logger;
  random: () => number;
  /** Asked before each request that writes; default: nobody is asked. */
  permit?: Permit | undefined;
}

interface Answer {
  status: number;
  headers: Record<string, string | number | undefined>;
  message: string;
}

/** What Octokit throws, without its request: that holds the token. */
function answerOf(error: unknown): Answer {
  const response = typeof error === 'object' && error !== null && 'response' in error ? error.response : undefined;
  const message = redactText(error instanceof Error ? error.message : String(error));
  if (typeof response !== 'object' || response === null || !('status' in response))
    return { status: 0, headers: {}, message };
  const headers =
    'headers' in response && typeof response.headers === 'object' && response.headers !== null
      ? Object.fromEntries(Object.entries(response.headers))
      : {};
  return { status: Number(response.status), headers, message };
}

function kindOf(status: number): ErrorKind {
  return status === 0 || status === 401 || status === 409 || status === 429 || status >= 500 ? 'transient' : 'terminal';
}

/** Milliseconds to wait, if GitHub refused because of a rate limit; such a request was not carried out. */
function limitedFor(answer: Answer, now: number): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const asked = retryAfterMs(answer.headers['retry-after']?.toString(), now);
  if (asked !== undefined) return asked;
  const used = answer.headers['x-ratelimit-remaining']?.toString() === '0';
  const reset = Number(answer.headers['x-ratelimit-reset'] ?? NaN);
  if (used && Number.isFinite(reset)) return Math.max(1000, reset * 1000 - now);
  // GitHub: REST best practices: wait at least a minute when the secondary limit names no time.
  return used || answer.status === 429 || /secondary rate limit/i.test(answer.message) ? 60_000 : undefined;
}

/** The installation's tokens last an hour; one is used until five minutes before its end. */
const tokenReserveMs = 5 * 60_000;
const requestMs = 30_000;
const limitAttempts = 4;

// GitHub, "Rate limits for the REST API", secondary limits: points a minute; requests that make content, a minute and
// an hour.
const pointLimits = [{ ms: 60_000, points: 900 }];
const itemLimits = [
  { ms: 60_000, points: 80 },
  { ms: 3_600_000, points: 500 },
];
const writeShare = 0.9;
/**
 * Of both limits. A merge may bring hundreds of deployments; the comments and checks of other pull requests do not
 * stand behind them.
 */
const deploymentShare = 0.85;

interface Errand {
  session: Session;
  isRead: boolean;
  itemShare: number | undefined;
  atOnce: boolean;
  signal: AbortSignal | undefined;
}

interface Session {
  points: Budget;
  items: Budget;
  token: () => Promise<string>;
  dropToken: () => void;
}

/** Somebody waits for what is read; what is written tells of it, and never makes the reading wait. */
async function pay({
  session: { points, items },
  isRead: reads,
  itemShare: share,
  atOnce,
  signal,
}: Errand): Promise<void> {
  if (!atOnce) {
    await (reads ? points.take(1, { signal }) : points.take(5, { share: writeShare, signal }));
    if (share !== undefined) await items.take(1, { share, signal });
    return;
  }
  const wait = Math.max(points.freeIn(5, deploymentShare), share === undefined ? 0 : items.freeIn(1, share));
  if (wait > 0) throw new LimitReached(wait);
  points.spend(5);
  if (share !== undefined) items.spend(1);
}

export class GitHubApi {
  readonly app: Octokit;
  readonly #options: ApiOptions;
  readonly #installations = new Map<number, Octokit>();
  readonly #tokens = new Map<number, Promise<{ token: string; expiresAt: number }>>();

  constructor(options: ApiOptions) {
    this.#options = options;
    const auth = createAppAuth({ appId: options.appId, privateKey: options.privateKey });
    this.app = this.#client(
      async () => (await auth({ type: 'app' })).token,
      () => undefined,
    );
  }

  /** A client with the tokens and the budget of that installation. */
  installation(id: number): Octokit {
    const known = this.#installations.get(id);
    if (known) return known;
    const made = this.#client(
      async () => this.installationToken(id),
      () => this.renewToken(id),
    );
    this.#installations.set(id, made);
    return made;
  }

  async installationToken(id: number): Promise<string> {
    const known = this.#tokens.get(id);
    const current = await known?.catch(() => undefined);
    if (current && current.expiresAt - tokenReserveMs > this.#options.clock.now()) return current.token;
    if (this.#tokens.get(id) === known) this.#tokens.set(id, this.#mint(id));
    return (await (this.#tokens.get(id) ?? this.#mint(id))).token;
  }

  /** Its next request asks for a token anew: one keeps the permissions that it was made with. */
  renewToken(id: number): void {
    this.#tokens.delete(id);
  }

  async #mint(id: number): Promise<{ token: string; expiresAt: number }> {
    const { data } = await this.app.request('POST /app/installations/{installation_id}/access_tokens', {
      installation_id: id,
    });
    return { token: data.token, expiresAt: Date.parse(data.expires_at) };
  }

  #client(token: () => Promise<string>, dropToken: () => void): Octokit {
    const { apiUrl, clock, log } = this.#options;
    const octokit = new Octokit({
      baseUrl: apiUrl,
      userAgent: 'coxswain',
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: (message: string) => log.warn({ detail: message }, 'GitHub client'),
        error: () => undefined,
      },
    });
    const session: Session = {
      points: new Budget({ clock, limits: pointLimits }),
      items: new Budget({ clock, limits: itemLimits }),
      token,
      dropToken,
    };
    octokit.hook.wrap('request', async (request, options) => {
      const asked = options.request?.signal;
      const signal = asked instanceof AbortSignal ? asked : undefined;
      const send = async (authorization: string, timeout: AbortSignal): Promise<Awaited<ReturnType<typeof request>>> =>
        request({
          ...options,
          headers: { ...options.headers, authorization },
          request: { ...options.request, signal: signal ? AbortSignal.any([signal, timeout]) : timeout },
        });
      const atOnce = options.request?.['atOnce'] === true;
      return this.#send(
        {
          session,
          isRead: isRead(options.method, options.url),
          itemShare: itemShare(options.method, options.url),
          atOnce,
          signal,
        },
        send,
      );
    });
    return octokit;
  }

  /** Refused requests (401 once, rate limits) are sent again: they were not carried out. Nothing else is. */
  async #send<T>(errand: Errand, send: (authorization: string, timeout: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, random, log } = this.#options;
    const { session, signal } = errand;
    for (let attempt = 0; ; attempt += 1) {
      await pay(errand);
      const bearer = await session.token();
      if (!errand.isRead) await this.#options.permit?.();
      const timeout = new AbortController();
      const cancel = clock.after(requestMs, () => timeout.abort(new Error(`no answer within ${requestMs / 1000} s`)));
      try {
        return await send(`Bearer ${bearer}`, timeout.signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (error instanceof GitHubError) throw error;
        const answer = answerOf(error);
        const wait = limitedFor(answer, clock.now());
        if (wait !== undefined) {
          session.points.closeUntil(clock.now() + wait + backoffDelay(0, random, { baseMs: 200 }));
          log.warn({ waitMs: wait, status: answer.status }, 'GitHub asks to wait');
        }
        if (wait !== undefined && attempt < limitAttempts) continue;
        if (answer.status === 401 && attempt === 0) session.dropToken();
        else
          throw new GitHubError(
            answer.message,
            answer.status,
            wait === undefined ? kindOf(answer.status) : 'transient',
            { accepted: answer.headers['x-accepted-github-permissions']?.toString(), cause: { status: answer.status } },
          );
      } finally {
        cancel();
      }
    }
  }
}

/** Every item of a paged list; stops after `limit` pages of a hundred. */
export async function allPages<T>(page: (number: number) => Promise<T[]>, limit = 50): Promise<T[]> {
  const all: T[] = [];
  for (let number = 1; number <= limit; number += 1) {
    const items = await page(number);
    all.push(...items);
    if (items.length < 100) break;
  }
  return all;
}
