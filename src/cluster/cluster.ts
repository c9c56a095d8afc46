// A Kubernetes cluster: its API as plain JSON, what it serves, and what it holds right now.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Api } from './api.ts';
import type { Discovery } from './discovery.ts';
import type { ClusterConfig } from './kubeconfig.ts';
import type { Live } from './live.ts';
import type { Mirror, MirrorOptions } from './mirror.ts';
import type { WatchTiming } from './watch.ts';

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
  /** Kinds that the live cache leaves out, beside Argo CD's defaults. */
  exclude?: (kind: { group: string; kind: string }) => boolean;
}

/** One connected cluster. Nothing is watched until `live.start()`, `live.want()` or a mirror asks. */
export interface Cluster {
  readonly name: string;
  readonly server: string;
  readonly api: Api;
  readonly discovery: Discovery;
  readonly live: Live;
  /** A copy of one kind with a watch of its own; the cluster's stop ends it. */
  mirror<T>(options: MirrorOptions<T>): Mirror<T>;
  /** Ends all watches and connections; resolves when nothing runs any more. */
  stop(): Promise<void>;
}
