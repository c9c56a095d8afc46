// Effects that are no apply: Replace=true is predicted as the PUT that it is, and an existing namespace gets its
// managed labels.
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, mustGet, summary, world } from './fixture.ts';

const replaced = { 'argocd.argoproj.io/sync-options': 'Replace=true' };

async function put(w: World, object: KubeObject): Promise<KubeObject> {
  const [prepared] = (await w.compare([object])).objects;
  assert.ok(prepared?.target && prepared.live);
  const { resourceVersion } = prepared.live.metadata;
  return w.cluster.api.replace({
    ...prepared.target,
    metadata: { ...prepared.target.metadata, ...(resourceVersion && { resourceVersion }) },
  });
}

test('Replace=true takes away what others wrote, and effect and digest say so', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' }, replaced)];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { foreign: 'kept' }, metadata: { labels: { by: 'hand' } } });
  const target = [configMap('a', { x: '2' }, replaced)];
  const effect = await w.effect({ last, branch: target, target });
  assert.deepEqual(summary(effect.total), [
    'change ConfigMap/a: data.foreign "kept" → -, data.x "1" → "2", metadata.labels {"by":"hand"} → -',
  ]);
  const [operation] = effect.operations;
  assert.ok(operation?.op === 'change');
  assert.deepEqual(
    operation.fields.map(([path, mac]) => [path, mac !== null]),
    [
      ['data.foreign', false],
      ['data.x', true],
      ['metadata.labels', false],
    ],
  );
  assert.deepEqual(effect.total[0]?.notes, ['replaced as a whole (Replace=true): what others wrote goes']);
  await put(w, configMap('a', { x: '2' }, replaced));
  const after = await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'a' });
  assert.deepEqual([after['data'], after.metadata.labels], [{ x: '2' }, undefined], 'as it was told');
});

test('Replace=true sets what an autoscaler holds; an object in sync is not replaced', async (t) => {
  const w = await world(t, { syncPolicy: { syncOptions: ['Replace=true'] } });
  const last = [deployment('api', { replicas: 2 })];
  await w.sync(last);
  await w.edit(deployment('api'), { metadata: { labels: { by: 'hand' } } });
  const calm = await w.effect({ last, branch: last, target: last });
  assert.deepEqual([calm.total, calm.operations], [[], []]);
  await w.edit(deployment('api'), { spec: { replicas: 8 } }, { subresource: 'scale', manager: 'hpa' });
  const target = [deployment('api', { replicas: 2, image: 'example/api:2' })];
  const [operation] = (await w.effect({ last, branch: target, target })).operations;
  assert.ok(operation?.op === 'change');
  const paths = operation.fields.map(([path]) => path);
  assert.ok(
    paths.includes('spec.replicas') &&
      paths.includes('spec.template.spec.containers[name=api].image') &&
      paths.includes('metadata.labels'),
    paths.join(),
  );
  const optedOut = {
    ...deployment('api', { replicas: 2, image: 'example/api:2' }),
    metadata: { name: 'api', annotations: { 'argocd.argoproj.io/sync-options': 'Replace=false' } },
  };
  const [applied] = (await w.effect({ last, branch: [optedOut], target: [optedOut] })).operations;
  assert.ok(
    applied?.op === 'change' &&
      applied.fields.every(([path]) => path !== 'metadata.labels') &&
      applied.fields.some(([path]) => path === 'spec.replicas'),
  );
});

test('managedNamespaceMetadata of a namespace that exists is part of the effect, until it is there', async (t) => {
  const managedNamespaceMetadata = { labels: { team: 'shop' } };
  const w = await world(t, { syncPolicy: { syncOptions: ['CreateNamespace=true'], managedNamespaceMetadata } });
  const target = [configMap('a', { x: '1' })];
  await w.sync(target);
  const effect = await w.effect({ last: target, branch: target, target });
  assert.deepEqual(summary(effect.total), ['change Namespace/' + w.namespace + ': metadata.labels.team - → "shop"']);
  assert.deepEqual(
    effect.operations.map((item) => [item.op, item.phase, item.op === 'change' && item.fields.map(([path]) => path)]),
    [['change', 'PreSync', ['metadata.labels.team']]],
  );
  assert.notEqual(effect.digest, (await w.effect({ last: target, branch: target, target, syncOptions: [] })).digest);
  await w.applyAs(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: w.namespace, labels: managedNamespaceMetadata.labels } },
    'argocd-controller',
  );
  assert.deepEqual((await w.effect({ last: target, branch: target, target })).operations, []);
});
