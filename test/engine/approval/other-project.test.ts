// An Application that is moved to another project, or whose gate is loosened, by hand: who did so is nobody's guess.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalIn,
  automated,
  config,
  dataOf,
  ended,
  operate,
  patchApp,
  push,
  synced,
  syncedTo,
} from '../manifests.ts';
import { waitedFor } from '../../../src/engine/application/operation-state.ts';
import { stage } from '../fixture.ts';
import { agree, ana, bob, cleo, gate } from './fixture.ts';

const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: made}\n';

/** Synced once under `gated`, approved by bob; ana wrote it. `free` asks nobody, `wide` asks and permits all. */
async function scene(t: TestContext): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate, { namespaceResourceBlacklist: [{ group: '', kind: 'ServiceAccount' }] });
  await s.project('wide', gate);
  await s.project('free');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s, bob)).done, true);
  await synced(s, 'prod');
  return s;
}

const twoPeople = (why: string): string =>
  `your approval counts; more are needed; two people must agree, for nobody can tell all who made the change: ${why}`;

test('moving it to a project that asks nobody ends no gate, and needs two people, for somebody did it', async (t) => {
  const s = await scene(t);
  const head = await push(s, { 'prod/a.yaml': config('prod', '2') });
  const first = await approvalIn(s, 'prod', 'Pending');
  await patchApp(s, 'prod', { spec: { project: 'free' } });
  const asked = await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.gates?.[0]?.policy.gated === false);
  assert.equal(asked.spec.digest, first.spec.digest);
  await operate(s, 'prod', { sync: { revision: head } });
  const refused = await ended(s, 'prod', 'Failed');
  assert.match(refused.status?.operationState?.message ?? '', /^approval required/);
  assert.equal(waitedFor(refused), asked.metadata.name);
  await s.restart();
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.unknown?.length === 2);
  const why = 'the Application itself was changed by no commit that is known, and 1 more such';
  assert.equal((await agree(s, bob)).message, twoPeople(why));
  assert.equal((await agree(s, cleo)).message, 'approved; it syncs now');
  await syncedTo(s, 'prod', head);
  // The gate has ended with it.
  await syncedTo(s, 'prod', await push(s, { 'prod/a.yaml': config('prod', '3') }));
});

test('moving it to a project that permits more needs two people: the commit alone synced nothing', async (t) => {
  const s = await scene(t);
  await push(s, { 'prod/a.yaml': config('prod', '2'), 'prod/account.yaml': account });
  await patchApp(s, 'prod', { spec: { project: 'wide' } });
  const asked = await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.unknown?.length === 1);
  assert.deepEqual([asked.spec.gates, asked.spec.policy?.approvals], [undefined, 2]);
  assert.match((await agree(s, ana)).message, /^ana is an author of this change/);
  const why = 'the Application itself was changed by no commit that is known';
  assert.equal((await agree(s, bob)).message, twoPeople(why));
  assert.equal((await agree(s, cleo)).message, 'approved; it syncs now');
  await s.until('prod', 'synced', (app) => app.status?.history?.length === 2 && app.operation === undefined);
  // From now on that project is the one of the last sync.
  await push(s, { 'prod/a.yaml': config('prod', '3') });
  assert.deepEqual((await approvalIn(s, 'prod', 'Pending')).spec.unknown, []);
});

test('a record of an older version, which names no project, gets the one of the first look', async (t) => {
  const s = await scene(t);
  const key = `${s.namespace}/prod`;
  await s.store.records.patch(key, { spec: { project: null } });
  await s.restart();
  await s.untilStore('its project is known', () => s.store.records.get(key)?.spec.project === 'gated' || undefined);
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await patchApp(s, 'prod', { spec: { project: 'wide' } });
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.unknown?.length === 1);
});

test('a destination that is renamed while an approval waits is the same place, or one that gets nothing', async (t) => {
  const s = await scene(t);
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  const first = await approvalIn(s, 'prod', 'Pending');
  // Another name of the same cluster is no other place: nothing that was asked for is void.
  await patchApp(s, 'prod', { spec: { destination: { server: null, name: 'in-cluster' } } });
  await s.until('prod', 'looked at', ({ status }) => status?.sync?.comparedTo?.destination?.name === 'in-cluster');
  assert.equal((await approvalIn(s, 'prod', 'Pending')).metadata.uid, first.metadata.uid);
  await patchApp(s, 'prod', { spec: { destination: { name: null, server: 'https://elsewhere.example' } } });
  await s.until('prod', 'refused', ({ status }) => (status?.conditions ?? []).length > 0);
  assert.equal((await agree(s, bob)).done, true);
  await operate(s, 'prod', { sync: {} });
  await s.until(
    'prod',
    'not synced',
    ({ status, operation }) => !operation && status?.operationState?.phase === 'Error',
  );
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  // Back in its place it is what people agreed to.
  await patchApp(s, 'prod', { spec: { destination: { server: null, name: 'in-cluster' } } });
  await s.until('prod', 'synced', (app) => app.status?.history?.length === 2 && app.operation === undefined);
});
