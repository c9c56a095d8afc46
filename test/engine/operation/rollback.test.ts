// Going back to what was synced before: at once, and an automated application stays there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formerDeploy, rollback } from '../../../src/engine/rollback.ts';
import { automated, config, dataOf, patchApp, person, push, requests, synced, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';

test('an automated application goes back, is not synced forward, and goes on when it is unlocked', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  const first = (await synced(s, 'web')).status?.history?.[0]?.revision;
  const second = await push(s, { 'web/a.yaml': config('web', '2') });
  const app = await syncedTo(s, 'web', second);
  const to = formerDeploy(app);
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

test('what to go back to is the deploy before, or the last one where a later sync has failed', () => {
  const entry = (id: number, revision: string): NonNullable<ReturnType<typeof formerDeploy>> => ({
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
  const failed = (revision: string): Record<string, unknown> => ({ phase: 'Failed', syncResult: { revision } });
  assert.equal(formerDeploy(app({ history: [one, two, again] })), one);
  assert.equal(formerDeploy(app({ history: [one, two], operationState: failed('c') })), two);
  assert.equal(formerDeploy(app({ history: [one, two], operationState: failed('b') })), one);
  assert.equal(formerDeploy(app({ history: [one] })), undefined);
  assert.equal(formerDeploy(app({})), undefined);
});
