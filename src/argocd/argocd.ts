// What Argo CD's own server reads of applications and clusters, kept in its Redis: with it UI, CLI and API of Argo CD
// stand before this engine.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { View } from '../engine/application/pass.ts';
import type { QueueMetricsOf } from '../base/queue.ts';
import type { RedisAddress } from './redis.ts';
import type { Shown } from './show.ts';
import type { AppError } from '../base/errors.ts';
import { KeyQueue } from '../base/queue.ts';
import { applicationKey } from '../model/application.ts';
import { Loads } from './host.ts';
import { describing } from './note.ts';
import { openRedis } from './redis.ts';
import { Seen } from './seen.ts';
import { clusters, hideApplication, showApplication, showClusters } from './show.ts';
import { Values } from './values.ts';

export interface ArgoCdConfig extends RedisAddress {
  compression: 'gzip' | 'none';
  /** Members of one piece of a tree; 0: trees are whole. */
  shardSize: number;
  /** Of what is written about applications. */
  expiresSeconds: number;
}

interface ArgoCdOptions extends Pick<Shown, 'store' | 'engine'> {
  config: ArgoCdConfig;
  clock: Clock;
  log: Logger;
  queues?: QueueMetricsOf | undefined;
}

export interface ArgoCdView extends View {
  /** Why nothing can be written now; only what Argo CD's server shows waits for it. */
  readonly fault: AppError | undefined;
  stop(): Promise<void>;
}

/** What follows each other closely is shown once, as the pods of one rollout. */
const gatherMs = 250;
/** How long somebody who asked for a refresh waits for it to be shown. */
const patienceMs = 1_000;
const clusterEveryMs = 60_000;

/** Those who wait until what they asked for is shown, by key. */
class Waiting {
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  for(key: string): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(patienceMs, resolve);
      const end = (): void => {
        cancel();
        resolve();
      };
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), end]);
    });
  }

  /** Those who wait now; they are to be told once it is done. */
  take(key: string): () => void {
    const ends = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return () => ends.forEach((end) => end());
  }
}

async function show(shown: Shown, key: string): Promise<void> {
  const app = shown.store.applications.get(key);
  if (key === clusters) await showClusters(shown);
  else if (app) await showApplication(shown, key, app);
  else await hideApplication(shown, key);
}

interface Parts {
  shown: Shown;
  waiting: Waiting;
  isReady(): boolean;
}

function writing({ clock, log, queues }: ArgoCdOptions, { shown, waiting, isReady }: Parts): KeyQueue {
  let told = false;
  return new KeyQueue({
    clock,
    concurrency: 4,
    backoff: { baseMs: 1_000, maxMs: 60_000 },
    metrics: queues?.('argocd-view'),
    async work(key) {
      const done = waiting.take(key);
      try {
        // While Redis is away nothing is kept for it: everything is looked at once it is back.
        if (!isReady()) return;
        await show(shown, key);
        told = false;
      } finally {
        done();
      }
    },
    onError: (key, error, retryMs) => {
      // One that is away is told by the connection.
      if (told || !isReady()) return;
      told = true;
      log.warn({ app: key, err: error, retryMs }, 'what the server of Argo CD shows could not be written');
    },
  });
}

function repeater(clock: Clock): { every(ms: number, fn: () => void): void; stop(): void } {
  const timers = new Set<() => void>();
  const every = (ms: number, fn: () => void): void => {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel);
      fn();
      every(ms, fn);
    });
    timers.add(cancel);
  };
  return { every, stop: () => timers.forEach((cancel) => cancel()) };
}

/** Connects by itself; returns at once. */
export function openArgoCdView(options: ArgoCdOptions): ArgoCdView {
  const { store, engine, clock, log, config } = options;
  const onReady = (): void => {
    shown.values.forget();
    queue.add(clusters);
    for (const key of [...store.applications.list().map(applicationKey), ...shown.seen.applications]) queue.add(key);
  };
  const redis = openRedis({ address: config, clock, log, onReady });
  const shown: Shown = {
    ...{ store, engine, clock, shardSize: config.shardSize, expiresSeconds: config.expiresSeconds },
    values: new Values({ redis, compression: config.compression }),
    seen: new Seen(),
    loads: new Loads(clock),
    managed: new WeakMap(),
  };
  const waiting = new Waiting(clock);
  const queue = writing(options, { shown, waiting, isReady: () => redis.ready });
  const renew = async (): Promise<void> => {
    if (redis.ready) for (const key of await shown.values.renew()) queue.add(key);
  };
  const { every, stop } = repeater(clock);
  every(clusterEveryMs, () => queue.add(clusters));
  every((config.expiresSeconds * 1000) / 3, () => void renew().catch(() => undefined)); // told by the connection
  queue.start();
  return {
    describing,
    get fault() {
      return redis.fault;
    },
    async stop() {
      stop();
      await queue.stop(patienceMs);
      redis.stop();
    },
    look: (application) => queue.add(application),
    shown(application) {
      if (!redis.ready) return Promise.resolve();
      const result = waiting.for(application);
      queue.add(application);
      return result;
    },
    onLive(server, change) {
      for (const key of shown.seen.concerned(server, change)) queue.addAfter(key, gatherMs);
    },
  };
}
