// The live cache over a real API server: what is kept, what is told, and what own writes do.
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { LiveChange } from '../../src/cluster/live.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { keyOf, keyText } from '../../src/model/kube.ts';
import { createQueueMetrics } from '../../src/web/queue-metrics.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { configMap, configMapKey, connect, crd } from './connect.ts';

const present = (object: unknown): boolean => object !== undefined;
const absent = (object: unknown): boolean => object === undefined;

/** Resolves with the first change of that key for which `test` is true. */
function nextChange(
  cluster: Cluster,
  key: ResourceKey,
  test: (change: LiveChange) => boolean = () => true,
): Promise<LiveChange> {
  return new Promise((resolve) => {
    const end = cluster.live.onChange((change) => {
      if (keyText(change.key) !== keyText(key) || !test(change)) return;
      end();
      resolve(change);
    });
  });
}

function deployment(namespace: string, name: string): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      annotations: { 'argocd.argoproj.io/tracking-id': `shop:apps/Deployment:${namespace}/${name}` },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example/app:1' }] } },
    },
  };
}

test('bodies are kept of tracked roots and wanted keys, records of everything else', async (t) => {
  const c = await testCluster(t);
  const cluster = await connect(t, c);
  const { api, live } = cluster;
  const application = `app-${c.namespace}`;
  await api.create(configMap(c.namespace, 'before', { application, data: { x: '1' } }));
  await api.create(configMap(c.namespace, 'plain', { data: { x: '1' } }));
  await live.start(AbortSignal.timeout(30_000));
  assert.ok(live.settled);
  assert.deepEqual(live.get(configMapKey(c.namespace, 'before'))?.object?.['data'], { x: '1' });
  assert.ok(live.get(configMapKey(c.namespace, 'before'))?.object?.metadata.managedFields);
  const plain = live.get(configMapKey(c.namespace, 'plain'));
  assert.ok(plain && plain.object === undefined);
  assert.deepEqual(live.keysOf(application), [configMapKey(c.namespace, 'before')]);

  await live.want(application, [configMapKey(c.namespace, 'plain'), configMapKey(c.namespace, 'later')]);
  assert.deepEqual(live.get(configMapKey(c.namespace, 'plain'))?.object?.['data'], { x: '1' });
  const told = nextChange(cluster, configMapKey(c.namespace, 'later'));
  await api.create(configMap(c.namespace, 'later', { data: { y: '1' } }));
  const change = await told;
  assert.deepEqual(
    [change.applications, change.object?.['data'], change.before, change.fingerprintChanged],
    [[application], { y: '1' }, undefined, true],
  );

  live.forget(application);
  assert.equal(live.get(configMapKey(c.namespace, 'plain'))?.object, undefined);
  assert.ok(live.get(configMapKey(c.namespace, 'before'))?.object);
});

test('bodies of Secrets that are not ours are never kept, even when some are', async (t) => {
  const c = await testCluster(t);
  const { api, live } = await connect(t, c);
  const application = `app-${c.namespace}`;
  const secret = (name: string, annotations: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: c.namespace, annotations },
    stringData: { password: 'hunter2' },
  });
  const ours = secret('ours', { 'argocd.argoproj.io/tracking-id': `${application}:/Secret:${c.namespace}/ours` });
  const copied = secret('copied', { 'argocd.argoproj.io/tracking-id': `${application}:/Secret:${c.namespace}/ours` });
  await live.want(application, [keyOf(ours)]);
  for (const object of [ours, copied, secret('foreign', {})]) {
    await api.create(object);
    await live.until(keyOf(object), present);
  }
  assert.ok(live.get(keyOf(ours))?.object);
  assert.equal(live.get(keyOf(copied))?.object, undefined);
  assert.equal(live.get(keyOf(copied))?.application, undefined);
  assert.deepEqual(live.keysOf(application), [keyOf(ours)]);
});

test('the children of an object are found by its uid, down to the pods', async (t) => {
  const c = await testCluster(t);
  const { api, live } = await connect(t, c);
  await live.start(AbortSignal.timeout(30_000));
  const created = await api.create(deployment(c.namespace, 'web'));
  const child = async (uid: string): Promise<{ kind: string; uid: string }> => {
    for (;;) {
      const [first] = live.childrenOf(uid);
      if (first) return { kind: first.key.kind, uid: first.uid };
      await new Promise<void>((resolve) => {
        const end = live.onChange(() => (end(), resolve()));
      });
    }
  };
  const replicas = await child(created.metadata.uid ?? '');
  const pod = await child(replicas.uid);
  assert.deepEqual([replicas.kind, pod.kind], ['ReplicaSet', 'Pod']);
});

test('a change of status leaves the fingerprint alone, a change of the spec moves it', async (t) => {
  const c = await testCluster(t);
  const cluster = await connect(t, c);
  const { api, live } = cluster;
  const key = keyOf(deployment(c.namespace, 'web'));
  await live.want('shop', [key]);
  await api.create(deployment(c.namespace, 'web'));
  const ready = await live.until(key, (object) =>
    JSON.stringify(object?.object?.['status'] ?? {}).includes('"readyReplicas":1'),
  );
  const told = nextChange(cluster, key, (change) => change.origin === 'watch');
  await api.patch(key, { type: 'merge', patch: { status: { observedGeneration: 99 } }, subresource: 'status' });
  const status = await told;
  assert.equal(status.fingerprintChanged, false);
  assert.equal(status.after?.fingerprint, ready?.fingerprint);
  assert.ok(status.object?.['status']);
  const spec = nextChange(cluster, key, (change) => change.fingerprintChanged);
  await api.patch(key, { type: 'merge', patch: { spec: { minReadySeconds: 1 } } });
  assert.notEqual((await spec).after?.fingerprint, ready?.fingerprint);
});

test('an edit of the spec moves the fingerprint of every kind, generations or not', async (t) => {
  const c = await testCluster(t);
  const { api, live, discovery } = await connect(t, c);
  const meta = (name: string): KubeObject['metadata'] => ({ name, namespace: c.namespace });
  const groups = { with: `with.${c.namespace}.example`, without: `without.${c.namespace}.example` };
  await api.apply(crd(groups.with, 'Gadget'));
  await api.apply(crd(groups.without, 'Gadget', false));
  for (const group of Object.values(groups))
    await discovery.await({ group, version: 'v1', kind: 'Gadget' }, AbortSignal.timeout(20_000));
  const rows: [KubeObject, unknown][] = [
    [
      { apiVersion: 'v1', kind: 'Service', metadata: meta('s'), spec: { ports: [{ port: 80 }] } },
      { spec: { ports: [{ port: 81 }] } },
    ],
    [configMap(c.namespace, 'c'), { data: { x: '1' } }],
    [{ apiVersion: 'v1', kind: 'Secret', metadata: meta('s') }, { stringData: { x: '1' } }],
    [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('s') }, { automountServiceAccountToken: false }],
    [
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: meta('q'), spec: { hard: { pods: '5' } } },
      { spec: { hard: { pods: '6' } } },
    ],
    [
      { apiVersion: 'v1', kind: 'LimitRange', metadata: meta('l'), spec: { limits: [] } },
      { spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] } },
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: meta('p'),
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
      },
      { metadata: { labels: { a: 'b' } } },
    ],
    [
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: meta('b'),
        spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
      },
      { spec: { minAvailable: 2 } },
    ],
    [
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta('n'), spec: { podSelector: {} } },
      { spec: { policyTypes: ['Egress'] } },
    ],
    [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: meta('i'),
        spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
      },
      { spec: { ingressClassName: 'x' } },
    ],
    [
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: meta('h'),
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } },
      },
      { spec: { maxReplicas: 4 } },
    ],
    [
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: meta('r'), rules: [] },
      { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    ],
    [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: meta('j'),
        spec: {
          schedule: '0 0 1 1 *',
          jobTemplate: {
            spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
          },
        },
      },
      { spec: { schedule: '0 0 2 1 *' } },
    ],
    [
      { apiVersion: `${groups.with}/v1`, kind: 'Gadget', metadata: meta('g'), spec: { size: 1 } },
      { spec: { size: 2 } },
    ],
    [
      { apiVersion: `${groups.without}/v1`, kind: 'Gadget', metadata: meta('g'), spec: { size: 1 } },
      { spec: { size: 2 } },
    ],
  ];
  await live.want(
    'all',
    rows.map(([object]) => keyOf(object)),
    AbortSignal.timeout(30_000),
  );
  await Promise.all(
    rows.map(async ([object, patch]) => {
      const created = await api.create(object);
      const key = keyOf(object);
      await live.waitFor(key, created.metadata.resourceVersion ?? '');
      const before = live.get(key)?.fingerprint;
      const patched = await api.patch(key, { type: 'merge', patch });
      await live.waitFor(key, patched.metadata.resourceVersion ?? '');
      assert.notEqual(live.get(key)?.fingerprint, before, `${object.kind} of ${object.apiVersion}`);
    }),
  );
  for (const group of Object.values(groups))
    await api.delete({
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: `gadgets.${group}`,
    });
});

test('the answer to an own write is read at once, and its echo is not told again', async (t) => {
  const c = await testCluster(t);
  const { api, live } = await connect(t, c);
  const key = configMapKey(c.namespace, 'own');
  await live.want('shop', [key]);
  const told: string[] = [];
  live.onChange((change) => {
    if (keyText(change.key) === keyText(key)) told.push(`${change.origin} ${change.after?.resourceVersion ?? 'gone'}`);
  });
  const versions: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const answer = await api.apply(configMap(c.namespace, 'own', { data: { i: String(i) } }));
    versions.push(answer.metadata.resourceVersion ?? '');
    live.accept(answer);
    assert.deepEqual(live.get(key)?.object?.['data'], { i: String(i) });
  }
  const marker = await api.create(configMap(c.namespace, 'marker'));
  await live.until(
    configMapKey(c.namespace, 'marker'),
    (object) => object?.resourceVersion === marker.metadata.resourceVersion,
  );
  assert.deepEqual(
    told.map((line) => line.split(' ')[1]),
    versions,
    'each version once, from whichever came first',
  );
});

test('a late answer does not bring a deleted object back', async (t) => {
  const c = await testCluster(t);
  const { api, live } = await connect(t, c);
  const key = configMapKey(c.namespace, 'short');
  await live.want('shop', [key]);
  const created = await api.create(configMap(c.namespace, 'short'));
  await live.until(key, present);
  await api.delete(key);
  await live.until(key, absent);
  live.accept(created);
  assert.equal(live.get(key), undefined);
  await live.waitFor(key, created.metadata.resourceVersion ?? '');
});

test('kinds of new definitions are watched, and those of removed ones are forgotten', async (t) => {
  const c = await testCluster(t);
  const queues = createQueueMetrics();
  const registry = new Registry();
  queues.registerIn(registry);
  const { api, live, discovery } = await connect(t, c, { queues: queues.of });
  await live.start(AbortSignal.timeout(30_000));
  const group = `kinds.${c.namespace}.example`;
  let told = 0;
  live.onKinds((kinds) => (told += kinds.filter((kind) => kind.group === group).length));
  await api.apply(crd(group, 'Widget'));
  await eventually('the kind is watched', () => (told === 1 ? true : undefined));
  const key = { group, kind: 'Widget', namespace: c.namespace, name: 'w' };
  await api.create({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w', namespace: c.namespace } });
  await live.until(key, present);
  await api.delete({
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    namespace: '',
    name: `widgets.${group}`,
  });
  await live.until(key, absent, AbortSignal.timeout(30_000));
  while (discovery.resourceOf(key)) await new Promise<void>((resolve) => discovery.onChange(resolve));
  await eventually('the kind is forgotten', () => (told === 2 ? true : undefined));
  // Each definition that came or went was a key of the queue.
  assert.match(await registry.metrics(), /^workqueue_adds_total\{name="discovery"\} [1-9]/mu);
});

test('a mirror holds parsed values of what it selects, and own writes at once', async (t) => {
  const c = await testCluster(t);
  const cluster = await connect(t, c);
  const labelled = (name: string, value: string): KubeObject => ({
    ...configMap(c.namespace, name, { data: { value } }),
    metadata: { name, namespace: c.namespace, labels: { role: 'settings' } },
  });
  await cluster.api.create(labelled('one', '1'));
  await cluster.api.create(configMap(c.namespace, 'other'));
  const mirror = cluster.mirror({
    kind: { group: '', kind: 'ConfigMap' },
    namespace: c.namespace,
    labelSelector: 'role=settings',
    parse: (object) => {
      const value = (object['data'] as Record<string, string>)['value'];
      if (value === 'bad') throw new Error('unreadable');
      return value;
    },
  });
  const told: [string, unknown, unknown][] = [];
  mirror.onChange(({ name, before, after }) => told.push([name, before, after]));
  await mirror.start();
  assert.deepEqual(mirror.all(), ['1']);
  mirror.accept(await cluster.api.apply(labelled('one', '2')));
  assert.equal(mirror.get(c.namespace, 'one'), '2');
  const bad = await cluster.api.apply(labelled('one', 'bad'));
  await mirror.waitFor(c.namespace, 'one', bad.metadata.resourceVersion ?? '');
  assert.equal(mirror.get(c.namespace, 'one'), undefined);
  assert.deepEqual(told, [
    ['one', undefined, '1'],
    ['one', '1', '2'],
    ['one', '2', undefined],
  ]);
});
