// While a lock holds nothing is synced, whoever asks; what was asked meanwhile goes on when it ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { lock, unlock } from '../../../src/engine/lock.ts';
import { approvalIn, automated, config, dataOf, ended, operate, patchApp, push, synced } from '../manifests.ts';
import { stage, type Stage } from '../fixture.ts';
import { agreeTo, bob, gate } from '../approval/fixture.ts';

const by = { by: 'ann', reason: 'the database moves', request: 'r1' };

async function locked(s: Stage, name: string, forMs: number): Promise<void> {
  const app = s.store.applications.get(`${s.namespace}/${name}`);
  assert.ok(app);
  const until = Math.ceil((Date.now() + forMs) / 1000) * 1000;
  assert.equal((await lock({ store: s.store, clock: systemClock }, app, { ...by, until })).done, true);
  await s.until(name, 'locked', ({ metadata }) => metadata.annotations?.['coxswain.dev/lock'] !== undefined);
}

test('what is automated stays as it is until the lock ends by itself, over a restart', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await locked(s, 'web', 8000);
  const sha = await push(s, { 'web/a.yaml': config('web', '2') });
  await s.until(
    'web',
    'compared',
    ({ status }) => status?.sync?.revision === sha && status.sync.status === 'OutOfSync',
  );
  await s.restart();
  const done = await s.until('web', 'synced', ({ status }) => status?.history?.at(-1)?.revision === sha);
  const until = /"until":"([^"]*)"/.exec(done.metadata.annotations?.['coxswain.dev/lock'] ?? '')?.[1] ?? '';
  assert.ok(Date.parse(done.status?.history?.at(-1)?.deployStartedAt ?? '') >= Date.parse(until));
});

test('an operation written by hand says that it is locked, and goes on when somebody unlocks', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await s.until('web', 'compared', ({ status }) => status?.sync?.status === 'OutOfSync');
  await locked(s, 'web', 3_600_000);
  await operate(s, 'web', { sync: {} });
  const held = await s.until('web', 'held', ({ status }) => status?.operationState?.phase === 'Running');
  assert.match(held.status?.operationState?.message ?? '', /^locked by ann until \S+Z: the database moves$/);
  assert.equal(await dataOf(s, 'web'), undefined);
  const ended_ = await unlock({ store: s.store, clock: systemClock }, held);
  assert.match(ended_.message, /^unlocked; it was locked by ann until \S+Z: the database moves$/);
  await ended(s, 'web', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
});

test('what is approved meanwhile follows when the lock ends, and a sync of the parent leaves the lock', async (t) => {
  const child = (value: string): string =>
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: child\n' +
    `  annotations: {note: "${value}"}\nspec:\n  project: gated\n` +
    '  destination: {server: https://kubernetes.default.svc, namespace: NS}\n' +
    '  source: {repoURL: "ORIGIN", path: child, targetRevision: main}\n';
  const s = await stage(t, { 'child/a.yaml': config('child', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  const text = (value: string): string => child(value).replace('NS', s.namespace).replace('ORIGIN', s.url);
  s.commit({ 'root/child.yaml': text('1') });
  await s.apply('root', { syncPolicy: automated });
  const { spec } = await approvalIn(s, 'child', 'Pending');
  await locked(s, 'child', 3_600_000);
  await push(s, { 'root/child.yaml': text('2') });
  const app = await s.until('child', 'brought anew', ({ metadata }) => metadata.annotations?.['note'] === '2');
  assert.notEqual(app.metadata.annotations?.['coxswain.dev/lock'], undefined);
  await synced(s, 'root');
  const answer = await agreeTo(s, 'child', bob, ({ spec: { digest } }) => digest === spec.digest);
  assert.match(answer.message, /^approved; it syncs when its lock ends: it is locked by ann until /);
  await approvalIn(s, 'child', 'Approved');
  await s.restart();
  const refresh = 'argocd.argoproj.io/refresh';
  await patchApp(s, 'child', { metadata: { annotations: { [refresh]: 'normal' } } });
  await s.until('child', 'looked at', ({ metadata }) => metadata.annotations?.[refresh] === undefined);
  assert.equal(await dataOf(s, 'child'), undefined);
  await patchApp(s, 'child', { metadata: { annotations: { 'coxswain.dev/lock': null } } });
  await approvalIn(s, 'child', 'Applied');
  assert.deepEqual(await dataOf(s, 'child'), { value: '1' });
});
