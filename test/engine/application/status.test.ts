// The status of an Application to the letter: whole documents for the situations that tools read most.
import type { Application } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, deployment, ended, operate, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Times become TIME, commits COMMIT, the namespace and repository of this run NS and REPO. */
function canonical(s: Stage, app: Application): unknown {
  const text = JSON.stringify(app.status, (_, value: unknown) =>
    typeof value === 'string' && time.test(value) ? 'TIME' : value,
  );
  return JSON.parse(
    text
      .replaceAll(/[0-9a-f]{40}/g, 'COMMIT')
      .replaceAll(s.url, 'REPO')
      .replaceAll(s.namespace, 'NS'),
  );
}

const source = { repoURL: 'REPO', path: 'web', targetRevision: 'main' };
const destination = { server: 'https://kubernetes.default.svc', namespace: 'NS' };
const common = {
  controllerNamespace: 'NS',
  resourceHealthSource: 'appTree',
  sourceType: 'Directory',
  reconciledAt: 'TIME',
};
const comparedTo = { source, destination };

test('before the first sync: OutOfSync and Missing, nothing else', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  const app = await s.until('web', 'compared', (item) => item.status?.sync?.status === 'OutOfSync');
  assert.deepEqual(canonical(s, app), {
    ...common,
    conditions: [],
    health: { status: 'Missing', lastTransitionTime: 'TIME' },
    resources: [{ kind: 'ConfigMap', name: 'web', namespace: 'NS', status: 'OutOfSync', version: 'v1' }],
    summary: {},
    sync: { status: 'OutOfSync', revision: 'COMMIT', comparedTo },
  });
});

test('after an automated sync of a Deployment: Synced, Healthy, history, results and images', async (t) => {
  const s = await stage(t, { 'web/a.yaml': deployment('web') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const app = await s.until('web', 'Healthy', (item) => item.status?.health?.status === 'Healthy');
  const operation = {
    sync: { revision: 'COMMIT', prune: true },
    initiatedBy: { automated: true },
    retry: { limit: 5 },
  };
  assert.deepEqual(canonical(s, app), {
    ...common,
    conditions: [],
    health: { status: 'Healthy', lastTransitionTime: 'TIME' },
    history: [
      {
        id: 0,
        revision: 'COMMIT',
        source,
        deployStartedAt: 'TIME',
        deployedAt: 'TIME',
        initiatedBy: { automated: true },
      },
    ],
    operationState: {
      operation,
      phase: 'Succeeded',
      message: 'successfully synced (all tasks run)',
      startedAt: 'TIME',
      finishedAt: 'TIME',
      syncResult: {
        revision: 'COMMIT',
        source,
        resources: [
          {
            group: 'apps',
            version: 'v1',
            kind: 'Deployment',
            namespace: 'NS',
            name: 'web',
            status: 'Synced',
            message: 'deployment.apps/web serverside-applied',
            images: ['nginx:1.27.0'],
            hookPhase: 'Running',
            syncPhase: 'Sync',
          },
        ],
      },
    },
    resources: [{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'NS', name: 'web', status: 'Synced' }],
    summary: { images: ['nginx:1.27.0'] },
    sync: { status: 'Synced', revision: 'COMMIT', comparedTo },
  });
});

test('only left to be pruned, without automated pruning: OutOfSync, requiresPruning, ignored by a sync', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('kept', '1'), 'web/b.yaml': config('old', '1') });
  await s.apply('web', { syncPolicy: { automated: {} } });
  await synced(s, 'web');
  await push(s, { 'web/a.yaml': config('kept', '2'), 'web/b.yaml': undefined });
  const app = await s.until(
    'web',
    'synced but for the prune',
    (item) =>
      item.operation === undefined && item.status?.history?.length === 2 && item.status.sync?.status === 'OutOfSync',
  );
  assert.deepEqual(
    app.status?.resources?.map(({ name, status, requiresPruning }) => [name, status, requiresPruning]),
    [
      ['kept', 'Synced', undefined],
      ['old', 'OutOfSync', true],
    ],
  );
  assert.deepEqual(
    app.status?.operationState?.syncResult?.resources?.map(({ name, status, message }) => [name, status, message]),
    [
      ['kept', 'Synced', 'configmap/kept serverside-applied'],
      ['old', 'PruneSkipped', 'ignored (requires pruning)'],
    ],
  );
  assert.equal(app.status?.operationState?.phase, 'Succeeded');
});

test('a sync that fails: Failed with the reason, a SyncError, and no further attempt until Git changes', async (t) => {
  const s = await stage(t, {
    'web/a.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}], clusterIP: 203.0.113.7}\n',
  });
  await s.apply('web', { syncPolicy: { ...automated, retry: { limit: 0 } } });
  const app = await s.until(
    'web',
    'failed',
    (item) => item.operation === undefined && (item.status?.conditions?.length ?? 0) > 0,
  );
  const message = app.status?.operationState?.message ?? '';
  assert.match(message, /^one or more objects failed to apply, reason: /);
  assert.deepEqual(
    app.status?.conditions?.map((item) => [item.type, item.message]),
    [['SyncError', `Failed last sync attempt to ${app.status?.sync?.revision ?? ''}: ${message}`]],
  );
  assert.equal(app.status?.operationState?.syncResult?.resources?.[0]?.status, 'SyncFailed');
  const since = app.status?.conditions?.[0]?.lastTransitionTime;
  await s.restart();
  const sha = await push(s, { 'web/a.yaml': config('web', '1') });
  const mended = await s.until(
    'web',
    'mended',
    (item) => item.status?.history?.at(-1)?.revision === sha && item.operation === undefined,
  );
  assert.match(since ?? '', time);
  assert.deepEqual(mended.status?.conditions, []);
});

test('an automated sync never empties an application unless it may', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await push(s, { 'web/a.yaml': undefined, 'web/readme.md': 'nothing' });
  const app = await s.until('web', 'held', (item) => (item.status?.conditions?.length ?? 0) > 0);
  assert.deepEqual(
    app.status?.conditions?.map((item) => [item.type, item.message]),
    [['SyncError', 'Skipping sync attempt: auto-sync will wipe out all resources']],
  );
  await s.apply('web', { syncPolicy: { automated: { prune: true, allowEmpty: true } } });
  await s.until(
    'web',
    'empty',
    (item) => item.status?.sync?.status === 'Synced' && item.status.resources?.length === 0,
  );
});

test('an object in two applications, and one that Git has twice, are warned of', async (t) => {
  const s = await stage(t, {
    'one/a.yaml': config('shared', '1'),
    'two/a.yaml': config('shared', '1'),
    'two/b.yaml': `${config('twice', '1')}---\n${config('twice', '2')}`,
  });
  await s.apply('one', { syncPolicy: { automated: {} } });
  await synced(s, 'one');
  await s.apply('two');
  const app = await s.until('two', 'warned', (item) => (item.status?.conditions?.length ?? 0) === 2);
  assert.deepEqual(
    app.status?.conditions?.map((item) => item.type),
    ['RepeatedResourceWarning', 'SharedResourceWarning'],
  );
  assert.equal(app.status?.conditions?.[1]?.message, 'ConfigMap/shared is part of applications two and one');
});

test('skip-reconcile leaves the application as it is', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'other/a.yaml': config('other', '1') });
  await s.apply('web', { syncPolicy: automated }, { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } });
  await s.apply('other', { syncPolicy: automated });
  await synced(s, 'other');
  assert.equal(s.store.applications.get(`${s.namespace}/web`)?.status, undefined);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await operate(s, 'web', { sync: {} });
  await ended(s, 'web', 'Succeeded');
});
