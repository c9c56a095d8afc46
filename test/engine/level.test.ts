// Level-triggered: whatever happened, and whenever, the end is the same; and what did not change costs nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  configMap,
  dataOf,
  deployment,
  editByHand,
  isSynced,
  patchApp,
  push,
  quiet,
  synced,
  syncedTo,
  asked,
} from './manifests.ts';
import { eventually } from '../control-plane.ts';
import { stage } from './fixture.ts';

const refresh = 'argocd.argoproj.io/refresh';

test('the start finds what happened since: commits, edits, new and deleted applications, void questions', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'edited/a.yaml': config('edited', '1'),
    'gone/a.yaml': config('gone', '1'),
    'late/a.yaml': config('late', '1'),
    'asked/a.yaml': config('asked', '1'),
  });
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  for (const name of ['web', 'edited']) await s.apply(name, { syncPolicy: automated });
  await s.apply('gone', { syncPolicy: automated }, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
  await s.apply('asked', { project: 'gated' });
  for (const name of ['web', 'edited', 'gone']) await synced(s, name);
  await approvalIn(s, 'asked', 'Pending');
  s.fuse.dead = true;
  const sha = s.commit({ 'web/a.yaml': config('web', '2'), 'web/b.yaml': config('more', '1') });
  await editByHand(s, 'edited', { value: 'by hand' });
  const delayed = s.cluster.api.delete({
    group: 'argoproj.io',
    kind: 'Application',
    namespace: s.namespace,
    name: 'gone',
  });
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'asked' });
  await delayed;
  await s.apply('late', { syncPolicy: automated });
  await s.restart();
  await syncedTo(s, 'web', sha);
  await synced(s, 'late');
  await s.until(
    'edited',
    'healed',
    (app) => isSynced(app) && app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1,
  );
  await s.untilStore('gone', () => (s.store.applications.get(`${s.namespace}/gone`) === undefined ? true : undefined));
  assert.deepEqual(
    [await dataOf(s, 'web'), await dataOf(s, 'more'), await dataOf(s, 'edited'), await dataOf(s, 'gone')],
    [{ value: '2' }, { value: '1' }, { value: '1' }, undefined],
  );
  const [asked] = await s.untilStore('the question is void', () => {
    const all = approvalsOf(s, 'asked');
    return all.every((item) => item.status?.phase === 'Superseded') ? all : undefined;
  });
  assert.equal(asked?.status?.message, 'the application is gone');
});

test('a refresh is answered with the newest commit and taken away, and one meanwhile is not lost', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  await patchApp(s, 'web', { metadata: { annotations: { [refresh]: 'normal' } } });
  await syncedTo(s, 'web', sha);
  await s.until('web', 'taken away', (app) => app.metadata.annotations?.[refresh] === undefined);
  // Five requests one after the other, each after its own commit: the last commit is always reached.
  let last = '';
  for (const value of ['3', '4', '5', '6', '7']) {
    last = s.commit({ 'web/a.yaml': config('web', value) });
    await patchApp(s, 'web', { metadata: { annotations: { [refresh]: value === '5' ? 'hard' : 'normal' } } });
  }
  await s.until('web', 'taken away again', (app) => app.metadata.annotations?.[refresh] === undefined && isSynced(app));
  await patchApp(s, 'web', { metadata: { annotations: { [refresh]: 'normal' } } });
  await syncedTo(s, 'web', last);
});

test('what is deleted by hand comes back, and what carries our mark without being in Git goes', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'bare/a.yaml': config('bare', '1') });
  await s.apply('web', { syncPolicy: automated });
  await s.apply('bare');
  await patchApp(s, 'bare', { operation: { sync: {} } });
  for (const name of ['web', 'bare']) await synced(s, name);
  for (const name of ['web', 'bare']) await s.cluster.api.delete(configMap(s, name));
  const missing = await s.until('bare', 'missing', (app) => app.status?.sync?.status === 'OutOfSync');
  assert.equal(missing.status?.health?.status, 'Missing');
  await s.until(
    'web',
    'healed',
    (app) => isSynced(app) && app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1,
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });

  const tracking = (name: string): string => `web:/ConfigMap:${s.namespace}/${name}`;
  const marked = (name: string, of: string): Promise<unknown> =>
    s.cluster.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: s.namespace, annotations: { 'argocd.argoproj.io/tracking-id': tracking(of) } },
    });
  await marked('copied', 'web'); // the mark of another object, as controllers copy it: none of ours
  await marked('extra', 'extra');
  await s.untilStore('pruned', () =>
    s.store.applications
      .get(`${s.namespace}/web`)
      ?.status?.operationState?.syncResult?.resources?.some((row) => row.name === 'extra' && row.status === 'Pruned')
      ? true
      : undefined,
  );
  await s.until('web', 'Synced', isSynced);
  assert.equal(await s.cluster.api.get(configMap(s, 'extra')), undefined);
  assert.notEqual(await s.cluster.api.get(configMap(s, 'copied')), undefined);
});

test('an unrelated commit renders and asks nothing; the status of a Deployment may move unasked', async (t) => {
  const s = await stage(t, { 'web/a.yaml': deployment('web'), 'prod/a.yaml': deployment('prod') });
  await s.project('gated');
  await s.apply('web', { syncPolicy: automated });
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  for (const name of ['web', 'prod'])
    await s.until(name, 'Healthy', (app) => isSynced(app) && app.status?.health?.status === 'Healthy');
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await push(s, { 'prod/a.yaml': deployment('prod', 'nginx:1.28.0') });
  await approvalIn(s, 'prod', 'Pending');
  await quiet(s);
  const before = asked(s);
  const renders = s.renderer.counts.renders;
  s.commit({ 'other/readme.md': 'unrelated' });
  await s.engine.onPush(s.url);
  await quiet(s);
  assert.deepEqual(asked(s), before);
  assert.equal(s.renderer.counts.renders, renders);

  for (const name of ['web', 'prod']) {
    const ref = { group: 'apps', kind: 'Deployment', namespace: s.namespace, name };
    const seen = s.cluster.live.stats.events;
    await s.cluster.api.patch(ref, {
      type: 'merge',
      subresource: 'status',
      patch: {
        status: {
          conditions: [
            { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
            { type: 'Available', status: 'True' },
          ],
        },
      },
    });
    await s.untilStore('the event', () => (s.cluster.live.stats.events > seen ? true : undefined));
  }
  await quiet(s);
  assert.equal(
    s.cluster.api.counts.dryRun,
    before.dryRun,
    'a status that moves asks for no dry run, an open question included',
  );
});

test('an unrelated commit after a restart renders and writes nothing either', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  const before = await synced(s, 'web');
  s.commit({ 'other/readme.md': 'unrelated' });
  await s.restart();
  await eventually('looked at', () => s.engine.comparison(`${s.namespace}/web`));
  await quiet(s);
  assert.equal(s.cluster.api.counts.patch, 0);
  assert.equal(
    s.store.applications.get(`${s.namespace}/web`)?.metadata.resourceVersion,
    before.metadata.resourceVersion,
  );
});
