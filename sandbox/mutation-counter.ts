// Counts what the operator changes in the world, and kills it at the request of our choice.

export type KillSide = 'before' | 'after';

interface KillOrder {
  /** The n-th mutating request from the last `reset` on, counting from 1, over all sandboxes that share the switch. */
  n: number;
  /** `before`: the request is never handled. `after`: it is handled, but its answer is never sent. */
  side: KillSide;
  /** Whom; a function when it is known only at the time. */
  pid: number | (() => number);
  /** Called once, right after the kill; a place to start the victim again. */
  onKilled?: (killed: { n: number; side: KillSide; label: string }) => void;
}

/** Thrown at the request at which the operator died: the caller handles nothing more and destroys the connection. */
export class Killed extends Error {
  constructor(label: string) {
    super(`the client was killed at ${label}`);
    this.name = 'Killed';
  }
}

/**
 * One for a whole sandbox. Every sandbox server calls it around each request that changes something:
 *
 *   await killSwitch.before('POST /repos/o/r/issues/1/comments');
 *   …handle it…
 *   await killSwitch.after('POST /repos/o/r/issues/1/comments');
 *   …send the answer…
 *
 * Both throw `Killed` when the operator dies there. They are asynchronous so that a test can also hold a request.
 */
export class KillSwitch {
  #log: string[] = [];
  #order: KillOrder | undefined;
  /** Numbers of the requests that are being handled, by label, oldest first. */
  readonly #open = new Map<string, number[]>();

  /** Mutating requests seen since the start or the last `reset`. */
  get count(): number {
    return this.#log.length;
  }

  /** Their labels, in the order of arrival. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** True until the order has been carried out. */
  get armed(): boolean {
    return this.#order !== undefined;
  }

  /** Replaces an order that stands. An `n` that has passed already never comes: `reset` first to count anew. */
  arm(order: KillOrder): void {
    this.#order = order;
  }

  disarm(): void {
    this.#order = undefined;
  }

  /** Counts from zero again. Requests that are being handled keep their place in the old count and kill nobody. */
  reset(): void {
    this.#log = [];
    this.#open.clear();
  }

  async before(label: string): Promise<void> {
    const n = this.#log.push(label);
    await this.#killAt(n, 'before', label);
    this.#open.set(label, [...(this.#open.get(label) ?? []), n]);
  }

  /** Of several requests with one label the oldest is taken to be the one that ends. */
  async after(label: string): Promise<void> {
    const [n, ...rest] = this.#open.get(label) ?? [];
    if (rest.length > 0) this.#open.set(label, rest);
    else this.#open.delete(label);
    if (n !== undefined) await this.#killAt(n, 'after', label);
  }

  async #killAt(n: number, side: KillSide, label: string): Promise<void> {
    const order = this.#order;
    if (!order || order.n !== n || order.side !== side) return;
    this.#order = undefined;
    killHard(typeof order.pid === 'function' ? order.pid() : order.pid);
    order.onKilled?.({ n, side, label });
    throw new Killed(label);
  }
}

/** Gone already is as good as killed. */
function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
