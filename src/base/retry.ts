// Waiting times between attempts: exponential backoff with jitter, or what the server asked for.

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
