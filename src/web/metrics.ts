// Prometheus metrics; names and labels that Argo CD has are kept, so that its dashboards go on working.
import type { Api } from '../cluster/api.ts';
import type { Live } from '../cluster/live.ts';
import type { Schedules } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import type { createQueueMetrics } from './queue-metrics.ts';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { inClusterServer } from '../model/annotations.ts';
import { conditionsOf, countSyncs, infoOf } from './application-metrics.ts';
import { openEpisodes, waitingApproval } from './summary.ts';

interface MetricsOptions {
  store: Store;
  api: Api;
  live: Live;
  /** Applications that wait for a pass. */
  pending: () => number;
  /** Whether the cluster lets others write our own resources. */
  forgeable: () => boolean;
  upcoming: Schedules['upcoming'];
  queues: Pick<ReturnType<typeof createQueueMetrics>, 'registerIn'>;
}

interface Sample {
  labels?: Record<string, string>;
  value: number;
}

interface Metric {
  name: string;
  help: string;
  labels?: string[];
  /** Read at every scrape. */
  read(): Sample[];
}

function gauge(registry: Registry, { name, help, labels = [], read }: Metric): void {
  const made: Gauge = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      made.reset();
      for (const { labels: values = {}, value } of read()) made.set(values, value);
    },
  });
}

/** The counting is done elsewhere; `read` answers the totals since the start. */
function counter(registry: Registry, { name, help, labels = [], read }: Metric): void {
  const made: Counter = new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      made.reset();
      for (const { labels: values = {}, value } of read()) made.inc(values, value);
    },
  });
}

const infoLabels = [
  'namespace',
  'name',
  'project',
  'autosync_enabled',
  'repo',
  'dest_server',
  'dest_namespace',
  'sync_status',
  'health_status',
  'operation',
];
const server = { server: inClusterServer };

function applicationMetrics(registry: Registry, { store }: Pick<MetricsOptions, 'store'>): void {
  gauge(registry, {
    name: 'argocd_app_info',
    help: 'An application, its sync status and its health.',
    labels: infoLabels,
    read: () => store.applications.list().map((app) => ({ labels: infoOf(app), value: 1 })),
  });
  gauge(registry, {
    name: 'argocd_app_condition',
    help: 'Conditions that an application has, by type.',
    labels: ['namespace', 'name', 'project', 'condition'],
    read: () => store.applications.list().flatMap(conditionsOf),
  });
  countSyncs(registry, store.applications);
}

function clusterMetrics(registry: Registry, { api, live }: MetricsOptions): void {
  gauge(registry, {
    name: 'argocd_cluster_api_resources',
    help: 'Kinds that are watched.',
    labels: ['server'],
    read: () => [{ labels: server, value: live.stats.kinds }],
  });
  gauge(registry, {
    name: 'argocd_cluster_api_resource_objects',
    help: 'Objects in the cache.',
    labels: ['server'],
    read: () => [{ labels: server, value: live.stats.objects }],
  });
  counter(registry, {
    name: 'argocd_cluster_events_total',
    help: 'Watch events taken in.',
    labels: ['server'],
    read: () => [{ labels: server, value: live.stats.events }],
  });
  counter(registry, {
    name: 'coxswain_watch_relists_total',
    help: 'Times that a kind had to be listed anew.',
    read: () => [{ value: live.stats.relists }],
  });
  gauge(registry, {
    name: 'coxswain_live_bodies',
    help: 'Objects whose whole body is kept.',
    read: () => [{ value: live.stats.bodies }],
  });
  counter(registry, {
    name: 'coxswain_api_requests_total',
    help: 'Requests to the Kubernetes API of the control plane.',
    labels: ['verb'],
    read: () => Object.entries(api.counts).map(([verb, value]) => ({ labels: { verb }, value })),
  });
}

/** `text` gives all metrics in the format that the scraper is answered in, and its media type. */
export function createMetrics(options: MetricsOptions): { text(): Promise<{ type: string; body: string }> } {
  const { store, pending } = options;
  const registry = new Registry();
  // prom-client's 10 ms would wake an idle process a hundred times a second.
  options.queues.registerIn(registry);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1_000 });
  applicationMetrics(registry, options);
  clusterMetrics(registry, options);
  gauge(registry, {
    name: 'coxswain_applications_pending',
    help: 'Applications that wait for a pass.',
    read: () => [{ value: pending() }],
  });
  gauge(registry, {
    name: 'coxswain_approvals_pending',
    help: 'Approvals that wait for a person.',
    read: () => [{ value: store.approvals.list().filter((item) => waitingApproval([item])).length }],
  });
  gauge(registry, {
    name: 'coxswain_drift_episodes_open',
    help: 'Drift episodes that are open.',
    read: () => [{ value: openEpisodes(store.episodes.list()).length }],
  });
  gauge(registry, {
    name: 'coxswain_setting_faults',
    help: 'Settings that cannot be read; their defaults stand in.',
    read: () => [{ value: store.settings().faults.length }],
  });
  gauge(registry, {
    name: 'coxswain_own_resources_forgeable',
    help: '1 where the admission policies of Coxswain are not in force.',
    read: () => [{ value: options.forgeable() ? 1 : 0 }],
  });
  gauge(registry, {
    name: 'coxswain_foreign_objects',
    help:
      'Requests, Approvals, SyncRecords, DriftEpisodes and Reports that Coxswain did not write, or no longer as they ' +
      'are; they count for nothing.',
    read: () => [{ value: store.foreign().length }],
  });
  gauge(registry, {
    name: 'coxswain_schedule_next_run_timestamp_seconds',
    help: 'When the schedule begins its next look.',
    labels: ['schedule'],
    read: () =>
      options.upcoming().map(({ name, next }) => ({ labels: { schedule: name }, value: next.getTime() / 1000 })),
  });
  return {
    async text() {
      return { type: registry.contentType, body: await registry.metrics() };
    },
  };
}
