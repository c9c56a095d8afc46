// A branch head that cannot be rendered or read concerns an operation at another revision in no way.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  automated,
  config,
  dataOf,
  deployment,
  editByHand,
  ended,
  isSynced,
  operate,
  push,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

/** Progressing until somebody gives it an address. */
const service =
  'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n';
const later = 'argocd.argoproj.io/sync-wave: "1"';
const broken = 'apiVersion: v1\nkind: ConfigMap\nmetadata: [web\n';

async function giveAddress(s: Stage): Promise<void> {
  await s.cluster.api.patch(
    { group: '', kind: 'Service', namespace: s.namespace, name: 'web' },
    { type: 'merge', subresource: 'status', patch: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } } },
  );
}

test('an operation between waves goes on when what cannot be rendered is pushed, also after a restart', async (t) => {
  const s = await stage(t, { 'web/a.yaml': service, 'web/b.yaml': config('web', '1', later) });
  await s.apply('web');
  await operate(s, 'web', { sync: {}, retry: { limit: 2 } });
  const waits = await s.until(
    'web',
    'between waves',
    (app) => app.status?.operationState?.message?.startsWith('waiting for healthy state of') ?? false,
  );
  await push(s, { 'web/b.yaml': broken });
  const told = await s.until(
    'web',
    'the head is told',
    (app) => app.status?.conditions?.[0]?.type === 'ComparisonError',
  );
  assert.equal(told.status?.operationState?.phase, 'Running');
  assert.notEqual(told.operation, undefined);
  await s.restart();
  await giveAddress(s);
  const app = await ended(s, 'web', 'Succeeded');
  assert.equal(app.status?.operationState?.startedAt, waits.status?.operationState?.startedAt);
  assert.equal(app.status?.history?.at(-1)?.revision, waits.status?.operationState?.syncResult?.revision);
  assert.deepEqual(
    app.status?.operationState?.syncResult?.resources?.map((row) => [row.name, row.status]),
    [
      ['web', 'Synced'],
      ['web', 'Synced'],
    ],
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
  await s.until(
    'web',
    'the head is still told',
    (item) => item.status?.sync?.status === 'Unknown' && item.status.conditions?.[0]?.type === 'ComparisonError',
  );
});

for (const [what, manifest, verdict, end] of [
  ['rendered', broken, 'Unknown', 'Error'],
  ['read by the server', deployment('web').replace('replicas: 1', 'replicas: many'), 'OutOfSync', 'Failed'],
] as const) {
  test(`while the head cannot be ${what}, an older revision is synced when asked for, the head is not`, async (t) => {
    const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': deployment('web') });
    await s.apply('web');
    await operate(s, 'web', { sync: {} });
    const old = (await synced(s, 'web')).status?.history?.[0]?.revision;
    assert.ok(old);
    await push(s, { 'web/b.yaml': manifest });
    await s.until('web', 'told', (app) => app.status?.sync?.status === verdict);
    await editByHand(s, 'web', { value: 'by hand' });
    await operate(s, 'web', { sync: { revision: old } });
    const app = await s.until(
      'web',
      'back',
      (item) => item.operation === undefined && item.status?.history?.length === 2,
    );
    assert.equal(app.status?.history?.at(-1)?.revision, old);
    assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
    await operate(s, 'web', { sync: {} });
    const refused = await ended(s, 'web', end);
    assert.notEqual(refused.status?.operationState?.message, '');
    await push(s, { 'web/b.yaml': deployment('web', 'nginx:1.28.0') });
    await operate(s, 'web', { sync: {} });
    await s.until('web', 'mended', (item) => isSynced(item) && item.status?.history?.length === 3);
  });
}

test('only what is under approval is put back to the last synced state while the head is broken', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.project('gated');
  await s.apply('web', { project: 'gated', syncPolicy: automated });
  const first = (await synced(s, 'web')).status?.history?.[0]?.revision;
  const second = await push(s, { 'web/a.yaml': config('web', '2') });
  await s.until('web', 'second', (app) => isSynced(app) && app.status?.history?.at(-1)?.revision === second);
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await push(s, { 'web/b.yaml': broken });
  await s.until('web', 'told', (app) => app.status?.conditions?.[0]?.type === 'ComparisonError');
  await editByHand(s, 'web', { value: 'by hand' });
  await operate(s, 'web', { sync: { revision: second } });
  await s.until('web', 'back', (app) => app.operation === undefined && app.status?.history?.length === 3);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2' });
  assert.ok(first);
  await operate(s, 'web', { sync: { revision: first } });
  const refused = await ended(s, 'web', 'Failed');
  assert.match(
    refused.status?.operationState?.message ?? '',
    /^approval required: only what the branch head says can be approved/,
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '2' });
});

test('a broken commit says nothing about health: live objects are judged, also after a restart', async (t) => {
  const s = await stage(t, { 'web/a.yaml': service, 'web/b.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await giveAddress(s);
  await s.until('web', 'Healthy', (app) => app.status?.health?.status === 'Healthy');
  await push(s, { 'web/b.yaml': broken });
  const healthy = await s.until('web', 'told', (app) => app.status?.conditions?.[0]?.type === 'ComparisonError');
  assert.deepEqual(
    [healthy.status?.sync?.status, healthy.status?.health?.status, healthy.status?.health?.message],
    ['Unknown', 'Healthy', 'of the objects that were last compared'],
  );
  await s.cluster.api.patch(
    { group: '', kind: 'Service', namespace: s.namespace, name: 'web' },
    { type: 'merge', subresource: 'status', patch: { status: { loadBalancer: { ingress: null } } } },
  );
  const judged = await s.until('web', 'judged anew', (app) => app.status?.health?.status === 'Progressing');
  assert.deepEqual(
    [judged.status?.sync?.status, judged.status?.health?.message],
    ['Unknown', 'Service/web, of the objects that were last compared'],
  );
  await s.stop();
  await s.restart();
  await giveAddress(s);
  await s.until(
    'web',
    'judged by a new process',
    (app) => app.status?.health?.status === 'Healthy' && app.status.sync?.status === 'Unknown',
  );
});
