// Approvals and SyncRecords that somebody forged, without any admission policy: whoever may write them opens no gate by
// it.
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { Narrow } from '../../narrow.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptRecords } from '../../../src/store/adopt.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { sealKey, sealed } from '../../../src/store/seal.ts';
import { approve } from '../../../src/engine/request.ts';
import { eventually, testCluster } from '../../control-plane.ts';
import { narrow } from '../../narrow.ts';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  dataOf,
  ended,
  operate,
  push,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agreeTo, bob, cleo, closed, gate } from './fixture.ts';

interface Scene {
  s: Stage;
  mallory: Narrow;
}

/** Gated, and never synced: what it would do waits for approval. */
async function scene(t: TestContext): Promise<Scene> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  return { s, mallory: await narrow(t, await testCluster(t), s.namespace) };
}

async function stored(s: Stage, name: string): Promise<Approval> {
  return (await s.cluster.api.get({
    group: 'coxswain.dev',
    kind: 'Approval',
    namespace: s.namespace,
    name,
  })) as Approval;
}

/** The operation that somebody writes is refused: nothing is approved. */
async function refused(s: Stage): Promise<void> {
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
  assert.match(app.status?.operationState?.message ?? '', /^approval required/);
  assert.equal(await dataOf(s, 'prod'), undefined);
}

test('an Approval whose decision somebody wrote is as undecided as before, and says so again', async (t) => {
  const { s, mallory } = await scene(t);
  const { name } = (await approvalIn(s, 'prod', 'Pending')).metadata;
  const approvals = [{ actor: bob, at: '2026-01-01T00:00:00Z', teams: [] }];
  for (const mac of [undefined, '', 'a'.repeat(64)]) {
    const status = {
      phase: 'Approved',
      message: 'approved by bob',
      approvals,
      observedGeneration: 1,
      ...(mac !== undefined && { mac }),
    };
    assert.equal((await mallory.patch('approvals', `${name}/status`, { status })).status, 200);
    await eventually('pending again', async () =>
      (await stored(s, name)).status?.message === 'waiting for approval' ? true : undefined,
    );
    const { phase, approvals: counted } = (await stored(s, name)).status ?? {};
    assert.deepEqual([phase, counted], ['Pending', []]);
  }
  await refused(s);
});

test("an Approval that somebody changed or made is nobody's question, and is asked anew", async (t) => {
  const { s, mallory } = await scene(t);
  const asked = await approvalIn(s, 'prod', 'Pending');
  const { name, uid } = asked.metadata;
  const { mac: _mac, ...annotations } = { ...asked.metadata.annotations, mac: '' };
  assert.equal(
    (await mallory.create('approvals', { ...asked, metadata: { name: 'prod-second', annotations } })).status,
    201,
  );
  assert.equal(
    (
      await mallory.patch('approvals', name, {
        spec: {
          ranges: [],
          operations: [
            {
              op: 'create',
              phase: 'Sync',
              wave: 0,
              key: { group: '', kind: 'ConfigMap', namespace: '', name: 'harmless' },
              mac: '',
            },
          ],
        },
      })
    ).status,
    200,
  );
  const again = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.uid !== uid);
  assert.deepEqual([again.spec.operations, again.spec.ranges], [asked.spec.operations, asked.spec.ranges]);
  assert.deepEqual(
    approvalsOf(s, 'prod').map((item) => item.metadata.name),
    [name],
    'the second one is not seen',
  );
  assert.equal((await approve(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [] })).done, true);
  await synced(s, 'prod');
});

test('a former state of an Approval counts no more, though its MAC was ours', async (t) => {
  const { s, mallory } = await scene(t);
  await s.project('gated', gate, closed);
  assert.equal((await approve(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [] })).done, true);
  const approved = await stored(s, (await approvalIn(s, 'prod', 'Approved')).metadata.name);
  const bring = async (): Promise<void> => {
    const { name, annotations } = approved.metadata;
    assert.equal(
      (await mallory.patch('approvals', name, { metadata: { annotations }, spec: approved.spec })).status,
      200,
    );
    assert.equal((await mallory.patch('approvals', `${name}/status`, { status: approved.status })).status, 200);
  };
  // Its end is not taken back …
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === approved.metadata.name);
  await s.untilStore('its round is over', () => approvalsOf(s, 'prod').find((item) => (item.spec.round ?? 0) > 0));
  await bring();
  await push(s, { 'prod/a.yaml': config('prod', '1') });
  // … and what bob agreed to in the first round is no agreement in the second.
  const second = await approvalIn(
    s,
    'prod',
    'Pending',
    (item) => item.metadata.name === approved.metadata.name && item.status?.approvals?.length === 0,
  );
  await bring();
  await s.untilStore('pending as before', () =>
    approvalsOf(s, 'prod').find((item) => item.spec.digest === second.spec.digest && item.status?.phase === 'Pending'),
  );
  await s.project('gated', gate);
  await refused(s);
});

/** Synced once, its gate then taken away with kubectl: what is remembered holds it. */
async function remembered(t: TestContext): Promise<Scene> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await synced(s, 'prod');
  await s.project('gated', gate);
  await s.untilStore(
    'the gate is known',
    () => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated || undefined,
  );
  return { s, mallory: await narrow(t, await testCluster(t), s.namespace) };
}

test('a record that somebody changed to take the gate away closes it, and so does a former one', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await synced(s, 'prod');
  const mallory = await narrow(t, await testCluster(t), s.namespace);
  const before = await mallory.get('syncrecords', 'prod');
  await s.project('gated', gate);
  await s.untilStore(
    'the gate is known',
    () => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated || undefined,
  );
  const free = { spec: { policy: { gated: false, approvals: 1, approvers: [] } } };
  const former = {
    metadata: { annotations: (before['metadata'] as { annotations: unknown }).annotations },
    spec: before['spec'],
  };
  for (const [at, forged] of [free, former].entries()) {
    assert.equal((await mallory.patch('syncrecords', 'prod', forged)).status, 200);
    await s.project('gated', {});
    const head = await push(s, { 'prod/a.yaml': config('prod', `${at + 2}`) });
    await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === head);
    await operate(s, 'prod', { sync: { revision: head } });
    assert.match((await ended(s, 'prod', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
    assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
    await s.project('gated', gate);
    await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.gates === undefined);
  }
  await s.project('gated', {});
  const isEnd = ({ spec }: Approval): boolean => spec.gates?.[0]?.policy.gated === false;
  for (const actor of [bob, cleo]) await agreeTo(s, 'prod', actor, isEnd);
  await synced(s, 'prod');
  const free2 = await push(s, { 'prod/a.yaml': config('prod', '9') });
  await syncedTo(s, 'prod', free2);
});

/** While nobody is there to see it: the record goes, and another one of its name is made. */
async function exchange(s: Stage, mallory: Narrow, record: Record<string, unknown>): Promise<void> {
  await s.stop();
  assert.equal((await mallory.delete('syncrecords', 'prod')).status, 200);
  const { metadata, spec } = record as { metadata: { annotations: unknown }; spec: unknown };
  const body = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'SyncRecord',
    metadata: { name: 'prod', annotations: metadata.annotations },
    spec,
  };
  assert.equal((await mallory.create('syncrecords', body)).status, 201);
  await s.restart();
}

test('a record deleted and made again from a former version, MAC and all, says nothing of what was', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  const first = (await synced(s, 'prod')).status?.history?.at(-1)?.revision ?? '';
  const mallory = await narrow(t, await testCluster(t), s.namespace, ['delete']);
  const free = await mallory.get('syncrecords', 'prod');
  await s.project('gated', gate);
  await s.untilStore(
    'the gate is known',
    () => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated || undefined,
  );
  const second = await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === second);
  assert.equal((await approve(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [] })).done, true);
  await syncedTo(s, 'prod', second);

  // It said that no gate was there.
  await s.project('gated', {});
  await exchange(s, mallory, free);
  const head = await push(s, { 'prod/a.yaml': config('prod', '3') });
  await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === head);
  await operate(s, 'prod', { sync: { revision: head } });
  assert.match((await ended(s, 'prod', 'Failed')).status?.operationState?.message ?? '', /^approval required/);

  // And that the first commit was last synced, to which everybody may go back.
  await s.project('gated', gate);
  const sealing = { key: sealKey(s.store.macKey), kind: 'SyncRecord', free: [], bound: ['application'] };
  const object = { ...(free as unknown as KubeObject), metadata: { name: 'prod', namespace: s.namespace } };
  const blank = sealed(sealing, object);
  for (const record of [free, blank as unknown as Record<string, unknown>]) {
    await exchange(s, mallory, record);
    await operate(s, 'prod', { sync: { revision: first } });
    assert.match((await ended(s, 'prod', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
    assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
  }
});

test('a process that dies while it makes a record leaves nothing that asks anybody', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  const died = new Promise<void>((resolve) => s.fuse.arm('create SyncRecord', 'after', resolve));
  await s.apply('prod', { syncPolicy: automated });
  await died;
  await s.restart();
  await synced(s, 'prod');
  const record = await s.untilStore('it is filled', () => s.store.records.get(`${s.namespace}/prod`));
  assert.equal(record.spec.policy.gated, false);
  await syncedTo(s, 'prod', await push(s, { 'prod/a.yaml': config('prod', '2') }));
});

test('what was last synced is not told by a record that somebody wrote', async (t) => {
  const { s, mallory } = await remembered(t);
  const head = await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  const record = await mallory.get('syncrecords', 'prod');
  // As after an approved sync: state, history and all.
  assert.equal(
    (await mallory.patch('syncrecords', 'prod', { spec: { ...(record['spec'] as object), state: 'a'.repeat(64) } }))
      .status,
    200,
  );
  await operate(s, 'prod', { sync: { revision: head } });
  assert.match((await ended(s, 'prod', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('what a version without MACs remembered is taken over once, and never again', async (t) => {
  const { s } = await remembered(t);
  const key = `${s.namespace}/prod`;
  const ref = { group: 'coxswain.dev', kind: 'SyncRecord', namespace: s.namespace, name: 'prod' };
  const spec = s.store.records.get(key)?.spec;
  const unseal = async (): Promise<void> => {
    const stripped = await s.cluster.api.patch(ref, { type: 'merge', patch: { metadata: { annotations: null } } });
    await s.untilStore('foreign', () =>
      s.store.foreign().some((item) => item.metadata.resourceVersion === stripped.metadata.resourceVersion)
        ? true
        : undefined,
    );
  };
  await unseal();
  await adoptRecords(s.cluster, s.store, silentLogger());
  assert.deepEqual(s.store.records.get(key)?.spec, spec);
  assert.deepEqual(s.store.foreign(), []);
  await unseal();
  await adoptRecords(s.cluster, s.store, silentLogger());
  assert.equal(s.store.records.get(key)?.spec.state, undefined);
});
