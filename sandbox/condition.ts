// Waiting for what no event announces to us: a look every few milliseconds, with a limit and a sentence for when it
// never comes.
import { setTimeout as sleep } from 'node:timers/promises';

interface Patience {
  /** Default 60,000. */
  withinMs?: number;
  /** Default 25. */
  everyMs?: number;
  signal?: AbortSignal;
  /** Said when it never came: what is the case instead. */
  instead?: () => string | Promise<string>;
}

/**
 * The first value of `look` that is not undefined. An error of `look` counts as undefined and is the cause of the final
 * one.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  patience: Patience = {},
): Promise<T> {
  const { withinMs = 60_000, everyMs = 25, signal, instead } = patience;
  const deadline = Date.now() + withinMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await attempt(look);
    if ('value' in found && found.value !== undefined) return found.value;
    if (Date.now() > deadline) {
      const now = instead ? `; instead: ${await instead()}` : '';
      throw new Error(
        `not within ${Math.round(withinMs / 1000)} s: ${what}${now}`,
        'error' in found ? { cause: found.error } : undefined,
      );
    }
    await sleep(everyMs);
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}
