// What is sent arrives: texts, keys and numbers through dry run, apply, read and watch of a real API server.
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '../../src/model/kube.ts';
import { macOf } from '../../src/compare/object/digest.ts';
import { testCluster } from '../control-plane.ts';
import { configMap, connect, crd } from './connect.ts';

async function cluster(t: TestContext): Promise<{ namespace: string; cluster: Cluster }> {
  const c = await testCluster(t);
  return { namespace: c.namespace, cluster: await connect(t, c) };
}

/** A kind with any fields, under a group of its own. */
async function withKind(t: TestContext): Promise<{ cluster: Cluster; object: (spec: unknown) => KubeObject }> {
  const { namespace, cluster: reached } = await cluster(t);
  const group = `${namespace}.example`;
  await reached.api.create(crd(group, 'Ledger'));
  await reached.discovery.await({ group, version: 'v1', kind: 'Ledger' }, AbortSignal.timeout(20_000));
  return {
    cluster: reached,
    object: (spec) => ({ apiVersion: `${group}/v1`, kind: 'Ledger', metadata: { name: 'one', namespace }, spec }),
  };
}

/** As dry run and apply answer it, as it is read, and as the watch has it. */
async function fourTimes({ api, live }: Cluster, object: KubeObject): Promise<KubeObject[]> {
  const tried = await api.apply(object, { dryRun: true });
  const applied = await api.apply(object);
  const read = await api.get(keyOf(object));
  await live.want('test', [keyOf(object)], AbortSignal.timeout(20_000));
  await live.waitFor(keyOf(object), applied.metadata.resourceVersion ?? '', AbortSignal.timeout(20_000));
  const watched = live.get(keyOf(object))?.object;
  assert.ok(read && watched);
  return [tried, applied, read, watched];
}

test('every character comes back as it was sent, and what is approved is what is stored', async (t) => {
  const { namespace, cluster: reached } = await cluster(t);
  const data: Record<string, string> = {};
  const add = (point: number): void => {
    const key = `row-${(point >> 8).toString(16)}`;
    // Blanks beside it: YAML takes some away.
    data[key] = `${data[key] ?? ''}a ${String.fromCodePoint(point)} b${String.fromCodePoint(point)}\n`;
  };
  for (let point = 0; point <= 0xffff; point += 1) if (point < 0xd800 || point > 0xdfff) add(point);
  for (const point of [0x10000, 0x1f600, 0x1fffe, 0x2ffff, 0xe0001, 0xf0000, 0x10fffd, 0x10fffe, 0x10ffff]) add(point);
  const sent = configMap(namespace, 'characters', { data });
  for (const stored of await fourTimes(reached, sent)) {
    for (const [key, text] of Object.entries(data)) {
      // The texts themselves would make an unreadable message.
      assert.ok((stored['data'] as Record<string, string>)[key] === text, `${key} came back changed`);
    }
    const scope = { macKey: Buffer.from('k'), application: 'argocd/shop', key: keyOf(sent) };
    assert.equal(macOf(scope, 'data', stored['data']), macOf(scope, 'data', sent['data']));
  }
});

test('integers come back as they were sent', async (t) => {
  const { cluster: reached, object } = await withKind(t);
  const spec = {
    offsets: [9007199254740993n, -9007199254740993n, 9223372036854775807n, 9007199254740991, 1, -0.5],
    float: 1.5e300,
  };
  for (const stored of await fourTimes(reached, object(spec))) assert.deepEqual(stored['spec'], spec);
});

test('a key of up to 1,024 characters of any kind arrives; a longer one is named and not sent', async (t) => {
  const { cluster: reached, object } = await withKind(t);
  const keys = [
    'k'.repeat(1022),
    'k'.repeat(1023),
    'k'.repeat(1024),
    '日'.repeat(1024),
    `${'é'.repeat(500)}😀"\\\n`,
    'plain',
  ];
  const spec = { nested: [Object.fromEntries(keys.map((key, at) => [key, { at, text: `{"${key}":` }]))] };
  for (const stored of await fourTimes(reached, object(spec))) assert.deepEqual(stored['spec'], spec);
  const sent = reached.api.counts.dryRun;
  await assert.rejects(
    reached.api.apply(object({ a: { [`begin-${'k'.repeat(1100)}`]: 1 } }), { dryRun: true }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'E_MANIFEST');
      assert.match(error.message, /keys of more than 1024 characters cannot be applied: "begin-k+"… \(1106\)$/);
      return true;
    },
  );
  assert.equal(reached.api.counts.dryRun - sent, 0, 'nothing was sent');
});

test('a number that a field cannot hold is refused by the dry run with the field and both values', async (t) => {
  const {
    namespace,
    cluster: { api },
  } = await cluster(t);
  const deployment = (
    spec: Record<string, unknown>,
    port: Record<string, unknown> = { containerPort: 80 },
  ): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace },
    spec: {
      ...spec,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x', ports: [port] }] } },
    },
  });
  const rows: [KubeObject, string][] = [
    [deployment({ replicas: 4294967298 }), 'spec.replicas: 4294967298 would be stored as 2'],
    [deployment({ replicas: 1e10 }), 'spec.replicas: 10000000000 would be stored as 1410065408'],
    [deployment({ replicas: -2147483649 }), 'spec.replicas: -2147483649 would be stored as 2147483647'],
    [deployment({ replicas: 9223372036854775809n }), 'spec.replicas: 9223372036854775809 would be stored as 0'],
    [
      deployment({ replicas: 4294967297, revisionHistoryLimit: 4294967299 }),
      'spec.replicas: 4294967297 would be stored as 1, spec.revisionHistoryLimit: 4294967299 would be stored as 3',
    ],
    [
      deployment({}, { containerPort: 4294967376 }),
      'spec.template.spec.containers[0].ports[0].containerPort: 4294967376 would be stored as 80',
    ],
  ];
  await api.apply(deployment({ replicas: 2 }, { containerPort: 80, name: 'web' }));
  for (const [object, message] of rows) {
    const expected = { code: 'E_MANIFEST', kind: 'terminal', message };
    await assert.rejects(api.apply(object, { dryRun: true }), expected);
    await assert.rejects(
      api.apply({ ...object, metadata: { ...object.metadata, name: 'new' } }, { dryRun: true }),
      expected,
    );
  }
});

test('the dry run refuses a quantity that a field cannot hold, not one that is only written otherwise', async (t) => {
  const {
    namespace,
    cluster: { api },
  } = await cluster(t);
  const pod = (limits: Record<string, unknown>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace },
    spec: { containers: [{ name: 'c', image: 'x', resources: { limits } }] },
  });
  const at = 'spec.containers[0].resources.limits';
  for (const [limits, message] of [
    [{ cpu: '0.0001' }, `${at}.cpu: 0.0001 would be stored as 1m`],
    [{ cpu: 0.0001 }, `${at}.cpu: 0.0001 would be stored as 1m`],
    [{ cpu: '1u' }, `${at}.cpu: 1u would be stored as 1m`],
    [{ cpu: '1.0005' }, `${at}.cpu: 1.0005 would be stored as 1001m`],
    [{ cpu: '0.1n' }, `${at}.cpu: 0.1n would be stored as 1m`],
    [{ memory: '10Ei' }, `${at}.memory: 10Ei would be stored as 9223372036854775807`],
    [{ memory: '1e-5' }, `${at}.memory: 1e-5 would be stored as 1e-3`],
    [
      { cpu: '100u', 'ephemeral-storage': '1.00001' },
      `${at}.cpu: 100u would be stored as 1m, ${at}.ephemeral-storage: 1.00001 would be stored as 1001m`,
    ],
  ] as const)
    await assert.rejects(api.apply(pod(limits), { dryRun: true }), { code: 'E_MANIFEST', kind: 'terminal', message });
  for (const limits of [
    { cpu: '0.001', memory: '1.5Gi' },
    { cpu: '1000m', memory: '1000k' },
    { cpu: 1.5, memory: '1E3' },
    { cpu: '1.0', memory: '0.5Ki' },
    { cpu: '+1', memory: '1024Mi' },
    { memory: '1e30' },
    { memory: '9223372036854775808' },
  ])
    await api.apply(pod(limits), { dryRun: true });
});

test('a cut key of a list is found among the entries of others', async (t) => {
  const {
    namespace,
    cluster: { api },
  } = await cluster(t);
  const service = (ports: Record<string, unknown>[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace },
    spec: { selector: { a: 'b' }, ports },
  });
  await api.apply(service([{ name: 'other', port: 81 }]), { manager: 'somebody' });
  await assert.rejects(api.apply(service([{ name: 'web', port: 4294967376 }]), { dryRun: true }), {
    code: 'E_MANIFEST',
    message: 'spec.ports[0].port: 4294967376 would be stored as 80',
  });
});

test('defaults, quantities, normalised numbers and the decisions of others are no such errors', async (t) => {
  const { cluster: reached, object } = await withKind(t);
  const namespace = object({}).metadata.namespace ?? '';
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace },
    spec: {
      activeDeadlineSeconds: 1e3,
      terminationGracePeriodSeconds: 3.0,
      containers: [
        {
          name: 'c',
          image: 'x',
          resources: { limits: { memory: 17179869184, cpu: 1, 'example.com/gpu': '5000000000' } },
          livenessProbe: { httpGet: { port: 8080 } },
        },
      ],
    },
  };
  const stored = await reached.api.apply(pod, { dryRun: true });
  assert.equal((stored['spec'] as { terminationGracePeriodSeconds: number }).terminationGracePeriodSeconds, 3);
  const custom = { int32: 4294967298, exact: 1e17, more: [5000000000, 'a', { b: 9007199254740993n }] };
  assert.deepEqual((await reached.api.apply(object(custom), { dryRun: true }))['spec'], {
    ...custom,
    exact: 100000000000000000n,
  });
});

test('the dry run refuses a custom resource whose size etcd would refuse; one just below is stored', async (t) => {
  const { cluster: reached, object } = await withKind(t);
  const own = Buffer.byteLength(JSON.stringify(await reached.api.apply(object({ text: '' }), { dryRun: true })));
  const most = 1_572_864 - own - 1000;
  await assert.rejects(reached.api.apply(object({ text: 'x'.repeat(most + 1100) }), { dryRun: true }), {
    code: 'E_MANIFEST',
    kind: 'terminal',
    message: /^stored it would take 1,57\d,\d{3} bytes, more than the 1,572,864 that etcd takes for one object$/,
  });
  await reached.api.apply(object({ text: 'x'.repeat(most) }), { dryRun: true });
  await reached.api.apply(object({ text: 'x'.repeat(most) }));
});
