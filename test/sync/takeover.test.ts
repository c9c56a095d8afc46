// Fields that others wrote: taken over on the first touch, taken out when Git gives them up, left alone when they are
// not ours.
import type { Bed } from './fixture.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, drive, makeBed, full } from './fixture.ts';

async function dataOf(bed: Bed, name: string): Promise<unknown> {
  return (await bed.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: bed.facts.namespace, name }))?.['data'];
}

test('what kubectl applied before us goes when Git does not have it', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const applied = JSON.stringify(configMap(ns, 'old', {}, { a: '1', b: '2' }));
  const old = await bed.cluster.api.create(
    configMap(ns, 'old', { 'kubectl.kubernetes.io/last-applied-configuration': applied }, { a: '1', b: '2' }),
    { manager: 'kubectl-client-side-apply' },
  );
  await bed.cluster.live.waitFor(
    { group: '', kind: 'ConfigMap', namespace: ns, name: 'old' },
    old.metadata.resourceVersion ?? '',
  );
  const { state } = await drive({
    bed,
    name: 'first',
    manifests: [configMap(ns, 'old', {}, { a: '1' })],
    operation: full,
  });
  assert.equal(state?.phase, 'Succeeded');
  assert.deepEqual(await dataOf(bed, 'old'), { a: '1' });
});

test('a field that kubectl took over goes when Git gives it up, and a field that Git never had stays', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const before = [configMap(ns, 'c', {}, { a: '1', b: '2' })];
  await drive({ bed, name: 'given-up', manifests: before, operation: full });
  const key = { group: '', kind: 'ConfigMap', namespace: ns, name: 'c' };
  const edited = await bed.cluster.api.patch(key, {
    type: 'merge',
    patch: { data: { b: '3', foreign: 'x' } },
    manager: 'kubectl-edit',
  });
  await bed.cluster.live.waitFor(key, edited.metadata.resourceVersion ?? '');
  await drive({
    bed,
    name: 'given-up',
    manifests: [configMap(ns, 'c', {}, { a: '1' })],
    previous: before,
    operation: full,
  });
  assert.deepEqual(await dataOf(bed, 'c'), { a: '1', foreign: 'x' });
});

test('stringData is folded into data, so that its keys can go again', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const secret = (stringData: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: ns, annotations: {} },
    stringData,
  });
  await drive({ bed, name: 'folded', manifests: [secret({ a: '1', b: '2' })], operation: full });
  await drive({ bed, name: 'folded', manifests: [secret({ a: '1' })], operation: full });
  const found = await bed.cluster.api.get({ group: '', kind: 'Secret', namespace: ns, name: 's' });
  assert.deepEqual(found?.['data'], { a: Buffer.from('1').toString('base64') });
});

test('a probe that kubectl applied becomes one of another kind, and a strategy another one', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const app = (spec: object, livenessProbe: object): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace: ns },
    spec: {
      replicas: 0,
      ...spec,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x', livenessProbe }] } },
    },
  });
  const before = app({}, { httpGet: { path: '/', port: 80 } });
  const applied = await bed.cluster.api.create(
    {
      ...before,
      metadata: {
        ...before.metadata,
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(before) },
      },
    },
    { manager: 'kubectl-client-side-apply' },
  );
  const key = { group: 'apps', kind: 'Deployment', namespace: ns, name: 'app' };
  await bed.cluster.live.want('test', [key], AbortSignal.timeout(20_000));
  await bed.cluster.live.waitFor(key, applied.metadata.resourceVersion ?? '');
  const after = app({ strategy: { type: 'Recreate' } }, { tcpSocket: { port: 80 } });
  const { state } = await drive({
    bed,
    name: 'kinds',
    manifests: [after],
    validated: ['app'],
    operation: { sync: { prune: true }, retry: { limit: 5 } },
  });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  const found = (await bed.cluster.api.get(key))?.['spec'] as {
    strategy: unknown;
    template: { spec: { containers: { livenessProbe: object }[] } };
  };
  assert.deepEqual(found.strategy, { type: 'Recreate' });
  assert.deepEqual(Object.keys(found.template.spec.containers[0]?.livenessProbe ?? {}).sort(), [
    'failureThreshold',
    'periodSeconds',
    'successThreshold',
    'tcpSocket',
    'timeoutSeconds',
  ]);
});
