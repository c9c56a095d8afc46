// What argocd-cm says of comparisons, whichever application has the objects.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crd } from '../cluster/connect.ts';
import { configMap, mustGet, summary, world } from './fixture.ts';

const key = 'resource.customizations.ignoreDifferences';
const git = [configMap('a', { x: '1', y: '1' })];

for (const { name, data } of [
  { name: 'by pointer', data: { [`${key}.ConfigMap`]: 'jsonPointers: [/data/x]' } },
  { name: 'by jq', data: { [`${key}.ConfigMap`]: "jqPathExpressions: ['.data.x']" } },
  { name: 'by manager', data: { [`${key}.ConfigMap`]: 'managedFieldsManagers: [kubectl-edit]' } },
  { name: 'of all kinds', data: { [`${key}.all`]: 'jsonPointers: [/data/x]' } },
  {
    name: 'under the whole key',
    data: {
      'resource.customizations': `ConfigMap:
  ignoreDifferences: |
    jsonPointers:
    - /data/x
`,
    },
  },
  {
    name: 'under the whole key, by globs',
    data: {
      'resource.customizations': `"*/Config*":
  ignoreDifferences: |
    jsonPointers: [/data/x]
`,
    },
  },
]) {
  test(`what argocd-cm ignores ${name} is no drift, and shown with what else is written`, async (t) => {
    const w = await world(t);
    await w.sync(git);
    await w.edit(configMap('a', {}), { data: { x: 'hand' } });
    assert.equal((await w.compare(git)).status, 'OutOfSync');
    const { basis } = w.comparer;
    w.say(data);
    assert.notEqual(w.comparer.basis, basis);
    assert.equal((await w.compare(git)).status, 'Synced');
    const target = [configMap('a', { x: '1', y: '2' })];
    const effect = await w.effect({ last: git, branch: git, target });
    assert.deepEqual(summary(effect.total), ['change ConfigMap/a: data.x "hand" → "1", data.y "1" → "2"']);
    assert.deepEqual(effect.total[0]?.notes, ['ignored in the comparison, applied with the rest: data.x']);
    w.say({});
    assert.equal((await w.compare(git)).status, 'OutOfSync');
  });
}

test('rules of argocd-cm count beside those of the application, and are respected as those are', async (t) => {
  const w = await world(t, {
    ignoreDifferences: [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/y'] }],
    syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] },
  });
  w.say({ [`${key}.ConfigMap`]: 'jsonPointers: [/data/x]' });
  await w.sync(git);
  await w.edit(configMap('a', {}), { data: { x: 'hand', y: 'hand' } });
  assert.equal((await w.compare(git)).status, 'Synced');
  await w.sync([configMap('a', { x: '2', y: '2', z: '1' })], git);
  const live = await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' });
  assert.deepEqual(live['data'], { x: 'hand', y: 'hand', z: '1' });
});

for (const { name, data, why } of [
  {
    name: 'a list that is none',
    data: { [`${key}.ConfigMap`]: 'jsonPointers: /data/x' },
    why: `argocd-cm ${key}.ConfigMap.jsonPointers must be a list of texts`,
  },
  {
    name: 'no YAML',
    data: { [`${key}.ConfigMap`]: '{' },
    why: `argocd-cm ${key}.ConfigMap is no YAML`,
  },
  {
    name: 'no jq',
    data: { [`${key}.ConfigMap`]: "jqPathExpressions: ['.x)']" },
    why: `argocd-cm ${key}.ConfigMap.jqPathExpressions[0]: jq cannot read it: unexpected token ")"`,
  },
  {
    name: 'nothing that tells of which kinds',
    data: { 'resource.customizations': '{', [`${key}.all`]: 'jsonPointers: [/data/x]' },
    why: 'resource.customizations of argocd-cm is no YAML; no object is compared until it is mended',
  },
]) {
  test(`a rule of argocd-cm that holds ${name} leaves what it concerns as it is, and says why`, async (t) => {
    const w = await world(t);
    w.say(data);
    const { objects, errors } = await w.compare(git);
    assert.deepEqual(
      [objects.map(({ status, unruled }) => [status, unruled]), errors.map(({ message }) => message)],
      [[['Unknown', why]], [`left as it is, neither compared nor synced: ${why}`]],
    );
    assert.deepEqual((await w.effect({ target: git })).operations, []);
  });
}

test('the rules of an aggregated ClusterRole count unless ignoreAggregatedRoles says otherwise', async (t) => {
  const w = await world(t);
  const role = (rules: unknown[], aggregated = true): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `aggregated-${w.namespace}` },
    ...(aggregated && { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [w.namespace]: 'true' } }] } }),
    rules,
  });
  const name = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `aggregated-${w.namespace}` };
  const filled = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
  const manager = 'clusterrole-aggregation-controller';
  await w.sync([role([])]);
  const fill = async (): Promise<void> => {
    const object = await w.cluster.api.patch({ ...name, namespace: '' }, { type: 'merge', patch: filled, manager });
    await w.cluster.live.waitFor({ ...name, namespace: '' }, object.metadata.resourceVersion ?? '', w.signal);
  };
  await fill();
  assert.equal((await w.compare([role([])])).status, 'OutOfSync');
  w.say({ 'resource.compareoptions': 'ignoreAggregatedRoles: true' });
  assert.equal((await w.compare([role([])])).status, 'Synced');
  await w.sync([role([], false)], [role([])]);
  await fill();
  assert.equal((await w.compare([role([], false)])).status, 'OutOfSync', 'no role that is aggregated');
});

test('what a controller writes in the form of its type is in sync where argocd-cm names the type', async (t) => {
  const w = await world(t);
  const group = `${w.namespace}.example.com`;
  await w.cluster.api.apply(crd(group, 'Fleet'));
  await w.cluster.discovery.await({ group, version: 'v1', kind: 'Fleet' }, w.signal);
  const fleet = (cpu: string, image = 'boat:1'): KubeObject => ({
    apiVersion: `${group}/v1`,
    kind: 'Fleet',
    metadata: { name: 'north' },
    spec: {
      crews: [{ pod: { containers: [{ name: 'boat', image, resources: { limits: { cpu } }, stdin: false }] } }],
      pause: '90s',
    },
  });
  const before = [fleet('1000m')];
  await w.sync(before);
  const { spec } = fleet('1') as unknown as { spec: { crews: { pod: { containers: Record<string, unknown>[] } }[] } };
  delete spec.crews[0]?.pod.containers[0]?.['stdin'];
  await w.edit(fleet(''), { spec: { ...spec, pause: '1m30s' } }, { manager: 'fleet-controller' });
  assert.equal((await w.compare(before)).status, 'OutOfSync');
  const of = `resource.customizations.knownTypeFields.${group}_Fleet`;
  w.say({ [of]: '[{field: spec.crews.pod, type: core/v1/PodSpec}, {field: spec.pause, type: meta/v1/Duration}]' });
  assert.equal((await w.compare(before)).status, 'Synced');
  const { objects } = await w.compare([fleet('1000m', 'boat:2')]);
  assert.deepEqual(
    objects[0]?.changes.map(({ text }) => text.replace(/^.*containers/, '')),
    ['[name=boat].image'],
  );
  assert.equal((await w.compare([fleet('2000m')])).status, 'OutOfSync', 'another amount is another one');
  w.say({
    'resource.customizations': `"${group}/Fleet":\n  knownTypeFields: [{field: spec.pause, type: core/Quantity}]\n`,
  });
  assert.equal((await w.compare(before)).status, 'OutOfSync');
});
