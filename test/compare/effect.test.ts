// The three facts, the removals and the digest against a real API server: one row for each case that the design names.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, mustGet, summary, world } from './fixture.ts';
import { effectDeletes, isEmptyEffect } from '../../src/compare/effect/effect.ts';

const empty: readonly KubeObject[] = [];

test('never synced: everything waits, and is created from the manifest', async (t) => {
  const w = await world(t);
  const target = [configMap('a', { x: '1' })];
  const effect = await w.effect({ target });
  assert.deepEqual(
    [effect.drift, summary(effect.waiting), effect.change, summary(effect.total)],
    [[], ['create ConfigMap/a'], [], ['create ConfigMap/a']],
  );
  assert.deepEqual([effect.errors, effect.operations.map(({ op }) => op)], [[], ['create']]);
  assert.match(effect.notes.join(), /Never synced/);
  assert.equal(effect.total[0]?.after?.metadata.uid, undefined, 'shown from the manifest, not from the answer');
});

test('a new object of a pull request is this change', async (t) => {
  const w = await world(t);
  const branch = [configMap('a', { x: '1' })];
  await w.sync(branch);
  const effect = await w.effect({ last: branch, branch, target: [...branch, configMap('b', { y: '1' })] });
  assert.deepEqual(
    [effect.drift, effect.waiting, summary(effect.change), summary(effect.total)],
    [[], [], ['create ConfigMap/b'], ['create ConfigMap/b']],
  );
});

test('the last synced revision is gone from Git: the branch stands in, and a note says so', async (t) => {
  const w = await world(t);
  await w.sync([configMap('a', { x: '1' })]);
  const branch = [configMap('a', { x: '2' })];
  const effect = await w.effect({ lastGone: true, branch, target: branch });
  assert.deepEqual(
    [summary(effect.drift), effect.waiting, effect.change],
    [['change ConfigMap/a: data.x "1" → "2"'], [], []],
  );
  assert.match(effect.notes.join(), /gone from Git/);
});

test('drift, waiting and change of one object add up to what the sync will do', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { drift: 'git', waits: '1', changes: '1' })];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { drift: 'by hand', foreign: 'kept' } });
  const branch = [configMap('a', { drift: 'git', waits: '2', changes: '1' })];
  const target = [configMap('a', { drift: 'git', waits: '2', changes: '2' })];
  const effect = await w.effect({ last, branch, target });
  assert.deepEqual(summary(effect.drift), ['change ConfigMap/a: data.drift "by hand" → "git"']);
  assert.deepEqual(summary(effect.waiting), ['change ConfigMap/a: data.waits "1" → "2"']);
  assert.deepEqual(summary(effect.change), ['change ConfigMap/a: data.changes "1" → "2"']);
  assert.deepEqual(summary(effect.total), [
    'change ConfigMap/a: data.changes "1" → "2", data.drift "by hand" → "git", data.waits "1" → "2"',
  ]);
  assert.deepEqual(effect.drift[0]?.after, effect.waiting[0]?.before);
  assert.deepEqual(effect.waiting[0]?.after, effect.change[0]?.before);
  assert.deepEqual(
    [effect.total[0]?.before, effect.total[0]?.after],
    [effect.drift[0]?.before, effect.change[0]?.after],
  );
  assert.match(effect.drift[0]?.notes.join() ?? '', /last written by kubectl-edit/);
  await w.sync(target, last);
  assert.deepEqual(
    (await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' }))['data'],
    { drift: 'git', waits: '2', changes: '2', foreign: 'kept' },
  );
});

test('an object that somebody deleted is missing drift', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' })];
  await w.sync(last);
  const key = { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' };
  await w.cluster.api.delete(key);
  await w.cluster.live.until(key, (object) => object === undefined, w.signal);
  const effect = await w.effect({ last, branch: last, target: [configMap('a', { x: '2' })] });
  assert.deepEqual(
    [summary(effect.drift), summary(effect.change), summary(effect.total)],
    [['create ConfigMap/a'], ['change ConfigMap/a: data.x "1" → "2"'], ['create ConfigMap/a']],
  );
  assert.match(effect.drift[0]?.notes.join() ?? '', /missing/);
});

test('what leaves Git is pruned, in the fact where it leaves', async (t) => {
  const w = await world(t);
  const keep = configMap('keep', { x: '1' });
  const last = [keep, configMap('waits', { x: '1' }), configMap('changes', { x: '1' })];
  await w.sync(last);
  const input = { last, branch: [keep, configMap('changes', { x: '1' })], target: [keep] };
  const effect = await w.effect(input);
  assert.deepEqual(
    [summary(effect.waiting), summary(effect.change)],
    [['delete ConfigMap/waits'], ['delete ConfigMap/changes']],
  );
  assert.deepEqual(
    effect.operations.map(({ op, key }) => `${op} ${key.name}`),
    ['delete changes', 'delete waits'],
  );
  assert.ok(effectDeletes(effect.operations));
  const without = await w.effect({ ...input, prune: false });
  assert.ok(isEmptyEffect(without));
  assert.match(without.total[0]?.notes.join() ?? '', /no longer in Git; stays: the sync does not prune/);
});

test('Prune=false holds an object that Git no longer has', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' }, { 'argocd.argoproj.io/sync-options': 'Prune=false' })];
  await w.sync(last);
  const effect = await w.effect({ last, branch: last, target: empty });
  assert.deepEqual([effect.operations, effect.total.map(({ changes }) => changes)], [[], [[]]]);
});

test('a removed field that an edit took over is a removal', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1', y: '1' })];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { y: '2' } });
  const target = [configMap('a', { x: '1' })];
  const effect = await w.effect({ last, branch: last, target });
  assert.deepEqual(summary(effect.total), ['change ConfigMap/a: data.y "2" → -']);
  assert.deepEqual(
    [summary(effect.drift), summary(effect.change)],
    [['change ConfigMap/a: data.y "2" → "1"'], ['change ConfigMap/a: data.y "1" → -']],
  );
  assert.deepEqual(
    effect.operations.map((operation) =>
      operation.op === 'change' ? operation.fields.map(([path, mac, was]) => [path, mac, typeof was]) : [],
    ),
    [[['data.y', null, 'string']]],
  );
  await w.sync(target, last);
  assert.deepEqual(
    (await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' }))['data'],
    { x: '1' },
  );
  assert.equal((await w.compare(target)).status, 'Synced');
});

test('replicas given up to an autoscaler stay: no longer managed, never a pair of lines', async (t) => {
  const w = await world(t);
  const last = [deployment('api', { replicas: 2 })];
  await w.sync(last);
  await w.edit(
    deployment('api'),
    { spec: { replicas: 6 } },
    { manager: 'horizontal-pod-autoscaler', subresource: 'scale' },
  );
  const effect = await w.effect({ last, branch: last, target: [deployment('api')] });
  assert.deepEqual(
    effect.total.map(({ changes, notes }) => [changes, notes]),
    [[[], ['spec.replicas is no longer managed, stays at 6 (held by horizontal-pod-autoscaler (scale))']]],
  );
  assert.deepEqual(effect.operations, []);
});

test('a removed field that another applier holds stays', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1', y: '1' })];
  await w.sync(last);
  await w.applyAs(configMap('a', { y: '1' }), 'another-tool');
  const effect = await w.effect({ last, branch: last, target: [configMap('a', { x: '1' })] });
  assert.deepEqual(
    effect.total.map(({ changes, notes }) => [changes, notes]),
    [[[], ['data.y is no longer managed, stays at "1" (held by another-tool)']]],
  );
});

const clientSide = [
  { manager: 'kubectl-client-side-apply', name: 'kubectl apply' },
  { manager: 'argocd-controller', name: 'Argo CD’s client-side apply' },
];
for (const { manager, name } of clientSide) {
  test(`first touch after ${name}: what Git gave up is removed, as the preview says`, async (t) => {
    const w = await world(t);
    const before = deployment('api', { env: { KEEP: '1', GONE: '1' } });
    const lastApplied = {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(before),
        'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:apps/Deployment:${w.namespace}/api`,
      },
    };
    await w.create({ ...before, metadata: { ...before.metadata, ...lastApplied } }, manager);
    await w.edit(deployment('api'), { spec: { minReadySeconds: 5 } });
    assert.equal(
      (await w.compare([before])).status,
      'Synced',
      'a switch changes nothing: neither defaults nor edits were ever Git’s',
    );
    const target = [deployment('api', { env: { KEEP: '1' } })];
    const effect = await w.effect({ last: [before], branch: [before], target });
    assert.deepEqual(summary(effect.total), [
      'change Deployment/api: spec.template.spec.containers[name=api].env[name=GONE] {"name":"GONE","value":"1"} → -',
    ]);
    const { digest } = effect;
    await w.sync(target);
    const live = await mustGet(w.cluster, { group: 'apps', kind: 'Deployment', namespace: w.namespace, name: 'api' });
    assert.ok(!JSON.stringify(live['spec']).includes('GONE'));
    assert.equal((live['spec'] as Record<string, unknown>)['minReadySeconds'], 5);
    assert.ok(
      !live.metadata.managedFields?.some(
        (entry) =>
          entry.manager === manager && entry.operation === 'Update' && JSON.stringify(entry.fieldsV1).includes('KEEP'),
      ),
    );
    assert.equal((await w.compare(target)).status, 'Synced');
    assert.notEqual(
      (await w.effect({ last: [before], branch: [before], target })).digest,
      digest,
      'nothing is left to do',
    );
  });
}

test('first touch of an object of which nobody knows who wrote what: the last-applied annotation tells', async (t) => {
  const w = await world(t);
  const before = configMap('a', { keep: '1', gone: '1' });
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(before),
    'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:/ConfigMap:${w.namespace}/a`,
  };
  await w.create({ ...before, metadata: { ...before.metadata, annotations } }, 'kubectl-client-side-apply');
  await w.edit(
    before,
    [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }] as unknown as Record<string, unknown>,
    { type: 'json' },
  );
  const target = [configMap('a', { keep: '1' })];
  assert.deepEqual(summary((await w.effect({ target })).total), ['change ConfigMap/a: data.gone "1" → -']);
  await w.sync(target);
  assert.deepEqual(
    (await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' }))['data'],
    { keep: '1' },
  );
});

test('a removed field that has a default shows the default', async (t) => {
  const w = await world(t);
  const last = [deployment('api', { replicas: 3 })];
  await w.sync(last);
  await w.edit(deployment('api'), { spec: { replicas: 4 } });
  const effect = await w.effect({ last, branch: last, target: [deployment('api')] });
  assert.deepEqual(summary(effect.total), ['change Deployment/api: spec.replicas 4 → 1']);
  await w.sync([deployment('api')], last);
  assert.equal((await w.compare([deployment('api')])).status, 'Synced');
});

test('stringData is folded: a key that leaves Git leaves the Secret, and no value shows', async (t) => {
  const w = await world(t);
  const secret = (stringData: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    stringData,
  });
  const last = [secret({ user: 'admin', password: 'hunter2', old: 'hunter3' })];
  await w.sync(last);
  assert.equal((await w.compare(last)).status, 'Synced');
  const target = [secret({ user: 'admin', password: 'hunter4' })];
  const effect = await w.effect({ last, branch: last, target });
  assert.deepEqual(summary(effect.total), [
    'change Secret/s: data.old "++++++++" → -, data.password "++++++++" → "++++++++++++"',
  ]);
  const text = JSON.stringify(effect);
  for (const value of ['hunter2', 'hunter3', 'hunter4', 'admin'])
    assert.ok(!text.includes(value) && !text.includes(Buffer.from(value).toString('base64')), value);
  await w.sync(target, last);
  const live = await mustGet(w.cluster, { group: '', kind: 'Secret', namespace: w.namespace, name: 's' });
  assert.deepEqual(Object.keys(live['data'] ?? {}).sort(), ['password', 'user']);
});

function job(name: string, command: string): KubeObject {
  const spec = {
    restartPolicy: 'Never',
    containers: [{ name: 'migrate', image: 'example/migrate:1', command: [command] }],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, annotations: { 'argocd.argoproj.io/hook': 'PreSync' } },
    spec: { template: { spec } },
  };
}

test('hooks are hashed from the manifest, validated under another name, and never compared with live', async (t) => {
  const w = await world(t);
  const branch = [job('migrate', 'one')];
  // As a former sync leaves it: the application's own, by its annotation.
  const left = job('migrate', 'one');
  await w.create(
    {
      ...left,
      metadata: {
        ...left.metadata,
        annotations: {
          ...left.metadata.annotations,
          'argocd.argoproj.io/tracking-id': `shop-${w.namespace}:batch/Job:${w.namespace}/migrate`,
        },
      },
    },
    'argocd-controller',
  );
  const effect = await w.effect({ last: branch, branch, target: [job('migrate', 'two')] });
  assert.deepEqual([effect.total, effect.errors], [[], []]);
  assert.deepEqual(summary(effect.hooks), [
    'hook Job/migrate: spec.template.spec.containers[name=migrate].command ["one"] → ["two"]',
  ]);
  assert.deepEqual(
    effect.operations.map(({ op, phase }) => [op, phase]),
    [['hook', 'PreSync']],
  );
  assert.ok(isEmptyEffect(effect));
  const same = await w.effect({ last: branch, branch, target: branch });
  assert.notEqual(same.digest, effect.digest);
  const wrong = await w.effect({
    last: branch,
    branch,
    target: [{ ...job('migrate', 'x'), spec: { template: { spec: { restartPolicy: 'Never', container: [] } } } }],
  });
  assert.deepEqual([wrong.errors.length, wrong.digest], [1, '']);
});

test('a namespace that this change brings: created, not validated', async (t) => {
  const w = await world(t);
  const name = `${w.namespace}-new`;
  const inside = { ...configMap('a', { x: '1' }), metadata: { name: 'a', namespace: name } };
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const effect = await w.effect({ last: empty, branch: empty, target: [namespace, inside] });
  assert.deepEqual(
    [effect.errors, effect.change.map(({ key, notes }) => [key.kind, notes])],
    [
      [],
      [
        ['ConfigMap', [`created, not validated: namespace ${name} is created by this change`]],
        ['Namespace', []],
      ],
    ],
  );
  const without = await w.effect({ last: empty, branch: empty, target: [inside] });
  assert.deepEqual(
    [without.errors.map(({ message }) => message), without.digest],
    [[`namespace ${name} does not exist`], ''],
  );
});

test('CreateNamespace=true makes the destination namespace, and the digest has it', async (t) => {
  const w = await world(t);
  const app = {
    ...w.app,
    spec: {
      ...w.app.spec,
      destination: { ...w.app.spec.destination, namespace: `${w.namespace}-made` },
      syncPolicy: { syncOptions: ['CreateNamespace=true'] },
    },
  };
  const effect = await w.effect({ app, last: empty, branch: empty, target: [configMap('a', { x: '1' })] });
  assert.deepEqual(
    [effect.errors, effect.operations.map(({ op, key, phase }) => `${op} ${key.kind} ${phase}`)],
    [[], ['create Namespace PreSync', 'create ConfigMap Sync']],
  );
});

test('a kind that this change defines: created, not validated; one that nobody defines is an error', async (t) => {
  const w = await world(t);
  const group = `${w.namespace}.example.com`;
  const widget: KubeObject = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec: {} };
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  };
  const definition: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: { group, scope: 'Namespaced', names, versions: [version] },
  };
  const effect = await w.effect({ last: empty, branch: empty, target: [definition, widget] });
  assert.deepEqual(effect.errors, []);
  assert.deepEqual(effect.change.find(({ key }) => key.kind === 'Widget')?.notes, [
    'created, not validated: Widget is defined by this change',
  ]);
  const alone = await w.effect({ last: empty, branch: empty, target: [widget] });
  assert.deepEqual(
    alone.errors.map(({ code }) => code),
    ['E_KIND_UNKNOWN'],
  );
});

test('a field that cannot change: an error that says so, or a recreation if Force=true asks for it', async (t) => {
  const w = await world(t);
  const last = [deployment('api')];
  await w.sync(last);
  const refused = await w.effect({ last, branch: last, target: [deployment('api', { selector: 'other' })] });
  assert.match(refused.errors[0]?.message ?? '', /Force=true.*immutable/s);
  assert.deepEqual([refused.digest, refused.risks.map(({ text }) => text)], ['', ['cannot be changed in place']]);
  const moved = deployment('api', { selector: 'other' });
  const target = [
    { ...moved, metadata: { ...moved.metadata, annotations: { 'argocd.argoproj.io/sync-options': 'Force=true' } } },
  ];
  const forced = await w.effect({ last, branch: last, target });
  assert.deepEqual(
    [forced.errors, forced.operations.map(({ op }) => op), forced.total.map(({ action }) => action)],
    [[], ['recreate'], ['recreate']],
  );
  assert.match(forced.risks[0]?.text ?? '', /deleted and created anew/);
});

const malformed: { name: string; object: KubeObject; says: RegExp }[] = [
  { name: 'an unknown field', object: deployment('api', { extra: { imagee: 'x' } }), says: /imagee/ },
  { name: 'a wrong type', object: deployment('api', { extra: { args: 'no list' } }), says: /args/ },
  {
    name: 'a duplicate key of a list',
    object: deployment('api', {
      extra: {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    }),
    says: /env/,
  },
];
for (const row of malformed) {
  test(`a manifest error is told, not retried: ${row.name}`, async (t) => {
    const w = await world(t);
    const last = [deployment('api')];
    await w.sync(last);
    const place = { file: 'apps/api.yaml', line: 3 };
    const effect = await w.effect({ last, branch: last, target: [row.object], placeOf: () => place });
    assert.deepEqual(
      [effect.errors.length, effect.errors[0]?.code, effect.errors[0]?.place, effect.digest],
      [1, 'E_MANIFEST', place, ''],
    );
    assert.match(effect.errors[0]?.message ?? '', row.says);
    const comparison = await w.compare([row.object]);
    assert.deepEqual([comparison.status, comparison.conditions.map(({ type }) => type)], ['OutOfSync', []]);
    assert.match(comparison.errors[0]?.message ?? '', row.says);
  });
}

test('with Validate=false an unknown field is no error, of the application or of the object', async (t) => {
  const typo = deployment('api', { replicas: 0, extra: { imagee: 'x' } });
  const w = await world(t, { syncPolicy: { syncOptions: ['Validate=false'] } });
  const created = await w.effect({ target: [typo] });
  assert.deepEqual([created.errors, created.operations.map(({ op }) => op)], [[], ['create']]);
  await w.sync([deployment('api', { replicas: 0 })]);
  assert.equal((await w.compare([typo])).status, 'Synced');
  const strict = await world(t);
  await strict.sync([deployment('api', { replicas: 0 })]);
  const own = (value: string): KubeObject => ({
    ...typo,
    metadata: { name: 'api', annotations: { 'argocd.argoproj.io/sync-options': `Validate=${value}` } },
  });
  assert.deepEqual((await strict.effect({ target: [own('false')] })).errors, []);
  assert.deepEqual(
    (await strict.effect({ target: [own('true')] })).errors.map(({ code }) => code),
    ['E_MANIFEST'],
  );
});

test('an error about a Secret names fields and no value', async (t) => {
  const w = await world(t);
  const broken: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: { nested: 'hunter2' } },
  };
  const plain: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'p' },
    data: { password: 'not base64: hunter2' },
  };
  const effect = await w.effect({ target: [broken, plain] });
  assert.equal(effect.errors.length, 2);
  assert.ok(!JSON.stringify(effect).includes('hunter2'), JSON.stringify(effect));
  assert.ok(!JSON.stringify((await w.compare([broken, plain])).errors).includes('hunter2'));
});
