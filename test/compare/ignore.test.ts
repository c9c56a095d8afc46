// ignoreDifferences: no drift and no reason to sync, but part of what a sync applies, unless
// RespectIgnoreDifferences=true keeps them as they are live.
import type { Application } from '../../src/model/application.ts';
import type { Effect } from '../../src/model/effect.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, mustGet, summary, world } from './fixture.ts';

const ignoreDifferences = [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/x'] }];
const respect = { syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] } };
const [last, changed] = [[configMap('a', { x: '1', y: '1' })], [configMap('a', { x: '1', y: '2' })]];

function paths(effect: Effect): string[][] {
  return effect.operations.map((operation) =>
    operation.op === 'change' ? operation.fields.map(([path]) => path) : [operation.op],
  );
}

async function dataOf(w: World, name: string): Promise<unknown> {
  return (await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name }))['data'];
}

interface Row {
  name: string;
  spec: Partial<Application['spec']>;
  by: Record<string, string | null>;
  branch?: KubeObject[];
  target: KubeObject[];
  drift?: string[];
  change?: string[];
  total: string[];
  paths: string[][];
  /** Of the first change, drift and total. */
  notes?: string[];
  /** Afterwards. */
  data: Record<string, string>;
}

const rows: Row[] = [
  {
    name: 'an ignored field alone is no drift and not written',
    spec: {},
    by: { x: 'hand' },
    target: last,
    total: [],
    paths: [],
    data: { x: 'hand', y: '1' },
  },
  {
    name: 'nor where Git gives it a new value',
    spec: {},
    by: { x: 'hand' },
    branch: last,
    target: [configMap('a', { x: '2', y: '1' })],
    total: [],
    paths: [],
    data: { x: 'hand', y: '1' },
    change: ['change ConfigMap/a'],
    notes: ['ignored in the comparison; not applied as long as nothing else changes: data.x'],
  },
  {
    name: 'what is written for another change is written whole',
    spec: {},
    by: { x: 'hand' },
    branch: last,
    target: changed,
    data: { x: '1', y: '2' },
    change: ['change ConfigMap/a: data.x "hand" → "1", data.y "1" → "2"'],
    total: ['change ConfigMap/a: data.x "hand" → "1", data.y "1" → "2"'],
    paths: [['data.x', 'data.y']],
    notes: ['ignored in the comparison, applied with the rest: data.x'],
  },
  {
    name: 'and so is what is written because of drift',
    spec: {},
    by: { x: 'hand', y: 'hand' },
    branch: last,
    target: last,
    data: { x: '1', y: '1' },
    drift: ['change ConfigMap/a: data.y "hand" → "1"'],
    total: ['change ConfigMap/a: data.x "hand" → "1", data.y "hand" → "1"'],
    paths: [['data.x', 'data.y']],
    notes: ['ignored in the comparison, applied with the rest: data.x'],
  },
  {
    name: 'respected, it stays as it is live',
    spec: respect,
    by: { x: 'hand' },
    branch: last,
    target: changed,
    data: { x: 'hand', y: '2' },
    change: ['change ConfigMap/a: data.y "1" → "2"'],
    total: ['change ConfigMap/a: data.y "1" → "2"'],
    paths: [['data.y']],
    notes: [],
  },
  {
    name: 'respected, Git may change it, give it up or have it in vain',
    spec: respect,
    by: { x: 'hand' },
    branch: last,
    target: [configMap('a', { y: '2' })],
    data: { x: 'hand', y: '2' },
    change: ['change ConfigMap/a: data.y "1" → "2"'],
    total: ['change ConfigMap/a: data.y "1" → "2"'],
    paths: [['data.x', 'data.y']],
    notes: [],
  },
  {
    name: 'respected, what is gone stays gone',
    spec: respect,
    by: { x: null },
    branch: last,
    target: changed,
    data: { y: '2' },
    change: ['change ConfigMap/a: data.y "1" → "2"'],
    total: ['change ConfigMap/a: data.y "1" → "2"'],
    paths: [['data.y']],
    notes: [],
  },
];

const byJq = [{ group: '', kind: 'ConfigMap', jqPathExpressions: ['.data.x'] }];

for (const [row, rules] of rows.flatMap((row): [Row, typeof ignoreDifferences | typeof byJq][] => [
  [row, ignoreDifferences],
  [row, byJq],
])) {
  test(`${row.name}${rules === byJq ? ', named by jq' : ''}`, async (t) => {
    const w = await world(t, { ignoreDifferences: rules, ...row.spec });
    await w.sync(last);
    await w.edit(configMap('a', {}), { data: row.by });
    const effect = await w.effect({ last, ...(row.branch && { branch: row.branch }), target: row.target });
    assert.deepEqual(summary(effect.drift), row.drift ?? []);
    assert.deepEqual(summary(effect.waiting), []);
    assert.deepEqual(summary(effect.change), row.change ?? []);
    assert.deepEqual(summary(effect.total), row.total);
    assert.deepEqual(paths(effect), row.paths);
    assert.deepEqual((effect.total[0] ?? effect.change[0])?.notes ?? [], row.notes ?? []);
    assert.equal((await w.compare(row.target, last)).status, row.paths.length > 0 ? 'OutOfSync' : 'Synced');
    await w.sync(row.target, last);
    assert.deepEqual(await dataOf(w, 'a'), row.data);
    assert.deepEqual((await w.effect({ last: row.target, target: row.target })).operations, [], 'all of it is done');
  });
}

test('new values of ignored fields are approved with all else, also of objects that stay as they are', async (t) => {
  for (const spec of [{}, respect]) {
    const w = await world(t, { ignoreDifferences, ...spec });
    const before = [configMap('a', { x: '1', y: '1' }), configMap('b', { x: '1', y: '1' })];
    await w.sync(before);
    await w.edit(configMap('b', {}), { data: { x: 'hand' } });
    const alone = await w.effect({
      last: before,
      target: [configMap('a', { x: '1', y: '1' }), configMap('b', { x: '2', y: '1' })],
    });
    assert.deepEqual(
      [paths(alone), summary(alone.total), alone.unwritten.map(({ key, paths: fields }) => [key.name, fields])],
      [[], [], [['b', ['data.x']]]],
    );
    const target = [configMap('a', { x: '1', y: '2' }), configMap('b', { x: '2', y: '1' })];
    const effect = await w.effect({ last: before, target });
    assert.deepEqual(paths(effect), [['data.y'], ['data.x']]);
    assert.deepEqual(
      effect.total.map(({ key, changes, notes }) => [key.name, changes.length, notes]),
      [
        ['a', 1, []],
        ['b', 0, ['ignored in the comparison; applied with the next change of the object: data.x']],
      ],
    );
    const other = await w.effect({
      last: before,
      target: [configMap('a', { x: '1', y: '2' }), configMap('b', { x: '3', y: '1' })],
    });
    assert.notEqual(other.digest, effect.digest);
    assert.deepEqual(
      paths(await w.effect({ target })).map((fields) => fields.join()),
      ['data.y', 'data.x'],
      'never synced: than is live',
    );
    assert.deepEqual(
      (await w.effect({ target: before })).unwritten.map(({ key }) => key.name),
      ['b'],
    );
    assert.deepEqual((await w.effect({ last: target, target })).unwritten, []);
  }
});

test('an ignored value that moves does not move the digest: what is applied is the same', async (t) => {
  for (const spec of [{}, respect]) {
    const w = await world(t, { ignoreDifferences, ...spec });
    await w.sync(last);
    await w.edit(configMap('a', {}), { data: { x: 'one' } });
    const { digest } = await w.effect({ last, target: changed });
    await w.edit(configMap('a', {}), { data: { x: 'two' } });
    assert.equal((await w.effect({ last, target: changed })).digest, digest);
  }
});

test('respected: new objects are whole, replaced ones keep what others wrote, named entries their place', async (t) => {
  const rules = [
    ...ignoreDifferences,
    { group: '', kind: 'ConfigMap', managedFieldsManagers: ['labeller'] },
    {
      group: 'apps',
      kind: 'Deployment',
      jsonPointers: ['/spec/template/spec/containers/0/image', '/metadata/annotations'],
    },
  ];
  const w = await world(t, {
    ignoreDifferences: rules,
    syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] },
  });
  const replaced = { 'argocd.argoproj.io/sync-options': 'Replace=true' };
  const first = [configMap('a', { x: '1', y: '1' }, replaced), deployment('api')];
  const created = await w.effect({ target: first });
  assert.deepEqual(
    created.operations.map(({ op }) => op),
    ['create', 'create'],
  );
  await w.sync(first);
  assert.deepEqual(await dataOf(w, 'a'), { x: '1', y: '1' });
  await w.edit(
    configMap('a', {}),
    { data: { x: 'hand' }, metadata: { labels: { by: 'labeller' } } },
    { manager: 'labeller' },
  );
  await w.edit(deployment('api'), {
    metadata: { annotations: { 'argocd.argoproj.io/sync-options': 'Force=true' } },
    spec: { template: { spec: { containers: [{ name: 'api', image: 'example/api:hotfix' }] } } },
  });
  const web = deployment('api', { replicas: 2 });
  const spec = web['spec'] as { template: { spec: { containers: unknown[] } } };
  spec.template.spec.containers.unshift({ name: 'proxy', image: 'example/proxy:1' });
  const target = [configMap('a', { x: '1', y: '2' }, replaced), web];
  const effect = await w.effect({ last: first, target });
  assert.deepEqual(paths(effect)[0], ['data.y']);
  const sent = await w.compare(target, first);
  const containers = (sent.objects.find(({ key }) => key.kind === 'Deployment')?.target?.['spec'] as typeof spec)
    .template.spec.containers as { name: string; image: string }[];
  assert.deepEqual(
    containers.map(({ name, image: text }) => [name, text]),
    [
      ['proxy', 'example/proxy:1'],
      ['api', 'example/api:hotfix'],
    ],
  );
  assert.equal(
    sent.objects.find(({ key }) => key.kind === 'Deployment')?.target?.metadata.annotations?.[
      'argocd.argoproj.io/sync-options'
    ],
    undefined,
    'how it is synced is said by Git alone',
  );
  const put = sent.objects.find(({ key }) => key.kind === 'ConfigMap')?.target;
  assert.deepEqual([put?.['data'], put?.metadata.labels], [{ x: 'hand', y: '2' }, { by: 'labeller' }]);
});

test('a Secret: ignored keys are named, their values never', async (t) => {
  const secret = (password: string, user: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    stringData: { password, user },
  });
  for (const spec of [{}, respect]) {
    const w = await world(t, {
      ignoreDifferences: [{ group: '', kind: 'Secret', jsonPointers: ['/data/password'] }],
      ...spec,
    });
    await w.sync([secret('first', 'ana')]);
    await w.edit(secret('', ''), { data: { password: Buffer.from('by hand').toString('base64') } });
    const effect = await w.effect({ last: [secret('first', 'ana')], target: [secret('first', 'bob')] });
    assert.deepEqual(paths(effect), 'syncPolicy' in spec ? [['data.user']] : [['data.password', 'data.user']]);
    for (const value of ['first', 'by hand', 'bob'])
      assert.ok(![value, Buffer.from(value).toString('base64')].some((text) => JSON.stringify(effect).includes(text)));
    await w.sync([secret('first', 'bob')], [secret('first', 'ana')]);
    const { data } = (await mustGet(w.cluster, {
      group: '',
      kind: 'Secret',
      namespace: w.namespace,
      name: 's',
    })) as KubeObject & { data: Record<string, string> };
    assert.equal(Buffer.from(data['password'] ?? '', 'base64').toString(), 'syncPolicy' in spec ? 'by hand' : 'first');
  }
});
