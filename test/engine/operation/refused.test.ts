// Manifests that the API server refuses: the application is out of sync, and a sync of it ends as Argo CD's does.
import type { Application } from '../../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, dataOf, deployment, ended, operate, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const once = { ...automated, retry: { limit: 0 } };

function conditions(app: Application): string[] {
  return (app.status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`);
}

const faults: [name: string, good: (name: string) => string, bad: (text: string) => string, message: RegExp][] = [
  ['an unknown field', deployment, (text) => text.replace('replicas:', 'replicass:'), /\.spec\.replicass.*a\.yaml:1/],
  ['a wrong type', deployment, (text) => text.replace('replicas: 1', 'replicas: some'), /\.spec\.replicas.*a\.yaml:1/],
  ['a wrong value', deployment, (text) => text.replace('replicas: 1', 'replicas: -3'), /spec\.replicas.*-3/],
];

test('a sync of a manifest with a fault ends Failed with a SyncError, over a live object too', async (t) => {
  const name = (index: number): string => `faulty${index}`;
  const s = await stage(
    t,
    Object.fromEntries(faults.map(([, good], index) => [`${name(index)}/a.yaml`, good(name(index))])),
  );
  for (const index of faults.keys()) {
    await s.apply(name(index), { syncPolicy: once });
    await synced(s, name(index));
  }
  const revision = await push(
    s,
    Object.fromEntries(faults.map(([, good, bad], index) => [`${name(index)}/a.yaml`, bad(good(name(index)))])),
  );
  for (const [index, [what, , , message]] of faults.entries()) {
    const failed = await s.until(name(index), `tells of ${what}`, (app) =>
      conditions(app).some((text) => text.startsWith('SyncError')),
    );
    assert.equal(failed.status?.operationState?.phase, 'Failed', what);
    assert.equal(failed.status.sync?.status, 'OutOfSync', what);
    assert.match(failed.status.operationState.message ?? '', message);
    assert.deepEqual(conditions(failed), [
      `SyncError: Failed last sync attempt to ${revision}: ${failed.status.operationState.message}`,
    ]);
    const [row] = failed.status.operationState.syncResult?.resources ?? [];
    assert.deepEqual([row?.status, row?.hookPhase], ['SyncFailed', 'Failed'], what);
  }
});

test('of several objects one of which is refused none is written, and a correct commit syncs all', async (t) => {
  const s = await stage(t, { 'several/a.yaml': config('several', '1'), 'several/b.yaml': deployment('several') });
  await s.apply('several', { syncPolicy: once });
  await synced(s, 'several');
  await push(s, {
    'several/a.yaml': config('several', '2'),
    'several/b.yaml': deployment('several').replace('replicas:', 'replicass:'),
  });
  const failed = await ended(s, 'several', 'Failed');
  assert.equal(failed.status?.operationState?.message, 'one or more objects failed to apply (dry run)');
  assert.deepEqual(await dataOf(s, 'several'), { value: '1' });
  await push(s, { 'several/b.yaml': deployment('several') });
  const mended = await s.until('several', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  assert.deepEqual(conditions(mended), []);
  assert.deepEqual(await dataOf(s, 'several'), { value: '2' });
});

test('by hand a sync of a manifest with a fault ends Failed, and leaves no condition', async (t) => {
  const s = await stage(t, { 'byhand/a.yaml': deployment('byhand', 'nginx:1.27.0', -3) });
  await s.apply('byhand');
  await s.until('byhand', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'byhand', { sync: {} });
  const failed = await ended(s, 'byhand', 'Failed');
  assert.match(failed.status?.operationState?.message ?? '', /^one or more objects failed to apply, reason: .*-3/);
  assert.deepEqual(conditions(failed), []);
});
