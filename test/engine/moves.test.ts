// Objects that move between applications in one commit: they change hands as they are, whichever application comes
// first.
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  automated,
  config,
  configMap,
  dataOf,
  gone,
  operate,
  patchApp,
  push,
  quiet,
  synced,
  syncedTo,
} from './manifests.ts';
import { stage } from './fixture.ts';

const claim =
  'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n' +
  'spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n';
const finalizers = ['resources-finalizer.argocd.argoproj.io'];

function claimKey(s: Stage): ResourceKey {
  return { group: '', kind: 'PersistentVolumeClaim', namespace: s.namespace, name: 'data' };
}

async function live(s: Stage, key: ResourceKey): Promise<KubeObject> {
  const found = await s.cluster.api.get(key);
  assert.ok(found, `${key.kind} ${key.name} is there`);
  return found;
}

/** Resolves when the application tracks it; the object must be the very one of before. */
async function handedTo(s: Stage, name: string, before: KubeObject): Promise<void> {
  const key = { group: '', kind: before.kind, namespace: s.namespace, name: before.metadata.name ?? '' };
  await s.untilStore(`${name} has ${key.name}`, () =>
    s.cluster.live.get(key)?.application === name ? true : undefined,
  );
  const now = await live(s, key);
  assert.equal(now.metadata.uid, before.metadata.uid);
  assert.equal(now.metadata.deletionTimestamp, undefined);
}

function conditions(s: Stage, name: string): string[] {
  return (s.store.applications.get(`${s.namespace}/${name}`)?.status?.conditions ?? []).map(
    (item) => `${item.type}: ${item.message}`,
  );
}

for (const [from, to] of [
  ['a', 'b'],
  ['b', 'a'],
] as const) {
  test(`a claim and six ConfigMaps that move from ${from} to ${to} in one commit keep their uids`, async (t) => {
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    const files = Object.fromEntries(names.map((name) => [`${name}.yaml`, config(name, name)]));
    const moved = { ...files, 'claim.yaml': claim };
    const at = (folder: string, on: boolean): Record<string, string | undefined> =>
      Object.fromEntries(Object.entries(moved).map(([name, text]) => [`${folder}/${name}`, on ? text : undefined]));
    const s = await stage(t, { 'README.md': 'infra' });
    s.commit({ 'a/kept.yaml': config('kept-a', '1'), 'b/kept.yaml': config('kept-b', '1'), ...at(from, true) });
    for (const name of ['a', 'b']) await s.apply(name, { syncPolicy: automated });
    for (const name of ['a', 'b']) await synced(s, name);
    const before = await Promise.all(
      [claimKey(s), ...names.map((name) => configMap(s, name))].map((key) => live(s, key)),
    );
    await push(s, { ...at(from, false), ...at(to, true) });
    for (const object of before) await handedTo(s, to, object);
    for (const name of ['a', 'b'])
      await s.until(
        name,
        'Synced',
        (app) =>
          app.status?.sync?.status === 'Synced' &&
          app.operation === undefined &&
          (app.status.conditions ?? []).length === 0,
      );
  });
}

test('what was moved while nobody looked is not pruned by the application that is read first', async (t) => {
  const s = await stage(t, {
    'a/kept.yaml': config('kept-a', '1'),
    'a/claim.yaml': claim,
    'b/kept.yaml': config('kept-b', '1'),
  });
  for (const name of ['a', 'b']) await s.apply(name, { syncPolicy: automated });
  for (const name of ['a', 'b']) await synced(s, name);
  const before = await live(s, claimKey(s));
  await s.stop();
  s.commit({ 'a/claim.yaml': undefined, 'b/claim.yaml': claim });
  await s.restart();
  await handedTo(s, 'b', before);
  await quiet(s);
});

test('an application of the same commit takes over what another leaves, and one that goes takes nothing', async (t) => {
  const s = await stage(t, { 'README.md': 'infra' });
  const child = (name: string): string =>
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: ${name}, finalizers: [resources-finalizer.argocd.argoproj.io]}\nspec:\n  project: default\n` +
    `  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}\n` +
    `  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}\n` +
    '  syncPolicy: {automated: {prune: true, selfHeal: true}}\n';
  s.commit({
    'root/a.yaml': child('a'),
    'a/claim.yaml': claim,
    'a/gone.yaml': config('gone', '1'),
    'root/kept.yaml': config('kept', '1'),
  });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'a');
  const before = await live(s, claimKey(s));
  await push(s, { 'root/b.yaml': child('b'), 'b/claim.yaml': claim, 'a/claim.yaml': undefined });
  await handedTo(s, 'b', before);
  await push(s, {
    'root/b.yaml': undefined,
    'b/claim.yaml': undefined,
    'c/claim.yaml': claim,
    'root/c.yaml': child('c'),
  });
  await handedTo(s, 'c', before);
  await s.untilStore('b has let go', () =>
    s.store.applications.get(`${s.namespace}/b`)?.metadata.finalizers?.includes(finalizers[0] ?? '') ? undefined : true,
  );
  assert.equal((await live(s, claimKey(s))).metadata.uid, before.metadata.uid);
});

test('the deletion of an application leaves what another one holds in Git', async (t) => {
  const s = await stage(t, { 'a/claim.yaml': claim, 'a/gone.yaml': config('gone', '1'), 'b/claim.yaml': claim });
  await s.apply('a', { syncPolicy: automated }, { finalizers });
  await synced(s, 'a');
  const before = await live(s, claimKey(s));
  await s.apply('b');
  await s.until('b', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await s.store.applications.delete(`${s.namespace}/a`);
  await s.untilStore('a is gone', () =>
    s.store.applications.get(`${s.namespace}/a`) === undefined ? true : undefined,
  );
  await gone(s, 'gone');
  await operate(s, 'b', { sync: {} });
  await handedTo(s, 'b', before);
});

test('where the other application does not sync by itself the object waits for it, in sync and told of', async (t) => {
  const s = await stage(t, {
    'a/kept.yaml': config('kept-a', '1'),
    'a/claim.yaml': claim,
    'b/kept.yaml': config('kept-b', '1'),
  });
  await s.apply('a', { syncPolicy: automated });
  await s.apply('b');
  await operate(s, 'b', { sync: {} });
  for (const name of ['a', 'b']) await synced(s, name);
  const before = await live(s, claimKey(s));
  await push(s, { 'a/claim.yaml': undefined, 'b/claim.yaml': claim });
  await s.until('a', 'says where it moves', () => conditions(s, 'a').length > 0);
  assert.deepEqual(conditions(s, 'a'), [
    `MovingResourceWarning: PersistentVolumeClaim ${s.namespace}/data moves to application b, ` +
      'which has not taken it yet',
  ]);
  await s.until('a', 'Synced', (app) => app.status?.sync?.status === 'Synced');
  await operate(s, 'a', { sync: { prune: true } });
  const ended = await s.until(
    'a',
    'the operation ended',
    (app) =>
      app.operation === undefined &&
      app.status?.operationState?.operation.sync?.prune === true &&
      app.status.operationState.phase === 'Succeeded',
  );
  assert.equal(
    ended.status?.operationState?.syncResult?.resources?.find((row) => row.name === 'data')?.message,
    'ignored (moves to application b)',
  );
  assert.equal((await live(s, claimKey(s))).metadata.uid, before.metadata.uid);
  await operate(s, 'b', { sync: {} });
  await handedTo(s, 'b', before);
  await s.until('a', 'says no more of it', () => conditions(s, 'a').length === 0);
});

test('what goes on from a to b and then to c is never deleted, nor what b gives back', async (t) => {
  const s = await stage(t, {
    'a/claim.yaml': claim,
    'a/kept.yaml': config('kept-a', '1'),
    'b/kept.yaml': config('kept-b', '1'),
    'c/kept.yaml': config('kept-c', '1'),
  });
  for (const name of ['a', 'b', 'c']) await s.apply(name, { syncPolicy: automated });
  for (const name of ['a', 'b', 'c']) await synced(s, name);
  const before = await live(s, claimKey(s));
  // Nobody is told of the first commit: both moves may be seen at once.
  s.commit({ 'a/claim.yaml': undefined, 'b/claim.yaml': claim });
  await push(s, { 'b/claim.yaml': undefined, 'c/claim.yaml': claim });
  await handedTo(s, 'c', before);
  await push(s, { 'c/claim.yaml': undefined, 'a/claim.yaml': claim });
  await handedTo(s, 'a', before);
});

test('what no application holds any more is pruned, although another one held it', async (t) => {
  const s = await stage(t, {
    'a/shared.yaml': config('shared', '1'),
    'a/kept.yaml': config('kept-a', '1'),
    'b/shared.yaml': config('shared', '1'),
    'b/kept.yaml': config('kept-b', '1'),
  });
  await s.apply('a', { syncPolicy: automated });
  await synced(s, 'a');
  await s.apply('b');
  await s.until('b', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await push(s, { 'a/shared.yaml': undefined, 'b/shared.yaml': undefined });
  await gone(s, 'shared');
  assert.equal(await dataOf(s, 'shared'), undefined);
});

test('what moves to an application whose project forbids the kind is not deleted: nobody gave it up', async (t) => {
  const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: moves}\n';
  const s = await stage(t, {
    'a/kept.yaml': config('kept-a', '1'),
    'a/account.yaml': account,
    'b/kept.yaml': config('kept-b', '1'),
  });
  const blacklist = [{ group: '', kind: 'ServiceAccount' }];
  await s.project('narrow', {}, { namespaceResourceBlacklist: blacklist });
  await s.apply('a', { syncPolicy: automated });
  await s.apply('b', { project: 'narrow', syncPolicy: automated });
  for (const name of ['a', 'b']) await synced(s, name);
  const key = { group: '', kind: 'ServiceAccount', namespace: s.namespace, name: 'moves' };
  const before = await live(s, key);
  const sha = await push(s, { 'a/account.yaml': undefined, 'b/account.yaml': account });
  await s.until('b', 'refused', ({ status }) =>
    /not permitted in project narrow/.test(status?.operationState?.message ?? ''),
  );
  await s.until('a', 'looked', ({ status }) => status?.sync?.revision === sha && status.sync.status === 'Synced');
  await s.until('a', 'told of', () => conditions(s, 'a').some((text) => text.startsWith('MovingResourceWarning')));
  assert.equal((await live(s, key)).metadata.uid, before.metadata.uid);
  await s.project('narrow', {}, {});
  await s.apply('b', { project: 'narrow', syncPolicy: automated });
  await handedTo(s, 'b', before);
});

test('an application that is switched off keeps what moves to it; a broken one holds what it held', async (t) => {
  const s = await stage(t, {
    'a/kept.yaml': config('kept-a', '1'),
    'a/claim.yaml': claim,
    'a/cm.yaml': config('moves', '1'),
    'b/kept.yaml': config('kept-b', '1'),
  });
  for (const name of ['a', 'b']) await s.apply(name, { syncPolicy: automated });
  for (const name of ['a', 'b']) await synced(s, name);
  const before = await live(s, claimKey(s));
  await patchApp(s, 'b', { metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } } });
  const sha = await push(s, { 'a/claim.yaml': undefined, 'a/cm.yaml': undefined, 'b/claim.yaml': claim });
  await gone(s, 'moves');
  await syncedTo(s, 'a', sha);
  assert.equal((await live(s, claimKey(s))).metadata.uid, before.metadata.uid);
  await patchApp(s, 'b', { metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': null } } });
  await handedTo(s, 'b', before);
  await push(s, {
    'b/broken.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n',
    'a/cm.yaml': config('later', '1'),
  });
  await s.until('b', 'broken', (app) => app.status?.sync?.status === 'Unknown');
  await synced(s, 'a');
  await push(s, { 'a/cm.yaml': undefined });
  await gone(s, 'later');
  assert.equal((await live(s, claimKey(s))).metadata.uid, before.metadata.uid);
});
