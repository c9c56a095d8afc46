// From a commit to an application that is as Git says, in every way that a person can ask for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthors } from '../../src/engine/approval/authors.ts';
import { asked, quiet } from './manifests.ts';
import { stage } from './fixture.ts';

const config = (name: string, value: string, annotations = ''): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
${annotations ? `  annotations: {${annotations}}\n` : ''}data:
  value: "${value}"
`;
const automated = { automated: { prune: true, selfHeal: true } };
const configMap = (namespace: string, name: string) => ({ group: '', kind: 'ConfigMap', namespace, name });

test('an automated application becomes Synced, follows a commit, prunes, and then asks nothing', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('a', '1'), 'web/b.yaml': config('b', '1') });
  await s.apply('web', { syncPolicy: automated });
  const first = await s.until(
    'web',
    'Synced',
    (app) => app.status?.sync?.status === 'Synced' && app.status.operationState?.phase === 'Succeeded',
  );
  assert.equal(first.status?.operationState?.message, 'successfully synced (all tasks run)');
  assert.deepEqual(
    first.status?.resources?.map((item) => [item.kind, item.name, item.status]),
    [
      ['ConfigMap', 'a', 'Synced'],
      ['ConfigMap', 'b', 'Synced'],
    ],
  );
  assert.equal(first.status?.history?.length, 1);
  assert.equal(first.status?.health?.status, 'Healthy');

  const second = s.commit({ 'web/a.yaml': config('a', '2'), 'web/b.yaml': undefined });
  await s.engine.onPush(s.url);
  const app = await s.until(
    'web',
    'Synced at the second commit',
    (item) => item.status?.sync?.status === 'Synced' && item.status.sync.revision === second && !item.operation,
  );
  assert.equal((await s.cluster.api.get(configMap(s.namespace, 'a')))?.['data'] instanceof Object, true);
  assert.deepEqual((await s.cluster.api.get(configMap(s.namespace, 'a')))?.['data'], { value: '2' });
  assert.equal(await s.cluster.api.get(configMap(s.namespace, 'b')), undefined);
  assert.equal(app.status?.history?.at(-1)?.revision, second);

  await quiet(s);
  const before = asked(s);
  s.commit({ 'other/readme.md': 'unrelated' });
  await s.engine.onPush(s.url);
  await quiet(s);
  assert.deepEqual(asked(s), before, 'an unrelated commit asks the API server nothing');
});

test('self-heal puts a live edit back, and without it the application only turns OutOfSync', async (t) => {
  const s = await stage(t, { 'heals/a.yaml': config('healed', 'git'), 'watches/a.yaml': config('watched', 'git') });
  await s.apply('heals', { syncPolicy: automated });
  await s.apply('watches', { syncPolicy: { automated: { prune: true } } });
  for (const name of ['heals', 'watches'])
    await s.until(
      name,
      'Synced',
      (app) => app.status?.sync?.status === 'Synced' && !app.operation && app.status.history?.length === 1,
    );
  for (const name of ['healed', 'watched'])
    await s.cluster.api.patch(configMap(s.namespace, name), {
      type: 'merge',
      patch: { data: { value: 'by hand' } },
      manager: 'kubectl-edit',
    });
  await s.until('watches', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const healed = await s.until(
    'heals',
    'healed',
    (app) =>
      app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1 &&
      app.status.operationState.phase === 'Succeeded',
  );
  assert.deepEqual((await s.cluster.api.get(configMap(s.namespace, 'healed')))?.['data'], { value: 'git' });
  assert.deepEqual(healed.status?.operationState?.operation.sync?.resources, [
    { kind: 'ConfigMap', name: 'healed', namespace: s.namespace },
  ]);
  assert.equal(healed.status?.history?.length, 1, 'a partial sync writes no history');
  const episode = await s.untilStore('an episode', () =>
    s.store.episodes.list().find((item) => item.status?.phase === 'Open'),
  );
  assert.equal(episode.spec.application, `${s.namespace}/watches`);
  assert.deepEqual(
    episode.status?.objects.map((item) => item.changes.map((change) => [change.text, change.before, change.after])),
    [[['data.value', 'git', 'by hand']]],
  );
  assert.equal(episode.status?.objects[0]?.by?.manager, 'kubectl-edit');
});

test("a hand-written operation syncs once, with Argo CD's fields, and is removed", async (t) => {
  const s = await stage(t, { 'manual/a.yaml': config('manual', '1') });
  await s.apply('manual');
  await s.until('manual', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await s.cluster.api.patch(
    { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'manual' },
    { type: 'merge', patch: { operation: { sync: {}, initiatedBy: { username: 'ana' } } } },
  );
  const app = await s.until(
    'manual',
    'Synced',
    (item) => item.status?.operationState?.phase === 'Succeeded' && !item.operation,
  );
  assert.equal(app.status?.sync?.status, 'Synced');
  assert.equal(app.status?.operationState?.operation.initiatedBy?.username, 'ana');
  assert.deepEqual(
    app.status?.history?.map((item) => item.initiatedBy),
    [{ username: 'ana' }],
  );
});

test('a gated application waits for an approval of exactly its effect, and a live edit voids it', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('prod', { project: 'gated' });
  const first = await s.untilStore('the first approval', () =>
    s.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  assert.equal(first.spec.operations.length, 1);
  assert.equal(await s.cluster.api.get(configMap(s.namespace, 'prod')), undefined);
  const actor = { login: 'bob', id: 2, via: 'slack' as const };
  const { approve } = await import('../../src/engine/request.ts');
  const { systemClock } = await import('../../src/base/clock.ts');
  const deps = { store: s.store, clock: systemClock, authors: createAuthors(s.git, s.forge) };
  const application = `${s.namespace}/prod`;
  s.authors.list = [{ login: 'bob', id: 2 }];
  assert.equal(
    (await approve(deps, { application, digest: first.spec.digest, actor, teams: [] })).done,
    false,
    'an author may not approve',
  );
  s.authors.list = [{ login: 'ana', id: 1 }];
  assert.equal((await approve(deps, { application, digest: first.spec.digest, actor, teams: [] })).done, true);
  await s.until('prod', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  await s.untilStore('Applied', () => s.store.approvals.list().find((item) => item.status?.phase === 'Applied'));

  s.commit({ 'prod/a.yaml': config('prod', '2') });
  await s.engine.onPush(s.url);
  const second = await s.untilStore('the second approval', () =>
    s.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  await s.cluster.api.patch(configMap(s.namespace, 'prod'), {
    type: 'merge',
    patch: { data: { other: 'by hand' } },
    manager: 'kubectl-edit',
  });
  await s.cluster.api.patch(configMap(s.namespace, 'prod'), {
    type: 'merge',
    patch: { data: { value: '2' } },
    manager: 'kubectl-edit',
  });
  await s.untilStore('superseded', () =>
    s.store.approvals
      .list()
      .find((item) => item.metadata.name === second.metadata.name && item.status?.phase === 'Superseded'),
  );

  s.commit({ 'prod/a.yaml': config('prod', '3') });
  await s.engine.onPush(s.url);
  await s.untilStore('the third approval', () =>
    s.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  await s.cluster.api.patch(
    { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' },
    { type: 'merge', patch: { operation: { sync: {}, initiatedBy: { username: 'mallory' } } } },
  );
  const refused = await s.until(
    'prod',
    'refused',
    (app) => app.status?.operationState?.phase === 'Failed' && !app.operation,
  );
  assert.match(refused.status?.operationState?.message ?? '', /^approval required: Approval\/prod-[0-9a-f]{12}$/);
  assert.deepEqual((await s.cluster.api.get(configMap(s.namespace, 'prod')))?.['data'], {
    other: 'by hand',
    value: '2',
  });
});

test('self-heal of a gated application goes on, pinned to the last sync, while a newer commit waits', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await s.until(
    'prod',
    'Synced',
    (app) => app.status?.sync?.status === 'Synced' && app.status.history?.length === 1 && !app.operation,
  );
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  s.commit({ 'prod/a.yaml': config('prod', '2') });
  await s.engine.onPush(s.url);
  const waiting = await s.untilStore('an approval', () =>
    s.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  await s.cluster.api.patch(configMap(s.namespace, 'prod'), {
    type: 'merge',
    patch: { data: { value: 'by hand' } },
    manager: 'kubectl-edit',
  });
  await s.until(
    'prod',
    'healed',
    (app) =>
      app.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1 &&
      app.status.operationState.phase === 'Succeeded' &&
      !app.operation,
  );
  assert.deepEqual((await s.cluster.api.get(configMap(s.namespace, 'prod')))?.['data'], { value: '1' });
  assert.equal(s.store.applications.get(`${s.namespace}/prod`)?.status?.sync?.status, 'OutOfSync');
  await s.untilStore('the same approval waits again', () =>
    s.store.approvals
      .list()
      .find((item) => item.status?.phase === 'Pending' && item.metadata.name === waiting.metadata.name),
  );
});

test('an application with the finalizer takes its objects with it, without it they stay', async (t) => {
  const s = await stage(t, { 'goes/a.yaml': config('goes', '1'), 'stays/a.yaml': config('stays', '1') });
  await s.apply('goes', { syncPolicy: automated }, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
  await s.apply('stays', { syncPolicy: automated });
  for (const name of ['goes', 'stays'])
    await s.until(name, 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  for (const name of ['goes', 'stays']) await s.store.applications.delete(`${s.namespace}/${name}`);
  await s.untilStore('both gone', () => (s.store.applications.list().length === 0 ? true : undefined));
  assert.equal(await s.cluster.api.get(configMap(s.namespace, 'goes')), undefined);
  assert.notEqual(await s.cluster.api.get(configMap(s.namespace, 'stays')), undefined);
});

test('what cannot be rendered is told with its place, and the old state stays', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('a', '1') });
  await s.apply('web', { syncPolicy: automated });
  await s.until('web', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  s.commit({ 'web/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n' });
  await s.engine.onPush(s.url);
  const broken = await s.until(
    'web',
    'an error',
    (app) => app.status?.conditions?.some((item) => item.type === 'ComparisonError') ?? false,
  );
  assert.match(broken.status?.conditions?.[0]?.message ?? '', /web\/a\.yaml:\d+/);
  assert.equal(broken.status?.sync?.status, 'Unknown');
  assert.notEqual(await s.cluster.api.get(configMap(s.namespace, 'a')), undefined);
  s.commit({ 'web/a.yaml': config('a', '2') });
  await s.engine.onPush(s.url);
  const mended = await s.until('web', 'Synced again', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  assert.deepEqual(mended.status?.conditions, []);
});
