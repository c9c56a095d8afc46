// With which revision another attempt of a sync is made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo, gate } from '../approval/fixture.ts';
import { config, dataOf, deployment, ended, hookJob, operate, person, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const faulty = deployment('never', 'nginx:1.27.0', -3);
const backoff = { duration: '2s', factor: 1 };

test('with retry.refresh the next attempt takes what the branch says by then; without, the same commit', async (t) => {
  const names = ['latest', 'same'];
  const s = await stage(t, Object.fromEntries(names.map((name) => [`${name}/a.yaml`, faulty])));
  for (const name of names) {
    const source = { repoURL: s.url, path: name, targetRevision: 'main' };
    await s.apply(`retry-${name}`, { source });
    await s.until(`retry-${name}`, 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  }
  await operate(s, 'retry-latest', { sync: {}, retry: { limit: 20, refresh: true, backoff } });
  await operate(s, 'retry-same', { sync: {}, retry: { limit: 2, backoff } });
  for (const name of names)
    await s.until(`retry-${name}`, 'tries again', (app) => (app.status?.operationState?.retryCount ?? 0) > 0);
  const mended = await push(s, Object.fromEntries(names.map((name) => [`${name}/a.yaml`, config(name, '2')])));
  const latest = await ended(s, 'retry-latest', 'Succeeded');
  assert.deepEqual(
    [latest.status?.operationState?.syncResult?.revision, latest.status?.history?.at(-1)?.revision],
    [mended, mended],
  );
  assert.deepEqual(await dataOf(s, 'latest'), { value: '2' });
  const same = await ended(s, 'retry-same', 'Failed');
  assert.notEqual(same.status?.operationState?.syncResult?.revision, mended);
  assert.match(same.status?.operationState?.message ?? '', /\(retried 2 times\)\.$/);
  assert.equal(await dataOf(s, 'same'), undefined);
});

test('under approval an attempt with another commit than the approved one is asked about', async (t) => {
  const s = await stage(t, { 'gated/a.yaml': config('gated', '1') });
  // What it does is known, and fails all the same.
  const failing = hookJob('migrate', 'PreSync').replace(
    '  template:\n',
    '  template:\n    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n',
  );
  const retry = { limit: 50, refresh: true, backoff };
  const source = { repoURL: s.url, path: 'gated', targetRevision: 'main' };
  await s.apply('retry-gated', { source, syncPolicy: { retry } }, { annotations: { ...gate } });
  await agreeTo(s, 'retry-gated', person('bo', 2));
  await synced(s, 'retry-gated');
  await push(s, { 'gated/a.yaml': config('gated', '2'), 'gated/b.yaml': failing });
  await agreeTo(s, 'retry-gated', person('bo', 2));
  await s.until('retry-gated', 'tries again', (app) => (app.status?.operationState?.retryCount ?? 0) > 0);
  await push(s, { 'gated/a.yaml': config('gated', 'nobody agreed') });
  const stopped = await ended(s, 'retry-gated', 'Failed');
  assert.match(stopped.status?.operationState?.message ?? '', /^approval required/);
  assert.notDeepEqual(await dataOf(s, 'gated'), { value: 'nobody agreed' });
});
