// Looks at one server, never two at once and with a gap between them. Whoever needs its state of a time shares the
// first look that began later.
import type { Clock } from '../../base/clock.ts';

/** At most one look in this many ms for each address; the first one goes at once. */
const gapMs = 250;

/** Times are clock ms; a look that fails leaves the freshness as it was, and rejects for all who wait for it. */
export class Paced {
  readonly #clock: Clock;
  readonly #look: (signal: AbortSignal) => Promise<unknown>;
  /** Clock ms at which the newest successful look began. */
  #fresh = -Infinity;
  #begun = -Infinity;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(clock: Clock, look: (signal: AbortSignal) => Promise<unknown>) {
    this.#clock = clock;
    this.#look = look;
  }

  get idle(): boolean {
    return this.#running === undefined && this.#next === undefined;
  }

  /** undefined when there is nothing to wait for. */
  since(since: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#fresh >= since) return undefined;
    if (this.#running && this.#begun >= since) return this.#running;
    this.#next ??= this.#later(signal);
    return this.#next;
  }

  async #later(signal: AbortSignal): Promise<void> {
    try {
      await this.#running?.catch(() => undefined);
      const early = this.#begun + gapMs - this.#clock.now();
      if (early > 0) await this.#clock.sleep(early, signal);
    } finally {
      this.#next = undefined; // who comes from here on may need the look after this one
    }
    // One that has ended, well or not, is nobody's answer any more: `#fresh` says what it brought.
    const running = this.#now(signal).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #now(signal: AbortSignal): Promise<void> {
    const begun = this.#clock.now();
    this.#begun = begun;
    await this.#look(signal);
    this.#fresh = begun;
  }
}
