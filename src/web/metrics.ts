// Prometheus metrics; names that Argo CD has are kept, so that its dashboards go on working.
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Api } from '../cluster/api.ts';
import type { Live } from '../cluster/live.ts';
import type { Store } from '../store/store.ts';

export interface MetricsOptions {
  store: Store;
  api: Api;
  live: Live;
  /** Applications that wait for a pass. */
  pending: () => number;
}

function gauge(registry: Registry, { name, help, labels = [] }: { name: string; help: string; labels?: string[] }, read: (gauge: Gauge) => void): void {
  const made: Gauge = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      made.reset();
      read(made);
    },
  });
}

export function createMetrics({ store, api, live, pending }: MetricsOptions): { text(): Promise<{ type: string; body: string }> } {
  const registry = new Registry();
  // The default of 10 ms costs 0.1 CPU-s a minute, more than everything else of an idle operator.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const labels = ['namespace', 'name', 'project', 'dest_namespace', 'sync_status', 'health_status'];
  gauge(registry, { name: 'argocd_app_info', help: 'Information about application.', labels }, (info) => {
    for (const app of store.applications.list()) {
      const { namespace, name } = app.metadata;
      info.set({ namespace, name, project: app.spec.project, dest_namespace: app.spec.destination.namespace ?? '', sync_status: app.status?.sync?.status ?? 'Unknown', health_status: app.status?.health?.status ?? 'Unknown' }, 1);
    }
  });
  gauge(registry, { name: 'argocd_cluster_api_resources', help: 'Number of monitored Kubernetes API resources.' }, (kinds) => kinds.set(live.stats.kinds));
  gauge(registry, { name: 'argocd_cluster_api_resource_objects', help: 'Number of k8s resource objects in the cache.' }, (objects) => objects.set(live.stats.objects));
  gauge(registry, { name: 'coxswain_api_requests', help: 'Requests sent to the Kubernetes API since the start.', labels: ['verb'] }, (requests) => {
    for (const [verb, count] of Object.entries(api.counts)) requests.set({ verb }, count);
  });
  gauge(registry, { name: 'coxswain_applications_pending', help: 'Applications that wait for a pass.' }, (waiting) => waiting.set(pending()));
  gauge(registry, { name: 'coxswain_approvals_pending', help: 'Approvals that wait for a person.' }, (approvals) => {
    approvals.set(store.approvals.list().filter((item) => (item.status?.phase ?? 'Pending') === 'Pending').length);
  });
  gauge(registry, { name: 'coxswain_drift_episodes_open', help: 'Drift episodes that are open.' }, (episodes) => {
    episodes.set(store.episodes.list().filter((item) => item.status?.phase === 'Open').length);
  });
  return {
    async text() {
      return { type: registry.contentType, body: await registry.metrics() };
    },
  };
}
