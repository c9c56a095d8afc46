// The digest: equal exactly when a sync would do the same, whatever else happens around it.
import type { EffectOperation } from '../../src/model/effect.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, macKey, world } from './fixture.ts';
import { createComparer } from '../../src/compare/compare.ts';
import { jq } from '../worker.ts';
import { effectDifference } from '../../src/compare/effect/effect.ts';

interface Case {
  w: World;
  last: KubeObject[];
  target: KubeObject[];
}

/** A synced application with a waiting change of everything that the rows play with. */
async function waiting(w: World): Promise<Case> {
  const last = [
    deployment('api', { image: 'example/api:1', replicas: 2, env: { A: '1', B: '1' } }),
    configMap('settings', { x: '1', old: '1' }),
  ];
  const target = [
    deployment('api', { image: 'example/api:2', replicas: 2, env: { A: '1', B: '1' } }),
    configMap('settings', { x: '2', old: '1' }),
  ];
  await w.sync(last);
  return { w, last, target };
}

const scale = { manager: 'horizontal-pod-autoscaler', subresource: 'scale' };

const stable: { name: string; happens: (c: Case) => Promise<KubeObject[] | void> }[] = [
  { name: 'nothing', happens: async () => undefined },
  {
    name: 'the status changes',
    happens: ({ w }) =>
      w.edit(
        deployment('api'),
        { status: { observedGeneration: 99, conditions: [{ type: 'Available', status: 'False', reason: 'Test' }] } },
        { manager: 'kube-controller-manager', subresource: 'status' },
      ),
  },
  {
    name: 'another manager adds fields of its own',
    happens: ({ w }) =>
      w.edit(deployment('api'), {
        metadata: { annotations: { 'team.example.com/owner': 'ops' } },
        spec: { paused: true },
      }),
  },
  {
    name: 'another applier adds fields of its own',
    happens: ({ w }) => w.applyAs(configMap('settings', { other: '1' }), 'another-tool'),
  },
  { name: 'a no-op', happens: ({ w }) => w.edit(configMap('settings', {}), { data: { x: '1' } }) },
  {
    name: 'the manifests are written in another order',
    happens: async ({ target }) =>
      [...target].reverse().map((object) => Object.fromEntries(Object.entries(object).reverse()) as KubeObject),
  },
];
for (const row of stable) {
  test(`the digest stays: ${row.name}`, async (t) => {
    const w = await world(t);
    const c = await waiting(w);
    const before = await w.effect({ last: c.last, target: c.target });
    assert.equal(before.operations.length, 2);
    const target = (await row.happens(c)) ?? c.target;
    const after = await w.effect({ last: c.last, target });
    assert.deepEqual(effectDifference(before.operations, after.operations), []);
    assert.equal(after.digest, before.digest);
  });
}

const respected = {
  syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] },
  ignoreDifferences: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }],
};
const scaled: {
  name: string;
  replicas?: number;
  spec?: Partial<World['app']['spec']>;
  first: number;
  paths: string[];
}[] = [
  { name: 'Git says nothing of replicas', first: 1, paths: ['image'] },
  { name: 'they are ignored, and the sync leaves them out', replicas: 2, spec: respected, first: 2, paths: ['image'] },
  {
    name: 'they are ignored, and go with the rest',
    replicas: 2,
    spec: { ignoreDifferences: respected.ignoreDifferences },
    first: 5,
    paths: ['replicas', 'image'],
  },
  { name: 'Git sets them, and would take each step back', replicas: 2, first: 5, paths: ['replicas', 'image'] },
];
for (const { name, replicas, spec, first, paths } of scaled) {
  test(`an autoscaler’s steps do not change the digest: ${name}`, async (t) => {
    const w = await world(t, spec);
    const api = (image: string): KubeObject[] => [
      deployment('api', { image, ...(replicas !== undefined && { replicas }) }),
    ];
    await w.sync(api('example/api:1'));
    const effect = (): ReturnType<World['effect']> =>
      w.effect({ last: api('example/api:1'), target: api('example/api:2') });
    if (first !== (replicas ?? 1)) await w.edit(deployment('api'), { spec: { replicas: first } }, scale);
    const digests = [(await effect()).digest];
    for (const step of [6, 9]) {
      await w.edit(deployment('api'), { spec: { replicas: step } }, scale);
      digests.push((await effect()).digest);
    }
    assert.equal(new Set(digests).size, 1);
    const [written] = (await effect()).operations;
    assert.deepEqual(written?.op === 'change' && written.fields.map(([path]) => path.split('.').at(-1)), paths);
  });
}

const changing: { name: string; happens: (c: Case) => Promise<KubeObject[] | void>; says: string }[] = [
  {
    name: 'a hotfix of a managed path',
    happens: ({ w }) =>
      w.edit(
        deployment('api'),
        [{ op: 'replace', path: '/spec/template/spec/containers/0/env/0/value', value: 'hot' }] as unknown as Record<
          string,
          unknown
        >,
        { type: 'json' },
      ),
    says: 'Deployment NS/api: spec.template.spec.containers[name=api].env[name=A].value would be changed too',
  },
  {
    name: 'a hotfix of the very field that waits',
    happens: ({ w }) => w.edit(configMap('settings', {}), { data: { x: 'hot' } }),
    says: 'ConfigMap NS/settings: data.x was changed in the cluster meanwhile',
  },
  {
    name: 'kubectl scale, which the sync would take back',
    happens: ({ w }) =>
      w.edit(deployment('api'), { spec: { replicas: 7 } }, { manager: 'kubectl', subresource: 'scale' }),
    says: 'Deployment NS/api: spec.replicas would be changed too',
  },
  {
    name: 'a hotfix to the very value that waits',
    happens: ({ w }) => w.edit(configMap('settings', {}), { data: { x: '2' } }),
    says: 'ConfigMap NS/settings would not be changed any more',
  },
  {
    name: 'another image',
    happens: async ({ target }) => [
      deployment('api', { image: 'example/api:3', replicas: 2, env: { A: '1', B: '1' } }),
      ...target.slice(1),
    ],
    says: 'Deployment NS/api: spec.template.spec.containers[name=api].image would get another value',
  },
  {
    name: 'another removal',
    happens: async ({ target }) => [...target.slice(0, 1), configMap('settings', { x: '2' })],
    says: 'ConfigMap NS/settings: data.old would be removed too',
  },
  {
    name: 'another order of containers’ environment',
    happens: async ({ target }) => [
      deployment('api', { image: 'example/api:2', replicas: 2, env: { B: '1', A: '1' } }),
      ...target.slice(1),
    ],
    says: 'Deployment NS/api: spec.template.spec.containers[name=api].env would be changed too',
  },
  {
    name: 'a deletion',
    happens: async ({ target }) => target.slice(0, 1),
    says: 'ConfigMap NS/settings would be deleted, not changed',
  },
  {
    name: 'a creation',
    happens: async ({ target }) => [...target, configMap('more', {})],
    says: 'ConfigMap NS/more would be created too',
  },
];
for (const row of changing) {
  test(`the digest changes: ${row.name}`, async (t) => {
    const w = await world(t);
    const c = await waiting(w);
    const before = await w.effect({ last: c.last, target: c.target });
    const target = (await row.happens(c)) ?? c.target;
    const after = await w.effect({ last: c.last, target });
    assert.notEqual(after.digest, before.digest);
    assert.deepEqual(effectDifference(before.operations, after.operations), [row.says.replace('NS', w.namespace)]);
  });
}

test('the destination, the sync options and the application are part of it', async (t) => {
  const w = await world(t);
  const c = await waiting(w);
  const digests = new Set<string>();
  for (const input of [
    {},
    { syncOptions: ['Replace=true'] },
    { app: { ...w.app, metadata: { ...w.app.metadata, name: 'other' } } },
    { app: { ...w.app, spec: { ...w.app.spec, destination: { ...w.app.spec.destination, namespace: 'default' } } } },
  ]) {
    digests.add((await w.effect({ last: c.last, target: c.target, ...input })).digest);
  }
  assert.equal(digests.size, 4);
});

test('the cluster counts by its address, whatever the Application calls it', async (t) => {
  const w = await world(t);
  const c = await waiting(w);
  const at = async (server: string, destination: typeof w.app.spec.destination): Promise<string> => {
    const app = { ...w.app, spec: { ...w.app.spec, destination } };
    const effect = await createComparer({ cluster: w.cluster, jq, macKey, server }).effect(
      { app, tracking: `shop-${w.namespace}`, prune: true, last: c.last, target: c.target },
      w.signal,
    );
    assert.deepEqual(effect.destination, { server, namespace: w.namespace });
    return effect.digest;
  };
  const { namespace } = w;
  const [one, other] = ['https://one.example.com', 'https://other.example.com'];
  assert.equal(await at(one, { name: 'prod', namespace }), await at(one, { server: one, namespace }));
  assert.notEqual(await at(one, { name: 'prod', namespace }), await at(other, { name: 'prod', namespace }));
});

test('equal values have nothing in common in another object, key or application', async (t) => {
  const w = await world(t);
  const secret = (name: string, data: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData: data,
  });
  await w.sync(['a', 'b'].map((name) => secret(name, { password: 'old', token: 'old' })));
  const target = ['a', 'b'].map((name) => secret(name, { password: 'new', token: 'new' }));
  const macs = async (name: string): Promise<(string | null)[]> => {
    const { operations } = await w.effect({ app: { ...w.app, metadata: { ...w.app.metadata, name } }, target });
    return operations.flatMap((operation) => (operation.op === 'change' ? operation.fields.map(([, mac]) => mac) : []));
  };
  const all = [...(await macs('shop')), ...(await macs('other'))];
  assert.equal(all.length, 8);
  assert.equal(new Set(all).size, 8);
});

test('a Secret’s value counts and cannot be guessed from what is kept', async (t) => {
  const w = await world(t);
  const secret = (password: string): KubeObject[] => [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { password } },
  ];
  await w.sync(secret('one'));
  const [two, three] = [
    await w.effect({ last: secret('one'), target: secret('two') }),
    await w.effect({ last: secret('one'), target: secret('three') }),
  ];
  assert.notEqual(two.digest, three.digest);
  assert.deepEqual(effectDifference(two.operations, three.operations), [
    `Secret ${w.namespace}/s: data.password would get another value`,
  ]);
});

const key = { group: '', kind: 'ConfigMap', namespace: 'n', name: 'a' };
const place = { key, phase: 'Sync', wave: 0 };
const rows: { name: string; approved: EffectOperation[]; now: EffectOperation[]; says: string[] }[] = [
  { name: 'nothing', approved: [{ op: 'delete', ...place }], now: [{ op: 'delete', ...place }], says: [] },
  {
    name: 'a field less',
    approved: [
      {
        op: 'change',
        ...place,
        fields: [
          ['x', 'm'],
          ['y', null],
        ],
      },
    ],
    now: [{ op: 'change', ...place, fields: [['x', 'm']] }],
    says: ['ConfigMap n/a: y would not be changed any more'],
  },
  {
    name: 'another wave',
    approved: [{ op: 'create', ...place, mac: 'm' }],
    now: [{ op: 'create', ...place, wave: 2, mac: 'm' }],
    says: ['ConfigMap n/a would be synced at another place: Sync, wave 2'],
  },
  {
    name: 'another manifest of a hook',
    approved: [{ op: 'hook', ...place, phase: 'PreSync', mac: 'm' }],
    now: [{ op: 'hook', ...place, phase: 'PreSync', mac: 'n' }],
    says: ['ConfigMap n/a would be run from another manifest'],
  },
  {
    name: 'a hook of no fixed name',
    approved: [],
    now: [{ op: 'hook', key: { ...key, name: '' }, generateName: 'job-', phase: 'PreSync', wave: 0, mac: 'm' }],
    says: ['ConfigMap n/job-… would be run too'],
  },
];
for (const row of rows)
  test(`what differs from the approved effect: ${row.name}`, () =>
    assert.deepEqual(effectDifference(row.approved, row.now), row.says));
