// What may be spent in any stretch of time, for GitHub's secondary rate limits.
import type { Clock } from '../../base/clock.ts';
import { Semaphore } from '../../base/semaphore.ts';

interface Limit {
  /** Length of the stretch in milliseconds. */
  ms: number;
  /** Points in any stretch of that length. */
  points: number;
}

interface BudgetOptions {
  clock: Clock;
  limits: Limit[];
}

interface Take {
  /** How much of each limit the caller may use up, 0 to 1; default 1. The rest stays for those who may take more. */
  share?: number;
  signal?: AbortSignal | undefined;
}

/** Nobody waits while the limits are not reached. Callers of one share are served in the order in which they asked. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #longest: number;
  readonly #turns = new Map<number, Semaphore>();
  /** Oldest first, no older than the longest stretch. */
  #spent: { at: number; points: number }[] = [];
  #closedUntil = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#longest = Math.max(...options.limits.map(({ ms }) => ms));
  }

  /** Waits until the points are there and spends them; rejects with the signal's reason. */
  async take(points: number, { share = 1, signal }: Take = {}): Promise<void> {
    const { clock } = this.#options;
    const turns = this.#turns.get(share) ?? new Semaphore(1);
    this.#turns.set(share, turns);
    const give = await turns.take(signal);
    try {
      for (let wait = this.freeIn(points, share); wait > 0; wait = this.freeIn(points, share))
        await clock.sleep(wait, signal);
      this.spend(points);
    } finally {
      give();
    }
  }

  /** GitHub asked to wait: nothing is sent before that time (milliseconds since the epoch). */
  closeUntil(at: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, at);
  }

  /** At once, whether they are there or not. */
  spend(points: number): void {
    this.#spent.push({ at: this.#options.clock.now(), points });
  }

  /** Milliseconds until the points may be there; 0 or less when they are. */
  freeIn(points: number, share = 1): number {
    const now = this.#options.clock.now();
    this.#spent = this.#spent.filter(({ at }) => at > now - this.#longest);
    return Math.max(
      this.#closedUntil - now,
      ...this.#options.limits.map((limit) => this.#limitFreeIn(limit, points, share)),
    );
  }

  /** Milliseconds until so much of what was spent is older than the stretch that the points fit. */
  #limitFreeIn(limit: Limit, points: number, share: number): number {
    const now = this.#options.clock.now();
    const recent = this.#spent.filter(({ at }) => at > now - limit.ms);
    let over = recent.reduce((sum, entry) => sum + entry.points, points) - limit.points * share;
    for (const entry of recent) {
      if (over <= 0) return 0;
      over -= entry.points;
      if (over <= 0) return entry.at + limit.ms - now;
    }
    return 0;
  }
}
