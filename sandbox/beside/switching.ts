// `npm run beside -- --switch`: an application goes from Argo CD to Coxswain and back, alone and by its project, and no
// workload notices.
import type { Application } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Scene } from '../scene.ts';
import assert from 'node:assert/strict';
import { argo, cox, inClusterServer } from '../../src/model/annotations.ts';
import { until } from '../condition.ts';
import { apply, get, list } from '../kube.ts';
import { controlNamespace } from '../settings.ts';

interface Options {
  scene: Scene;
  tell: (line: string) => void;
  signal: AbortSignal;
}

/** One application that changes hands. */
interface Moved {
  name: string;
  /** Coxswain is named by its project, not by itself. */
  byProject: boolean;
}

const withinMs = 180_000;
const api = `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}`;
const remembered = 'kubectl.kubernetes.io/last-applied-configuration';

function settings(data: Record<string, string>): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data });
}

function deployment(name: string): string {
  const labels = { app: name };
  const container = { name: 'web', image: 'registry.example/web:1.0.0' };
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
}

async function push({ scene }: Options, { name }: Moved, data: Record<string, string>): Promise<string> {
  return scene.people.alice.github.commit(scene.repository.name, {
    branch: name,
    files: { 'switch/settings.yaml': settings(data), 'switch/web.yaml': deployment(name) },
    message: `${name}: ${Object.keys(data).join(' and ')}`,
  });
}

async function create({ scene: { kube, repository } }: Options, { name }: Moved): Promise<void> {
  await apply(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await apply(kube, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: controlNamespace },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: name }] },
  });
  await apply(kube, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: controlNamespace },
    spec: {
      project: name,
      source: { repoURL: repository.url, targetRevision: name, path: 'switch' },
      destination: { server: inClusterServer, namespace: name },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  });
}

/** null: it is taken away. */
async function annotate({ scene }: Options, path: string, annotations: Record<string, string | null>): Promise<void> {
  const patch = { metadata: { annotations } };
  const answer = await scene.kube.call('PATCH', `${api}/${path}`, patch, 'application/merge-patch+json');
  assert.ok(answer.status < 300, `${path} was refused with ${answer.status}`);
}

async function handOver(options: Options, { name, byProject }: Moved, to: 'coxswain' | 'argocd'): Promise<void> {
  const away = to === 'coxswain';
  const engine = { [cox.engine]: away ? 'coxswain' : null };
  const skip = { [argo.skipReconcile]: away ? 'true' : null };
  if (byProject) await annotate(options, `appprojects/${name}`, engine);
  await annotate(options, `applications/${name}`, { ...skip, ...(!byProject && engine) });
}

async function synced({ scene: { kube }, signal }: Options, { name }: Moved, revision: string): Promise<void> {
  const read = async (): Promise<Application> =>
    (await get(kube, `${api}/applications/${name}`)) as unknown as Application;
  await until(
    `${name} is Synced to ${revision.slice(0, 7)}`,
    async () => {
      const { operation, status } = await read();
      const done = status?.sync?.status === 'Synced' && status.sync.revision === revision;
      return (done && !operation && status.history?.at(-1)?.revision === revision) || undefined;
    },
    { withinMs, everyMs: 100, signal, instead: async () => JSON.stringify((await read()).status?.conditions ?? []) },
  );
}

/** What must not change: who it is, how often its spec was written, and its pods. */
async function workloads({ scene: { kube } }: Options, { name }: Moved): Promise<unknown> {
  const found = await get(kube, `/apis/apps/v1/namespaces/${name}/deployments/web`);
  const pods = await list(kube, `/api/v1/namespaces/${name}/pods`);
  return {
    uid: found?.metadata.uid,
    generation: found?.metadata.generation,
    pods: pods.map(({ metadata }) => `${metadata.uid ?? ''} ${metadata.deletionTimestamp ?? ''}`).sort(),
  };
}

interface Held {
  data: unknown;
  remembered: unknown;
  /** Whoever applied it: Argo CD updates, Coxswain applies. */
  ways: string[];
}

async function held({ scene: { kube } }: Options, { name }: Moved): Promise<Held> {
  const found = (await get(kube, `/api/v1/namespaces/${name}/configmaps/settings`)) ?? ({ metadata: {} } as KubeObject);
  const text = found.metadata.annotations?.[remembered];
  return {
    data: found['data'],
    remembered: text === undefined ? undefined : (JSON.parse(text) as { data?: unknown }).data,
    ways: (found.metadata.managedFields ?? []).map((entry) => `${entry.manager ?? ''} ${entry.operation ?? ''}`),
  };
}

async function played(options: Options, moved: Moved): Promise<void> {
  const { tell, signal, scene } = options;
  const { name, byProject } = moved;
  const first = await push(options, moved, { value: '1' });
  await create(options, moved);
  await synced(options, moved, first);
  await until(
    `${name} has its pods`,
    async () => (await list(scene.kube, `/api/v1/namespaces/${name}/pods`)).length === 2 || undefined,
    { withinMs, signal },
  );
  const before = await workloads(options, moved);
  assert.deepEqual((await held(options, moved)).remembered, { value: '1' });
  tell(`${name}: Argo CD has made it`);

  await handOver(options, moved, 'coxswain');
  const second = await push(options, moved, { value: '2', added: 'x' });
  await synced(options, moved, second);
  const there = await held(options, moved);
  assert.deepEqual(there.data, { value: '2', added: 'x' });
  assert.ok(there.ways.includes('argocd-controller Apply'), `Coxswain has applied it, not ${there.ways.join()}`);
  assert.deepEqual(there.remembered, { value: '2', added: 'x' }, 'what Argo CD goes by is renewed');
  assert.deepEqual(await workloads(options, moved), before);
  tell(`${name}: handed to Coxswain ${byProject ? 'by its project' : 'alone'}, which synced it; no workload noticed`);

  await handOver(options, moved, 'argocd');
  const third = await push(options, moved, { value: '3' });
  await synced(options, moved, third);
  const back = await held(options, moved);
  assert.deepEqual(back.data, { value: '3' }, 'what Coxswain brought and Git removed is gone');
  assert.deepEqual(back.remembered, { value: '3' });
  assert.deepEqual(await workloads(options, moved), before);
  tell(`${name}: handed back to Argo CD, which removed what Git removed; no workload noticed`);
}

/** Coxswain must have been started beside Argo CD. Throws at the first thing that is not as it should be. */
export async function playSwitching(options: Options): Promise<void> {
  for (const moved of [
    { name: 'switch-alone', byProject: false },
    { name: 'switch-project', byProject: true },
  ])
    await played(options, moved);
}
