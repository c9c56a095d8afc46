// `cox app …`: list, get, diff, sync and history of Applications.
import type { Application, ResourceStatus, RevisionHistory } from '../model/application.ts';
import type { Options } from './options.ts';
import type { Column } from './output.ts';
import type { Session } from './session.ts';
import { createComparer } from '../compare/compare.ts';
import { applicationKey } from '../model/application.ts';
import { keyTitle } from '../model/kube.ts';
import { resourceViews } from '../engine/view.ts';
import { trackingName } from '../render/tracking.ts';
import { parseApplication } from '../store/parse.ts';
import { usage } from './options.ts';
import { print } from './output.ts';
import { withSession } from './session.ts';

type Out = (text: string) => void;

function short(revision: string | undefined): string {
  return revision && /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 7) : (revision ?? '');
}

const listColumns: Column<Application>[] = [
  { title: 'NAME', of: (app) => app.metadata.name },
  { title: 'PROJECT', of: (app) => app.spec.project },
  { title: 'SYNC', of: (app) => app.status?.sync?.status ?? 'Unknown' },
  { title: 'HEALTH', of: (app) => app.status?.health?.status ?? 'Unknown' },
  { title: 'REVISION', of: (app) => short(app.status?.sync?.revision) },
  { title: 'OPERATION', of: (app) => app.status?.operationState?.phase ?? '' },
  { title: 'NAMESPACE', of: (app) => app.spec.destination.namespace ?? '', wide: true },
  { title: 'CLUSTER', of: (app) => app.spec.destination.name ?? app.spec.destination.server ?? '', wide: true },
  { title: 'REPO', of: (app) => (app.spec.sources?.[0] ?? app.spec.source)?.repoURL ?? '', wide: true },
  { title: 'PATH', of: (app) => (app.spec.sources?.[0] ?? app.spec.source)?.path ?? '', wide: true },
];

const resourceColumns: Column<ResourceStatus>[] = [
  { title: 'GROUP', of: (row) => row.group ?? '' },
  { title: 'KIND', of: (row) => row.kind },
  { title: 'NAMESPACE', of: (row) => row.namespace ?? '' },
  { title: 'NAME', of: (row) => row.name },
  { title: 'SYNC', of: (row) => row.status ?? '' },
  { title: 'WAVE', of: (row) => String(row.syncWave ?? 0), wide: true },
];

const historyColumns: Column<RevisionHistory>[] = [
  { title: 'ID', of: (row) => String(row.id) },
  { title: 'REVISION', of: (row) => short(row.revision) },
  { title: 'DEPLOYED', of: (row) => row.deployedAt },
  { title: 'BY', of: (row) => (row.initiatedBy?.automated ? 'automated' : (row.initiatedBy?.username ?? '')) },
  { title: 'STARTED', of: (row) => row.deployStartedAt ?? '', wide: true },
];

async function list(session: Session, options: Options, out: Out): Promise<number> {
  const apps = (await session.applications()).sort((a, b) => (applicationKey(a) < applicationKey(b) ? -1 : 1));
  out(print(options.format, apps, apps, listColumns));
  return 0;
}

function headText(app: Application): string {
  const state = app.status?.operationState;
  const lines = [
    `Name:        ${app.metadata.name}`,
    `Project:     ${app.spec.project}`,
    `Sync:        ${app.status?.sync?.status ?? 'Unknown'} at ${short(app.status?.sync?.revision) || 'nothing'}`,
    `Health:      ${app.status?.health?.status ?? 'Unknown'}${app.status?.health?.message ? ` (${app.status.health.message})` : ''}`,
    ...(state ? [`Operation:   ${state.phase}: ${state.message ?? ''}`] : []),
    ...(app.status?.conditions ?? []).map((item) => `Condition:   ${item.type}: ${item.message}`),
  ];
  return lines.join('\n');
}

async function get(session: Session, options: Options, app: Application, out: Out): Promise<number> {
  const rows = app.status?.resources ?? [];
  if (options.format === 'json' || options.format === 'yaml') out(print(options.format, app, rows, resourceColumns));
  else out(`${headText(app)}\n\n${print(options.format, app, rows, resourceColumns)}`);
  return session.signal.aborted ? 3 : 0;
}

/** Compares in this process, with the rooms that the operator uses; a dry run tells what the server would make of each object. */
async function diff(session: Session, options: Options, app: Application, out: Out): Promise<number> {
  const state = await (await session.desiring()).at(app, [options.revision], session.signal);
  const { cluster, signal } = session;
  await cluster.live.start(signal);
  const comparer = createComparer({ cluster, macKey: Buffer.alloc(32) });
  const comparison = await comparer.compare({ app, tracking: trackingName(app, options.namespace), manifests: state.manifests, placeOf: state.placeOf }, signal);
  const changed = resourceViews(comparison).filter((view) => view.row.status !== 'Synced');
  for (const error of comparison.errors) out(`! ${keyTitle(error.key)}: ${error.message}`);
  if (options.format === 'json' || options.format === 'yaml') out(print(options.format, changed, [], []));
  else for (const { row, diff: text } of changed) out(`===== ${row.kind} ${row.namespace ? `${row.namespace}/` : ''}${row.name}${row.requiresPruning ? ' (to be pruned)' : ''} =====\n${text}`);
  return changed.length > 0 || comparison.errors.length > 0 ? 1 : 0;
}

async function sync(session: Session, options: Options, app: Application, out: Out): Promise<number> {
  const { api } = session.cluster;
  const ref = { group: 'argoproj.io', kind: 'Application', namespace: app.metadata.namespace, name: app.metadata.name };
  if (app.operation) throw usage(`another operation of ${app.metadata.name} is in progress`);
  const { syncPolicy } = app.spec;
  const operation = {
    sync: { prune: options.prune, ...(options.revision && { revision: options.revision }), ...(syncPolicy?.syncOptions && { syncOptions: syncPolicy.syncOptions }) },
    initiatedBy: { username: process.env['USER'] ?? 'cox' },
    info: [{ name: 'coxswain.dev/request', value: `cli-${process.pid}-${Date.now()}` }],
    ...(syncPolicy?.retry && { retry: syncPolicy.retry }),
  };
  await api.patch(ref, { type: 'json', patch: [{ op: 'test', path: '/operation', value: null }, { op: 'add', path: '/operation', value: operation }] });
  if (!options.wait) {
    out(`${app.metadata.name}: sync asked for`);
    return 0;
  }
  return follow(session, ref, operation.info[0]?.value ?? '', out);
}

/** Prints every new message of the operation until it has ended. */
async function follow(session: Session, ref: { group: string; kind: string; namespace: string; name: string }, request: string, out: Out): Promise<number> {
  const mirror = session.cluster.mirror<Application>({ kind: ref, namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}`, parse: parseApplication });
  const ended = Promise.withResolvers<number>();
  let last = '';
  const look = (): void => {
    const app = mirror.get(ref.namespace, ref.name);
    const state = app?.status?.operationState;
    if (!app || state?.operation.info?.every((item) => item.value !== request) !== false) return;
    const line = `${state.phase}: ${state.message ?? ''}`;
    if (line !== last) out(`${ref.name}: ${line}`);
    last = line;
    if (!app.operation && state.finishedAt) ended.resolve(state.phase === 'Succeeded' ? 0 : 1);
  };
  mirror.onChange(look);
  await mirror.start(session.signal);
  look();
  const code = await ended.promise;
  await mirror.stop();
  return code;
}

export async function appCommand(words: string[], options: Options, out: Out): Promise<number> {
  const [verb, name, ...rest] = words;
  const known = ['list', 'get', 'diff', 'sync', 'history'];
  if (!verb || !known.includes(verb)) throw usage(`cox app needs one of: ${known.join(', ')}`);
  if (verb === 'list' ? name !== undefined : !name || rest.length > 0) throw usage(verb === 'list' ? 'cox app list takes no application' : `cox app ${verb} needs one application`);
  return withSession(options, async (session) => {
    if (verb === 'list') return list(session, options, out);
    const app = await session.application(name ?? '');
    if (verb === 'get') return get(session, options, app, out);
    if (verb === 'diff') return diff(session, options, app, out);
    if (verb === 'sync') return sync(session, options, app, out);
    const rows = app.status?.history ?? [];
    out(print(options.format, rows, rows, historyColumns));
    return 0;
  });
}
