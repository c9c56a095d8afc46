// The end of an approval: by time, by what became of those who agreed, and by a rejection that somebody takes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { approve, reject, reopen } from '../../../src/engine/request.ts';
import type { AppProject } from '../../../src/model/project.ts';
import type { Stage } from '../fixture.ts';
import {
  approvalIn,
  approvalsOf,
  config,
  dataOf,
  operate,
  patchApp,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const [bob, carol] = [person('bob', 2), person('carol', 3)];
const gate = { 'coxswain.dev/approval': 'required' };
const closed: Partial<AppProject['spec']> = {
  syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['*'] }],
};

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

function agree(s: Stage, actor = bob): ReturnType<typeof approve> {
  return approve(requests(s), { application: `${s.namespace}/prod`, actor, teams: [] });
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

test('what nobody decides in time expires by itself, is not asked for again unless somebody wants it, and then waits anew', async (t) => {
  const s = await waiting(t, {}, {}, { 'approval.expires': '1s' });
  const asked = await approvalIn(s, 'prod', 'Expired');
  assert.equal(asked.status?.message, 'nobody decided in time');
  await refused(
    s,
    /is expired \(nobody decided in time\); `\/cox reopen prod` asks for it again, and so does another change/,
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

test('whoever left the team or lost the right since they agreed does not count when it is applied, and nobody does while GitHub is silent', async (t) => {
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
  await refused(s, /is rejected \(rejected by bob: not on a Friday\); `\/cox reopen prod` asks for it again/);
  assert.equal((await again(s)).done, true);
  const second = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name === first.metadata.name);
  assert.deepEqual(
    [second.status?.rejectedBy, second.status?.former?.map((round) => [round.phase, round.message])],
    [undefined, [['Rejected', 'rejected by bob: not on a Friday']]],
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
