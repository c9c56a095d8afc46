// Answers of GitHub that are asked for again within minutes and hardly change.
import type { Clock } from '../../base/clock.ts';
import { Lru } from '../../base/lru.ts';

export interface RecentOptions<V> {
  clock: Clock;
  /** Milliseconds for which an answer counts. */
  forMs: number;
  /** False for an answer that is asked for anew at once. */
  keeps: (value: V) => boolean;
  /** Answers that are remembered; default 1,000. */
  limit?: number;
}

/** Whoever asks while the same question is under way shares its answer; failures are never kept. */
export class Recent<V> {
  readonly #options: RecentOptions<V>;
  readonly #answers: Lru<string, { at: number; value: Promise<V> }>;

  constructor(options: RecentOptions<V>) {
    this.#options = options;
    this.#answers = new Lru({ limit: options.limit ?? 1_000 });
  }

  get(key: string, ask: () => Promise<V>): Promise<V> {
    const { clock, forMs, keeps } = this.#options;
    const known = this.#answers.get(key);
    if (known && known.at + forMs > clock.now()) return known.value;
    const asked = { at: clock.now(), value: ask() };
    this.#answers.set(key, asked);
    const forget = (): void => {
      if (this.#answers.get(key) === asked) this.#answers.delete(key);
    };
    asked.value.then((value) => (keeps(value) ? undefined : forget()), forget);
    return asked.value;
  }
}
