// A kill switch that ends nobody: it cuts off one write, before or after it was handled.
import type { KillSide } from '../../sandbox/mutation-counter.ts';
import { Killed, KillSwitch } from '../../sandbox/mutation-counter.ts';

/** For what has no memory, or is started again by the test: going on is then the same as starting again. */
export class Cut extends KillSwitch {
  seen = 0;
  /** Told once, when the write was cut off. */
  onCut: () => void = () => undefined;
  #at = 0;
  #side: KillSide = 'before';

  order(at: number, side: KillSide): void {
    this.seen = 0;
    this.#at = at;
    this.#side = side;
  }

  fire(side: KillSide): void {
    if (side === 'before') this.seen += 1;
    if (this.seen !== this.#at || this.#side !== side) return;
    this.#at = 0;
    this.onCut();
    throw new Killed('a write');
  }

  override async before(): Promise<void> {
    await Promise.resolve();
    this.fire('before');
  }

  override async after(): Promise<void> {
    await Promise.resolve();
    this.fire('after');
  }
}
