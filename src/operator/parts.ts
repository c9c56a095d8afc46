// What the parts of the operator are built from, in the order in which they come to be.
import type { createQueueMetrics } from '../web/queue-metrics.ts';
import type { Logger } from '../base/log.ts';
import type { GitHubClient } from '../github/client/client.ts';
import type { Starting } from './readiness.ts';
import type { Config } from './config.ts';
import type { Started } from './shutdown.ts';
import type { Permit } from '../base/permit.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ControllerWatch } from '../store/argocd-controller.ts';
import type { Guard } from '../store/guard.ts';
import type { Schedules } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import type { Worker } from '../base/worker.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Authors } from '../engine/application/pass.ts';
import type { HealthScripts } from '../health/scripts.ts';
import type { ArgoCdView } from '../argocd/argocd.ts';
import type { Engine } from '../engine/engine.ts';
import type { Git } from '../git/git.ts';
import { systemClock } from '../base/clock.ts';

export interface Base {
  queues: ReturnType<typeof createQueueMetrics>;
  config: Config;
  log: Logger;
  signal: AbortSignal;
  started: Started;
  starting: Starting;
}

/** What is remembered, and whether others could forge it. */
export interface State {
  cluster: Cluster;
  store: Store;
  schedules: Schedules;
  guard: Guard;
  permit: Permit;
  /** Another engine in this namespace; none is looked for where it is chosen. */
  controller: ControllerWatch | undefined;
}

export interface Core extends Base, State {
  /** Undefined without a GitHub App. */
  github: GitHubClient | undefined;
  worker: Worker;
  git: Git;
  desiring: Desiring;
  /** The same for what nobody has merged. */
  previewing: Desiring;
  engine: Engine;
  /** Undefined where Argo CD's server shows nothing of it. */
  view: ArgoCdView | undefined;
  scripts: HealthScripts;
  authors: Authors;
}

export const clock = systemClock;
