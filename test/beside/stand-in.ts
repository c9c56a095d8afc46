// A stand-in for Argo CD's controller: carries `operation` out as Argo CD 3.5 was seen to, by kubectl's client-side
// apply, with the same patches of state, history and comparison. Plain directories of YAML only.
import type { TestContext } from 'node:test';
import type { Application, Operation, OperationState, ResourceResult } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Stage } from '../engine/fixture.ts';
import { execFile, execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { rfc3339 } from '../../src/base/clock.ts';
import { isAutomated, sourcesOf, syncOptions } from '../../src/model/application.ts';
import { isObject } from '../../src/model/kube.ts';
import { binaries } from '../../tools/binaries.ts';

export interface StandIn {
  /** Compares with the branch head, as at its poll or for the annotation, and begins what is automated. */
  refresh(name: string): Promise<void>;
  /** Names of objects that it reports as applied and leaves as they are. */
  skips: Set<string>;
  /** Runs before an operation begins, once. */
  before: (() => Promise<void>) | undefined;
}

interface Deps {
  s: Stage;
  kubectl: (args: string[], input?: string) => Promise<{ code: number; out: string }>;
  self: StandIn;
  /** Applications whose hooks are live. */
  hooked: Set<string>;
}

function runner(command: string, kubeconfig: string): Deps['kubectl'] {
  return (args, input) =>
    new Promise((resolve) => {
      const child = execFile(command, ['--kubeconfig', kubeconfig, ...args], (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out: `${stdout}${stderr}` });
      });
      child.stdin?.end(input ?? '');
    });
}

const now = (): string => rfc3339(Date.now());

function git(s: Stage, ...args: string[]): string {
  return execFileSync('git', ['-C', s.url.replace('file://', ''), ...args], { encoding: 'utf8' }).trim();
}

/** As rendered, with namespace and tracking id. */
function rendered(s: Stage, app: Application, revision: string, path: string): KubeObject[] {
  const files = git(s, 'ls-tree', '-r', '--name-only', revision, `${path}/`).split('\n').filter(Boolean);
  const documents = files.flatMap((file) => parseAllDocuments(git(s, 'show', `${revision}:${file}`)));
  return documents.map((document) => {
    const object = document.toJS() as KubeObject;
    const namespace = object.metadata.namespace ?? app.spec.destination.namespace ?? '';
    const [group, version] = object.apiVersion.split('/');
    const tracking = `${app.metadata.name}:${version ? group : ''}/${object.kind}:${namespace}/${object.metadata.name}`;
    const annotations = { ...object.metadata.annotations, 'argocd.argoproj.io/tracking-id': tracking };
    return { ...object, metadata: { ...object.metadata, namespace, annotations } };
  });
}

function isHook({ metadata }: KubeObject): boolean {
  return metadata.annotations?.['argocd.argoproj.io/hook'] !== undefined;
}

function rowOf({ apiVersion, kind, metadata }: KubeObject): ResourceResult {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const { namespace = '', name = '' } = metadata;
  return { group: group ?? '', version: version ?? '', kind, namespace, name, syncPhase: 'Sync', status: 'Synced' };
}

const same = (a: { kind: string; name: string }, b: { kind: string; name: string }): boolean =>
  a.kind === b.kind && a.name === b.name;

/** Live objects of the application that these manifests lack. */
async function extra({ s, kubectl }: Deps, app: Application, objects: KubeObject[]): Promise<KubeObject[]> {
  const { out } = await kubectl([
    '-n',
    s.namespace,
    'get',
    'configmaps,deployments,services,applications',
    '-o',
    'json',
  ]);
  const { items } = JSON.parse(out) as { items: KubeObject[] };
  return items.filter(
    (item) =>
      item.metadata.annotations?.['argocd.argoproj.io/tracking-id']?.startsWith(`${app.metadata.name}:`) &&
      !item.metadata.annotations['argocd.argoproj.io/tracking-id'].endsWith('/') &&
      item.metadata.deletionTimestamp === undefined &&
      !objects.some((object) => same(rowOf(object), rowOf(item))),
  );
}

function refOf(s: Stage, name: string): { group: string; kind: string; namespace: string; name: string } {
  return { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name };
}

async function read({ s }: Deps, name: string): Promise<Application | undefined> {
  return (await s.cluster.api.get(refOf(s, name))) as Application | undefined;
}

async function patch({ s }: Deps, name: string, body: Record<string, unknown>): Promise<void> {
  await s.cluster.api.patch(refOf(s, name), { type: 'merge', patch: body, manager: 'argocd-application-controller' });
}

/** Its merge patch: a former state stays below what the new one does not say (appcontroller.go setOperationState). */
async function setState(deps: Deps, app: Application, state: OperationState): Promise<void> {
  const completed = state.phase === 'Succeeded' || state.phase === 'Failed';
  const restarted = app.status?.operationState?.finishedAt !== undefined && state.finishedAt === undefined;
  await patch(deps, app.metadata.name, {
    status: { operationState: { ...state, ...(restarted && { finishedAt: null }) } },
    ...(completed && { operation: null }),
  });
}

async function apply(deps: Deps, object: KubeObject, operation: Operation): Promise<ResourceResult> {
  const options = syncOptions(operation.sync?.syncOptions);
  const row = rowOf(object);
  if (deps.self.skips.has(row.name)) return row;
  const way = !row.name
    ? ['create']
    : options.get('Replace') === 'true'
      ? ['replace']
      : ['apply', ...(options.get('ServerSideApply') === 'true' ? ['--server-side', '--force-conflicts'] : [])];
  const { code, out } = await deps.kubectl(
    [...way, '--field-manager=argocd-controller', '-f', '-'],
    JSON.stringify(object),
  );
  return code === 0 ? row : { ...row, status: 'SyncFailed', message: out };
}

/** Carries the operation out, in one pass or, behind a hook that ran before, in two. */
async function operate(deps: Deps, name: string): Promise<void> {
  const { s, self } = deps;
  if (!(await read(deps, name))?.operation?.sync) return;
  const { before } = self;
  self.before = undefined;
  await before?.();
  const app = await read(deps, name);
  if (!app?.operation?.sync) return;
  const { operation } = app;
  const { sync = {} } = operation;
  const source = sync.source ?? sourcesOf(app.spec)[0] ?? { repoURL: '' };
  const revision = sync.revision || git(s, 'rev-parse', source.targetRevision ?? 'HEAD');
  const start: OperationState = { operation, phase: 'Running', startedAt: now() };
  await setState(deps, app, start);
  const objects = rendered(s, app, revision, source.path ?? '');
  const partial = (sync.resources ?? []).length > 0;
  const wanted = (row: ResourceResult): boolean => !partial || (sync.resources ?? []).some((ref) => same(ref, row));
  let done: ResourceResult[] = [];
  if (!partial && objects.some(isHook)) {
    await setState(deps, app, { ...start, syncResult: { revision, source } });
    // Only where a hook is to be deleted first does it end its pass, and read what the next one goes on from.
    if (deps.hooked.has(name)) done = (await read(deps, name))?.status?.operationState?.syncResult?.resources ?? [];
    if (done.length > 0) deps.hooked.delete(name);
    else deps.hooked.add(name);
  }
  const rows = [...done];
  for (const object of objects.filter((item) => !isHook(item)))
    if (wanted(rowOf(object)) && !rows.some((row) => same(row, rowOf(object))))
      rows.push(await apply(deps, object, operation));
  for (const object of await extra(deps, app, objects)) {
    if (!wanted(rowOf(object))) continue;
    if (sync.prune)
      await deps.kubectl(['-n', s.namespace, 'delete', '--wait=false', object.kind, object.metadata.name ?? '']);
    rows.push({ ...rowOf(object), status: sync.prune ? 'Pruned' : 'PruneSkipped' });
  }
  const failed = rows.find((row) => row.status === 'SyncFailed');
  const syncResult = { revision, source, resources: rows };
  if (!failed && !partial) {
    const history = (await read(deps, name))?.status?.history ?? [];
    const { initiatedBy } = operation;
    const entry = { id: (history.at(-1)?.id ?? -1) + 1, revision, source, deployedAt: now(), initiatedBy };
    const limit = app.spec.revisionHistoryLimit ?? 10;
    await patch(deps, name, { status: { history: [...history, entry].slice(-limit) } });
  }
  await setState(deps, app, {
    ...start,
    syncResult,
    phase: failed ? 'Failed' : 'Succeeded',
    message: failed?.message ?? 'successfully synced (all tasks run)',
    finishedAt: now(),
  });
  await compare(deps, name);
}

async function compare(deps: Deps, name: string): Promise<Application | undefined> {
  const { s, kubectl } = deps;
  const app = await read(deps, name);
  const [source] = app ? sourcesOf(app.spec) : [];
  if (!app || !source) return undefined;
  const revision = git(s, 'rev-parse', source.targetRevision ?? 'HEAD');
  const objects = rendered(s, app, revision, source.path ?? '').filter((object) => !isHook(object));
  const rows: Record<string, unknown>[] = [];
  for (const object of objects) {
    const row = rowOf(object);
    // What Git gives no name has nothing live that it could be.
    const differs = !row.name || (await kubectl(['diff', '-f', '-'], JSON.stringify(object))).code !== 0;
    rows.push({ ...row, syncPhase: undefined, status: differs ? 'OutOfSync' : 'Synced' });
  }
  for (const object of await extra(deps, app, objects))
    rows.push({ ...rowOf(object), syncPhase: undefined, status: 'OutOfSync', requiresPruning: true });
  const status = rows.every((row) => row['status'] === 'Synced') ? 'Synced' : 'OutOfSync';
  const comparedTo = { source, destination: app.spec.destination };
  await patch(deps, name, {
    metadata: { annotations: { 'argocd.argoproj.io/refresh': null } },
    status: {
      sync: { status, revision, comparedTo },
      resources: rows,
      health: { status: 'Healthy' },
      reconciledAt: now(),
    },
  });
  return read(deps, name);
}

/** What its auto-sync begins (appcontroller.go autoSync). */
async function begin(deps: Deps, app: Application): Promise<void> {
  const { sync, operationState } = app.status ?? {};
  if (!isAutomated(app.spec) || sync?.status !== 'OutOfSync' || app.operation) return;
  const { prune = false, selfHeal = false } = app.spec.syncPolicy?.automated ?? {};
  const again = operationState?.syncResult?.revision === sync.revision;
  if (again && !selfHeal) return;
  const { syncOptions: options } = app.spec.syncPolicy ?? {};
  const operation = {
    sync: { revision: sync.revision, prune, syncOptions: options },
    initiatedBy: { automated: true },
  };
  await patch(deps, app.metadata.name, { operation });
}

/** Works on the stage's applications until the test ends. */
export async function standIn(t: TestContext, s: Stage): Promise<StandIn> {
  const { kubectl } = await binaries(['kubectl']);
  const deps: Deps = {
    s,
    kubectl: runner(kubectl ?? '', s.kubeconfig),
    hooked: new Set(),
    self: {
      skips: new Set(),
      before: undefined,
      refresh: (name) =>
        queued(async () => {
          const app = await compare(deps, name);
          if (app) await begin(deps, app);
        }),
    },
  };
  let work: Promise<unknown> = Promise.resolve();
  let stopped = false;
  function queued(task: () => Promise<void>): Promise<void> {
    const next = work.then(async () => (stopped ? undefined : task()));
    work = next.catch(() => undefined);
    return next;
  }
  const end = s.store.applications.onChange((_key, app) => {
    if (isObject(app?.operation) && app) void queued(() => operate(deps, app.metadata.name));
    else if (app?.metadata.annotations?.['argocd.argoproj.io/refresh'] !== undefined)
      void queued(async () => void (await compare(deps, app.metadata.name)));
  });
  t.after(async () => {
    stopped = true;
    end();
    await work;
  });
  return deps.self;
}
