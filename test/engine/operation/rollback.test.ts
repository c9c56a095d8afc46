// Going back to what was synced before: at once, and an automated application stays there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formerDeploy, rollback } from '../../../src/engine/rollback.ts';
import { automated, config, dataOf, patchApp, person, push, requests, synced, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';

const never = (): Promise<boolean> => Promise.resolve(false);

test('an automated application goes back, is not synced forward, and goes on when it is unlocked', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: { ...automated, retry: { limit: 5, refresh: true } } });
  const first = (await synced(s, 'web')).status?.history?.[0]?.revision;
  const second = await push(s, { 'web/a.yaml': config('web', '2') });
  const app = await syncedTo(s, 'web', second);
  const to = await formerDeploy(app, never);
  assert.ok(to);
  const wanted = {
    application: `${s.namespace}/web`,
    request: 'r1',
    actor: person('bob', 2),
    to,
    reason: 'rolled back',
  };
  assert.deepEqual(await rollback(requests(s), app, wanted), {
    done: true,
    message: `going back to ${first?.slice(0, 7) ?? ''}`,
  });
  const back = await s.until(
    'web',
    'back',
    ({ operation, status }) => operation === undefined && status?.history?.at(-1)?.revision === first,
  );
  assert.deepEqual(
    back.status?.operationState?.operation.retry,
    { limit: 5, refresh: false },
    'tried again, it is that',
  );
  assert.equal(back.metadata.annotations?.['coxswain.dev/lock'], '{"by":"bob","reason":"rolled back","request":"r1"}');
  await s.restart();
  // Told of a newer commit it looks again, and leaves it all the same.
  const third = await push(s, { 'web/b.yaml': config('more', '3') });
  await s.until(
    'web',
    'looked at',
    ({ status }) => status?.sync?.revision === third && status.sync.status === 'OutOfSync',
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
  assert.equal(s.store.applications.get(wanted.application)?.status?.history?.at(-1)?.revision, first);
  await patchApp(s, 'web', { metadata: { annotations: { 'coxswain.dev/lock': null } } });
  await syncedTo(s, 'web', third);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2' });
});

test('what to go back to is the deploy before, or the last one where a later sync has failed', async () => {
  const entry = (id: number, revision: string): NonNullable<Awaited<ReturnType<typeof formerDeploy>>> => ({
    id,
    revision,
    deployedAt: '2026-01-01T00:00:00Z',
  });
  const [one, two, again] = [entry(0, 'a'), entry(1, 'b'), entry(2, 'b')];
  const app = (status: Record<string, unknown>): Parameters<typeof formerDeploy>[0] => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'argocd' },
    spec: { project: 'shop', destination: {} },
    status,
  });
  const failed = (revision: string): Record<string, unknown> => ({
    phase: 'Failed',
    syncResult: { revision, resources: [{}] },
  });
  assert.equal(await formerDeploy(app({ history: [one, two, again] }), never), one);
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: failed('c') }), never), two);
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: failed('b') }), never), one);
  // Who goes back twice goes further back, and nobody forward to what was left.
  const back = entry(3, 'a');
  assert.equal(await formerDeploy(app({ history: [one, two, back] }), never), undefined);
  assert.equal((await formerDeploy(app({ history: [entry(9, 'o'), one, two, back] }), never))?.revision, 'o');
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: failed('a') }), never), one);
  assert.equal(await formerDeploy(app({ history: [one] }), never), undefined);
  assert.equal(await formerDeploy(app({}), never), undefined);
  // What says the same as what runs is no place to go back to, nor is a sync that never began one that failed.
  const like = (a: { revision?: string }, b: { revision?: string }): Promise<boolean> =>
    Promise.resolve(a.revision?.charCodeAt(0) === b.revision?.charCodeAt(0));
  assert.equal(await formerDeploy(app({ history: [one, two, entry(3, 'b2')] }), like), one);
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: failed('b3') }), like), one);
  const unbegun = { phase: 'Error', syncResult: { revision: 'c' } };
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: unbegun }), never), one);
  const dry = { ...failed('c'), operation: { sync: { dryRun: true } } };
  assert.equal(await formerDeploy(app({ history: [one, two], operationState: dry }), never), one);
});

test('a lock that came with a rollback goes where nothing of it could be applied', async (t) => {
  const s = await stage(t, { 'vain/a.yaml': config('vain', '1') });
  await s.apply('vain', { syncPolicy: automated });
  const app = await synced(s, 'vain');
  const to = { id: 7, revision: 'f'.repeat(40), deployedAt: '2026-01-01T00:00:00Z' };
  const wanted = { application: `${s.namespace}/vain`, request: 'r2', actor: person('bob', 2), to, reason: 'back' };
  assert.equal((await rollback(requests(s), app, wanted)).done, true);
  const after = await s.until(
    'vain',
    'the end',
    ({ operation, status }) => operation === undefined && status?.operationState?.phase === 'Error',
  );
  assert.equal(after.metadata.annotations?.['coxswain.dev/lock'], undefined);
});
