// Metrics of the applications, under Argo CD's names with its labels (Argo CD: docs/operator-manual/metrics.md).
import type { Registry } from 'prom-client';
import type { Application } from '../model/application.ts';
import type { Store } from '../store/store.ts';
import { Counter } from 'prom-client';
import { isAutomated, sourcesOf } from '../model/application.ts';
import { repositoryPage, repositoryText } from './parts.ts';

interface Sample {
  labels: Record<string, string>;
  value: number;
}

function named({ metadata, spec }: Application): Record<string, string> {
  return { namespace: metadata.namespace, name: metadata.name, project: spec.project };
}

/** Of `argocd_app_info`. */
export function infoOf(app: Application): Record<string, string> {
  const { destination } = app.spec;
  const repo = sourcesOf(app.spec)[0]?.repoURL ?? '';
  return {
    ...named(app),
    autosync_enabled: String(isAutomated(app.spec)),
    repo: repositoryPage(repo) ?? repositoryText(repo),
    dest_server: destination.server ?? '',
    dest_namespace: destination.namespace ?? '',
    sync_status: app.status?.sync?.status ?? 'Unknown',
    health_status: app.status?.health?.status ?? 'Unknown',
    operation: app.metadata.deletionTimestamp ? 'delete' : app.operation ? 'sync' : '',
  };
}

/** Of `argocd_app_condition`: how many of each type an application has. */
export function conditionsOf(app: Application): Sample[] {
  const byType = Object.groupBy(app.status?.conditions ?? [], ({ type }) => type);
  return Object.entries(byType).map(([condition, found = []]) => ({
    labels: { ...named(app), condition },
    value: found.length,
  }));
}

/** Counts from now on: what had ended when the process began is no sync of its time. */
export function countSyncs(registry: Registry, applications: Pick<Store['applications'], 'onChange'>): void {
  const syncs = new Counter({
    name: 'argocd_app_sync_total',
    help: 'Syncs that have ended, by how.',
    labelNames: ['namespace', 'name', 'project', 'dest_server', 'phase', 'dry_run'],
    registers: [registry],
  });
  applications.onChange((_key, now, before) => {
    const state = now?.status?.operationState;
    if (!now || !before || !state?.finishedAt || state.finishedAt === before.status?.operationState?.finishedAt) return;
    syncs.inc({
      ...named(now),
      dest_server: now.spec.destination.server ?? '',
      phase: state.phase,
      dry_run: String(state.operation.sync?.dryRun === true),
    });
  });
}
