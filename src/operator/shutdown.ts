// What has been started, so that it is stopped in the reverse order.
import type { Logger } from '../base/log.ts';

/** A part that does not stop cleanly is logged and does not keep the others from stopping. */
export class Started {
  readonly #stops: [string, () => Promise<void> | void][] = [];

  add(name: string, stop: () => Promise<void> | void): void {
    this.#stops.push([name, stop]);
  }

  async stop(log: Logger): Promise<void> {
    for (const [name, stop] of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        log.warn({ part: name, err: error }, 'a part did not stop cleanly');
      }
    }
  }
}
