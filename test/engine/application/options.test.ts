// Sync options through the engine, as somebody who writes an operation meets them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../control-plane.ts';
import { config, dataOf, deployment, editByHand, ended, gone, operate, patchApp, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

test('FailOnSharedResource=true: what belongs to another application fails the operation, and stays', async (t) => {
  const s = await stage(t, { 'one/a.yaml': config('both', '1'), 'two/a.yaml': config('both', '2') });
  await s.apply('one');
  await operate(s, 'one', { sync: {} });
  await synced(s, 'one');
  await s.apply('two');
  const told = await s.until(
    'two',
    'the warning',
    (app) => app.status?.conditions?.[0]?.type === 'SharedResourceWarning',
  );
  await operate(s, 'two', { sync: { syncOptions: ['FailOnSharedResource=true'] } });
  const app = await ended(s, 'two', 'Failed');
  assert.equal(
    app.status?.operationState?.message,
    `Shared resource found: ${told.status?.conditions?.[0]?.message ?? ''}`,
  );
  assert.deepEqual(await dataOf(s, 'both'), { value: '1' });
  await operate(s, 'two', { sync: {} });
  await ended(s, 'two', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'both'), { value: '2' });
});

test('Prune=confirm: the operation waits until the deletion is approved, also over a restart', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/b.yaml': config('extra', '1', 'argocd.argoproj.io/sync-options: Prune=confirm'),
  });
  await s.apply('web');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await push(s, { 'web/b.yaml': undefined });
  const row = (
    await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync')
  ).status?.resources?.find((item) => item.name === 'extra');
  assert.deepEqual([row?.requiresPruning, row?.requiresDeletionConfirmation], [true, true]);
  await operate(s, 'web', { sync: { prune: true } });
  await s.until(
    'web',
    'waits',
    (app) => app.status?.operationState?.message?.startsWith('waiting for pruning confirmation of') ?? false,
  );
  await s.restart();
  assert.deepEqual(await dataOf(s, 'extra'), { value: '1' });
  const later = new Date(Date.now() + 60_000).toISOString();
  await patchApp(s, 'web', { metadata: { annotations: { 'argocd.argoproj.io/deletion-approved': later } } });
  const app = await s.until(
    'web',
    'pruned',
    (item) => item.operation === undefined && item.status?.history?.length === 2,
  );
  assert.deepEqual(
    app.status?.operationState?.syncResult?.resources?.map((item) => [item.name, item.status]),
    [
      ['extra', 'Pruned'],
      ['web', 'Synced'],
    ],
  );
  await gone(s, 'extra');
});

test('ApplyOutOfSyncOnly=true: only what differs is applied, and a death after it deletes nothing', async (t) => {
  // No episode of the drift opens: its writes would be counted with those of the operation.
  const s = await stage(
    t,
    { 'web/a.yaml': config('one', '1'), 'web/b.yaml': config('two', '1') },
    { settings: { 'drift.settle': '1h' } },
  );
  await s.apply('web');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await editByHand(s, 'one', { value: 'by hand' });
  await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const option = { sync: { prune: true, syncOptions: ['ApplyOutOfSyncOnly=true'] } };
  await operate(s, 'web', option);
  const app = await s.until(
    'web',
    'applied',
    (item) => item.operation === undefined && item.status?.history?.length === 2,
  );
  assert.deepEqual(
    app.status?.operationState?.syncResult?.resources?.map((item) => item.name),
    ['one'],
  );

  await editByHand(s, 'one', { value: 'by hand' });
  await s.until('web', 'OutOfSync again', (item) => item.status?.sync?.status === 'OutOfSync');
  const died = Promise.withResolvers<void>();
  s.fuse.arm('apply ConfigMap', 'after', died.resolve);
  await operate(s, 'web', option);
  await died.promise;
  const changes = s.fuse.log.filter((what) => what !== 'create Event').slice(0, 2);
  assert.deepEqual(changes, ['patch Application', 'apply ConfigMap']);
  await s.restart();
  await s.until('web', 'resumed', (item) => item.operation === undefined && item.status?.history?.length === 3);
  assert.deepEqual([await dataOf(s, 'one'), await dataOf(s, 'two')], [{ value: '1' }, { value: '1' }]);
});

test('PrunePropagationPolicy says what becomes of what a pruned object owns: by default it goes first', async (t) => {
  const names = ['said-nothing', 'foreground', 'background', 'orphan'];
  const s = await stage(t, {
    ...Object.fromEntries(names.map((name) => [`${name}/a.yaml`, deployment(`prop-${name}`)])),
    ...Object.fromEntries(names.map((name) => [`${name}/b.yaml`, config(`prop-${name}`, '1')])),
  });
  const sets = async (name: string): Promise<number> => {
    const found = await s.cluster.api.list({ group: 'apps', kind: 'ReplicaSet' }, { namespace: s.namespace });
    return found.filter(({ metadata }) => metadata.name?.startsWith(`prop-${name}-`)).length;
  };
  for (const name of names) {
    const source = { repoURL: s.url, path: name, targetRevision: 'main' };
    await s.apply(`prop-${name}`, { source });
    await operate(s, `prop-${name}`, { sync: {} });
    await synced(s, `prop-${name}`);
    await eventually('it owns a ReplicaSet', async () => ((await sets(name)) === 1 ? true : undefined));
  }
  await push(s, Object.fromEntries(names.map((name) => [`${name}/a.yaml`, undefined])));
  for (const name of names) {
    const syncOptions = name === 'said-nothing' ? [] : [`PrunePropagationPolicy=${name}`];
    await operate(s, `prop-${name}`, { sync: { prune: true, syncOptions } });
    await s.untilStore(`the Deployment ${name} is gone`, () =>
      s.cluster.live.get({ group: 'apps', kind: 'Deployment', namespace: s.namespace, name: `prop-${name}` })
        ? undefined
        : true,
    );
    if (name !== 'orphan')
      await eventually('and what it owned', async () => ((await sets(name)) === 0 ? true : undefined));
    else {
      const [left] = (
        await s.cluster.api.list({ group: 'apps', kind: 'ReplicaSet' }, { namespace: s.namespace })
      ).filter(({ metadata }) => metadata.name?.startsWith(`prop-${name}-`));
      assert.equal(left?.metadata.ownerReferences, undefined);
    }
  }
});
