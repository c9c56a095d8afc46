// Kubernetes Events on Applications: what `kubectl describe application` tells, with Argo CD's reasons and sentences.
import type { Application } from '../../../src/model/application.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  automated,
  config,
  deployment,
  ended,
  eventsOf,
  hookJob,
  isSynced,
  operate,
  patchApp,
  push,
  synced,
} from '../manifests.ts';
import { AppError } from '../../../src/base/errors.ts';
import { createEvents } from '../../../src/store/events.ts';
import { stage } from '../fixture.ts';

function operations(told: readonly string[]): string[] {
  return told.filter((text) => text.startsWith('Operation'));
}

test('a sync, its end and each change of the verdict are told once, and nothing while nothing changes', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  const app = await synced(s, 'web');
  const revision = app.status?.sync?.revision ?? '';
  const told = await eventsOf(s, 'web');
  assert.deepEqual(told.toSorted(), [
    `OperationCompleted: Sync operation to ${revision} succeeded`,
    `OperationStarted: Initiated automated sync to '${revision}'`,
    'ResourceUpdated: Updated health status:  -> Missing',
    'ResourceUpdated: Updated health status: Missing -> Healthy',
    'ResourceUpdated: Updated sync status:  -> OutOfSync',
    'ResourceUpdated: Updated sync status: OutOfSync -> Synced',
  ]);
  await patchApp(s, 'web', { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'hard' } } });
  await s.until(
    'web',
    'refreshed',
    ({ metadata }) => metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined,
  );
  await s.restart();
  await s.until('web', 'still Synced', isSynced);
  assert.deepEqual(await eventsOf(s, 'web'), told);
  const [event] = await s.cluster.api.list({ group: '', kind: 'Event' }, { namespace: s.namespace });
  assert.deepEqual(event?.['source'], { component: 'coxswain' });
  assert.deepEqual(event.metadata.annotations, {
    'dest-server': 'https://kubernetes.default.svc',
    'dest-namespace': s.namespace,
  });
});

test('a sync that a person asks for, of a part, and one that fails are told so', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', {
    sync: { resources: [{ kind: 'ConfigMap', name: 'web' }] },
    initiatedBy: { username: 'ana' },
  });
  const first = (await ended(s, 'web', 'Succeeded')).status?.sync?.revision ?? '';
  const second = await push(s, { 'web/a.yaml': deployment('web').replace('replicas: 1', 'replicas: -3') });
  await s.until('web', 'the second commit', (app) => app.status?.sync?.revision === second);
  await operate(s, 'web', { sync: {} });
  const failed = await ended(s, 'web', 'Failed');
  assert.deepEqual(operations(await eventsOf(s, 'web')), [
    `OperationStarted: ana initiated partial sync to ${first}`,
    `OperationCompleted: Partial sync operation to ${first} succeeded`,
    `OperationStarted: Unknown user initiated sync to ${second}`,
    `OperationCompleted: Sync operation to ${second} failed: ${failed.status?.operationState?.message}`,
  ]);
});

test('killed before or after an Event, the operation is told once', async (t) => {
  const names = ['before', 'after'] as const;
  const files = names.map((name) => ({
    [`${name}/a.yaml`]: config(name, '1'),
    [`${name}/pre.yaml`]: hookJob(`${name}-pre`, 'PreSync'),
  }));
  const s = await stage(t, Object.assign({}, ...files) as Record<string, string>);
  for (const name of names) {
    const died = Promise.withResolvers<void>();
    await s.apply(name);
    await s.until(name, 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
    s.fuse.arm('create Event', name, died.resolve);
    await operate(s, name, { sync: {}, initiatedBy: { username: 'ana' } });
    await died.promise;
    await s.restart();
    const app = await s.until(name, 'Synced', isSynced);
    const revision = app.status?.sync?.revision ?? '';
    assert.deepEqual(operations(await eventsOf(s, name)), [
      `OperationStarted: ana initiated sync to ${revision}`,
      `OperationCompleted: Sync operation to ${revision} succeeded`,
    ]);
  }
});

test('a deletion that cannot go on is told once for each reason, cut at 1,024 characters, of any name', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const name = `${'a'.repeat(220)}.${'b'.repeat(20)}`;
  const app: Application = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { namespace: s.namespace, name, uid: 'u', deletionTimestamp: '2026-01-02T10:00:00Z' },
    spec: { project: 'default', destination: { server: 'https://kubernetes.default.svc' } },
  };
  const conditions = [{ type: 'DeletionError' as const, message: 'x'.repeat(2000) }];
  for (let time = 0; time < 2; time += 1) await s.store.events.tell(app, { conditions }, 0);
  await s.store.events.tell({ ...app, status: { conditions } }, { conditions }, 0);
  const [only, ...others] = await eventsOf(s, name);
  assert.match(only ?? '', /^StatusRefreshed: Unable to delete application resources: x+…$/);
  assert.deepEqual([only?.length, others], ['StatusRefreshed: '.length + 1024, []]);
  assert.equal(s.store.events.refused, false);
});

test('whoever keeps Events may be away or quote a Secret: statuses are written, and the words stay', async () => {
  const app = { apiVersion: '', kind: '', metadata: { name: 'web', namespace: 'argocd' }, spec: { destination: {} } };
  const state = {
    operation: { sync: {} },
    phase: 'Failed' as const,
    message: 'one or more objects failed to apply, reason: Secret "login" is invalid: data: "hunter2"',
    startedAt: '2026-01-01T00:00:00Z',
  };
  const sent: KubeObject[] = [];
  const events = createEvents(
    {
      create: (object) => {
        sent.push(object);
        return Promise.reject(new AppError('E_API', 'no leader', { kind: 'transient' }));
      },
    },
    false,
  );
  await events.tell(app as unknown as Application, { operationState: state }, 0);
  assert.equal(events.refused, true);
  assert.match(String(sent[0]?.['message']), /^Sync operation failed: /);
  assert.doesNotMatch(JSON.stringify(sent), /hunter2/);
});
