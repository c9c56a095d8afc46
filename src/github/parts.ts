// What the GitHub App is made of.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Store } from '../store/store.ts';
import type { Recurring } from '../store/schedules.ts';
import type { Change } from '../change/change.ts';
import type { Logger } from '../base/log.ts';
import type { Clock } from '../base/clock.ts';
import type { GitHubClient } from './client/client.ts';
import type { Push } from './deliveries.ts';
import type { PullQueue } from './pull/pull-queue.ts';
import type { Intake } from './pull/sweep.ts';

export interface Parts extends GitHubOptions {
  client: GitHubClient;
  pulls: PullQueue;
  intake: Intake;
}

export interface GitHubOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  /** Undefined: no App, only signed pushes are taken. */
  client: GitHubClient | undefined;
  webhookSecret: string | undefined;
  store: Store;
  change: Change;
  onPush: (push: Push) => void;
  /** How people reach the web page. */
  publicUrl: string;
  /** Where GitHub sends webhooks instead of there, in development. */
  hookUrl?: string | undefined;
  every: Recurring;
  clock: Clock;
  log: Logger;
}
