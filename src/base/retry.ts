// Waiting times between attempts: exponential backoff with jitter, or what the server asked for.
import type { Clock } from './clock.ts';
import { errorKind } from './errors.ts';

interface BackoffOptions {
  /** Milliseconds before the first retry; default 800. */
  baseMs?: number;
  /** Upper bound; default 30,000. */
  maxMs?: number;
}

/**
 * Full jitter: a random time up to `base × 2^attempt`, capped. `random` gives numbers in [0, 1); `attempt` counts from
 * 0. Never less than a tenth of the bound.
 */
export function backoffDelay(attempt: number, random: () => number, options: BackoffOptions = {}): number {
  const { baseMs = 800, maxMs = 30_000 } = options;
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(bound * (0.1 + 0.9 * random()));
}

/**
 * Milliseconds that a Retry-After value asks for (RFC 9110: seconds or an HTTP date); undefined if there is none or it
 * is unreadable.
 */
export function retryAfterMs(value: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(value) ? value[0] : value)?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

interface RetryOptions extends BackoffOptions {
  clock: Clock;
  random: () => number;
  /** Attempts in all; default 5. */
  attempts?: number;
  /** Milliseconds to wait that the error itself asks for; wins over the backoff. */
  retryAfter?: (error: unknown) => number | undefined;
  /** Default: every error that is not terminal. */
  retriable?: (error: unknown) => boolean;
  signal?: AbortSignal;
}

/** Calls `fn` until it succeeds, fails for good or the attempts are used up; then throws its last error. */
export async function retry<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, attempts = 5, retriable = (error) => errorKind(error) !== 'terminal', signal } = options;
  for (let attempt = 0; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (error) {
      if (signal?.aborted || attempt + 1 >= attempts || !retriable(error)) throw error;
      await clock.sleep(options.retryAfter?.(error) ?? backoffDelay(attempt, random, options), signal);
    }
  }
}
