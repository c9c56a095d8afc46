// A budget that refills with time, for GitHub's secondary rate limits.
import type { Clock } from '../base/clock.ts';

export interface BudgetOptions {
  clock: Clock;
  /** Points that may be spent at once. */
  burst: number;
  /** Points that come back each minute; `burst + perMinute` is the most that any minute sees. */
  perMinute: number;
}

/** Callers are served in the order in which they asked. */
export class Budget {
  readonly #options: BudgetOptions;
  #points: number;
  #at: number;
  #closedUntil = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#points = options.burst;
    this.#at = options.clock.now();
  }

  /** Waits until the points are there and spends them. */
  async take(points: number, signal?: AbortSignal): Promise<void> {
    const { clock, burst, perMinute } = this.#options;
    const now = clock.now();
    this.#points = Math.min(burst, this.#points + ((now - this.#at) * perMinute) / 60_000);
    this.#at = now;
    this.#points -= points;
    const wait = Math.max(this.#points < 0 ? (-this.#points * 60_000) / perMinute : 0, this.#closedUntil - now);
    if (wait > 0) await clock.sleep(wait, signal);
  }

  /** GitHub asked to wait: nothing is sent before that time (milliseconds since the epoch). */
  closeUntil(at: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, at);
  }
}
