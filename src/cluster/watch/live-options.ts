// What the live cache of one cluster is made of.
import type { QueueMetricsOf } from '../../base/queue.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Semaphore } from '../../base/semaphore.ts';
import type { Api } from '../api.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { Describing } from '../live.ts';
import type { Transport } from '../wire/transport.ts';
import type { WatchTiming } from './watch-timing.ts';

export interface LiveOptions {
  transport: Transport;
  api: Api;
  discovery: Discovery;
  clock: Clock;
  log: Logger;
  random: () => number;
  timing: WatchTiming;
  turns: Semaphore;
  queues?: QueueMetricsOf | undefined;
  describing?: Describing | undefined;
}

export interface Kind {
  group: string;
  kind: string;
}
