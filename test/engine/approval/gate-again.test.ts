// The gate where an operation goes on, goes back, or does what no digest has.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { isStatus } from '../../../src/cluster/api-error.ts';
import { approve, requestSync } from '../../../src/engine/request.ts';
import { revertDrift } from '../../../src/engine/revert-drift.ts';
import { write } from '../../../src/engine/application/status.ts';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  deployment,
  editByHand,
  ended,
  hookJob,
  operate,
  patchApp,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { bob, gate } from './fixture.ts';

function key(s: Stage): string {
  return `${s.namespace}/prod`;
}

/** Synced once, and gated from the first. */
async function gatedStage(
  t: TestContext,
  files: Record<string, string>,
  spec: Parameters<Stage['apply']>[1] = {},
): Promise<Stage> {
  const s = await stage(t, files);
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated', ...spec });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await approve(requests(s), { application: key(s), actor: bob, teams: [] })).done, true);
  await synced(s, 'prod');
  return s;
}

test('a commit that changes nothing takes back what an autoscaler did only once people have agreed', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': deployment('web', 'nginx:1.27.0', 1) });
  const ref = { group: 'apps', kind: 'Deployment', namespace: s.namespace, name: 'web' };
  const replicas = async (): Promise<unknown> =>
    ((await s.cluster.api.get(ref))?.['spec'] as { replicas?: number }).replicas;
  await s.cluster.api.patch(ref, {
    type: 'merge',
    subresource: 'scale',
    patch: { spec: { replicas: 3 } },
    manager: 'horizontal-pod-autoscaler',
  });
  await s.until('prod', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const head = await push(s, { 'prod/a.yaml': `# a comment\n${deployment('web', 'nginx:1.27.0', 1)}` });
  await operate(s, 'prod', { sync: { revision: head } });
  const refused = await ended(s, 'prod', 'Failed');
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal(refused.status?.operationState?.message, `approval required: Approval/${asked.metadata.name}`);
  assert.deepEqual(
    asked.spec.operations.map((item) => item.op === 'change' && item.fields.map(([path]) => path)),
    [['spec.replicas']],
  );
  assert.equal(await replicas(), 3);
});

test('what kubectl scale sets while an approval waits is not taken back unseen: people are asked anew', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': deployment('web', 'nginx:1.27.0', 2) });
  const ref = { group: 'apps', kind: 'Deployment', namespace: s.namespace, name: 'web' };
  const replicas = async (): Promise<unknown> =>
    ((await s.cluster.api.get(ref))?.['spec'] as { replicas?: number }).replicas;
  await push(s, { 'prod/a.yaml': deployment('web', 'nginx:1.27.1', 2) });
  const first = await approvalIn(s, 'prod', 'Pending');
  await s.cluster.api.patch(ref, {
    type: 'merge',
    subresource: 'scale',
    patch: { spec: { replicas: 7 } },
    manager: 'kubectl',
  });
  const wider = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== first.metadata.name);
  const old = await approvalIn(s, 'prod', 'Superseded');
  assert.equal(
    old.status?.message,
    `what would be applied has changed: Deployment ${s.namespace}/web: spec.replicas would be changed too`,
  );
  const late = await approve(requests(s), { application: key(s), digest: first.spec.digest, actor: bob, teams: [] });
  assert.equal(late.done, false);
  assert.equal(await replicas(), 7);
  assert.equal(
    (await approve(requests(s), { application: key(s), digest: wider.spec.digest, actor: bob, teams: [] })).done,
    true,
  );
  await approvalIn(s, 'prod', 'Applied', (item) => item.spec.digest === wider.spec.digest);
  assert.equal(await replicas(), 2);
});

test('a retry of an approved sync is judged by what it would do now', async (t) => {
  const fails = hookJob('migrate', 'PreSync').replace(
    '    spec:\n      restartPolicy',
    '    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n    spec:\n      restartPolicy',
  );
  const two = (value: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: prod}\ndata: {value: "${value}", other: "x"}\n`;
  const s = await gatedStage(
    t,
    { 'prod/a.yaml': two('1') },
    { syncPolicy: { retry: { limit: 1, backoff: { duration: '5s' } } } },
  );
  await push(s, { 'prod/a.yaml': two('2'), 'prod/job.yaml': fails });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await approve(requests(s), { application: key(s), actor: bob, teams: [] })).done, true);
  await s.until(
    'prod',
    'waits for its retry',
    (app) => app.status?.operationState?.phase === 'Running' && app.status.operationState.finishedAt !== undefined,
  );
  await editByHand(s, 'prod', { other: 'by hand' });
  const refused = await ended(s, 'prod', 'Failed');
  assert.match(refused.status?.operationState?.message ?? '', /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'by hand' });
});

test('self-heal goes back to the sources of the last sync while others wait in the spec', async (t) => {
  const files = { 'prod/a.yaml': config('prod', '1'), 'other/a.yaml': config('prod', '2') };
  const s = await gatedStage(t, files, { syncPolicy: automated });
  await s.apply('prod', {
    project: 'gated',
    syncPolicy: automated,
    source: { repoURL: s.url, path: 'other', targetRevision: 'main' },
  });
  await approvalIn(s, 'prod', 'Pending');
  await editByHand(s, 'prod', { value: 'by hand' });
  const healed = await s.until(
    'prod',
    'healed',
    (app) => app.operation === undefined && app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1,
  );
  assert.equal(healed.status?.operationState?.phase, 'Succeeded', healed.status?.operationState?.message ?? '');
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('reverting drift goes back to all sources and revisions of the last sync', async (t) => {
  const s = await stage(t, {
    'prod/a.yaml': config('prod', '1'),
    'other/a.yaml': config('prod', '2'),
    'more/a.yaml': config('more', '1'),
  });
  const sources = (path: string): { sources: { repoURL: string; path: string; targetRevision: string }[] } => ({
    sources: [path, 'more'].map((each) => ({ repoURL: s.url, path: each, targetRevision: 'main' })),
  });
  await s.apply('prod', sources('prod'));
  await s.until('prod', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'prod', { sync: {} });
  await synced(s, 'prod');
  await s.apply('prod', sources('other'));
  await push(s, { 'more/a.yaml': config('more', '2') });
  await editByHand(s, 'prod', { value: 'by hand' });
  const done = await revertDrift(requests(s), {
    application: key(s),
    keys: [configMap(s, 'prod'), configMap(s, 'more')],
    actor: bob,
    request: 'r1',
  });
  assert.equal(done.done, true, done.message);
  await s.until(
    'prod',
    'reverted',
    (app) => app.operation === undefined && (app.status?.operationState?.operation.sync?.resources?.length ?? 0) === 2,
  );
  assert.deepEqual([await dataOf(s, 'prod'), await dataOf(s, 'more')], [{ value: '1' }, { value: '1' }]);
});

test('a dry run is no change of Git: what drifted stays where nobody heals it', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.apply('prod', { syncPolicy: { automated: {} } });
  await synced(s, 'prod');
  await editByHand(s, 'prod', { value: 'by hand' });
  await s.until('prod', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'prod', { sync: { dryRun: true } });
  await s.until(
    'prod',
    'tried',
    (app) => app.operation === undefined && app.status?.operationState?.operation.sync?.dryRun === true,
  );
  await patchApp(s, 'prod', { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });
  const looked = await s.until(
    'prod',
    'looked at again',
    (app) => app.operation === undefined && app.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined,
  );
  assert.equal(looked.status?.operationState?.operation.sync?.dryRun, true);
  assert.deepEqual(await dataOf(s, 'prod'), { value: 'by hand' });
});

test('an operation is never merged into one that somebody wrote meanwhile', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.apply('prod', {}, { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } });
  const read = await s.until('prod', 'there', () => true);
  const theirs = await patchApp(s, 'prod', { operation: { sync: { dryRun: true } } });
  const deps = { store: s.store, claim: () => undefined, clock: systemClock };
  await assert.rejects(write(deps, read, read.status ?? {}, { operation: { sync: { prune: true } } }), (error) =>
    isStatus(error, 409),
  );
  assert.deepEqual(
    (await s.cluster.api.get({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' }))?.[
      'operation'
    ],
    theirs['operation'],
  );
});

test('a sync that was asked for is found in history when another operation has run since', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.apply('prod', {});
  await s.until('prod', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  const wanted = { application: key(s), request: 'r1', actor: bob, since: Date.now() };
  assert.equal((await requestSync(requests(s), wanted)).done, true);
  const first = await synced(s, 'prod');
  await operate(s, 'prod', { sync: { dryRun: true } });
  await s.until(
    'prod',
    'another',
    (app) => app.operation === undefined && app.status?.operationState?.operation.sync?.dryRun === true,
  );
  assert.deepEqual(await requestSync(requests(s), wanted), { done: true, message: 'the sync was asked for already' });
  assert.equal(s.store.applications.get(key(s))?.status?.history?.length, first.status?.history?.length);
});

test('a hotfix that is made while an approved sync waits is not overwritten', async (t) => {
  const two = (value: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: prod}\ndata: {value: "${value}", other: "x"}\n`;
  const s = await gatedStage(t, { 'prod/a.yaml': two('1') });
  await push(s, {
    'prod/a.yaml': two('2'),
    'prod/job.yaml': hookJob('migrate', 'PreSync').replace('spec:', 'spec:\n  suspend: true'),
  });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal((await approve(requests(s), { application: key(s), actor: bob, teams: [] })).done, true);
  await s.until(
    'prod',
    'the hook runs',
    (app) =>
      app.status?.operationState?.syncResult?.resources?.some(
        (row) => row.hookType === 'PreSync' && row.hookPhase === 'Running',
      ) ?? false,
  );
  await editByHand(s, 'prod', { other: 'hotfix' });
  const refused = await ended(s, 'prod', 'Failed');
  assert.match(refused.status?.operationState?.message ?? '', /^approval required: Approval/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'hotfix' });
  await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
});

test('what people agreed to for an Application counts for no other one of its name', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate, {
    syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['*'] }],
  });
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await approve(requests(s), { application: key(s), actor: bob, teams: [] })).done, true);
  const approved = await approvalIn(s, 'prod', 'Approved');
  // While nobody looks it is deleted and made anew, and the window opens.
  s.fuse.dead = true;
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' });
  await s.apply('prod', { project: 'gated' });
  await s.project('gated', gate);
  await s.restart();
  const uid = s.store.applications.get(key(s))?.metadata.uid;
  const again = await approvalIn(
    s,
    'prod',
    'Pending',
    (item) =>
      item.metadata.name === approved.metadata.name &&
      item.metadata.annotations?.['coxswain.dev/application-uid'] === uid,
  );
  assert.deepEqual(again.status?.approvals, []);
  assert.equal(await dataOf(s, 'prod'), undefined);
  assert.equal((await approve(requests(s), { application: key(s), actor: bob, teams: [] })).done, true);
  await synced(s, 'prod');
});
