// The end of an approval: by time, by what became of those who agreed, and by a rejection that somebody takes back.
import type { TestContext } from 'node:test';
import type { Application } from '../../../src/model/application.ts';
import type { AppProject } from '../../../src/model/project.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve, reject, reopen } from '../../../src/engine/request.ts';
import {
  approvalIn,
  approvalsOf,
  config,
  dataOf,
  ended,
  hookJob,
  operate,
  patchApp,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { rfc3339, systemClock } from '../../../src/base/clock.ts';
import { stage } from '../fixture.ts';
import { agree, bob, carol, closed, gate } from './fixture.ts';

async function waiting(
  t: TestContext,
  annotations: Record<string, string> = {},
  spec: Partial<AppProject['spec']> = {},
  settings: Record<string, string> = {},
): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') }, { settings });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { ...gate, ...annotations }, spec);
  await s.apply('prod', { project: 'gated' });
  return s;
}

function again(s: Stage): ReturnType<typeof reopen> {
  return reopen(requests(s), { application: `${s.namespace}/prod`, actor: carol });
}

/** An operation that somebody writes by hand is refused with these words. */
async function refused(s: Stage, why: RegExp): Promise<void> {
  const before = s.store.applications.get(`${s.namespace}/prod`)?.status?.operationState?.startedAt;
  await operate(s, 'prod', { sync: {} });
  const app = await s.until(
    'prod',
    'refused',
    (item) =>
      item.operation === undefined &&
      item.status?.operationState?.phase === 'Failed' &&
      item.status.operationState.startedAt !== before,
  );
  assert.match(app.status?.operationState?.message ?? '', why);
  assert.equal(await dataOf(s, 'prod'), undefined);
}

test('a clock that ran ahead when it was asked or agreed to makes no approval last longer', async (t) => {
  const s = await waiting(t, { 'coxswain.dev/approvals': '2', 'coxswain.dev/expires': '4s' });
  const { metadata } = await approvalIn(s, 'prod', 'Pending');
  const ahead = { ...systemClock, now: () => Date.now() + 30 * 24 * 3_600_000 };
  const openedAt = rfc3339(ahead.now());
  // As written while the clock ran ahead.
  await s.store.approvals.patch(`${s.namespace}/${metadata.name}`, { status: { openedAt } }, { subresource: 'status' });
  const answer = await approve(
    { ...requests(s), clock: ahead },
    { application: `${s.namespace}/prod`, actor: bob, teams: [] },
  );
  assert.equal(answer.done, true, answer.message);
  const ended = await approvalIn(s, 'prod', 'Expired');
  assert.equal(ended.status?.openedAt, openedAt);
  assert.ok(Date.parse(ended.status.approvals?.[0]?.at ?? '') > Date.now());
});

test('what nobody decides in time expires, is asked again only when somebody wants it, and waits anew', async (t) => {
  const s = await waiting(t, {}, {}, { 'approval.expires': '1s' });
  const asked = await approvalIn(s, 'prod', 'Expired');
  assert.equal(asked.status?.message, 'nobody decided in time');
  await refused(
    s,
    /is expired \(nobody decided in time\); `\/cox reopen prod` asks for it again, and so does a new commit/,
  );
  assert.match((await agree(s)).message, /is expired \(nobody decided in time\); `\/cox reopen prod`/);
  await s.restart();
  assert.deepEqual(
    approvalsOf(s, 'prod').map((item) => item.status?.phase),
    ['Expired'],
  );
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coxswain-cm', namespace: s.namespace, labels: { 'app.kubernetes.io/part-of': 'coxswain' } },
    data: { 'approval.expires': '72h' },
  });
  await s.untilStore('the setting', () => (s.store.settings().approvalExpiresMs > 1000 ? true : undefined));
  assert.deepEqual(await again(s), { done: true, message: 'it is asked for again, if that is still what Git says' });
  await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name === asked.metadata.name);
  assert.equal((await agree(s)).done, true);
  await synced(s, 'prod');
});

test('what waits in an operation for its window expires too, and is applied no more', async (t) => {
  const s = await waiting(t, {}, closed);
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  await approvalIn(s, 'prod', 'Approved');
  await operate(s, 'prod', { sync: {} });
  await s.until('prod', 'the window is awaited', ({ status }) => status?.operationState?.phase === 'Running');
  await patchApp(s, 'prod', { metadata: { annotations: { 'coxswain.dev/expires': '1s' } } });
  await approvalIn(s, 'prod', 'Expired');
  await s.project('gated', gate);
  const ended = await s.until('prod', 'the end', ({ operation }) => operation === undefined);
  assert.equal(ended.status?.operationState?.phase, 'Failed');
  assert.equal(ended.status.history, undefined);
});

test('what people agreed to and nobody applied in time is applied no more', async (t) => {
  const s = await waiting(t, {}, closed);
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  await approvalIn(s, 'prod', 'Approved');
  // Of application and project the shorter counts.
  await s.project('gated', { ...gate, 'coxswain.dev/expires': '10h' }, closed);
  await patchApp(s, 'prod', { metadata: { annotations: { 'coxswain.dev/expires': '1s' } } });
  assert.equal((await approvalIn(s, 'prod', 'Expired')).status?.message, 'it was not applied in time after bob agreed');
  await s.project('gated', gate);
  await refused(s, /is expired/);
  // Nor does it come back when the time is made longer.
  await patchApp(s, 'prod', { metadata: { annotations: { 'coxswain.dev/expires': null } } });
  await refused(s, /is expired/);
});

test('whoever left the team or lost the right does not count at the apply, nor anybody without GitHub', async (t) => {
  const s = await waiting(t, { 'coxswain.dev/approvers': '@shop/leads' }, closed);
  await approvalIn(s, 'prod', 'Pending');
  assert.equal(
    (await approve(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: ['shop/leads'] })).done,
    true,
  );
  await approvalIn(s, 'prod', 'Approved');
  let asked = 0;
  s.authors.standing = () => {
    asked += 1;
    throw new Error('GitHub cannot be reached');
  };
  const open = { ...gate, 'coxswain.dev/approvers': '@shop/leads' };
  await s.project('gated', open);
  await operate(s, 'prod', { sync: {} });
  await s.untilStore('GitHub is asked', () => (asked > 0 ? true : undefined));
  assert.equal(await dataOf(s, 'prod'), undefined);
  s.authors.standing = () => ({ teams: [] });
  const lost = await approvalIn(s, 'prod', 'Pending');
  assert.equal(lost.status?.message, '1 agreed, and more must: bob is not among the approvers (@shop/leads)');
  s.authors.standing = (login) => ({
    teams: ['shop/leads'],
    ...(login === 'bob' && { refused: 'bob may not approve prod' }),
  });
  await refused(s, /^approval required/);
  assert.equal(
    (await approve(requests(s), { application: `${s.namespace}/prod`, actor: carol, teams: ['shop/leads'] })).done,
    true,
  );
  await synced(s, 'prod');
});

test('a rejected effect is asked for again by whoever may, and the rejection stays on record', async (t) => {
  const s = await waiting(t);
  const first = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await again(s), { done: true, message: 'it waits for approval' });
  await reject(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [], reason: 'not on a Friday' });
  const { rejectedBy, reason } = (await approvalIn(s, 'prod', 'Rejected')).status ?? {};
  assert.deepEqual([rejectedBy?.login, reason], ['bob', 'not on a Friday']);
  await refused(s, /is rejected \(rejected by bob: not on a Friday\); `\/cox reopen prod` asks for it again/);
  // A second delivery of the same wish is no other answer.
  assert.deepEqual([(await again(s)).done, (await again(s)).done], [true, true]);
  const second = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name === first.metadata.name);
  assert.deepEqual(
    [second.status?.rejectedBy, second.status?.reason, second.status?.reopenedBy],
    [undefined, undefined, undefined],
  );
  assert.deepEqual(
    second.status?.former?.map((round) => [round.phase, round.message]),
    [['Rejected', 'rejected by bob: not on a Friday']],
  );
  assert.equal((await agree(s)).done, true);
  await synced(s, 'prod');
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal(
    (await reopen(requests(s), { application: `${s.namespace}/prod`, actor: carol, digest: 'f'.repeat(12) })).message,
    'it waits for approval',
  );
});

test('a new commit asks again for what was rejected, with the same effect too; one elsewhere does not', async (t) => {
  const s = await waiting(t);
  const first = await approvalIn(s, 'prod', 'Pending');
  await reject(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [], reason: 'not yet' });
  await approvalIn(s, 'prod', 'Rejected');
  await push(s, { 'other/readme.md': 'nothing of prod' });
  await refused(s, /is rejected \(rejected by bob: not yet\)/);
  const again = await push(s, { 'prod/a.yaml': `# a second try\n${config('prod', '1')}` });
  const second = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === again);
  assert.deepEqual(
    [second.metadata.name, second.status?.rejectedBy, second.status?.former?.map(({ message }) => message)],
    [first.metadata.name, undefined, ['rejected by bob: not yet']],
  );
  // Nobody's word of the first round counts in the second.
  await refused(s, /^approval required/);
  assert.equal((await agree(s)).done, true);
  await synced(s, 'prod');
});

/** One object in each of three waves, which take each other's place in an instant. */
function waves(value: string): Record<string, string> {
  const at = (wave: number): string => config(`wave${wave}`, value, `argocd.argoproj.io/sync-wave: "${wave}"`);
  return { 'prod/0.yaml': at(0), 'prod/1.yaml': at(1), 'prod/2.yaml': at(2) };
}

test('whoever loses the right during a sync stops its next wave, and each wave asks once', async (t) => {
  const s = await stage(t, waves('1'));
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  let asked = 0;
  s.authors.standing = () => {
    asked += 1;
    return { teams: [] };
  };
  assert.equal((await agree(s)).done, true);
  await synced(s, 'prod');
  assert.equal(asked, 3, 'the gate asked at the beginning, which stands for the first wave');

  await push(s, { ...waves('2'), 'prod/more.yaml': config('more', '1', 'argocd.argoproj.io/sync-wave: "1"') });
  const second = await approvalIn(s, 'prod', 'Pending');
  s.authors.standing = () => ({ teams: [] });
  s.fuse.meanwhile('apply ConfigMap/wave0', async () => {
    s.authors.standing = () => ({ teams: [], refused: 'bob may not approve prod' });
  });
  assert.equal((await agree(s)).done, true);
  const rest = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== second.metadata.name);
  assert.deepEqual(
    rest.spec.operations.map(({ key }) => key.name),
    ['more', 'wave1', 'wave2'],
  );
  const old = await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === second.metadata.name);
  assert.equal(old.status?.message, 'bob may not approve prod');
  const app = await ended(s, 'prod', 'Failed');
  assert.match(app.status?.operationState?.message ?? '', /: bob may not approve prod; applied: configmap\/wave0/i);
  assert.deepEqual([await dataOf(s, 'wave0'), await dataOf(s, 'wave1')], [{ value: '2' }, { value: '1' }]);
});

test('an approver who is taken off the list while a sync goes on does not bear what is left', async (t) => {
  const s = await stage(t, { ...waves('1'), 'prod/pre.yaml': hookJob('pre', 'PreSync') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  const approvers = (list: string): Promise<unknown> => s.project('gated', { ...gate, 'coxswain.dev/approvers': list });
  await approvers('bob, carol');
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  // The hook takes a while, and nobody else looks meanwhile.
  s.fuse.meanwhile('apply Job/pre', () => approvers('carol'));
  assert.equal((await agree(s)).done, true);
  const app = await ended(s, 'prod', 'Failed');
  assert.match(app.status?.operationState?.message ?? '', /^approval required/);
  assert.equal(await dataOf(s, 'wave0'), undefined);
  assert.match((await agree(s)).message, /bob is not among the approvers \(carol\)/);
});

test('a look at what is approved asks nobody, and whoever got the right back agrees again', async (t) => {
  const s = await waiting(t, {}, closed);
  await approvalIn(s, 'prod', 'Pending');
  let asked = 0;
  let refused: string | undefined = 'bob may not approve prod';
  s.authors.standing = () => {
    asked += 1;
    return { teams: [], ...(refused !== undefined && { refused }) };
  };
  assert.equal((await agree(s)).done, true);
  await approvalIn(s, 'prod', 'Approved');
  for (const look of ['1', '2', '3']) {
    await patchApp(s, 'prod', { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal', look } } });
    await s.until('prod', 'looked at', (app) => app.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined);
  }
  assert.equal(asked, 0);
  await s.project('gated', gate);
  const lost = await approvalIn(s, 'prod', 'Pending');
  assert.equal(lost.status?.message, '1 agreed, and more must: bob may not approve prod');
  assert.equal(asked, 1);
  refused = undefined;
  assert.deepEqual(await agree(s), { done: true, message: 'approved; it syncs now' });
  await synced(s, 'prod');
});

test('an annotation of the gate that cannot be read is told, and the stricter holds', async (t) => {
  const s = await waiting(t, { 'coxswain.dev/expires': '3 days' });
  await patchApp(s, 'prod', { metadata: { annotations: { 'coxswain.dev/approvals': 'two people' } } });
  const conditions = (app: Application): string[] =>
    (app.status?.conditions ?? []).flatMap(({ type, message }) => (type === 'InvalidGateWarning' ? [message] : []));
  const app = await s.until('prod', 'told', (item) => conditions(item).length === 2);
  assert.deepEqual(conditions(app), [
    'coxswain.dev/approvals: "two people" is no number of people from 1 to 999, so 2 or more must agree',
    'project gated: coxswain.dev/expires: "3 days" is no duration such as 36h or 90m, so the default holds',
  ]);
  await s.project('gated', gate);
  await s.until('prod', 'one is mended', (item) => conditions(item).length === 1);
  await approvalIn(s, 'prod', 'Pending');
  assert.match((await agree(s)).message, /more are needed/);
  assert.equal((await agree(s, carol)).message, 'approved; it syncs now');
  await synced(s, 'prod');
});
