// A bounded cache: what was used longest ago goes first when the cost of all entries passes the limit.

export interface LruOptions<V> {
  /** Sum of costs that may stay. */
  limit: number;
  /** Cost of a value in the unit of `limit`; default 1. */
  cost?: (value: V) => number;
}

export class Lru<K, V> {
  readonly #entries = new Map<K, { value: V; cost: number }>();
  readonly #limit: number;
  readonly #cost: (value: V) => number;
  #total = 0;

  constructor(options: LruOptions<V>) {
    this.#limit = options.limit;
    this.#cost = options.cost ?? (() => 1);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Sum of the costs of all entries. */
  get total(): number {
    return this.#total;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** A value that alone costs more than the limit is not kept. */
  set(key: K, value: V): void {
    this.delete(key);
    const cost = this.#cost(value);
    if (cost > this.#limit) return;
    this.#entries.set(key, { value, cost });
    this.#total += cost;
    for (const oldest of this.#entries.keys()) {
      if (this.#total <= this.#limit) break;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#total -= entry.cost;
  }
}
