// A Kubernetes cluster: its API as plain JSON, what it serves, and what it holds right now.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Api } from './api.ts';
import type { ApiResource, Discovery } from './discovery/discovery.ts';
import type { ClusterConfig } from './wire/cluster-config.ts';
import type { Describing, Live } from './live.ts';
import type { Mirror, MirrorOptions } from './mirror.ts';
import type { WatchTiming } from './watch/watch-timing.ts';
import type { Permit } from '../base/permit.ts';
import { Semaphore } from '../base/semaphore.ts';
import { DiscoveryCache } from './discovery/discovery-cache.ts';
import { LiveCache } from './watch/live-cache.ts';
import { Informer } from './watch/informer.ts';
import { LineSplitter } from './watch/lines.ts';
import { ObjectApi } from './object-api.ts';
import { Transport } from './wire/transport.ts';
import { Reflector } from './watch/reflector.ts';
import { defaultTiming } from './watch/watch-timing.ts';

export interface ClusterOptions {
  /** Default: the host of the server. */
  name?: string;
  config: ClusterConfig;
  clock: Clock;
  log: Logger;
  /** Numbers in [0, 1); default Math.random. */
  random?: () => number;
  /** Shorter times for tests. */
  timing?: Partial<WatchTiming>;
  /** Connections for requests (watches have their own); default 16. */
  connections?: number;
  /** Asked before each request that writes; default: nobody is asked. */
  permit?: Permit | undefined;
  /** Who keeps the metrics of the queue `discovery`: for one cluster of a process. Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  /** Default: no notes are kept. */
  describing?: Describing | undefined;
}

/** One connected cluster. Nothing is watched until `live.start()`, `live.want()` or a mirror asks. */
export interface Cluster {
  readonly name: string;
  readonly server: string;
  readonly api: Api;
  readonly discovery: Discovery;
  readonly live: Live;
  /**
   * Reads an answer without end line by line, such as the log of a container; empty lines are passed over. Resolves at
   * its end; rejects like `api.request`.
   */
  readLines(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** A copy of one kind with a watch of its own; the cluster's stop ends it. */
  mirror<T>(options: MirrorOptions<T>): Mirror<T>;
  /** Ends all watches and connections; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** How many kinds are listed at the same time. */
const listingsAtOnce = 24;

/** Asks the cluster what it serves. Throws E_CONFIG, E_API_UNREACHABLE, or ApiError (401, 403). */
export async function connectCluster(options: ClusterOptions, signal?: AbortSignal): Promise<Cluster> {
  const { config, clock, random = Math.random, connections = 16 } = options;
  const name = options.name ?? config.server.replace(/^https?:\/\//, '');
  const log = options.log.child({ cluster: name });
  const timing = { ...defaultTiming, ...options.timing };
  const transport = new Transport({ config, clock, log, random, connections, permit: options.permit });
  const discovery = new DiscoveryCache(transport, clock, log);
  try {
    await discovery.refresh(undefined, signal);
  } catch (error) {
    await transport.close();
    throw error;
  }
  const api = new ObjectApi(transport, discovery);
  const shared = { transport, clock, log, random, timing, turns: new Semaphore(listingsAtOnce) };
  const live = new LiveCache({
    ...shared,
    api,
    discovery,
    describing: options.describing,
    queues: options.queues,
  });
  const mirrors = new Set<{ stop(): Promise<void> }>();
  return {
    name,
    server: config.server,
    api,
    discovery,
    live,
    readLines: async (path, onLine, until) => {
      const lines = new LineSplitter();
      await transport.stream({
        ...{ path, accept: 'text/plain, application/json', signal: until, headersMs: timing.headersMs },
        onStart: () => undefined,
        onData: (chunk) => lines.push(chunk, onLine),
      });
    },
    mirror: (mirrorOptions) => {
      const { namespace, labelSelector, fieldSelector } = mirrorOptions;
      const mirror = new Informer(mirrorOptions, {
        log,
        resource: (until) => served({ discovery, clock, log }, mirrorOptions.kind, until),
        makeWatch: (resource, sink) =>
          new Reflector({ ...shared, resource, namespace, labelSelector, fieldSelector, metadataOnly: false, sink }),
      });
      mirrors.add(mirror);
      return mirror;
    },
    stop: async () => {
      await Promise.all([live.stop(), ...[...mirrors].map((mirror) => mirror.stop())]);
      await transport.close();
    },
  };
}

/** Waits for the kind in its preferred version. */
async function served(
  context: { discovery: Discovery; clock: Clock; log: Logger },
  kind: { group: string; kind: string },
  signal: AbortSignal,
): Promise<ApiResource> {
  const { discovery, clock, log } = context;
  for (let wait = 50; ; wait = Math.min(5000, wait * 2)) {
    const known = discovery.resourceOf(kind);
    if (known) return known;
    try {
      await discovery.refresh(kind.group, signal);
    } catch (err) {
      signal.throwIfAborted();
      log.warn({ ...kind, err }, 'informer waits for its kind to be served');
    }
    const found = discovery.resourceOf(kind);
    if (found) return found;
    await clock.sleep(wait, signal);
  }
}
