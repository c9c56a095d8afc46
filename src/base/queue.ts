// The key queue after client-go's workqueue: one worker per key at a time, coalescing, delays, backoff per key,
// graceful end.
import type { Clock } from './clock.ts';
import { errorKind } from './errors.ts';

/**
 * What the work on a key ended with; `after` re-queues it later (milliseconds) and forgets its backoff. Nothing means
 * done.
 */
export interface Outcome {
  after?: number;
  /**
   * The work goes on without a worker: the key is due when this resolves, keeps its backoff until then, and has failed
   * if it rejects.
   */
  until?: Promise<unknown>;
}

/** What a queue tells of itself; no call may throw. Times are milliseconds (client-go: util/workqueue/metrics.go). */
interface QueueMetrics {
  added(): void;
  /** Number of keys that wait to be taken. */
  depth(depth: number): void;
  /** From the moment a key became due until a worker took it. */
  waited(ms: number): void;
  worked(ms: number): void;
  retried(): void;
  /** Called once; `elapsed` answers for how long the keys have been worked on that are worked on now. */
  running(elapsed: () => number[]): void;
}

/** The metrics of the queue of that name. */
export type QueueMetricsOf = (name: string) => QueueMetrics;

export interface KeyQueueOptions {
  clock: Clock;
  /** Workers that run at the same time. */
  concurrency: number;
  /** Reads its state afresh; the signal ends when the queue stops. */
  work: (key: string, signal: AbortSignal) => Promise<Outcome | void>;
  /** First and longest waiting time after failures; default 5 ms to 120 s (doubling). */
  backoff?: { baseMs: number; maxMs: number };
  /** Told of every failure; `retryMs` is undefined if it is not tried again until the key is added. */
  onError: (key: string, error: unknown, retryMs: number | undefined) => void;
  metrics?: QueueMetrics | undefined;
}

interface Delayed {
  key: string;
  at: number;
  /** A retry is dropped when the key runs before its time; a time that somebody asked for is kept. */
  retry: boolean;
}

/** What is looked at again later than this, such as an approval when it expires, waits for nothing now. */
const soonMs = 60_000;

/**
 * Only keys travel through it; a key that is added several times before a worker takes it runs once, and one that is
 * added while it runs is run once more afterwards, never twice at the same time (client-go: util/workqueue).
 */
export class KeyQueue {
  readonly #options: KeyQueueOptions;
  readonly #waiting = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #begun = new Map<string, number>();
  readonly #again = new Map<string, number>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #heap: DelayHeap = new DelayHeap();
  readonly #failures = new Map<string, number>();
  /** What keys wait for without a worker; of several for one key the last counts. */
  readonly #awaited = new Map<string, Promise<unknown>>();
  readonly #abort = new AbortController();
  #timer: { at: number; cancel: () => void } | undefined;
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor(options: KeyQueueOptions) {
    this.#options = options;
    options.metrics?.running(() => [...this.#begun.values()].map((at) => options.clock.now() - at));
  }

  /** Keys that wait, run or are delayed by no more than a minute. */
  get size(): number {
    const until = this.#options.clock.now() + soonMs;
    const soon = [...this.#delayed].flatMap(([key, { at }]) => (at <= until ? [key] : []));
    return new Set([...this.#waiting.keys(), ...this.#running.keys(), ...soon, ...this.#awaited.keys()]).size;
  }

  /** True if nothing waits or runs; delayed keys may exist. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  /** Begins to work; keys may have been added before. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#pump();
    this.#arm();
  }

  /** Due now. After `stop` it does nothing. */
  add(key: string): void {
    if (this.#state === 'stopped') return;
    const line = this.#running.has(key) ? this.#again : this.#waiting;
    if (line.has(key)) return;
    line.set(key, this.#options.clock.now());
    this.#options.metrics?.added();
    this.#options.metrics?.depth(this.#waiting.size);
    this.#pump();
  }

  /** Due after `ms`; of several times for one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    this.#delay(key, ms, false);
  }

  /**
   * Takes nothing more and waits for the work under way; after `deadlineMs` (default 10,000) its signal is aborted, and
   * a second later it is left alone. Answers whether all of it ended.
   */
  async stop(deadlineMs = 10_000): Promise<boolean> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#delayed.clear();
    this.#awaited.clear();
    this.#waiting.clear();
    this.#again.clear();
    if (this.#running.size === 0) return true;
    const { clock } = this.#options;
    const ended = Promise.all(this.#running.values()).then(() => true);
    const cancels: (() => void)[] = [];
    const late = new Promise<boolean>((resolve) => {
      cancels.push(
        clock.after(deadlineMs, () => this.#abort.abort(new Error('the queue stops'))),
        clock.after(deadlineMs + 1000, () => resolve(false)),
      );
    });
    const result = await Promise.race([ended, late]);
    for (const cancel of cancels) cancel();
    return result;
  }

  #pump(): void {
    while (this.#state === 'started' && this.#running.size < this.#options.concurrency) {
      const next = this.#waiting.entries().next();
      if (next.done) return;
      const [key, since] = next.value;
      this.#waiting.delete(key);
      if (this.#delayed.get(key)?.retry) this.#delayed.delete(key);
      this.#options.metrics?.depth(this.#waiting.size);
      this.#options.metrics?.waited(this.#options.clock.now() - since);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    await Promise.resolve(); // the caller of add() never runs the work itself
    const started = this.#options.clock.now();
    this.#begun.set(key, started);
    try {
      const outcome = await this.#options.work(key, this.#abort.signal);
      if (outcome?.until) void this.#await(key, outcome.until);
      else this.#failures.delete(key);
      if (outcome?.after !== undefined) this.#delay(key, outcome.after, false);
    } catch (error) {
      this.#failed(key, error);
    } finally {
      this.#options.metrics?.worked(this.#options.clock.now() - started);
      this.#running.delete(key);
      this.#begun.delete(key);
      const since = this.#again.get(key);
      this.#again.delete(key);
      if (since !== undefined && this.#state === 'started') this.#waiting.set(key, since);
      this.#pump();
    }
  }

  async #await(key: string, until: Promise<unknown>): Promise<void> {
    this.#awaited.set(key, until);
    const isLast = (): boolean => this.#awaited.get(key) === until && this.#awaited.delete(key);
    try {
      await until;
      if (isLast()) this.add(key);
    } catch (error) {
      if (isLast()) this.#failed(key, error);
    }
  }

  #failed(key: string, error: unknown): void {
    if (this.#state === 'stopped') return;
    if (errorKind(error) === 'terminal') {
      this.#failures.delete(key);
      this.#options.onError(key, error, undefined);
      return;
    }
    const { baseMs, maxMs } = this.#options.backoff ?? { baseMs: 5, maxMs: 120_000 };
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const wait = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 40));
    this.#delay(key, wait, true);
    this.#options.metrics?.retried();
    this.#options.onError(key, error, wait);
  }

  #delay(key: string, ms: number, retry: boolean): void {
    if (this.#state === 'stopped') return;
    if (ms <= 0) return this.add(key);
    const entry: Delayed = { key, at: this.#options.clock.now() + ms, retry };
    const known = this.#delayed.get(key);
    if (known && known.at <= entry.at) return;
    this.#delayed.set(key, entry);
    this.#heap.push(entry);
    this.#arm();
  }

  /** One timer for the earliest key; entries that were replaced or dropped stay in the heap until their turn. */
  #arm(): void {
    if (this.#state !== 'started') return;
    for (let first = this.#heap.first(); first && this.#delayed.get(first.key) !== first; first = this.#heap.first())
      this.#heap.pop();
    const first = this.#heap.first();
    if (!first || (this.#timer && this.#timer.at <= first.at)) return;
    this.#timer?.cancel();
    const cancel = this.#options.clock.after(Math.max(0, first.at - this.#options.clock.now()), () => this.#due());
    this.#timer = { at: first.at, cancel };
  }

  #due(): void {
    this.#timer = undefined;
    const now = this.#options.clock.now();
    for (let first = this.#heap.first(); first && first.at <= now; first = this.#heap.first()) {
      this.#heap.pop();
      if (this.#delayed.get(first.key) !== first) continue;
      this.#delayed.delete(first.key);
      this.add(first.key);
    }
    this.#arm();
  }
}

/** A binary heap by time. */
class DelayHeap {
  readonly #items: Delayed[] = [];

  first(): Delayed | undefined {
    return this.#items[0];
  }

  push(item: Delayed): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = items[up];
      if (!parent || parent.at <= item.at) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  pop(): void {
    const items = this.#items;
    const last = items.pop();
    if (!last || items.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = (items[right]?.at ?? Infinity) < (items[left]?.at ?? Infinity) ? right : left;
      const item = items[child];
      if (!item || item.at >= last.at) break;
      items[at] = item;
      at = child;
    }
    items[at] = last;
  }
}
