// Verdicts of whole applications against a real API server, and what they cost.
import type { KubeObject } from '../../src/model/kube.ts';
import { scripts } from '../worker.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEmptyEffect } from '../../src/compare/effect/effect.ts';
import { eventually } from '../control-plane.ts';
import { resourceViews } from '../../src/engine/resource-view.ts';
import { configMap, deployment, world } from './fixture.ts';

const key = (namespace: string, name: string): { group: string; kind: string; namespace: string; name: string } => ({
  group: '',
  kind: 'ConfigMap',
  namespace,
  name,
});

test('rows, sync status and images in Argo CD’s form', async (t) => {
  const w = await world(t);
  const hook: KubeObject = {
    ...configMap('before', {}),
    metadata: { name: 'before', annotations: { 'argocd.argoproj.io/hook': 'PreSync' } },
  };
  const skipped: KubeObject = {
    ...configMap('never', {}),
    metadata: { name: 'never', annotations: { 'argocd.argoproj.io/hook': 'Skip' } },
  };
  const first = [
    configMap('extra', {}),
    configMap('kept', {}, { 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous' }),
  ];
  await w.sync(first);
  const manifests = [
    configMap('a', { x: '1' }, { 'argocd.argoproj.io/sync-wave': '2' }),
    deployment('api'),
    hook,
    skipped,
    first[1] ?? hook,
  ];
  const before = await w.compare(manifests);
  assert.deepEqual([before.status, before.images], ['OutOfSync', ['example/api:1']]);
  const place = { namespace: w.namespace, version: 'v1' };
  assert.deepEqual(before.resources, [
    { ...place, kind: 'ConfigMap', name: 'a', status: 'OutOfSync', syncWave: 2 },
    { ...place, kind: 'ConfigMap', name: 'extra', status: 'OutOfSync', requiresPruning: true },
    { ...place, kind: 'ConfigMap', name: 'kept', status: 'Synced' },
    { ...place, group: 'apps', kind: 'Deployment', name: 'api', status: 'OutOfSync' },
  ]);
  assert.deepEqual(
    before.objects.filter((object) => object.hook.isHook).map((object) => object.key.name),
    ['before'],
  );
  await w.sync(manifests);
  const after = await w.compare(manifests);
  assert.deepEqual([after.status, after.resources.length], ['Synced', 3]);
  const without = await w.compare(manifests.slice(0, 4));
  assert.deepEqual(
    [without.status, without.resources.find(({ name }) => name === 'kept')?.requiresPruning],
    ['Synced', true],
    'an ignored extra does not count',
  );
});

test('the last of two manifests for one object wins, with a warning', async (t) => {
  const w = await world(t);
  const comparison = await w.compare([configMap('a', { x: '1' }), configMap('a', { x: '2' })]);
  assert.deepEqual(
    comparison.objects.map(({ target }) => target?.['data']),
    [{ x: '2' }],
  );
  assert.deepEqual(comparison.conditions, [
    {
      type: 'RepeatedResourceWarning',
      message: `Resource /ConfigMap/${w.namespace}/a appeared 2 times among application resources.`,
    },
  ]);
});

test('an object of another application is compared, with a warning', async (t) => {
  const w = await world(t);
  await w.create(
    configMap('a', { x: '1' }, { 'argocd.argoproj.io/tracking-id': `other:/ConfigMap:${w.namespace}/a` }),
    'argocd-controller',
  );
  const comparison = await w.compare([configMap('a', { x: '1' })]);
  assert.equal(comparison.status, 'OutOfSync');
  assert.deepEqual(comparison.conditions, [
    { type: 'SharedResourceWarning', message: `ConfigMap/a is part of applications shop-${w.namespace} and other` },
  ]);
});

test('a copied tracking id, and an object with an owner, are not extra', async (t) => {
  const w = await world(t);
  await w.create(
    configMap(
      'copy',
      {},
      { 'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:/ConfigMap:${w.namespace}/original` },
    ),
    'controller',
  );
  const owner = await w.cluster.api.create({
    ...configMap('owner', {}),
    metadata: { name: 'owner', namespace: w.namespace },
  });
  const child = configMap(
    'child',
    {},
    { 'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:/ConfigMap:${w.namespace}/child` },
  );
  await w.create(
    {
      ...child,
      metadata: {
        ...child.metadata,
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' }],
      },
    },
    'controller',
  );
  assert.deepEqual((await w.compare([])).resources, []);
});

test('namespaces are set and cleared by scope', async (t) => {
  const w = await world(t);
  const role: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `r-${w.namespace}`, namespace: 'wrong' },
    rules: [],
  };
  const comparison = await w.compare([role, configMap('a', {})]);
  assert.deepEqual(
    comparison.objects.map((object) => object.target?.metadata.namespace),
    [w.namespace, undefined],
  );
  assert.match(
    JSON.stringify(comparison.objects[1]?.target),
    new RegExp(`:rbac.authorization.k8s.io/ClusterRole:/r-${w.namespace}`),
  );
});

test('what generateName names is out of sync beside the rest, and nothing of it is drift', async (t) => {
  const w = await world(t);
  const once = (x: string): KubeObject => {
    const { name: _name, ...metadata } = { ...configMap('x', {}).metadata, generateName: 'once-' };
    return { ...configMap('x', { x }), metadata };
  };
  await w.sync([configMap('a', {})]);
  const manifests = [configMap('a', {}), once('1'), once('2')];
  const tracking = `shop-${w.namespace}`;
  const annotations = { 'argocd.argoproj.io/tracking-id': `${tracking}:/ConfigMap:${w.namespace}/` };
  await w.create(configMap('once-before', { x: '1' }, annotations), 'coxswain');
  const comparison = await w.compare(manifests);
  assert.deepEqual(
    comparison.resources.map(({ name, status, requiresPruning }) => [name, status, requiresPruning]),
    [
      ['a', 'Synced', undefined],
      ['once-…', 'OutOfSync', undefined],
      ['once-…2', 'OutOfSync', undefined],
    ],
  );
  assert.equal(comparison.status, 'OutOfSync');
  assert.deepEqual(comparison.conditions, []);
  assert.deepEqual(
    w.comparer.keysOf({ app: w.app, tracking, manifests }).map(({ name }) => name),
    ['a'],
    'no other application is kept from a name that nobody has',
  );

  const effect = await w.effect({ last: manifests, target: manifests });
  assert.deepEqual([effect.errors, effect.drift, effect.total], [[], [], []]);
  assert.deepEqual(
    effect.operations.map((item) => [item.op, item.key.name]),
    [
      ['create', 'once-…'],
      ['create', 'once-…2'],
    ],
  );
  assert.deepEqual(
    effect.hooks.map(({ action, key }) => [action, key.name]),
    [
      ['create', 'once-…'],
      ['create', 'once-…2'],
    ],
  );
  assert.equal((await w.effect({ last: manifests, target: manifests })).digest, effect.digest);
  assert.ok(isEmptyEffect(effect));
  const other = await w.effect({ last: manifests, target: [configMap('a', {}), once('1'), once('3')] });
  assert.notEqual(other.digest, effect.digest);
});

test('what generateName names is tried by the API server before anybody is asked', async (t) => {
  const w = await world(t);
  const { name: _name, ...metadata } = { ...configMap('x', {}).metadata, generateName: 'Wrong_' };
  const effect = await w.effect({ target: [{ ...configMap('x', {}), metadata }] });
  assert.equal(effect.digest, '');
  assert.match(effect.errors[0]?.message ?? '', /metadata\.(generateName|name)/);
});

test('an unchanged object costs no request, whoever rendered it again, nor does the echo of an apply', async (t) => {
  const w = await world(t);
  const manifests = (): KubeObject[] => [configMap('a', { x: '1' }), configMap('b', { x: '1' }), deployment('api')];
  await w.sync(manifests());
  assert.equal(await w.requests(() => w.compare(manifests())), 0);
  assert.equal((await w.compare(manifests())).status, 'Synced');
  assert.equal(await w.requests(() => w.effect({ last: manifests(), target: manifests() })), 0);
});

test('a changed object costs one dry run, and the same question again none', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];
  const target = [configMap('a', { x: '2' }), configMap('b', { x: '1' })];
  await w.sync(last);
  const before = w.cluster.api.counts.dryRun;
  assert.equal(await w.requests(() => w.effect({ last, target })), 1);
  assert.equal(await w.requests(() => w.effect({ last, target })), 0);
  assert.equal(await w.requests(() => w.compare(target, last)), 0, 'the comparison asks the same');
  assert.equal(w.cluster.api.counts.dryRun - before, 1);
});

test('status churn asks nothing', async (t) => {
  const w = await world(t);
  const manifests = [deployment('api')];
  await w.sync(manifests);
  await w.compare(manifests);
  await w.edit(deployment('api'), { status: { observedGeneration: 77 } }, { manager: 'test', subresource: 'status' });
  assert.equal(await w.requests(() => w.compare(manifests)), 0);
});

test('drift of one object costs one dry run of that object, and tells the field', async (t) => {
  const w = await world(t);
  const manifests = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];
  await w.sync(manifests);
  const synced = await w.compare(manifests);
  await w.edit(configMap('a', {}), { data: { x: 'by hand' } });
  let drifted = synced;
  assert.equal(
    await w.requests(async () => {
      drifted = await w.comparer.compareObjects(synced, [key(w.namespace, 'a')], w.signal);
    }),
    1,
  );
  assert.deepEqual(
    [drifted.status, drifted.objects.map(({ status }) => status)],
    ['OutOfSync', ['OutOfSync', 'Synced']],
  );
  assert.deepEqual(
    drifted.objects[0]?.changes.map(({ text, before, after }) => [text, before, after]),
    [['data.x', 'by hand', '1']],
  );
  await w.edit(configMap('a', {}), { data: { x: '1' } });
  const back = await w.comparer.compareObjects(drifted, [key(w.namespace, 'a')], w.signal);
  assert.equal(back.status, 'Synced');
});

test('kinds that are never watched are left out of comparison and effect, with a warning', async (t) => {
  const w = await world(t);
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'leader' }, spec: {} };
  const hook = { ...lease, metadata: { name: 'before', annotations: { 'argocd.argoproj.io/hook': 'PreSync' } } };
  const manifests = [configMap('a', { x: '1' }), lease, hook];
  await w.sync(manifests);
  const comparison = await w.compare(manifests);
  assert.equal(comparison.status, 'Synced');
  assert.deepEqual(
    comparison.objects.map((object) => object.key.name),
    ['a'],
  );
  assert.deepEqual(
    comparison.conditions,
    ['leader', 'before'].map((name) => ({
      type: 'ExcludedResourceWarning',
      message: `Resource coordination.k8s.io/Lease ${name} is excluded in the settings`,
    })),
  );
  const effect = await w.effect({ target: manifests, last: [] });
  assert.deepEqual(
    [effect.errors, effect.hooks, effect.operations.map((operation) => operation.key.name)],
    [[], [], []],
  );
  assert.ok(effect.notes.includes('Resource coordination.k8s.io/Lease leader is excluded in the settings'));
});

test('what is known of an object goes with it', async (t) => {
  const w = await world(t);
  const named = (from: number): KubeObject[] =>
    Array.from({ length: 5 }, (_, index) => configMap(`settings-${from + index}`, { x: '1' }));
  await w.sync(named(0));
  await w.compare(named(0));
  const before = w.comparer.kept;
  // As Kustomize names them: a new set of objects with every change.
  for (const from of [5, 10, 15]) {
    await w.sync(named(from));
    const comparison = await w.compare(named(from));
    assert.equal(comparison.status, 'Synced');
    await eventually('nothing is kept of the former ones', () => (w.comparer.kept === before ? true : undefined));
  }
});

test('several objects are looked at afresh in one go: changed, new and gone ones', async (t) => {
  const w = await world(t);
  const manifests = ['a', 'b', 'c'].map((name) => configMap(name, { x: '1' }));
  await w.sync(manifests);
  const synced = await w.compare(manifests);
  const own = { 'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:/ConfigMap:${w.namespace}/aa` };
  await Promise.all([
    w.edit(configMap('c', {}), { data: { x: 'by hand' } }),
    w.create(configMap('aa', {}, own), 'somebody'),
    w.cluster.api.delete(key(w.namespace, 'b')),
  ]);
  await w.cluster.live.until(key(w.namespace, 'b'), (object) => object === undefined, w.signal);
  const keys = ['c', 'aa', 'b'].map((name) => key(w.namespace, name));
  const now = await w.comparer.compareObjects(synced, keys, w.signal);
  assert.deepEqual(
    now.resources.map(({ name, status, requiresPruning }) => [name, status, requiresPruning]),
    [
      ['a', 'Synced', undefined],
      ['aa', 'OutOfSync', true],
      ['b', 'OutOfSync', undefined],
      ['c', 'OutOfSync', undefined],
    ],
  );
  const whole = await w.compare(manifests);
  assert.deepEqual(now.resources, whole.resources);
  assert.equal(await w.comparer.compareObjects(now, [], w.signal), now);
});

test('a new or vanished key is added to and dropped from the comparison', async (t) => {
  const w = await world(t);
  const manifests = [configMap('a', {})];
  await w.sync(manifests);
  const synced = await w.compare(manifests);
  await w.create(
    configMap('b', {}, { 'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:/ConfigMap:${w.namespace}/b` }),
    'somebody',
  );
  const extra = await w.comparer.compareObjects(synced, [key(w.namespace, 'b')], w.signal);
  assert.deepEqual(
    [extra.status, extra.resources.map(({ name, requiresPruning }) => [name, requiresPruning])],
    [
      'OutOfSync',
      [
        ['a', undefined],
        ['b', true],
      ],
    ],
  );
  await w.cluster.api.delete(key(w.namespace, 'b'));
  await w.cluster.live.until(key(w.namespace, 'b'), (object) => object === undefined, w.signal);
  assert.equal((await w.comparer.compareObjects(extra, [key(w.namespace, 'b')], w.signal)).status, 'Synced');
});

test('what others wrote with the value that Git has is in sync, and noticed when they change it again', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1', y: '1' })];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { x: 'by hand' } });
  const taken = await w.compare([configMap('a', { x: 'by hand', y: '1' })], last);
  assert.equal(taken.status, 'Synced');
  await w.edit(configMap('a', {}), { data: { x: 'otherwise' } });
  assert.equal((await w.comparer.compareObjects(taken, [key(w.namespace, 'a')], w.signal)).status, 'OutOfSync');
});

test('a live object that changes under the dry run is compared in its new version', async (t) => {
  const w = await world(t);
  const manifests = [configMap('a', { x: '1' })];
  await w.sync(manifests);
  // The watch is behind: the dry run sees what the cache does not yet.
  const edited = w.cluster.api.patch(key(w.namespace, 'a'), {
    type: 'merge',
    patch: { data: { x: '2' } },
    manager: 'somebody',
  });
  const [comparison] = await Promise.all([edited.then(() => w.compare([configMap('a', { x: '3' })])), edited]);
  assert.deepEqual(
    comparison.objects[0]?.changes.map(({ before, after }) => [before, after]),
    [['2', '3']],
  );
});

test('what controllers write beside our fields asks nothing; a new order of ours does', async (t) => {
  const w = await world(t);
  const api = deployment('api', { env: { A: '1', B: '1' } });
  await w.sync([api]);
  await w.compare([api]);
  await w.edit(api, { metadata: { annotations: { 'example.com/seen': 'yes' } } }, { manager: 'controller' });
  assert.equal(await w.requests(() => w.compare([api])), 0);
  const swapped = [
    { op: 'test', path: '/spec/template/spec/containers/0/env/0/name', value: 'A' },
    { op: 'move', from: '/spec/template/spec/containers/0/env/0', path: '/spec/template/spec/containers/0/env/1' },
  ];
  await w.edit(api, swapped as unknown as Record<string, unknown>, { type: 'json' });
  const drifted = await w.compare([api]);
  assert.deepEqual(
    drifted.objects[0]?.changes.map(({ text }) => text),
    ['spec.template.spec.containers[name=api].env'],
  );
});

test('a live object deleted or replaced under a comparison is judged as what it is', async (t) => {
  const w = await world(t);
  const manifests = [configMap('a', { x: '1' })];
  await w.sync(manifests);
  await w.cluster.api.delete(key(w.namespace, 'a'));
  await w.cluster.live.until(key(w.namespace, 'a'), (object) => object === undefined, w.signal);
  assert.deepEqual(
    (await w.compare(manifests)).objects.map(({ status, live }) => [status, live]),
    [['OutOfSync', undefined]],
  );
  await w.create(configMap('a', { x: '9' }), 'somebody');
  const comparison = await w.compare(manifests);
  assert.deepEqual(
    comparison.objects[0]?.changes.filter(({ text }) => text === 'data.x').map(({ before, after }) => [before, after]),
    [['9', '1']],
  );
});

test('where the dry run fails, the shown difference is what the manifest says, and no default goes', async (t) => {
  const w = await world(t);
  await w.sync([deployment('api', { replicas: 2 })]);
  const comparison = await w.compare([deployment('api', { replicas: 3, selector: 'other' })]);
  const [view] = await resourceViews(comparison, scripts.healthOf);
  assert.equal(view?.row.status, 'OutOfSync');
  assert.equal(comparison.objects[0]?.predicted, undefined);
  const lines = view?.diff.split('\n') ?? [];
  const changed = lines.filter((line) => /^[-+] /.test(line)).map((line) => line.trim().replace(/\s+/g, ' '));
  assert.deepEqual(changed.sort(), [
    '+ app: other',
    '+ app: other',
    '+ replicas: 3',
    '- app: api',
    '- app: api',
    '- replicas: 2',
  ]);
});
