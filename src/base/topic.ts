// A tiny publish and subscribe for facts: who publishes does not know who listens.
import type { Logger } from './log.ts';

/** A failing subscriber is logged and does not disturb the publisher or the other subscribers. */
export class Topic<T> {
  readonly #name: string;
  readonly #log: Logger;
  readonly #subscribers = new Set<(value: T) => void>();

  constructor(name: string, log: Logger) {
    this.#name = name;
    this.#log = log;
  }

  /**
   * Calls every subscriber at once, in order of subscription. Those added or removed meanwhile count from the next
   * value on.
   */
  publish(value: T): void {
    for (const subscriber of [...this.#subscribers]) {
      try {
        subscriber(value);
      } catch (error) {
        this.#log.error({ topic: this.#name, err: error }, 'a subscriber failed');
      }
    }
  }

  /** Returns what ends the subscription. The same function may subscribe once only. */
  subscribe(fn: (value: T) => void): () => void {
    this.#subscribers.add(fn);
    return () => {
      this.#subscribers.delete(fn);
    };
  }
}
