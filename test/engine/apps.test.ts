// Applications of applications: children come, sync and go as Git says.
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, configMap, dataOf, push, quiet, synced, syncedTo } from './manifests.ts';
import { stage } from './fixture.ts';

function child(s: { url: string; namespace: string }, name: string, finalizers = ''): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}${finalizers && `, finalizers: [${finalizers}]`}}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}
  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`;
}

async function family(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t, { 'one/a.yaml': config('one', '1'), 'two/a.yaml': config('two', '1') });
  s.commit({
    'root/one.yaml': child(s, 'one', 'resources-finalizer.argocd.argoproj.io'),
    'root/two.yaml': child(s, 'two'),
  });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  return s;
}

test('the root makes its children, they sync, and it says that it is one', async (t) => {
  const s = await family(t);
  for (const name of ['one', 'two']) await synced(s, name);
  const root = await synced(s, 'root');
  assert.deepEqual(root.status?.summary, { isAppOfApps: true });
  assert.deepEqual(
    root.status?.resources?.map((item) => [item.group, item.kind, item.name, item.status]),
    [
      ['argoproj.io', 'Application', 'one', 'Synced'],
      ['argoproj.io', 'Application', 'two', 'Synced'],
    ],
  );
  assert.equal(root.status?.health?.status, 'Healthy');
  assert.deepEqual(s.store.applications.get(`${s.namespace}/one`)?.status?.summary, {});
});

test('a child that leaves Git goes: with the finalizer its objects too, without it they stay', async (t) => {
  const s = await family(t);
  for (const name of ['one', 'two']) await synced(s, name);
  const sha = await push(s, {
    'root/one.yaml': undefined,
    'root/two.yaml': undefined,
    'root/kept.yaml': config('kept', '1'),
  });
  await s.untilStore('the children are gone', () => (s.store.applications.list().length === 1 ? true : undefined));
  const root = await syncedTo(s, 'root', sha);
  assert.equal(root.status?.summary?.isAppOfApps, undefined);
  assert.equal(await dataOf(s, 'one'), undefined);
  assert.notEqual(await s.cluster.api.get(configMap(s, 'two')), undefined);
});

test('what the children write of themselves neither makes the root drift nor costs it a request', async (t) => {
  const s = await family(t);
  for (const name of ['one', 'two']) await synced(s, name);
  await synced(s, 'root');
  await quiet(s);
  const before = s.cluster.api.counts.dryRun;
  const sha = await push(s, { 'one/a.yaml': config('one', '2') });
  await syncedTo(s, 'one', sha);
  await quiet(s);
  const root = s.store.applications.get(`${s.namespace}/root`);
  assert.equal(root?.status?.sync?.status, 'Synced');
  assert.equal(root?.status?.history?.length, 1);
  assert.ok(
    s.cluster.api.counts.dryRun - before <= 1,
    `${s.cluster.api.counts.dryRun - before} dry runs; one is the child's own`,
  );
});

for (const way of ['leave Git', 'go with their parent'] as const) {
  test(`a project and its applications that ${way} together go, the project last`, async (t) => {
    const s = await stage(t, { 'one/a.yaml': config('one', '1'), 'root/kept.yaml': config('kept', '1') });
    const project =
      'apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: own}\n' +
      `spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: ${s.namespace}}]}\n`;
    const one = child(s, 'one', 'resources-finalizer.argocd.argoproj.io').replace('project: default', 'project: own');
    assert.match(one, /project: own/);
    s.commit({ 'root/project.yaml': project, 'root/one.yaml': one });
    await s.apply('root', { syncPolicy: automated }, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
    for (const name of ['root', 'one']) await synced(s, name);
    if (way === 'leave Git') await push(s, { 'root/project.yaml': undefined, 'root/one.yaml': undefined });
    else await s.store.applications.delete(`${s.namespace}/root`);
    const own = { group: 'argoproj.io', kind: 'AppProject', namespace: s.namespace, name: 'own' };
    await s.untilStore('both are gone', () =>
      s.store.applications.get(`${s.namespace}/one`) === undefined && s.cluster.live.get(own) === undefined
        ? true
        : undefined,
    );
    assert.equal(await dataOf(s, 'one'), undefined);
  });
}
