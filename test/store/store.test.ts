// The store over a real API server: what is read after a write, what is found by what, and what a missing CRD does.
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Application } from '../../src/model/application.ts';
import type { Approval } from '../../src/model/coxswain.ts';
import type { Store } from '../../src/store/store.ts';
import type { ClusterConfig } from '../../src/cluster/wire/cluster-config.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { isStatus } from '../../src/cluster/api-error.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { openStore } from '../../src/store/store.ts';
import { administrator, eventually, ownCluster, testCluster } from '../control-plane.ts';
import { applyCrds } from '../engine/fixture.ts';

interface Bed {
  namespace: string;
  cluster: Cluster;
  store: Store;
  /** A second process: a connection and a store of its own. */
  another(): Promise<Store>;
}

async function connect(t: TestContext, config: ClusterConfig): Promise<Cluster> {
  const cluster = await connectCluster({
    config,
    clock: systemClock,
    log: silentLogger(),
  });
  t.after(() => cluster.stop());
  return cluster;
}

async function bed(t: TestContext): Promise<Bed> {
  const plane = await testCluster(t);
  const { namespace } = plane;
  const cluster = await connect(t, administrator(plane));
  await applyCrds(cluster);
  return {
    namespace,
    cluster,
    store: await openStore(cluster, namespace),
    another: async () => openStore(await connect(t, administrator(plane)), namespace),
  };
}

function application(namespace: string, name: string, project = 'default'): Application {
  const spec = {
    project,
    destination: { server: 'https://kubernetes.default.svc', namespace },
    source: { repoURL: 'https://git.example/infra', path: name },
  };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name, namespace }, spec };
}

function approval(namespace: string, name: string, app: string): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name, namespace },
    spec: { application: `${namespace}/${app}`, digest: 'a'.repeat(64), revision: 'b'.repeat(40), operations: [] },
  };
}

test('a read after an own write is never older than the write', async (t) => {
  const { namespace, store } = await bed(t);
  const key = `${namespace}/web`;
  assert.equal(await store.applications.create(application(namespace, 'web')), 'created');
  assert.equal(store.applications.get(key)?.spec.source?.path, 'web');
  for (let round = 0; round < 20; round += 1) {
    const answer =
      round % 2 === 0
        ? await store.applications.patch(key, { spec: { source: { path: `web-${round}` } } })
        : await store.applications.jsonPatch(key, [
            { op: 'replace', path: '/spec/source/path', value: `web-${round}` },
          ]);
    assert.equal(answer.spec.source?.path, `web-${round}`);
    assert.equal(store.applications.get(key)?.spec.source?.path, `web-${round}`);
  }
});

test('creating a name that is taken says so, changes nothing, and it can be read at once', async (t) => {
  const { namespace, store, another } = await bed(t);
  const other = await another();
  await other.approvals.create(approval(namespace, 'web-1', 'web'));
  assert.equal(await store.approvals.create(approval(namespace, 'web-1', 'somebody-else')), 'exists');
  assert.equal(store.approvals.get(`${namespace}/web-1`)?.spec.application, `${namespace}/web`);
});

test('a conditional patch of a passed version answers 409 and keeps other metadata of the patch', async (t) => {
  const { namespace, store } = await bed(t);
  const key = `${namespace}/web`;
  await store.applications.create(application(namespace, 'web'));
  const before = store.applications.get(key)?.metadata.resourceVersion ?? '';
  const patched = await store.applications.patch(
    key,
    { metadata: { labels: { team: 'shop' } } },
    { resourceVersion: before },
  );
  assert.deepEqual(patched.metadata.labels, { team: 'shop' });
  await assert.rejects(
    store.applications.patch(key, { metadata: { labels: { team: 'other' } } }, { resourceVersion: before }),
    (error) => isStatus(error, 409),
  );
  await assert.rejects(
    store.applications.jsonPatch(key, [{ op: 'test', path: '/metadata/labels/team', value: 'other' }]),
    (error) => isStatus(error, 422),
  );
  await assert.rejects(store.applications.patch(`${namespace}/nothing`, {}), (error) => isStatus(error, 404));
});

test('a status is written through its subresource where the kind has one', async (t) => {
  const { namespace, store } = await bed(t);
  await store.approvals.create(approval(namespace, 'web-1', 'web'));
  const key = `${namespace}/web-1`;
  await store.approvals.patch(
    key,
    { status: { phase: 'Approved' }, spec: { digest: 'other' } },
    { subresource: 'status' },
  );
  assert.equal(store.approvals.get(key)?.status?.phase, 'Approved');
  assert.equal(store.approvals.get(key)?.spec.digest, 'a'.repeat(64));
});

test('objects are found by what they belong to, also after they moved or went', async (t) => {
  const { namespace, store } = await bed(t);
  await store.applications.create(application(namespace, 'web', 'shop'));
  await store.applications.create(application(namespace, 'api', 'shop'));
  const names = (project: string): string[] =>
    store.applications
      .of(project)
      .map((app) => app.metadata.name)
      .toSorted();
  assert.deepEqual([names('shop'), names('other')], [['api', 'web'], []]);
  await store.applications.patch(`${namespace}/web`, { spec: { project: 'other' } });
  assert.deepEqual([names('shop'), names('other')], [['api'], ['web']]);
  await store.applications.delete(`${namespace}/api`);
  await eventually('the index forgets it', () => (names('shop').length === 0 ? true : undefined));
  assert.equal(store.applications.get(`${namespace}/api`), undefined);
  await store.applications.delete(`${namespace}/api`);
});

test('every change is told with its key, the object and what it was, ours and those of others', async (t) => {
  const { namespace, store, another } = await bed(t);
  const other = await another();
  const told: [string, string | undefined, string | undefined][] = [];
  const end = store.applications.onChange((key, now, before) =>
    told.push([key, now?.spec.source?.path, before?.spec.source?.path]),
  );
  const key = `${namespace}/web`;
  await store.applications.create(application(namespace, 'web'));
  await other.applications.patch(key, { spec: { source: { path: 'moved' } } });
  await eventually('the change arrives', () =>
    store.applications.get(key)?.spec.source?.path === 'moved' ? true : undefined,
  );
  await other.applications.delete(key);
  await eventually('it is gone', () => (store.applications.get(key) ? undefined : true));
  assert.deepEqual(told, [
    [key, 'web', undefined],
    [key, 'moved', 'web'],
    [key, undefined, 'moved'],
  ]);
  end();
  await store.applications.create(application(namespace, 'web'));
  assert.equal(told.length, 3);
});

test('an empty project is read as default and not written back', async (t) => {
  const { namespace, cluster, store } = await bed(t);
  await store.applications.create(application(namespace, 'web', ''));
  assert.equal(store.applications.get(`${namespace}/web`)?.spec.project, 'default');
  assert.equal(store.applications.of('default').length, 1);
  const stored = await cluster.api.get({ group: 'argoproj.io', kind: 'Application', namespace, name: 'web' });
  assert.equal((stored as Application | undefined)?.spec.project, '');
});

test('settings follow their ConfigMaps and Secrets, and nothing else', async (t) => {
  const { namespace, cluster, store } = await bed(t);
  let told = 0;
  const end = store.onSettings(() => void (told += 1));
  const configMap = (name: string, data: Record<string, string>, part = 'coxswain') => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': part } },
    data,
  });
  await cluster.api.apply(configMap('coxswain-cm', { 'drift.settle': '1s' }));
  await eventually('the ConfigMap counts', () => (store.settings().driftSettleMs === 1000 ? true : undefined));
  assert.equal(store.settings(), store.settings(), 'it is read once for each change');
  await cluster.api.apply(configMap('argocd-gpg-keys-cm', { key: 'x' }, 'argocd'));
  await cluster.api.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'infra', namespace, labels: { 'argocd.argoproj.io/secret-type': 'repository' } },
    data: {
      url: Buffer.from('https://git.example/infra').toString('base64'),
      password: Buffer.from('p').toString('base64'),
    },
  });
  await eventually('the Secret counts', () => (store.settings().repositories.length === 1 ? true : undefined));
  assert.equal(told, 2);
  end();
});

test('of two processes that open the store at once both have the same MAC key, which stays', async (t) => {
  const plane = await testCluster(t);
  const { namespace } = plane;
  const clusters = await Promise.all([connect(t, administrator(plane)), connect(t, administrator(plane))]);
  for (const cluster of clusters.slice(0, 1)) await applyCrds(cluster);
  const stores = await Promise.all(clusters.map((cluster) => openStore(cluster, namespace)));
  const later = await openStore(await connect(t, administrator(plane)), namespace);
  const keys = [...stores, later].map((store) => store.macKey.toString('hex'));
  assert.equal(new Set(keys).size, 1);
  assert.equal(stores[0]?.macKey.length, 32);
});

test('a MAC key that is too short is refused with what to do', async (t) => {
  const plane = await testCluster(t);
  const { namespace, access } = plane;
  const cluster = await connect(t, administrator(plane));
  await applyCrds(cluster);
  await access.must('POST', `/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'coxswain-mac', namespace },
    data: { key: 'YQ==' },
  });
  await assert.rejects(openStore(cluster, namespace), { code: 'E_CONFIG', message: /coxswain-mac has no key/ });
});

test('the store waits for kinds whose CRD is missing, and ends when it is told to', async (t) => {
  const plane = await ownCluster(t, { nodes: 0 });
  const cluster = await connect(t, administrator(plane));
  const abort = new AbortController();
  const opened: Store[] = [];
  const opening = openStore(cluster, plane.namespace).then((store) => opened.push(store));
  const given = openStore(cluster, plane.namespace, abort.signal);
  abort.abort(new Error('given up'));
  await assert.rejects(given, /given up/);
  assert.equal(opened.length, 0);
  await applyCrds(cluster);
  await opening;
  assert.equal(await opened[0]?.applications.create(application(plane.namespace, 'web')), 'created');
  await opened[0]?.stop();
});

test('a patch counts for one version: a late one changes nothing, a conflict is resolved anew', async (t) => {
  const { namespace, cluster } = await bed(t);
  const sent: { version: unknown; status: number }[] = [];
  let meanwhile: (() => Promise<unknown>) | undefined;
  const patch: Cluster['api']['patch'] = async (ref, options) => {
    const version = (options.patch as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
    const write = meanwhile;
    meanwhile = undefined;
    await write?.();
    const answer = cluster.api.patch(ref, options);
    sent.push({
      version,
      status: await answer.then(
        () => 200,
        (error: { status: number }) => error.status,
      ),
    });
    return answer;
  };
  const api = new Proxy(cluster.api, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return name === 'patch' ? patch : typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const store = await openStore({ ...cluster, api }, namespace);
  t.after(() => store.stop());
  const key = `${namespace}/web`;
  await store.applications.create(application(namespace, 'web'));
  // As the holder of the Lease writes while a former one's request is still under way.
  meanwhile = () =>
    cluster.api.patch(
      { group: 'argoproj.io', kind: 'Application', namespace, name: 'web' },
      { type: 'merge', patch: { metadata: { annotations: { holder: 'new' } } } },
    );
  const patched = await store.applications.patch(key, { status: { sync: { status: 'Synced' } } });
  assert.deepEqual(
    sent.map(({ status }) => status),
    [409, 200],
  );
  assert.ok(sent.every(({ version }) => typeof version === 'string'));
  assert.deepEqual([patched.metadata.annotations?.['holder'], patched.status?.sync?.status], ['new', 'Synced']);
  meanwhile = () =>
    cluster.api.patch(
      { group: 'argoproj.io', kind: 'Application', namespace, name: 'web' },
      { type: 'merge', patch: { metadata: { annotations: { holder: 'newer' } } } },
    );
  await assert.rejects(
    store.applications.patch(key, { operation: null, metadata: { resourceVersion: patched.metadata.resourceVersion } }),
    (error) => isStatus(error, 409),
  );
});
