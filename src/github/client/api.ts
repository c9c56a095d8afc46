// GitHub's REST API, as a plugin of Octokit: own budget, no retry of what may have happened, one kind of error.
import type { PaginateInterface } from '@octokit/plugin-paginate-rest';
import type { Octokit } from '@octokit/core';
import type { Clock } from '../../base/clock.ts';
import type { ErrorKind } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Permit } from '../../base/permit.ts';
import { paginateRest } from '@octokit/plugin-paginate-rest';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { backoffDelay, retryAfterMs } from '../../base/retry.ts';
import { Budget } from './rate-limiter.ts';

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
  return (
    `${needed}: whoever owns the App adds that in its settings, and then an owner of the account where it is ` +
    'installed accepts it.'
  );
}

/**
 * `answered`: the status, 0 when no answer came, so that a write may or may not have happened. It has not the name that
 * Octokit's errors give it, for its pagination takes a status 409 for the end of the list.
 */
export class GitHubError extends AppError {
  readonly answered: number;

  /** `accepted`: the permissions with which GitHub would have done it, as its header names them. */
  constructor(
    message: string,
    answered: number,
    kind: ErrorKind,
    { accepted, cause }: { accepted?: string | undefined; cause: unknown },
  ) {
    const hint =
      answered === 401
        ? 'Check the App id and its private key.'
        : answered === 403 && kind === 'terminal'
          ? permissionHint(accepted)
          : undefined;
    super('E_GITHUB', message, { kind, cause, ...(hint && { hint }) });
    this.name = 'GitHubError';
    this.answered = answered;
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

/** Whether GitHub answered with that HTTP status. */
export function isGitHub(error: unknown, status: number): error is GitHubError {
  return error instanceof GitHubError && error.answered === status;
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
  // eslint-disable-next-line no-restricted-syntax -- GitHub tells its secondary limits by words alone
  return used || answer.status === 429 || /secondary rate limit/i.test(answer.message) ? 60_000 : undefined;
}

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

/** What one installation may spend, or the App itself. */
export interface Budgets {
  points: Budget;
  items: Budget;
}

/** GitHub's secondary limits, of one client. */
export function budgetsOf(clock: Clock): Budgets {
  return { points: new Budget({ clock, limits: pointLimits }), items: new Budget({ clock, limits: itemLimits }) };
}

/** How one client pays and who it is; each request of it may ask. */
export interface Session {
  budgets: Budgets;
  /** Resolves once the next request can be signed without asking GitHub for a token. */
  ready: () => Promise<void>;
  /** The token was refused. */
  dropToken: () => void;
}

export interface PaceOptions {
  clock: Clock;
  log: Logger;
  random: () => number;
  /** Asked before each request that writes; default: nobody is asked. */
  permit?: Permit | undefined;
}

interface Errand {
  session: Session;
  isRead: boolean;
  itemShare: number | undefined;
  atOnce: boolean;
  signal: AbortSignal | undefined;
}

/** Somebody waits for what is read; what is written tells of it, and never makes the reading wait. */
async function pay({ session, isRead: reads, itemShare: share, atOnce, signal }: Errand): Promise<void> {
  const { points, items } = session.budgets;
  if (!atOnce) {
    await (reads ? points.take(1, { signal }) : points.take(5, { share: writeShare, signal }));
    if (share !== undefined) await items.take(1, { share, signal });
    return;
  }
  const cost = reads ? 1 : 5;
  const wait = Math.max(points.freeIn(cost, deploymentShare), share === undefined ? 0 : items.freeIn(1, share));
  if (wait > 0) throw new LimitReached(wait);
  points.spend(cost);
  if (share !== undefined) items.spend(1);
}

/** Refused requests (401 once, rate limits) are sent again: they were not carried out. Nothing else is. */
async function carry<T>(options: PaceOptions, errand: Errand, send: (end: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, random, log } = options;
  const { session, signal } = errand;
  for (let attempt = 0; ; attempt += 1) {
    await pay(errand);
    await session.ready();
    if (!errand.isRead) await options.permit?.();
    const timeout = new AbortController();
    const cancel = clock.after(requestMs, () => timeout.abort(new Error(`no answer within ${requestMs / 1000} s`)));
    try {
      return await send(signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof AppError) throw error;
      const answer = answerOf(error);
      const wait = limitedFor(answer, clock.now());
      if (wait !== undefined) {
        session.budgets.points.closeUntil(clock.now() + wait + backoffDelay(0, random, { baseMs: 200 }));
        log.warn({ waitMs: wait, status: answer.status }, 'GitHub asks to wait');
      }
      if (wait !== undefined && attempt < limitAttempts) continue;
      if (answer.status === 401 && attempt === 0) session.dropToken();
      else
        throw new GitHubError(answer.message, answer.status, wait === undefined ? kindOf(answer.status) : 'transient', {
          accepted: answer.headers['x-accepted-github-permissions']?.toString(),
          cause: { status: answer.status },
        });
    } finally {
      cancel();
    }
  }
}

/** Sends every request of this Octokit in that way; `sessionOf` is told its URL, as a template. */
export function pace(octokit: Octokit, options: PaceOptions, sessionOf: (url: string) => Session): void {
  octokit.hook.wrap('request', async (request, asked) => {
    const { method, url } = asked;
    const signal = asked.request?.signal;
    const errand: Errand = {
      session: sessionOf(url),
      isRead: isRead(method, url),
      itemShare: itemShare(method, url),
      atOnce: asked.request?.['atOnce'] === true,
      signal: signal instanceof AbortSignal ? signal : undefined,
    };
    return carry(options, errand, async (end) =>
      request({ ...asked, headers: { ...asked.headers }, request: { ...asked.request, signal: end } }),
    );
  });
}

/** Octokit's pagination, whose requests end with the signal: by itself it forgets the one that it is given. */
export function paginating(octokit: Octokit, signal?: AbortSignal): PaginateInterface {
  const request = signal ? octokit.request.defaults({ request: { signal } }) : octokit.request;
  return paginateRest(Object.assign(Object.create(octokit) as Octokit, { request })).paginate;
}
