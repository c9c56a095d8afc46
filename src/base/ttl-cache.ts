// Answers that are asked for again within minutes and hardly change.
import type { Clock } from './clock.ts';
import { LRUCache } from 'lru-cache';

interface TtlCacheOptions<V> {
  clock: Clock;
  /** Milliseconds for which an answer counts, from when it was asked for. */
  forMs: number;
  /** False for an answer that is asked for anew at once. */
  keeps: (value: V) => boolean;
  /** Answers that are remembered; default 1,000. */
  limit?: number;
}

/**
 * Whoever asks while the same question is under way shares its answer; failures are never kept. The cache's own `fetch`
 * would do that too, but answers of which `keeps` says no stay in it.
 */
export class TtlCache<V> {
  readonly #keeps: (value: V) => boolean;
  readonly #answers: LRUCache<string, Promise<V>>;

  constructor({ clock, forMs, keeps, limit = 1_000 }: TtlCacheOptions<V>) {
    this.#keeps = keeps;
    // Without a resolution the cache sets no timers.
    this.#answers = new LRUCache({ max: limit, ttl: forMs, ttlResolution: 0, perf: { now: () => clock.now() } });
  }

  get(key: string, ask: () => Promise<V>): Promise<V> {
    const known = this.#answers.get(key);
    if (known) return known;
    const asked = ask();
    this.#answers.set(key, asked);
    const forget = (): void => {
      if (this.#answers.peek(key) === asked) this.#answers.delete(key);
    };
    asked.then((value) => (this.#keeps(value) ? undefined : forget()), forget);
    return asked;
  }
}
