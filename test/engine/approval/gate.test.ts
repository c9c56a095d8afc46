// The gate at the start of every operation: one test for each way around it that must not work.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../../src/base/canonical.ts';
import { approve } from '../../../src/engine/request.ts';
import { revertDrift } from '../../../src/engine/revert-drift.ts';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  configMap,
  dataOf,
  editByHand,
  ended,
  operate,
  patchApp,
  person,
  push,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { bob, gate } from './fixture.ts';

/** An application `prod` with one ConfigMap of two values, synced once; from then on its project asks for approval. */
async function gatedStage(t: TestContext, more: Record<string, string> = {}): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': twoValues('1', 'x'), ...more });
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await synced(s, 'prod');
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  s.authors.list = [{ login: 'ana', id: 1 }];
  return s;
}

function twoValues(value: string, other: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: prod}\ndata: {value: "${value}", other: "${other}"}\n`;
}

function approvePending(s: Stage, application: string, digest?: string, actor = bob): ReturnType<typeof approve> {
  return approve(requests(s), {
    application: `${s.namespace}/${application}`,
    ...(digest && { digest }),
    actor,
    teams: [],
  });
}

test('drift is reverted during a pending approval: to the last sync, unasked, and the question stands', async (t) => {
  const s = await gatedStage(t);
  const first = s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.at(-1)?.revision;
  await push(s, { 'prod/a.yaml': twoValues('2', 'x') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  await editByHand(s, 'prod', { other: 'by hand' });
  const wider = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === asked.metadata.name);
  await s.untilStore('an episode', () => s.store.episodes.list().find((item) => item.status?.phase === 'Open'));

  const done = await revertDrift(requests(s), {
    application: `${s.namespace}/prod`,
    keys: [configMap(s, 'prod')],
    actor: bob,
    request: 'revert-1',
  });
  assert.equal(done.done, true, done.message);
  const app = await ended(s, 'prod', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x' });
  assert.equal(app.status?.operationState?.syncResult?.revision, first);
  await approvalIn(s, 'prod', 'Pending', (item) => item.spec.digest === asked.spec.digest);
  await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === wider.metadata.name);
});

test('an application of applications that would take a gate away needs approval, as the old gate asks', async (t) => {
  const child = (annotations: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: prod
  annotations: {${annotations}}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: default}
  source: {repoURL: https://example.com/none.git, path: x}
`;
  const strict =
    'coxswain.dev/approval: required, coxswain.dev/approvers: "carol", argocd.argoproj.io/skip-reconcile: "true"';
  const s = await stage(t, { 'root/prod.yaml': child(strict) });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  s.authors.list = [{ login: 'ana', id: 1 }];
  const annotationsNow = (): unknown =>
    s.store.applications.get(`${s.namespace}/prod`)?.metadata.annotations?.['coxswain.dev/approval'];

  const sha = await push(s, { 'root/prod.yaml': child('argocd.argoproj.io/skip-reconcile: "true"') });
  const asked = await approvalIn(s, 'root', 'Pending');
  assert.deepEqual(asked.spec.policy, {
    approvals: 1,
    approvers: [['carol']],
    reviewers: [
      { repository: s.url, environment: 'root' },
      { repository: 'https://example.com/none.git', environment: 'prod' },
    ],
  });
  await operate(s, 'root', { sync: { revision: sha, prune: true } });
  const refused = await ended(s, 'root', 'Failed');
  assert.equal(refused.status?.operationState?.message, `approval required: Approval/${asked.metadata.name}`);
  assert.equal(annotationsNow(), 'required');
  assert.match((await approvePending(s, 'root')).message, /bob is not among the approvers/);

  // A live gate that Git does not know is not healed away either.
  await push(s, { 'root/prod.yaml': undefined, 'root/a.yaml': config('a', '1') });
  await approvalIn(s, 'root', 'Pending', (item) => item.spec.operations.some((operation) => operation.op === 'delete'));
  assert.equal(annotationsNow(), 'required');

  const again = await push(s, {
    'root/prod.yaml': child('argocd.argoproj.io/skip-reconcile: "true"'),
    'root/a.yaml': undefined,
  });
  await approvalIn(s, 'root', 'Pending', (item) => item.spec.digest === asked.spec.digest);
  const approved = await approve(requests(s), {
    application: `${s.namespace}/root`,
    digest: asked.spec.digest,
    actor: person('carol', 3),
    teams: [],
  });
  assert.equal(approved.done, true, approved.message);
  await syncedTo(s, 'root', again);
  await s.untilStore('the gate is gone', () => (annotationsNow() === undefined ? true : undefined));
});

test('an approved loosening that is cut off at its very end is ended all the same: the child is free', async (t) => {
  const child = (more: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: prod
${more}spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: NS}
  source: {repoURL: REPO, path: prod, targetRevision: main}
  syncPolicy: {automated: {prune: true}}
`;
  const s = await stage(t, { 'prod/a.yaml': config('free', '1') });
  const written = (more: string): string => child(more).replace('NS', s.namespace).replace('REPO', s.url);
  s.commit({ 'root/prod.yaml': written('') });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  s.authors.list = [{ login: 'ana', id: 1 }];
  const isGated = (): boolean | undefined => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated;
  for (const change of ['apply Application', 'patch SyncRecord']) {
    await push(s, { 'root/prod.yaml': written('  annotations: {coxswain.dev/approval: required}\n') });
    await s.untilStore('the child is gated', () => isGated() || undefined);
    const sha = await push(s, { 'root/prod.yaml': written('') });
    const asked = await approvalIn(s, 'root', 'Pending', (item) => item.spec.revision === sha);
    const died = Promise.withResolvers<void>();
    s.fuse.arm(change, 'after', died.resolve);
    assert.equal((await approvePending(s, 'root', asked.spec.digest)).done, true);
    await died.promise;
    await s.restart();
    await syncedTo(s, 'root', sha);
    await s.untilStore(`the child is free after a death at ${change}`, () => (isGated() === false ? true : undefined));
  }
});

test('a gate that was tightened by hand is not healed away by the application of applications', async (t) => {
  const project = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team
  annotations: {coxswain.dev/approval: none}
spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}
`;
  const s = await stage(t, { 'root/team.yaml': project, 'root/a.yaml': config('a', '1') });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  await s.cluster.api.patch(
    { group: 'argoproj.io', kind: 'AppProject', namespace: s.namespace, name: 'team' },
    { type: 'merge', patch: { metadata: { annotations: gate } }, manager: 'kubectl-annotate' },
  );
  const asked = await approvalIn(s, 'root', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map((item) => [item.op, item.key.kind]),
    [['change', 'AppProject']],
  );
  await editByHand(s, 'a', { value: '2' });
  const wider = await approvalIn(s, 'root', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.equal(
    s.store.projects.get(`${s.namespace}/team`)?.metadata.annotations?.['coxswain.dev/approval'],
    'required',
  );
  // No commit tells who did it: one person alone may be whoever did.
  assert.match(
    (await approvePending(s, 'root', wider.spec.digest)).message,
    /^your approval counts; more are needed; two people must agree/,
  );
  assert.equal((await approvePending(s, 'root', wider.spec.digest, person('cleo', 3))).done, true);
  await s.untilStore('healed as approved', () =>
    s.store.projects.get(`${s.namespace}/team`)?.metadata.annotations?.['coxswain.dev/approval'] === 'none'
      ? true
      : undefined,
  );
});

test('a hand-written operation brings no revision, source, prune, option or forged state past the gate', async (t) => {
  const s = await gatedStage(t, { 'other/a.yaml': twoValues('other', 'x') });
  const first = s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.at(-1)?.revision ?? '';
  const side = await push(s, { 'prod/a.yaml': twoValues('2', 'x') });
  const head = await push(s, { 'prod/a.yaml': twoValues('3', 'x') });
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === head);
  const source = { repoURL: s.url, path: 'other', targetRevision: 'main' };
  const attempts: [string, Parameters<typeof operate>[2], RegExp][] = [
    ['the branch head', { sync: { prune: true } }, /^approval required: Approval\/prod-[0-9a-f]{12}$/],
    ['another revision', { sync: { revision: side } }, /^approval required: only what the branch head says/],
    ['another source', { sync: { source, revision: head } }, /^approval required: only what the branch head says/],
    ['a part', { sync: { resources: [{ kind: 'ConfigMap', name: 'prod' }] } }, /^approval required: Approval/],
    [
      'the last sync with other options',
      { sync: { revision: first, syncOptions: ['Replace=true'] } },
      /sync options that the application does not have \(Replace=true\)/,
    ],
    [
      'the last sync by force',
      { sync: { revision: first, syncStrategy: { hook: { force: true } } } },
      /would sync force/,
    ],
  ];
  let startedAt = '';
  for (const [what, operation, message] of attempts) {
    await operate(s, 'prod', operation);
    const app = await s.until(
      'prod',
      `${what} is refused`,
      (item) =>
        item.operation === undefined &&
        item.status?.operationState?.phase === 'Failed' &&
        item.status.operationState.startedAt !== startedAt,
    );
    assert.match(app.status?.operationState?.message ?? '', message, what);
    startedAt = app.status?.operationState?.startedAt ?? '';
    assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x' }, what);
  }
  const operation = { sync: { revision: side } };
  const state = {
    operation,
    phase: 'Running',
    startedAt: '2026-01-01T00:00:00Z',
    syncResult: { revision: side, source: { repoURL: s.url, path: 'prod', targetRevision: 'main' } },
  };
  await patchApp(s, 'prod', { operation, status: { operationState: state } });
  await s.until(
    'prod',
    'the forged state is refused',
    (item) =>
      item.operation === undefined &&
      item.status?.operationState?.phase === 'Failed' &&
      canonicalJson(item.status.operationState.operation) === canonicalJson(operation) &&
      item.status.operationState.startedAt !== startedAt,
  );
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x' });
  assert.equal(
    approvalsOf(s, 'prod').find((item) => item.metadata.name === asked.metadata.name)?.status?.phase,
    'Pending',
    'what people are asked about stands',
  );
  // A dry run, and what was last synced, need nobody.
  await operate(s, 'prod', { sync: { dryRun: true } });
  await ended(s, 'prod', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x' });
});

test('of two merges the newest is asked about, and an approval of the older one says what differs', async (t) => {
  const s = await gatedStage(t);
  await push(s, { 'prod/a.yaml': twoValues('2', 'x') });
  const older = await approvalIn(s, 'prod', 'Pending');
  const head = await push(s, { 'prod/a.yaml': twoValues('2', 'y') });
  const newer = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== older.metadata.name);
  const superseded = await approvalIn(s, 'prod', 'Superseded');
  assert.equal(superseded.metadata.name, older.metadata.name);
  assert.equal(
    superseded.status?.message,
    `what would be applied has changed: ConfigMap ${s.namespace}/prod: data.other would be changed too`,
  );
  const late = await approvePending(s, 'prod', older.spec.digest);
  assert.deepEqual(late, { done: false, message: `the effect has changed since: now ${newer.metadata.name} waits` });
  assert.equal((await approvePending(s, 'prod', newer.spec.digest)).done, true);
  const app = await syncedTo(s, 'prod', head);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2', other: 'y' });
  assert.deepEqual(app.status?.operationState?.operation.initiatedBy, { username: 'coxswain' });
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === newer.metadata.name);
});

test('a commit between approval and sync is not applied, and what was approved still is by its effect', async (t) => {
  const s = await gatedStage(t);
  await push(s, { 'prod/a.yaml': twoValues('2', 'x') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  // The engine learns of both at once: the approval of the older effect does not let the newer one pass.
  await s.stop();
  await s.restart();
  s.commit({ 'prod/a.yaml': twoValues('3', 'x') });
  await s.engine.onPush(s.url);
  await approvePending(s, 'prod', asked.spec.digest);
  await approvalIn(s, 'prod', 'Pending', (item) => item.spec.digest !== asked.spec.digest);
  await approvalIn(s, 'prod', 'Superseded', (item) => item.spec.digest === asked.spec.digest);
  assert.notDeepEqual(await dataOf(s, 'prod'), { value: '3', other: 'x' });
});

test('an approval outlives a commit that changes nothing here', async (t) => {
  const s = await gatedStage(t);
  await push(s, { 'prod/a.yaml': twoValues('2', 'x') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  await push(s, { 'prod/a.yaml': `# another comment\n${twoValues('2', 'x')}` });
  assert.equal((await approvePending(s, 'prod', asked.spec.digest)).done, true);
  await synced(s, 'prod');
  await approvalIn(s, 'prod', 'Applied', (item) => item.spec.digest === asked.spec.digest);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2', other: 'x' });
});
