// Plays one case with Argo CD: makes its commits, takes its steps, and looks at what comes of each.
import type { Application, Operation } from '../../../src/model/application.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Place } from '../place.ts';
import type { Act, Case, Letter, Step } from './case.ts';
import { until } from '../../condition.ts';
import { apply, get, list } from '../../kube.ts';
import { controlNamespace } from '../../settings.ts';
import { shown, timeless, type Row } from './row.ts';

interface Play {
  place: Place;
  item: Case;
  /** Of the Application, its namespace and its branch. */
  name: string;
  commits: Partial<Record<Letter, string>>;
  head: Letter;
}

const applications = `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}/applications`;
const waitMs = 60_000;
/** So long Argo CD is given to do by itself what it may not do at all. */
const patienceMs = 45_000;
const running = ['Running', 'Terminating'];

function folderOf({ item }: Play, object: KubeObject): string {
  const second = [...(item.second ?? []), ...(item.elsewhere ?? [])];
  return second.includes(object.metadata.name ?? '') ? 'contract/second' : 'contract/first';
}

function filesOf(play: Play, letter: Letter, before: Letter | undefined): Record<string, string | null> {
  const files: Record<string, string | null> = {};
  const path = (object: KubeObject): string =>
    `${folderOf(play, object)}/${(object.metadata.name ?? '').toLowerCase().replaceAll('_', '-')}.yaml`;
  for (const object of before ? (play.item.commits[before] ?? []) : []) files[path(object)] = null;
  for (const object of play.item.commits[letter] ?? []) files[path(object)] = JSON.stringify(object, null, 2);
  return files;
}

function application({ place, item, name }: Play): KubeObject {
  const source = (path: string): object => ({ repoURL: place.scene.repository.url, targetRevision: name, path });
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name,
      namespace: controlNamespace,
      finalizers: item.finalizers ?? ['resources-finalizer.argocd.argoproj.io'],
    },
    spec: {
      project: item.closed ? name : 'default',
      ...(item.second
        ? { sources: [source('contract/first'), source('contract/second')] }
        : { source: source('contract/first') }),
      destination: { server: 'https://kubernetes.default.svc', namespace: name },
      ...item.spec,
    },
  };
}

/** As `default`, but no sync is permitted at any time. */
function closedProject(name: string): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: controlNamespace },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: '*' }],
      syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'] }],
    },
  };
}

async function current({ place, name }: Play): Promise<Application | undefined> {
  return (await get(place.scene.kube, `${applications}/${name}`)) as Application | undefined;
}

async function patch({ place, name }: Play, body: unknown, type = 'application/merge-patch+json'): Promise<void> {
  const answer = await place.scene.kube.call('PATCH', `${applications}/${name}`, body, type);
  if (answer.status >= 300)
    throw new Error(`the Application was refused with ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** Resolves when Argo CD has compared again. */
async function compared(play: Play): Promise<void> {
  await patch(play, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });
  await until(
    `Argo CD has compared ${play.name}`,
    async () => (await current(play))?.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined || undefined,
    { withinMs: waitMs, everyMs: 100 },
  );
}

async function push(play: Play, letter: Letter): Promise<void> {
  const { place, name } = play;
  const { scene } = place;
  const before = Object.keys(play.commits).at(-1) as Letter | undefined;
  play.commits[letter] = await scene.people.alice.github.commit(scene.repository.name, {
    branch: name,
    files: filesOf(play, letter, before),
    message: `${name}: ${letter}`,
  });
  play.head = letter;
  if (before === undefined) await apply(scene.kube, application(play));
  await compared(play);
  await until(
    `Argo CD knows ${letter} of ${name}`,
    async () => {
      const { sync } = (await current(play))?.status ?? {};
      return (sync?.revisions?.[0] ?? sync?.revision) === play.commits[letter] || undefined;
    },
    { withinMs: waitMs, everyMs: 100 },
  );
}

/** Letters become commits. */
function resolved(play: Play, operation: Operation): Operation {
  const commit = (text: string): string => play.commits[text as Letter] ?? text;
  const { revision, revisions, source, ...rest } = operation.sync ?? {};
  const repoURL = play.place.scene.repository.url;
  return {
    ...operation,
    sync: {
      ...rest,
      ...(source && { source: { ...source, repoURL } }),
      ...(revision !== undefined && { revision: commit(revision) }),
      ...(revisions && { revisions: revisions.map(commit) }),
    },
  };
}

async function write(play: Play, step: Extract<Step, { operate: Operation }>): Promise<void> {
  const there = (await current(play))?.status?.operationState !== undefined;
  await patch(
    play,
    [
      { op: 'add', path: '/operation', value: resolved(play, step.operate) },
      ...(step.former === 'removed' && there ? [{ op: 'remove', path: '/status/operationState' }] : []),
    ],
    'application/json-patch+json',
  );
}

const acts: Record<Act, (play: Play) => Promise<unknown>> = {
  terminate: (play) => patch(play, { status: { operationState: { phase: 'Terminating' } } }),
  withdraw: (play) => patch(play, { operation: null }),
  release: ({ place, name }) =>
    place.scene.kube.call(
      'PATCH',
      `/apis/batch/v1/namespaces/${name}/jobs/migrate`,
      { spec: { suspend: false } },
      'application/merge-patch+json',
    ),
  delete: ({ place, name }) => place.scene.kube.call('DELETE', `${applications}/${name}`),
  edit: ({ place, name }) =>
    place.scene.kube.call(
      'PATCH',
      `/api/v1/namespaces/${name}/configmaps/one?fieldManager=kubectl-edit`,
      { data: { value: 'edited' } },
      'application/merge-patch+json',
    ),
  restart: async ({ place }) => {
    await place.argocd.kill('controller');
    await place.argocd.start('controller');
  },
  wait: () => Promise.resolve(),
};

/** Whether what a step waits for is the case. */
async function holds(play: Play, what: 'ended' | 'running' | 'synced' | 'gone'): Promise<boolean> {
  const app = await current(play);
  if (!app) return what === 'gone';
  const { phase = '', message = '' } = app.status?.operationState ?? {};
  // Before it says so, a controller that dies begins anew.
  if (what === 'running') return app.operation !== undefined && message.startsWith('waiting for completion of hook');
  if (what === 'ended') return app.operation === undefined && phase !== '' && !running.includes(phase);
  if (what === 'gone') return false;
  const head = play.commits[play.head];
  const newest = app.status?.history?.at(-1)?.revision;
  const live = await liveOf(play);
  return newest === head && app.operation === undefined && Object.values(live).every((value) => value !== 'edited');
}

async function reached(play: Play, what: 'ended' | 'running' | 'synced' | 'gone' | 'settled'): Promise<boolean> {
  const settle = async (): Promise<boolean> => {
    await compared(play);
    return true;
  };
  if (what === 'settled') return settle();
  const came = await until(what, async () => (await holds(play, what)) || undefined, {
    withinMs: patienceMs,
    everyMs: 100,
  }).catch(() => false);
  return what === 'ended' || what === 'synced' ? (await settle()) && came : came;
}

async function liveOf({ place, name }: Play): Promise<Record<string, string>> {
  const [found, jobs] = await Promise.all([
    list(place.scene.kube, `/api/v1/namespaces/${name}/configmaps`),
    list(place.scene.kube, `/apis/batch/v1/namespaces/${name}/jobs`),
  ]);
  const values = [...found, ...jobs].flatMap((object): [string, string][] => {
    const each = object.metadata.name ?? '';
    const value = (object['data'] as { value?: string } | undefined)?.value ?? object.metadata.annotations?.['value'];
    return value === undefined ? [] : [[each, value]];
  });
  return Object.fromEntries(values.sort());
}

/** Values of all objects that are no hooks. */
function wantedOf({ item, head }: Play, step: Step): Record<string, string> {
  const named = 'operate' in step ? (step.operate.sync?.revision ?? step.operate.sync?.revisions?.[0]) : undefined;
  const objects = item.commits[(named ?? head) as Letter] ?? [];
  return Object.fromEntries(
    objects.flatMap((object) =>
      object.kind === 'ConfigMap' ? [[object.metadata.name ?? '', (object['data'] as { value: string }).value]] : [],
    ),
  );
}

async function writersOf({ place, name }: Play): Promise<string[]> {
  const object = await get(place.scene.kube, `/api/v1/namespaces/${name}/configmaps/one`);
  return (object?.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager ?? ''} ${operation ?? ''}`);
}

async function rowOf(play: Play, step: Exclude<Step, { push: Letter }>, at: number): Promise<Row> {
  const came = await reached(play, 'operate' in step ? (step.until ?? 'ended') : step.until);
  const row: Row = {
    case: play.item.name,
    step: at,
    did: 'operate' in step ? 'operate' : step.act,
    ...('operate' in step && { operation: step.operate, former: step.former }),
    reached: came,
    wanted: wantedOf(play, step),
    live: await liveOf(play),
    writers: await writersOf(play),
  };
  const app = shown(await current(play));
  const { repository, dir } = play.place.scene;
  return timeless({ ...row, ...(app && { app }) }, { commits: play.commits, url: repository.url, dir });
}

/** Everything it made stays; the cluster is thrown away. */
export async function playCase(place: Place, item: Case, name: string): Promise<Row[]> {
  const play: Play = { place, item, name, commits: {}, head: 'A' };
  if (item.namespace !== 'missing')
    await apply(place.scene.kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  if (item.closed) await apply(place.scene.kube, closedProject(name));
  const rows: Row[] = [];
  for (const [at, step] of item.steps.entries()) {
    if ('push' in step) {
      await push(play, step.push);
      continue;
    }
    if ('operate' in step) await write(play, step);
    else await acts[step.act](play);
    const row = await rowOf(play, step, at);
    if (!('prepares' in step)) rows.push(row);
  }
  return rows;
}
