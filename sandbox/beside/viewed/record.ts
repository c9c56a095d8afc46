// Writes down what Argo CD's own controller keeps in Redis of the viewed application, for test/argocd:
// COXSWAIN_ARGOCD=<folder> node_modules/.bin/node sandbox/beside/viewed/record.ts
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createClient, RESP_TYPES } from '@redis/client';
import { writeKubeconfig } from '../../cluster/access.ts';
import { startCluster, type Cluster } from '../../cluster/cluster.ts';
import { until } from '../../condition.ts';
import { kubeOf } from '../../kube.ts';
import { applyCrds, controlNamespace } from '../../settings.ts';
import { startArgoCd } from '../argocd.ts';
import { programs } from '../binaries.ts';
import { applyArgoSettings, controllerAccount } from '../settings.ts';
import { readValue } from './steady.ts';
import { playViewed, viewedOptions } from './viewed.ts';

const out = join(import.meta.dirname, '../../../test/argocd/recorded.json');
const name = 'viewed';
/** As in the ConfigMap that Argo CD is installed with. */
const config = { 'resource.exclusions': "- apiGroups: ['', discovery.k8s.io]\n  kinds: [Endpoints, EndpointSlice]\n" };
const applications = `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}/applications`;

interface App {
  status?: { sync?: { status: string; revision?: string }; operationState?: { phase: string } };
}

function argoObject(kind: 'Application' | 'AppProject', metadata: Record<string, unknown>, spec: unknown): unknown {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind,
    metadata: { namespace: controlNamespace, ...metadata },
    spec,
  };
}

function gitIn(folder: string): (...args: string[]) => string {
  mkdirSync(folder);
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  const git = (...args: string[]): string =>
    execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  return git;
}

async function setUp({ access }: Cluster): Promise<void> {
  for (const namespace of [controlNamespace, name])
    await access.must('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
  const spec = {
    sourceRepos: ['*'],
    destinations: [{ server: '*', namespace: '*' }],
    clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    orphanedResources: {},
  };
  const projects = applications.replace(/applications$/, 'appprojects');
  await access.must('POST', projects, argoObject('AppProject', { name: 'default' }, spec));
  const orphan = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'orphan' }, data: {} };
  await access.must('POST', `/api/v1/namespaces/${name}/configmaps`, orphan);
}

async function play({ access }: Cluster, folder: string): Promise<void> {
  const git = gitIn(folder);
  const path = `${applications}/${name}`;
  const status = async (): Promise<App['status']> => ((await access.must('GET', path)) as App).status;
  const merge = (at: string, body: unknown): Promise<unknown> =>
    access.call('PATCH', at, body, 'application/merge-patch+json');
  let revision = '';
  await playViewed({
    async commit(files) {
      rmSync(join(folder, 'app'), { recursive: true, force: true });
      mkdirSync(join(folder, 'app'));
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, 'app', file), text);
      git('add', '-A');
      git('commit', '-q', '-m', 'change');
      revision = git('rev-parse', 'HEAD');
      await merge(path, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'hard' } } });
    },
    async synced() {
      const { syncOptions, compareOptions } = viewedOptions;
      const annotations = { 'argocd.argoproj.io/compare-options': compareOptions };
      const spec = {
        project: 'default',
        source: { repoURL: `file://${folder}`, path: 'app', targetRevision: 'main' },
        destination: { server: 'https://kubernetes.default.svc', namespace: name },
      };
      await access.must('POST', applications, argoObject('Application', { name, annotations }, spec));
      await until('it is compared', async () => (await status())?.sync?.status === 'OutOfSync' || undefined);
      await merge(path, { operation: { sync: { revision, syncOptions } } });
      await until('it is synced', async () => {
        const now = await status();
        return (now?.operationState?.phase === 'Succeeded' && now.sync?.status === 'Synced') || undefined;
      });
      await until('its pod runs', async () => {
        const pods = (await access.must('GET', `/api/v1/namespaces/${name}/pods`)) as {
          items: { status: { phase: string } }[];
        };
        return pods.items[0]?.status.phase === 'Running' || undefined;
      });
    },
    async edit(kind, object, data) {
      const plural = `${kind.toLowerCase()}s`;
      await merge(`/api/v1/namespaces/${name}/${plural}/${object}?fieldManager=kubectl-edit`, { data });
    },
  });
  await until('the last commit is compared', async () => {
    const now = await status();
    return (now?.sync?.status === 'OutOfSync' && now.sync.revision === revision) || undefined;
  });
}

async function read(address: string): Promise<Record<string, unknown>> {
  const redis = createClient({ url: `redis://${address}` }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await redis.connect();
  try {
    // The clusters are written every ten seconds, and at the start before they are known.
    await until('the cluster is written', async () => {
      const value = await redis.get('cluster|info|https://kubernetes.default.svc|1.8.3.gz');
      return (value && gunzipSync(value).includes('"Successful"')) || undefined;
    });
    const found = (await redis.keys('*'))
      .map(String)
      .filter((key) => /^(?:app|cluster)\|/.test(key))
      .sort();
    const values = await Promise.all(
      found.map(async (key) => [key, readValue((await redis.get(key)) ?? Buffer.of(), name)]),
    );
    return Object.fromEntries(values) as Record<string, unknown>;
  } finally {
    redis.destroy();
  }
}

const found = await programs();
const dir = mkdtempSync(join(tmpdir(), 'coxswain-viewed-'));
const cluster = await startCluster({ name, beforeControllers: applyCrds });
try {
  await setUp(cluster);
  const token = await applyArgoSettings(kubeOf(cluster.access), { config });
  const { server, ca } = cluster;
  const access = { server, ca, token, user: controllerAccount, namespace: controlNamespace };
  const kubeconfig = writeKubeconfig(join(dir, 'kubeconfig'), access);
  const argocd = await startArgoCd({ programs: found, dir: join(dir, 'argocd'), kubeconfig });
  try {
    await play(cluster, join(dir, 'git'));
    const values = await read(argocd.addresses.redis);
    writeFileSync(out, `${JSON.stringify({ version: found.version, values }, null, 2)}\n`);
  } finally {
    await argocd.stop();
  }
} finally {
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
}
