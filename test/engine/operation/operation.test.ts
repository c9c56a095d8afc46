// The operation contract: whoever writes `operation` gets a sync, with Argo CD's phases, messages and fields.
import type { Application } from '../../../src/model/application.ts';
import type { SyncWindow } from '../../../src/model/project.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestSync } from '../../../src/engine/request.ts';
import { plannedTasks } from '../../../src/sync/planned.ts';
import {
  automated,
  config,
  dataOf,
  ended,
  gone,
  hookJob,
  isSynced,
  operate,
  patchApp,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const jobs = (namespace: string) => ({ group: 'batch', kind: 'Job', namespace });

test('hooks run once around the sync, in their phases, and the rows say so', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/pre.yaml': hookJob('pre', 'PreSync', 'HookSucceeded'),
    'web/post.yaml': hookJob('post', 'PostSync'),
  });
  await s.apply('web');
  await operate(s, 'web', { sync: {}, initiatedBy: { username: 'ana' } });
  const running = await s.until(
    'web',
    'waits for the hook',
    (app) => app.status?.operationState?.message?.startsWith('waiting for completion of hook') ?? false,
  );
  assert.equal(running.status?.operationState?.phase, 'Running');
  assert.equal(running.status?.operationState?.message, 'waiting for completion of hook batch/Job/pre');
  const begun = running.status?.operationState?.syncResult?.resources?.map((row) => [row.name, row.hookPhase]);
  assert.deepEqual(begun, [['pre', 'Running']], 'what is only planned is not told as a result');
  assert.equal(plannedTasks(running), 3);
  assert.equal(await dataOf(s, 'web'), undefined, 'nothing is applied before the hook is through');
  const app = await ended(s, 'web', 'Succeeded');
  const state = app.status?.operationState;
  assert.equal(state?.message, 'successfully synced (no more tasks)');
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => [
      row.kind,
      row.name,
      row.syncPhase,
      row.hookType,
      row.hookPhase,
      row.status,
    ]),
    [
      ['Job', 'pre', 'PreSync', 'PreSync', 'Succeeded', 'Synced'],
      ['ConfigMap', 'web', 'Sync', undefined, 'Succeeded', 'Synced'],
      ['Job', 'post', 'PostSync', 'PostSync', 'Succeeded', 'Synced'],
    ],
  );
  await s.untilStore('HookSucceeded takes the first away', () =>
    s.cluster.live.get({ ...jobs(s.namespace), name: 'pre' }) === undefined ? true : undefined,
  );
  assert.notEqual(await s.cluster.api.get({ ...jobs(s.namespace), name: 'post' }), undefined);
  assert.equal(app.status?.sync?.status, 'Synced');
  assert.equal(app.metadata.annotations?.['coxswain.dev/plan'], undefined);
});

test('while an operation runs nobody else gets one, and one request starts one operation', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/pre.yaml': hookJob('pre', 'PreSync') });
  await s.apply('web');
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  const application = `${s.namespace}/web`;
  const ask = (request: string): ReturnType<typeof requestSync> =>
    requestSync(requests(s), { application, request, actor: person('ana', 1) });
  assert.deepEqual(await ask('r1'), { done: true, message: 'sync started' });
  assert.deepEqual(await ask('r1'), { done: true, message: 'the sync was asked for already' });
  assert.deepEqual(await ask('r2'), {
    done: false,
    message: 'another operation is in progress; try again when it has ended',
  });
  const app = await ended(s, 'web', 'Succeeded');
  assert.deepEqual(await ask('r1'), { done: true, message: 'the sync was asked for already' });
  assert.equal(s.store.applications.get(application)?.operation, undefined);
  assert.deepEqual(app.status?.operationState?.operation.info, [{ name: 'coxswain.dev/request', value: 'r1' }]);
  assert.equal(app.status?.history?.length, 1);
});

test('Terminating ends the operation: running hooks go, nothing more is applied', async (t) => {
  const slow = hookJob('pre', 'PreSync').replace(
    '    spec:\n      restartPolicy',
    '    metadata: {annotations: {sandbox.coxswain.dev/ready-after: 60s}}\n    spec:\n' +
      '      nodeSelector: {none: such}\n      restartPolicy',
  );
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/pre.yaml': slow });
  await s.apply('web');
  await operate(s, 'web', { sync: {}, retry: { limit: 3 } });
  await s.until(
    'web',
    'waits for the hook',
    (app) => app.status?.operationState?.message === 'waiting for completion of hook batch/Job/pre',
  );
  await patchApp(s, 'web', { status: { operationState: { phase: 'Terminating' } } });
  const app = await ended(s, 'web', 'Failed');
  assert.equal(app.status?.operationState?.message, 'Operation terminated');
  assert.equal(app.status?.operationState?.retryCount, undefined);
  assert.equal(app.status?.history, undefined);
  assert.equal(await dataOf(s, 'web'), undefined);
  await s.untilStore('the hook is gone', () =>
    s.cluster.live.get({ ...jobs(s.namespace), name: 'pre' }) === undefined ? true : undefined,
  );
});

for (const [what, spec] of [
  ['revision cannot be rendered any more', { source: { path: 'nowhere' } }],
  ['project is gone', { project: 'none' }],
] as const) {
  test(`Terminating ends an operation whose ${what}: its hook goes by its policy`, async (t) => {
    const slow = (name: string): string =>
      hookJob(name, 'PreSync').replace('restartPolicy', 'nodeSelector: {none: such}\n      restartPolicy');
    const s = await stage(t, {
      'web/a.yaml': config('web', '1'),
      'web/pre.yaml': slow('pre'),
      'web/done.yaml': hookJob('done', 'PreSync', 'HookFailed'),
    });
    await s.apply('web');
    await operate(s, 'web', { sync: {} });
    const hookPhase = (app: Application, name: string): string | undefined =>
      app.status?.operationState?.syncResult?.resources?.find((row) => row.name === name)?.hookPhase;
    await s.until(
      'web',
      'one hook is done, the other runs',
      (app) => hookPhase(app, 'done') === 'Succeeded' && hookPhase(app, 'pre') === 'Running',
    );
    await patchApp(s, 'web', { spec, status: { operationState: { phase: 'Terminating' } } });
    const app = await s.until('web', 'ended', (item) => item.operation === undefined);
    const { phase, message, syncResult } = app.status?.operationState ?? {};
    assert.deepEqual([phase, message], ['Failed', 'Operation terminated']);
    assert.deepEqual(
      syncResult?.resources?.map((row) => [row.name, row.hookPhase, row.message]).filter(([name]) => name !== 'done'),
      [['pre', 'Failed', 'Terminated']],
    );
    for (const name of ['pre', 'done'])
      await s.untilStore(`${name} is gone`, () =>
        s.cluster.live.get({ ...jobs(s.namespace), name }) === undefined ? true : undefined,
      );
    assert.equal(await dataOf(s, 'web'), undefined);
  });
}

test('a failed attempt is repeated as its retry says, at the same revision, and then given up', async (t) => {
  const s = await stage(t, {
    'web/a.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n' +
      'spec: {ports: [{port: 80}], clusterIP: 203.0.113.7}\n',
  });
  await s.apply('web');
  await operate(s, 'web', { sync: {}, retry: { limit: 2, backoff: { duration: '300ms', factor: 1 } } });
  const waits = await s.until(
    'web',
    'waits for its next attempt',
    (app) => app.status?.operationState?.retryCount === 1,
  );
  assert.equal(waits.status?.operationState?.phase, 'Running');
  assert.match(waits.status?.operationState?.message ?? '', /Retrying attempt #1 at \d?\d:\d\d[AP]M\.$/);
  const revision = waits.status?.operationState?.syncResult?.revision;
  await push(s, { 'web/b.yaml': config('later', '1') });
  const app = await ended(s, 'web', 'Failed');
  assert.match(app.status?.operationState?.message ?? '', /\(retried 2 times\)\.$/);
  assert.equal(app.status?.operationState?.retryCount, 2);
  assert.equal(app.status?.operationState?.syncResult?.revision, revision);
});

test('an operation that a sync window forbids stays Running and goes on when the window allows it', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const deny: SyncWindow = { kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'] };
  await s.project('closed', {}, { syncWindows: [deny] });
  await s.apply('web', { project: 'closed' });
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: {} });
  const blocked = await s.until('web', 'blocked', (app) => app.status?.operationState?.phase === 'Running');
  assert.equal(blocked.status?.operationState?.message, 'Sync operation blocked by sync window');
  assert.equal(await dataOf(s, 'web'), undefined);
  await s.restart();
  const sha = await push(s, { 'web/a.yaml': config('web', '2') });
  await s.until(
    'web',
    'the status follows Git meanwhile',
    (app) => app.status?.sync?.revision === sha && app.operation !== undefined,
  );
  await s.project('closed', {}, { syncWindows: [{ ...deny, manualSync: true }] });
  const app = await ended(s, 'web', 'Succeeded');
  assert.equal(app.status?.operationState?.message, 'successfully synced (all tasks run)');
  assert.equal(app.status?.operationState?.startedAt, blocked.status?.operationState?.startedAt);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2' });
});

test('automated sync waits for its window without an operation', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const deny: SyncWindow = { kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'] };
  await s.project('closed', {}, { syncWindows: [deny] });
  await s.apply('web', { project: 'closed', syncPolicy: automated });
  await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync' && app.operation === undefined);
  await s.project('closed', {}, { syncWindows: [] });
  await synced(s, 'web');
});

test('a dry run applies nothing, writes no history and does not count as an attempt', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: { dryRun: true } });
  const app = await ended(s, 'web', 'Succeeded');
  assert.deepEqual(
    app.status?.operationState?.syncResult?.resources?.map((row) => [row.name, row.status]),
    [['web', 'Synced']],
  );
  assert.equal(app.status?.history, undefined);
  assert.equal(app.status?.sync?.status, 'OutOfSync');
  assert.equal(await dataOf(s, 'web'), undefined);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
});

test('an older revision is synced when asked for, with its source, and leaves it OutOfSync', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { revisionHistoryLimit: 2 });
  await operate(s, 'web', { sync: {} });
  const first = await synced(s, 'web');
  const old = first.status?.history?.[0];
  await push(s, { 'web/a.yaml': config('web', '2'), 'web/b.yaml': config('more', '1') });
  await operate(s, 'web', { sync: {} });
  await s.until('web', 'second', (app) => isSynced(app) && app.status?.history?.length === 2);
  assert.ok(old?.revision && old.source);
  await operate(s, 'web', {
    sync: { revision: old.revision, source: old.source, prune: true, syncStrategy: { apply: {} } },
  });
  const back = await s.until(
    'web',
    'back',
    (app) => app.operation === undefined && app.status?.history?.at(-1)?.id === 2,
  );
  assert.deepEqual(
    back.status?.history?.map((entry) => entry.id),
    [1, 2],
  );
  assert.equal(back.status?.sync?.status, 'OutOfSync');
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
  await gone(s, 'more');
});

test('a revision that Git does not have, or a path that is not there, ends the operation with why', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: { revision: 'no-such-branch' } });
  const app = await ended(s, 'web', 'Error');
  assert.match(app.status?.operationState?.message ?? '', /no-such-branch.* does not exist/);
  await operate(s, 'web', { sync: { source: { repoURL: s.url, path: 'nowhere', targetRevision: 'main' } } });
  const path = await s.until(
    'web',
    'the path',
    (item) => item.operation === undefined && (item.status?.operationState?.message?.includes('nowhere') ?? false),
  );
  assert.equal(path.status?.operationState?.phase, 'Error');
});

test('a window that closes while a sync runs is told, holds it, and lets anybody end it', async (t) => {
  const slow = hookJob('pre', 'PreSync').replace('restartPolicy', 'nodeSelector: {none: such}\n      restartPolicy');
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/pre.yaml': slow });
  await s.project('closing');
  await s.apply('web', { project: 'closing' });
  await operate(s, 'web', { sync: {} });
  await s.until(
    'web',
    'waits for the hook',
    (app) => app.status?.operationState?.message === 'waiting for completion of hook batch/Job/pre',
  );
  await s.project(
    'closing',
    {},
    { syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'] }] },
  );
  const held = await s.until(
    'web',
    'says so',
    (app) => app.status?.operationState?.message === 'Sync operation blocked by sync window',
  );
  assert.equal(plannedTasks(held), 2);
  assert.deepEqual(
    [held.status?.operationState?.phase, held.status?.operationState?.syncResult?.resources?.length],
    ['Running', 1],
  );
  await patchApp(s, 'web', { status: { operationState: { phase: 'Terminating' } } });
  const app = await ended(s, 'web', 'Failed');
  assert.equal(app.status?.operationState?.message, 'Operation terminated');
  assert.equal(app.metadata.annotations?.['coxswain.dev/plan'], undefined);
  await s.untilStore('the hook is gone', () =>
    s.cluster.live.get({ ...jobs(s.namespace), name: 'pre' }) === undefined ? true : undefined,
  );
});

test('manifests written into an operation are refused, not taken for what Git says', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await operate(s, 'web', { sync: { manifests: ['{}'] }, retry: { limit: 3 } });
  const app = await ended(s, 'web', 'Failed');
  assert.match(app.status?.operationState?.message ?? '', /^operation\.sync\.manifests is not supported/);
  assert.equal(await dataOf(s, 'web'), undefined);
});

test("an operation that asks for nothing ends with Argo CD's words", async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web');
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { initiatedBy: { username: 'eve' } });
  const app = await s.until(
    'web',
    'ended',
    (item) => item.operation === undefined && item.status?.operationState?.finishedAt !== undefined,
  );
  assert.deepEqual(
    [app.status?.operationState?.phase, app.status?.operationState?.message],
    ['Error', 'Invalid operation request: no operation specified'],
  );
  assert.equal(await dataOf(s, 'web'), undefined);
});
