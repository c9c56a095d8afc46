// The key queue after client-go's workqueue: one worker per key at a time, coalescing, delays, backoff per key, graceful end.
import type { Clock } from './clock.ts';
import { errorKind } from './errors.ts';

/** What the work on a key ended with; `after` re-queues it later (milliseconds) and forgets its backoff. Nothing means done. */
export interface Outcome {
  after?: number;
}

/** Every call is optional and must not throw. Times are milliseconds. */
export interface QueueMetrics {
  added?(): void;
  /** Number of keys that wait to be taken. */
  depth?(depth: number): void;
  /** From the moment a key became due until a worker took it. */
  waited?(ms: number): void;
  worked?(ms: number): void;
  retried?(): void;
}

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
  metrics?: QueueMetrics;
}
