// What was last synced and under which gate is the engine's own knowledge: nobody who may only write an Application can
// change it.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../../src/base/canonical.ts';
import {
  approvalIn,
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
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { eventually } from '../../control-plane.ts';
import { agree, agreeTo, bob, cleo, gate } from '../approval/fixture.ts';

/** Synced once, without a gate; from then on its project asks for approval. */
async function gatedStage(t: TestContext): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await synced(s, 'prod');
  await s.project('gated', gate);
  s.authors.list = [{ login: 'ana', id: 1 }];
  return s;
}

function lastMessage(s: Stage): string {
  return s.store.applications.get(`${s.namespace}/prod`)?.status?.operationState?.message ?? '';
}

test('an application that moves to another namespace asks for approval there, whatever was synced', async (t) => {
  const s = await gatedStage(t);
  const other = `${s.namespace}-moved`;
  await s.cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } });
  t.after(() =>
    s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: other }).catch(() => undefined),
  );
  await s.project('gated', gate, {
    destinations: [
      { server: '*', namespace: s.namespace },
      { server: '*', namespace: other },
    ],
  });
  const there = { group: '', kind: 'ConfigMap', namespace: other, name: 'prod' };
  const first = s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.at(-1)?.revision ?? '';

  await s.apply('prod', {
    project: 'gated',
    syncPolicy: automated,
    destination: { server: 'https://kubernetes.default.svc', namespace: other },
  });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(asked.spec.operations.map((item) => [item.op, item.key.namespace]).sort(), [
    ['create', other],
    ['delete', s.namespace],
  ]);
  for (const sync of [{ prune: true }, { revision: first, prune: true, syncOptions: [] }]) {
    const before = s.store.applications.get(`${s.namespace}/prod`)?.status?.operationState?.startedAt;
    await operate(s, 'prod', { sync });
    await s.until(
      'prod',
      'refused',
      (app) =>
        app.operation === undefined &&
        app.status?.operationState?.phase === 'Failed' &&
        app.status.operationState.startedAt !== before,
    );
    assert.match(lastMessage(s), /^approval required/);
  }
  assert.equal(await s.cluster.api.get(there), undefined);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });

  // The Application was changed by hand: nobody can tell by whom.
  assert.match(
    (await agree(s)).message,
    /more are needed; two people must agree.*the Application itself was changed by no commit/,
  );
  assert.equal((await agree(s, cleo)).done, true);
  await s.until(
    'prod',
    'moved',
    (app) =>
      app.status?.sync?.status === 'Synced' && app.operation === undefined && (app.status.history?.length ?? 0) === 2,
  );
  assert.deepEqual((await s.cluster.api.get(there))?.['data'], { value: '1' });
  // Now that is the last synced state, and what drifts from it is put back.
  const edited = await s.cluster.api.patch(there, {
    type: 'merge',
    patch: { data: { value: 'by hand' } },
    manager: 'kubectl-edit',
  });
  await s.untilStore('healed', () => {
    const now = s.cluster.live.get(there)?.object;
    return Number(now?.metadata.resourceVersion) > Number(edited.metadata.resourceVersion) &&
      canonicalJson(now?.['data']) === '{"value":"1"}'
      ? now
      : undefined;
  });
});

test('what was synced while a field was ignored is not last synced once it counts', async (t) => {
  const s = await gatedStage(t);
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  await s.apply('prod', {
    project: 'gated',
    syncPolicy: automated,
    ignoreDifferences: [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/value'] }],
  });
  await s.until(
    'prod',
    'Synced, as nothing that counts differs',
    (app) => app.status?.sync?.status === 'Synced' && app.operation === undefined,
  );
  await operate(s, 'prod', { sync: {} });
  const done = await s.until(
    'prod',
    'an operation that writes nothing',
    (app) =>
      app.operation === undefined &&
      app.status?.operationState?.message?.includes('what was last synced stays') === true,
  );
  assert.deepEqual([done.status?.operationState?.phase, done.status?.history?.length], ['Succeeded', 1]);
  await patchApp(s, 'prod', { spec: { ignoreDifferences: null } });
  await approvalIn(s, 'prod', 'Pending');
  await operate(s, 'prod', { sync: {} });
  await ended(s, 'prod', 'Failed');
  assert.match(lastMessage(s), /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('a history that somebody wrote by hand makes nothing last synced', async (t) => {
  const s = await gatedStage(t);
  const head = await push(s, { 'prod/a.yaml': config('prod', '2') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  const history = s.store.applications.get(`${s.namespace}/prod`)?.status?.history ?? [];
  await patchApp(s, 'prod', {
    status: { history: [...history, { ...history.at(-1), id: 7, revision: head }] },
    operation: { sync: { revision: head } },
  });
  await ended(s, 'prod', 'Failed');
  assert.match(lastMessage(s), /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  await patchApp(s, 'prod', { status: { history } });
  await approvalIn(s, 'prod', 'Pending', (item) => item.spec.digest === asked.spec.digest);
});

test('nor does one that names a commit of which only an ignored field is new', async (t) => {
  const s = await gatedStage(t);
  const ignoreDifferences = [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/value'] }];
  await s.apply('prod', { project: 'gated', syncPolicy: automated, ignoreDifferences });
  await s.until('prod', 'known with its ways', (app) => app.status?.sync?.comparedTo?.ignoreDifferences !== undefined);
  const head = await push(s, { 'prod/a.yaml': config('prod', '2') });
  const [entry] =
    (
      await s.until(
        'prod',
        'Synced at the head',
        (app) => app.status?.sync?.revision === head && app.status.sync.status === 'Synced',
      )
    ).status?.history ?? [];
  await patchApp(s, 'prod', {
    status: { history: [{ ...entry, id: 7, revision: head }] },
    metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } },
  });
  await s.until('prod', 'looked at', (app) => app.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined);
  await s.cluster.api.delete(configMap(s, 'prod'));
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map(({ op }) => op),
    ['create'],
  );
  assert.equal(await dataOf(s, 'prod'), undefined);
});

test('a history of another engine is believed once the cluster is as it says', async (t) => {
  const s = await gatedStage(t);
  const former = s.store.records.get(`${s.namespace}/prod`)?.metadata.uid;
  await s.cluster.api.delete({ group: 'coxswain.dev', kind: 'SyncRecord', namespace: s.namespace, name: 'prod' });
  await s.untilStore('the record is made anew', () => {
    const record = s.store.records.get(`${s.namespace}/prod`);
    return record?.metadata.uid !== former && record?.spec.policy.gated && record.spec.state !== undefined
      ? record
      : undefined;
  });
  await editByHand(s, 'prod', { value: 'by hand' });
  await s.until(
    'prod',
    'healed',
    (app) =>
      app.operation === undefined &&
      app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1 &&
      app.status.operationState.phase === 'Succeeded',
  );
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('a gate that was taken away with kubectl holds until something is approved under it', async (t) => {
  const s = await gatedStage(t);
  await s.untilStore(
    'the gate is known',
    () => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated || undefined,
  );
  await s.project('gated', {});
  const head = await push(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  await operate(s, 'prod', { sync: { revision: head } });
  await ended(s, 'prod', 'Failed');
  assert.match(lastMessage(s), /^approval required/);
  await s.restart();
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });

  // Who loosened it by hand left no name.
  assert.match((await agree(s)).message, /more are needed; two people must agree.*nobody knows who loosened its gate/);
  assert.equal((await agree(s, cleo)).message, 'approved; it syncs now');
  await syncedTo(s, 'prod', head);
  assert.equal(s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated, false);
  const free = await push(s, { 'prod/a.yaml': config('prod', '3') });
  await syncedTo(s, 'prod', free);
});

test('an Application among the manifests brings neither status nor operation', async (t) => {
  const child = (more: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: child
  annotations: {argocd.argoproj.io/skip-reconcile: "true"}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: default}
  source: {repoURL: https://example.com/none.git, path: x}
${more}`;
  const s = await stage(t, {
    'root/child.yaml': child(
      'status: {history: [{id: 3, revision: abc, deployedAt: "2026-01-01T00:00:00Z"}]}\n' +
        'operation: {sync: {revision: abc}}\n',
    ),
  });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  const made = s.store.applications.get(`${s.namespace}/child`);
  assert.equal(made?.operation, undefined);
  assert.equal(made?.status?.history, undefined);
});

/** Gated by its own annotation and synced under it, then deleted with kubectl: its objects stay. */
async function deletedStage(t: TestContext): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s)).done, true);
  await synced(s, 'prod');
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' });
  await s.untilStore('it is gone', () => (s.store.applications.get(`${s.namespace}/prod`) ? undefined : true));
  return s;
}

/** What it brings waits for an approval, and is refused without one. */
async function asks(s: Stage, name: string): Promise<void> {
  await approvalIn(s, name, 'Pending');
  await operate(s, name, { sync: {} });
  assert.match((await ended(s, name, 'Failed')).status?.operationState?.message ?? '', /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
}

test('an application made anew without its annotation is gated as the former one was, until an approval', async (t) => {
  const s = await deletedStage(t);
  await s.apply('prod', { syncPolicy: automated });
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  await asks(s, 'prod');
  await s.restart();
  await asks(s, 'prod');
  // Who made it anew by hand left no name.
  assert.match((await agree(s)).message, /more are needed; two people must agree/);
  assert.equal((await agree(s, cleo)).message, 'approved; it syncs now');
  await synced(s, 'prod');
  const free = await push(s, { 'prod/a.yaml': config('prod', '3') });
  await syncedTo(s, 'prod', free);
});

test('nor does another name for the same place drop the gate; its record goes when somebody approved', async (t) => {
  const s = await deletedStage(t);
  await s.cluster.api.delete(configMap(s, 'prod'));
  await s.project('other');
  await s.apply('second', { syncPolicy: automated, project: 'other' });
  await push(s, { 'second/a.yaml': config('second', '1') });
  const asked = await approvalIn(s, 'second', 'Pending');
  await operate(s, 'second', { sync: {} });
  assert.match((await ended(s, 'second', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
  assert.equal(await dataOf(s, 'second'), undefined);
  assert.deepEqual(
    s.store.records.list().map((record) => record.metadata.name),
    ['prod'],
  );
  for (const actor of [bob, cleo]) await agreeTo(s, 'second', actor, ({ spec }) => spec.digest === asked.spec.digest);
  await synced(s, 'second');
  await eventually('only the record of what is there is left', () =>
    s.store.records
      .list()
      .map((record) => record.metadata.name)
      .join() === 'second'
      ? true
      : undefined,
  );
  const free = await push(s, { 'second/a.yaml': config('second', '2') });
  await syncedTo(s, 'second', free);
});

test('what asks for no approval leaves no record when it goes, also while nobody looked', async (t) => {
  const s = await stage(t, { 'free/a.yaml': config('free', '1'), 'idle/a.yaml': config('idle', '1') });
  for (const name of ['free', 'idle']) {
    await s.apply(name, { syncPolicy: automated });
    await synced(s, name);
  }
  assert.equal(s.store.records.list().length, 2);
  const remove = (name: string): Promise<boolean> =>
    s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name });
  await remove('free');
  await s.untilStore('one is left', () => (s.store.records.list().length === 1 ? true : undefined));
  s.fuse.dead = true;
  await remove('idle');
  await s.restart();
  await s.untilStore('none is left', () => (s.store.records.list().length === 0 ? true : undefined));
});

test('an environment exchanged, or answered for by another repository, keeps its reviewers', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  s.authors.reviewers = (environment) => (environment === 'production' ? ['carol', 'dora'] : undefined);
  const annotations = { ...gate, 'coxswain.dev/environment': 'production' };
  await s.apply('prod', {}, { annotations });
  await approvalIn(s, 'prod', 'Pending');
  await s.untilStore(
    'the gate is known',
    () => s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated || undefined,
  );
  for (const changed of [{ ...gate, 'coxswain.dev/environment': 'playground' }, gate, {}]) {
    await patchApp(s, 'prod', {
      metadata: { annotations: { 'coxswain.dev/environment': null, 'coxswain.dev/approval': null, ...changed } },
    });
    assert.deepEqual(await agree(s), { done: false, message: 'bob is not among the approvers (carol, dora)' });
  }
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.gates?.[0]?.policy.gated === false);
  for (const actor of [person('carol', 3), person('dora', 4)]) await agreeTo(s, 'prod', actor);
  await synced(s, 'prod');
  assert.deepEqual(
    s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated,
    false,
    'it ended with what they agreed to',
  );
});
