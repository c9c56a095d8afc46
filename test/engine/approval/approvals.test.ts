// Who may approve, how many must, and what becomes of an Approval afterwards.
import type { TestContext } from 'node:test';
import type { Application } from '../../../src/model/application.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../../src/base/canonical.ts';
import { AppError } from '../../../src/base/errors.ts';
import { approve, reject } from '../../../src/engine/request.ts';
import {
  approvalIn,
  approvalsOf,
  config,
  dataOf,
  deployment,
  hookJob,
  operate,
  patchApp,
  person,
  push,
  requests,
  synced,
  syncedTo,
  writeStatus,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agree, bob, carol, gate } from './fixture.ts';

const dave = person('dave', 4);

async function waiting(
  t: TestContext,
  annotations: Record<string, string> = {},
  files: Record<string, string> = { 'prod/a.yaml': config('prod', '1') },
): Promise<Stage> {
  const s = await stage(t, files);
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { ...gate, ...annotations });
  await s.apply('prod', { project: 'gated', syncPolicy: { retry: { limit: 0 } } });
  return s;
}

/** As the API server would store it, whatever process is alive. */
async function decideByHand(s: Stage, approval: Approval, phase: string): Promise<void> {
  const approvals = [{ actor: bob, at: '2026-01-01T00:00:00Z', teams: [] }];
  await writeStatus(s, approval, { phase, message: '', approvals });
}

test('what was rejected stays rejected, until Git says something else', async (t) => {
  const s = await waiting(t);
  const first = await approvalIn(s, 'prod', 'Pending');
  const said = await reject(requests(s), {
    application: `${s.namespace}/prod`,
    actor: bob,
    teams: [],
    reason: 'not on a Friday',
  });
  assert.equal(said.done, true);
  const rejected = await approvalIn(s, 'prod', 'Rejected');
  assert.equal(rejected.status?.message, 'rejected by bob: not on a Friday');
  await s.restart();
  assert.deepEqual(
    await approve(requests(s), {
      application: `${s.namespace}/prod`,
      digest: first.spec.digest,
      actor: bob,
      teams: [],
    }),
    {
      done: false,
      message:
        `Approval/${first.metadata.name} is rejected (rejected by bob: not on a Friday); ` +
        '`/cox reopen prod` asks for it again, and so does a new commit',
    },
  );
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  // Back to what was rejected, by a new commit: the newer question is void, and the former one is asked again.
  await push(s, { 'prod/a.yaml': config('prod', '1') });
  await approvalIn(s, 'prod', 'Superseded');
  await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name === first.metadata.name);
  assert.equal(await dataOf(s, 'prod'), undefined);
});

test('two people must agree, both on the list, neither an author; the same person counts once', async (t) => {
  const s = await waiting(t, { 'coxswain.dev/approvals': '2', 'coxswain.dev/approvers': '@shop/leads, dave, ana' });
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, person('ana', 1)), {
    done: false,
    message: 'ana is an author of this change (wrote it), and somebody else must approve it',
  });
  assert.deepEqual(await agree(s, bob, ['shop/devs']), {
    done: false,
    message: 'bob is not among the approvers (@shop/leads, dave, ana)',
  });
  assert.deepEqual(await agree(s, carol, ['shop/leads']), {
    done: true,
    message: 'your approval counts; more are needed',
  });
  assert.deepEqual(await agree(s, carol, ['shop/leads']), {
    done: true,
    message: 'your approval counts; more are needed',
  });
  assert.equal(await dataOf(s, 'prod'), undefined);
  assert.deepEqual(await agree(s, dave), { done: true, message: 'approved; it syncs now' });
  await synced(s, 'prod');
  const applied = await approvalIn(s, 'prod', 'Applied');
  assert.deepEqual(
    applied.status?.approvals?.map((item) => item.actor.login),
    ['carol', 'dave'],
  );
});

test('a gate that asks for more after somebody approved asks the others too', async (t) => {
  const s = await waiting(t);
  const asked = await approvalIn(s, 'prod', 'Pending');
  await s.stop();
  await s.restart();
  await s.project('gated', { ...gate, 'coxswain.dev/approvals': '2' });
  await s.untilStore('the policy is known', () =>
    s.store.projects.list().find((item) => item.metadata.annotations?.['coxswain.dev/approvals'] === '2'),
  );
  assert.equal((await agree(s)).message, 'your approval counts; more are needed');
  assert.equal(approvalsOf(s, 'prod')[0]?.status?.phase, 'Pending');
  assert.equal((await agree(s, carol)).done, true);
  await synced(s, 'prod');
  await approvalIn(s, 'prod', 'Applied', (item) => item.spec.digest === asked.spec.digest);
});

test('an approved sync that fails is told and not repeated by itself; somebody may start it again', async (t) => {
  const fails = hookJob('migrate', 'PreSync').replace(
    '    spec:\n      restartPolicy',
    '    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n    spec:\n      restartPolicy',
  );
  const s = await waiting(t, {}, { 'prod/a.yaml': config('prod', '1'), 'prod/job.yaml': fails });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map((item) => [item.op, item.phase, item.key.kind]),
    [
      ['hook', 'PreSync', 'Job'],
      ['create', 'Sync', 'ConfigMap'],
    ],
  );
  assert.equal((await agree(s)).done, true);
  const failed = await s.until(
    'prod',
    'failed and told',
    (app) =>
      app.operation === undefined && (app.status?.conditions?.some((item) => item.type === 'SyncError') ?? false),
  );
  assert.match(
    failed.status?.conditions?.[0]?.message ?? '',
    /^Failed last sync attempt to [0-9a-f]{40}: one or more synchronization tasks completed unsuccessfully/,
  );
  assert.equal(failed.status?.history, undefined);
  await s.restart();
  await operate(s, 'prod', { sync: {} });
  const again = await s.until(
    'prod',
    'tried once more',
    (app) =>
      app.operation === undefined && app.status?.operationState?.startedAt !== failed.status?.operationState?.startedAt,
  );
  assert.equal(again.status?.operationState?.phase, 'Failed');
  assert.equal(again.status?.operationState?.message, failed.status?.operationState?.message);
  assert.equal(await dataOf(s, 'prod'), undefined);
});

test('what is left of an approved sync that failed half-way is asked about', async (t) => {
  // The dry run of a new object does not see what the other is about to take: two Services cannot have one node port.
  const service = (name: string, port: number): string =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n` +
    `spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, nodePort: ${port}}]}\n`;
  // Of the first 86, which the API server leaves to those who choose: other tests have Services too.
  const port = 30_000 + 3 * Math.floor(Math.random() * 28);
  const s = await waiting(t, {}, { 'prod/a.yaml': service('one', port), 'prod/b.yaml': service('two', port) });
  const first = await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  const left = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== first.metadata.name);
  assert.deepEqual(
    left.spec.operations.map((item) => [item.op, item.key.kind, item.key.namespace]),
    [['create', 'Service', s.namespace]],
  );
  await s.until(
    'prod',
    'the failure is told',
    (app) =>
      app.status?.conditions?.some(
        (item) => item.type === 'SyncError' && item.message.includes('port is already allocated'),
      ) ?? false,
  );
  // Which of the two came first is open: one that still holds the port would fail the other's dry run.
  await push(s, { 'prod/a.yaml': service('one', port + 1), 'prod/b.yaml': service('two', port + 2) });
  await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === left.metadata.name);
  await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== left.metadata.name);
  assert.equal((await agree(s)).done, true);
  const mended = await synced(s, 'prod');
  assert.deepEqual(mended.status?.conditions, []);
});

test("an effect that cannot be computed is nobody's to approve, and its reason is on the application", async (t) => {
  const s = await waiting(t, {}, { 'prod/a.yaml': deployment('Not_A_Name') });
  const app = await s.until('prod', 'a reason', (item) => (item.status?.conditions?.length ?? 0) > 0);
  assert.match(app.status?.conditions?.[0]?.message ?? '', /Not_A_Name/);
  assert.deepEqual(approvalsOf(s, 'prod'), []);
  const mended = await push(s, { 'prod/a.yaml': config('prod', '1') });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  const healthy = await syncedTo(s, 'prod', mended);
  assert.deepEqual(healthy.status?.conditions, []);
});

test('without knowing the authors nobody approves, and an approved change waits until they are known', async (t) => {
  const s = await waiting(t);
  const asked = await approvalIn(s, 'prod', 'Pending');
  s.authors.list = undefined;
  await assert.rejects(agree(s), /no answer/);
  await decideByHand(s, asked, 'Approved');
  await approvalIn(s, 'prod', 'Approved');
  await operate(s, 'prod', { sync: {} });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await synced(s, 'prod');
  await approvalIn(s, 'prod', 'Applied');
});

test('why the reviewers cannot be known stands on the application, whoever syncs, until they are', async (t) => {
  const s = await waiting(t);
  const asked = await approvalIn(s, 'prod', 'Pending');
  const condition = {
    type: 'SyncError',
    message:
      'no approval counts, for the authors of the change, or its reviewers, cannot be known: ' +
      'the App may not read it (E_GITHUB). Ask an owner',
  };
  const told = (app: Application): boolean =>
    app.status?.conditions?.some(
      ({ type, message }) => canonicalJson({ type, message }) === canonicalJson(condition),
    ) ?? false;
  s.authors.reviewers = () => {
    throw new AppError('E_GITHUB', 'the App may not read it', { hint: 'Ask an owner' });
  };
  await decideByHand(s, asked, 'Approved');
  await s.until('prod', 'told', told);
  await s.until('prod', 'nothing but that', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'prod', { sync: {} });
  await patchApp(s, 'prod', { status: { conditions: null } });
  await s.until('prod', 'told of the operation', (app) => told(app) && app.operation !== undefined);
  assert.equal(await dataOf(s, 'prod'), undefined);
  delete s.authors.reviewers;
  await synced(s, 'prod');
  await s.until('prod', 'no longer told', (app) => (app.status?.conditions ?? []).length === 0);
});

test('an approval lets pass only an operation that does all of it', async (t) => {
  const s = await waiting(t, {}, { 'prod/a.yaml': config('prod', '1'), 'prod/b.yaml': config('second', '1') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  s.fuse.dead = true;
  await decideByHand(s, asked, 'Approved');
  await operate(s, 'prod', { sync: { resources: [{ kind: 'ConfigMap', name: 'prod' }] } });
  await s.restart();
  await s.until(
    'prod',
    'all of it',
    (app) =>
      app.status?.sync?.status === 'Synced' &&
      app.operation === undefined &&
      app.status.operationState?.phase === 'Succeeded',
  );
  assert.equal(
    s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.length,
    1,
    'the part was refused, the whole was done',
  );
  await approvalIn(s, 'prod', 'Applied');
  // What was approved once and is synced may be put back in parts.
  await operate(s, 'prod', { sync: { resources: [{ kind: 'ConfigMap', name: 'prod' }] } });
  await s.until(
    'prod',
    'a part',
    (app) =>
      app.operation === undefined &&
      app.status?.operationState?.operation.sync?.resources !== undefined &&
      app.status.operationState.phase === 'Succeeded',
  );
});
