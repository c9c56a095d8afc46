// Ignored fields through the engine: what was approved is what is applied.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
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
  person,
  push,
  quiet,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const ignoreDifferences = [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/own'] }];
const respect = ['RespectIgnoreDifferences=true'];

/** A ConfigMap whose key `own` somebody else may set. */
function manifest(value: string, own = 'git'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: "${value}", own: "${own}"}\n`;
}

for (const { name, syncOptions, paths, after } of [
  {
    name: 'ignored fields are approved and applied with the rest',
    syncOptions: [],
    paths: ['data.own', 'data.value'],
    after: { value: '2', own: 'git' },
  },
  {
    name: 'RespectIgnoreDifferences=true: they are neither in what is approved nor applied',
    syncOptions: respect,
    paths: ['data.value'],
    after: { value: '2', own: 'hand' },
  },
]) {
  test(name, async (t) => {
    const s = await stage(t, { 'web/a.yaml': manifest('1') });
    await s.apply('web', { ignoreDifferences, syncPolicy: { ...automated, syncOptions } });
    await synced(s, 'web');
    await editByHand(s, 'web', { own: 'hand' });
    s.authors.list = [{ login: 'ana', id: 1 }];
    await s.project('gated', { 'coxswain.dev/approval': 'required' });
    await s.apply('web', { project: 'gated', ignoreDifferences, syncPolicy: { syncOptions } });
    const sha = await push(s, { 'web/a.yaml': manifest('2') });
    const asked = await approvalIn(s, 'web', 'Pending', (item) => item.spec.revision === sha);
    assert.deepEqual(
      asked.spec.operations.map((item) => item.op === 'change' && item.fields.map(([path]) => path)),
      [paths],
    );
    assert.deepEqual(await dataOf(s, 'web'), { value: '1', own: 'hand' }, 'nothing is applied before');
    assert.deepEqual(
      await approve(requests(s), { application: `${s.namespace}/web`, actor: person('bob', 2), teams: [] }),
      { done: true, message: 'approved; it syncs now' },
    );
    await syncedTo(s, 'web', sha);
    assert.deepEqual(await dataOf(s, 'web'), after);
    await approvalIn(s, 'web', 'Applied', (item) => item.spec.digest === asked.spec.digest);
    await editByHand(s, 'web', { value: 'hand', own: 'again' });
    await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
    await operate(s, 'web', { sync: {} });
    if (syncOptions.length === 0) await synced(s, 'web');
    else
      assert.equal(
        (await ended(s, 'web', 'Failed')).status?.operationState?.message,
        "approval required: this operation would sync without the application's sync options " +
          '(RespectIgnoreDifferences=true)',
      );
    assert.deepEqual(await dataOf(s, 'web'), syncOptions.length === 0 ? after : { value: 'hand', own: 'again' });
  });
}

test('the option counts where the operation has it, whatever the application says', async (t) => {
  const s = await stage(t, { 'web/a.yaml': manifest('1') });
  await s.apply('web', { ignoreDifferences });
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await editByHand(s, 'web', { own: 'hand' });
  const second = await push(s, { 'web/a.yaml': manifest('2', 'new') });
  await s.until(
    'web',
    'OutOfSync',
    (app) => app.status?.sync?.revision === second && app.status.sync.status === 'OutOfSync',
  );
  await operate(s, 'web', { sync: { syncOptions: respect } });
  await syncedTo(s, 'web', second);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2', own: 'hand' });
  await s.apply('web', { ignoreDifferences, syncPolicy: { syncOptions: respect } });
  const third = await push(s, { 'web/a.yaml': manifest('3', 'new') });
  await s.until(
    'web',
    'OutOfSync',
    (app) => app.status?.sync?.revision === third && app.status.sync.status === 'OutOfSync',
  );
  await operate(s, 'web', { sync: {} });
  await syncedTo(s, 'web', third);
  assert.deepEqual(await dataOf(s, 'web'), { value: '3', own: 'new' });
});

test('an object that differs in ignored fields alone is in sync, and an operation leaves it', async (t) => {
  const s = await stage(t, { 'web/a.yaml': manifest('1') });
  await s.apply('web', { ignoreDifferences });
  await operate(s, 'web', { sync: {} });
  const before = await synced(s, 'web');
  await editByHand(s, 'web', { own: 'hand' });
  const version = (await s.cluster.api.get(configMap(s, 'web')))?.metadata.resourceVersion;
  const sha = await push(s, { 'web/a.yaml': manifest('1', 'new') });
  await s.until(
    'web',
    'Synced at the new commit',
    (app) => app.status?.sync?.revision === sha && app.status.sync.status === 'Synced',
  );
  await operate(s, 'web', { sync: {} });
  const app = await s.until(
    'web',
    'synced once more',
    (item) =>
      item.operation === undefined && item.status?.history?.length === (before.status?.history?.length ?? 0) + 1,
  );
  assert.equal(app.status?.operationState?.syncResult?.resources?.[0]?.message, 'configmap/web unchanged');
  assert.equal((await s.cluster.api.get(configMap(s, 'web')))?.metadata.resourceVersion, version);
  await ended(s, 'web', 'Succeeded');
});

test('under approval, an ignored field gets no unapproved value, whatever puts the object back', async (t) => {
  const s = await stage(t, { 'web/a.yaml': manifest('1'), 'web/b.yaml': config('other', '1') });
  const gated = { project: 'gated', ignoreDifferences, syncPolicy: automated };
  await s.project('gated');
  await s.apply('web', gated);
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  const quiet = await push(s, { 'web/a.yaml': manifest('1', 'new') });
  await s.until(
    'web',
    'Synced at the new commit',
    (app) => app.status?.sync?.revision === quiet && app.status.sync.status === 'Synced',
  );
  await operate(s, 'web', { sync: {} });
  const done = await s.until(
    'web',
    'an operation that writes nothing',
    (app) =>
      app.operation === undefined &&
      app.status?.operationState?.operation.sync?.autoHealAttemptsCount === undefined &&
      app.status?.operationState?.syncResult?.revision === quiet,
  );
  assert.equal(
    done.status?.operationState?.message,
    'successfully synced (all tasks run); what was last synced stays, for nobody has approved ignored fields: ' +
      `ConfigMap ${s.namespace}/web data.own`,
  );
  assert.equal(done.status?.history?.length, 1);
  const healed = async (own: string): Promise<void> => {
    const uid = (await s.cluster.api.get(configMap(s, 'web')))?.metadata.uid;
    await s.cluster.api.delete(configMap(s, 'web'));
    const made = await s.untilStore('made anew', () => {
      const now = s.cluster.live.get(configMap(s, 'web'))?.object;
      return now?.metadata.uid === uid ? undefined : now;
    });
    assert.deepEqual(made['data'], { value: '1', own });
    // Nobody is asked for its sake alone.
    await s.until(
      'web',
      'nothing is asked any more',
      (app) =>
        app.operation === undefined &&
        app.status?.sync?.status === 'Synced' &&
        !approvalsOf(s, 'web').some((item) => item.status?.phase === 'Pending'),
    );
  };
  await healed('git');
  const sha = await push(s, { 'web/b.yaml': config('other', '2') });
  const asked = await approvalIn(s, 'web', 'Pending', (item) => item.spec.revision === sha);
  assert.deepEqual(
    asked.spec.operations.map((item) => [item.key.name, item.op === 'change' && item.fields.map(([path]) => path)]),
    [
      ['other', ['data.value']],
      ['web', ['data.own']],
    ],
  );
  assert.equal(
    (
      await approve(requests(s), {
        application: `${s.namespace}/web`,
        digest: asked.spec.digest,
        actor: person('bob', 2),
        teams: [],
      })
    ).done,
    true,
  );
  await syncedTo(s, 'web', sha);
  await healed('new');
});

test('under approval, a kept extra object beside a new value of an ignored field starts no sync', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': manifest('1'),
    'web/b.yaml': config('extra', '1', 'argocd.argoproj.io/sync-options: Prune=false'),
  });
  await s.project('gated');
  await s.apply('web', { project: 'gated', ignoreDifferences, syncPolicy: automated });
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  const head = await push(s, { 'web/a.yaml': manifest('1', 'new'), 'web/b.yaml': undefined });
  await s.until(
    'web',
    'OutOfSync at the new commit',
    (app) => app.status?.sync?.revision === head && app.status.sync.status === 'OutOfSync',
  );
  await quiet(s);
  const app = s.store.applications.get(`${s.namespace}/web`);
  assert.notEqual(app?.status?.operationState?.syncResult?.revision, head);
  assert.equal(app?.status?.history?.length, 1);
});
