// `cox app list`, `get`, `resources` and `history`: what the Applications themselves say.
import type { Application, ResourceStatus, RevisionHistory } from '../../model/application.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { applicationKey, shortRevision, sourcesOf } from '../../model/application.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { isOpen } from '../../engine/approval/approval.ts';
import { coxGroup } from '../../model/coxswain.ts';
import { gateAfterText } from '../../policy/gate-text.ts';
import { parseApproval } from '../../store/parse.ts';
import { isData, plain, print } from '../output.ts';
import { selected } from './choose.ts';

const approvalKind = { group: coxGroup, kind: 'Approval' };

const listColumns: Column<Application>[] = [
  { title: 'NAME', of: (app) => app.metadata.name },
  { title: 'PROJECT', of: (app) => app.spec.project },
  { title: 'SYNC', of: (app) => app.status?.sync?.status ?? 'Unknown' },
  { title: 'HEALTH', of: (app) => app.status?.health?.status ?? 'Unknown' },
  { title: 'REVISION', of: (app) => shortRevision(app.status?.sync?.revision ?? '') },
  {
    title: 'OPERATION',
    of: (app) => (app.operation && !app.status?.operationState ? 'Waiting' : (app.status?.operationState?.phase ?? '')),
  },
  { title: 'NAMESPACE', of: (app) => app.spec.destination.namespace ?? '', wide: true },
  { title: 'CLUSTER', of: (app) => app.spec.destination.name || (app.spec.destination.server ?? ''), wide: true },
  { title: 'REPO', of: (app) => sourcesOf(app.spec)[0]?.repoURL ?? '', wide: true },
  { title: 'PATH', of: (app) => sourcesOf(app.spec)[0]?.path ?? '', wide: true },
];

const resourceColumns: Column<ResourceStatus>[] = [
  { title: 'GROUP', of: (row) => row.group ?? '' },
  { title: 'KIND', of: (row) => row.kind },
  { title: 'NAMESPACE', of: (row) => row.namespace ?? '' },
  { title: 'NAME', of: (row) => row.name },
  { title: 'SYNC', of: (row) => `${row.status ?? ''}${row.requiresPruning ? ' (to be pruned)' : ''}` },
  { title: 'VERSION', of: (row) => row.version, wide: true },
  { title: 'WAVE', of: (row) => String(row.syncWave ?? 0), wide: true },
];

const healthColumn: Column<ResourceStatus> = {
  title: 'HEALTH',
  of: ({ health }) => [health?.status ?? '', health?.message ?? ''].filter(Boolean).join(': '),
};

const historyColumns: Column<RevisionHistory>[] = [
  { title: 'ID', of: (row) => String(row.id) },
  {
    title: 'REVISION',
    of: (row) =>
      row.revisions && row.revisions.length > 0
        ? row.revisions.map(shortRevision).join(',')
        : shortRevision(row.revision ?? ''),
  },
  { title: 'DEPLOYED', of: (row) => row.deployedAt },
  { title: 'BY', of: (row) => (row.initiatedBy?.automated ? 'automated' : (row.initiatedBy?.username ?? '')) },
  { title: 'STARTED', of: (row) => row.deployStartedAt ?? '', wide: true },
];

function withoutManagedFields(app: Application): Application {
  const { managedFields: _managedFields, ...metadata } = app.metadata;
  return { ...app, metadata };
}

/** `cox app list`; answers the exit code. */
export async function list(session: Session): Promise<number> {
  const { options, out } = session;
  const apps = await selected(session);
  if (apps.length === 0 && !isData(options.format))
    out.note(`There are no applications in namespace ${options.namespace}.`);
  else out.result(print(options.format, apps.map(withoutManagedFields), apps, listColumns));
  return 0;
}

function facts(app: Application): [string, string][] {
  const { destination } = app.spec;
  const { sync, health, operationState, conditions = [], summary } = app.status ?? {};
  const healthText = health?.status ?? 'Unknown';
  return [
    ['Name', app.metadata.name],
    ['Project', app.spec.project],
    ...sourcesOf(app.spec).map((source): [string, string] => [
      'Source',
      `${source.repoURL} ${source.chart ?? source.path ?? ''} at ${source.targetRevision ?? 'HEAD'}`,
    ]),
    ['Destination', `${destination.name || (destination.server ?? '')} ${destination.namespace ?? ''}`],
    ['Sync', `${sync?.status ?? 'Unknown'} at ${shortRevision(sync?.revision ?? '') || 'no revision yet'}`],
    ['Health', health?.message ? `${healthText}: ${health.message}` : healthText],
    ...(operationState
      ? [['Operation', `${operationState.phase}: ${operationState.message ?? ''}`] satisfies [string, string]]
      : []),
    ...conditions.map((item): [string, string] => ['Condition', `${item.type}: ${item.message}`]),
    ...(summary?.images ?? []).map((image): [string, string] => ['Image', image]),
  ];
}

/** What waits for approval, and what people agree to beside the effect; nothing to whoever may not read Approvals. */
async function waiting({ cluster, signal }: Session, app: Application): Promise<[string, string][]> {
  const { namespace } = app.metadata;
  const found = await cluster.api.list(approvalKind, { namespace, signal }).catch((error: unknown) => {
    if (isStatus(error, 403) || isStatus(error, 404)) return [];
    throw error;
  });
  return found
    .flatMap((object) => parseApproval(object) ?? [])
    .filter((approval) => approval.spec.application === applicationKey(app) && isOpen(approval))
    .flatMap(({ metadata, spec, status }): [string, string][] => [
      ['Approval', `${metadata.name}: ${status?.message ?? 'waiting for approval'}`],
      ...(spec.gates ?? []).map((gate): [string, string] => ['Gate', gateAfterText(gate)]),
    ]);
}

/** `cox app get`; answers the exit code. */
export async function get(session: Session, app: Application): Promise<number> {
  const { options, out } = session;
  const rows = app.status?.resources ?? [];
  const head = [...facts(app), ...(isData(options.format) ? [] : await waiting(session, app))]
    .map(([name, value]) => `${`${name}:`.padEnd(13)}${plain(value).trim()}`)
    .join('\n');
  const text = print(options.format, withoutManagedFields(app), rows, resourceColumns);
  out.result(isData(options.format) ? text : `${head}\n\n${rows.length > 0 ? text : 'No resources yet.'}`);
  return 0;
}

/** `cox app resources`; answers the exit code. */
export async function resources(session: Session, app: Application): Promise<number> {
  const { options, out } = session;
  if (options.values.orphaned === true) return (await import('./orphaned.ts')).orphaned(session, app);
  const rows = app.status?.resources ?? [];
  const columns = [...resourceColumns.slice(0, 5), healthColumn, ...resourceColumns.slice(5)];
  if (rows.length === 0 && !isData(options.format)) out.note(`${app.metadata.name} has no resources yet.`);
  else out.result(print(options.format, rows, rows, columns));
  return 0;
}

/** Oldest first, as Argo CD keeps it. */
export function history({ options, out }: Session, app: Application): Promise<number> {
  const rows = app.status?.history ?? [];
  if (rows.length === 0 && !isData(options.format)) out.note(`${app.metadata.name} was never synced.`);
  else out.result(print(options.format, rows, rows, historyColumns));
  return Promise.resolve(0);
}
