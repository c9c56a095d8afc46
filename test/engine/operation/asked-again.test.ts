// A sync that failed, tried again because a person asks for it: what failed is what is tried, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retrySync } from '../../../src/engine/retry-sync.ts';
import { approvalIn, config, ended, hookJob, operate, patchApp, person, requests, synced } from '../manifests.ts';
import { stage, type Stage } from '../fixture.ts';
import { agree, gate } from '../approval/fixture.ts';

const bob = person('bob', 2);

function service(name: string, port: number): string {
  return (
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n` +
    `spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, nodePort: ${port}}]}\n`
  );
}

/** Of the first 86, which the API server leaves to those who choose: other tests have Services too. */
function freePort(): number {
  return 30_000 + Math.floor(Math.random() * 86);
}

function retry(s: Stage, name: string, request: string): ReturnType<typeof retrySync> {
  return retrySync(requests(s), { application: `${s.namespace}/${name}`, request, actor: bob, since: Date.now() });
}

test('what failed is tried again at its revision, though the branch has moved on', async (t) => {
  const port = freePort();
  const s = await stage(t, { 'web/a.yaml': service('wanted', port) });
  const blocker = await s.cluster.api.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'blocker', namespace: s.namespace },
    spec: { type: 'NodePort', selector: { app: 'y' }, ports: [{ port: 80, nodePort: port }] },
  });
  await s.apply('web');
  assert.deepEqual(await retry(s, 'web', 'r0'), {
    done: false,
    message: 'nothing was synced yet, so nothing has failed; `/cox sync web` applies what Git says now',
  });
  await operate(s, 'web', { sync: { prune: true, syncOptions: ['PruneLast=true'] } });
  const failed = await ended(s, 'web', 'Failed');
  const revision = failed.status?.operationState?.syncResult?.revision;
  assert.match(failed.status?.operationState?.syncResult?.resources?.[0]?.message ?? '', /port is already allocated/);
  s.commit({ 'web/b.yaml': config('newer', '1') });
  await s.cluster.api.delete({ group: '', kind: 'Service', namespace: s.namespace, name: blocker.metadata.name ?? '' });
  assert.deepEqual(await retry(s, 'web', 'r1'), { done: true, message: 'sync started' });
  const done = await ended(s, 'web', 'Succeeded');
  assert.equal(done.status?.operationState?.syncResult?.revision, revision);
  const { sync, initiatedBy } = done.status?.operationState?.operation ?? {};
  assert.deepEqual(
    [sync, initiatedBy],
    [{ prune: true, syncOptions: ['PruneLast=true'], revision }, { username: 'bob' }],
  );
  // Killed before its answer was stored, it is asked again: that is no second sync.
  assert.deepEqual(await retry(s, 'web', 'r1'), { done: true, message: 'the sync was asked for already' });
  assert.deepEqual(await retry(s, 'web', 'r2'), {
    done: false,
    message: 'its last sync did not fail; `/cox sync web` applies what Git says now',
  });
});

test('an approved sync that failed is tried again under its approval, and is known by it', async (t) => {
  const fails = hookJob('migrate', 'PreSync').replace(
    '    spec:\n      restartPolicy',
    '    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n    spec:\n      restartPolicy',
  );
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1'), 'prod/job.yaml': fails });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated', syncPolicy: { retry: { limit: 0 } } });
  const { metadata } = await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  const failed = await ended(s, 'prod', 'Failed');
  assert.deepEqual(await retry(s, 'prod', 'r1'), { done: true, message: 'sync started' });
  const again = await s.until(
    'prod',
    'tried once more',
    ({ operation, status }) =>
      operation === undefined && status?.operationState?.startedAt !== failed.status?.operationState?.startedAt,
  );
  const { phase, operation } = again.status?.operationState ?? {};
  assert.equal(phase, 'Failed');
  const info = new Map(operation?.info?.map(({ name, value }) => [name, value]));
  assert.deepEqual([info.get('coxswain.dev/approval'), info.get('coxswain.dev/request')], [metadata.name, 'r1']);
});

test('what failed with other sources than the application names is not tried again', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'other/a.yaml': 'kind: nothing\n' });
  await s.apply('web');
  await operate(s, 'web', { sync: { source: { repoURL: s.url, path: 'other' } } });
  await s.until('web', 'failed', ({ operation, status }) => !operation && status?.operationState !== undefined);
  assert.deepEqual(await retry(s, 'web', 'r1'), {
    done: false,
    message: 'what failed named other sources than the application does; `/cox sync web` applies what Git says now',
  });
  await patchApp(s, 'web', { operation: { sync: {} } });
  await synced(s, 'web');
});
