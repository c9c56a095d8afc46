// What an application may be made from, and what becomes of it when Git or the sources fail.
import type { TestContext } from 'node:test';
import type { Socket } from 'node:net';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import {
  automated,
  config,
  dataOf,
  deployment,
  editByHand,
  isSynced,
  operate,
  patchApp,
  push,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { origin } from '../../git/origin.ts';

const refresh = 'argocd.argoproj.io/refresh';

test('Kustomize, Helm, Jsonnet and plain YAML applications sync, and an application of several sources', async (t) => {
  const s = await stage(t, {
    'kustom/base/deployment.yaml': deployment('kustom'),
    'kustom/base/kustomization.yaml': 'resources: [deployment.yaml]\n',
    'kustom/prod/kustomization.yaml':
      'resources: [../base]\nnamePrefix: prod-\nimages: [{name: nginx, newTag: 1.28.0}]\n',
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'chart/values.yaml': 'value: default\n',
    'chart/templates/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-chart}\n' +
      'data: {value: "{{ .Values.value }}"}\n',
    'values/prod.yaml': 'value: from values\n',
    'json/main.jsonnet':
      "[{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'json' }, data: { value: " + "std.extVar('who') } }]",
  });
  const source = { repoURL: s.url, targetRevision: 'main' };
  await s.apply('kustom', { source: { ...source, path: 'kustom/prod' }, syncPolicy: automated });
  await s.apply('json', {
    source: { ...source, path: 'json', directory: { jsonnet: { extVars: [{ name: 'who', value: 'me' }] } } },
    syncPolicy: automated,
  });
  await s.apply('helm', {
    source: { ...source, path: 'chart', helm: { parameters: [{ name: 'value', value: 'parameter' }] } },
    syncPolicy: automated,
  });
  await s.cluster.api.apply(
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'several', namespace: s.namespace },
      spec: {
        project: 'default',
        destination: { server: 'https://kubernetes.default.svc', namespace: s.namespace },
        syncPolicy: automated,
        sources: [
          { ...source, path: 'chart', helm: { valueFiles: ['$values/values/prod.yaml'] } },
          { ...source, ref: 'values' },
          { ...source, path: 'kustom/base' },
        ],
      },
    },
    { manager: 'test' },
  );
  const types = new Map<string, unknown>();
  for (const name of ['kustom', 'json', 'helm', 'several']) {
    const { status } = await synced(s, name);
    types.set(name, status?.sourceType ?? status?.sourceTypes);
  }
  assert.deepEqual([...types.values()].map(String), ['Kustomize', 'Directory', 'Helm', 'Helm,Kustomize']);
  assert.deepEqual(s.store.applications.get(`${s.namespace}/kustom`)?.status?.summary?.images, ['nginx:1.28.0']);
  assert.deepEqual(
    [await dataOf(s, 'json'), await dataOf(s, 'helm-chart'), await dataOf(s, 'several-chart')],
    [{ value: 'me' }, { value: 'parameter' }, { value: 'from values' }],
  );
  const several = s.store.applications.get(`${s.namespace}/several`);
  assert.equal(several?.status?.sync?.revisions?.length, 3);
  assert.equal(several?.status?.sync?.comparedTo?.sources?.length, 3);
  const sha = await push(s, { 'values/prod.yaml': 'value: newer\n' });
  await s.until(
    'several',
    'Synced to the newer values',
    (app) => isSynced(app) && app.status?.history?.length === 2 && app.status.sync?.revisions?.includes(sha) === true,
  );
  assert.deepEqual(await dataOf(s, 'several-chart'), { value: 'newer' });
});

test('faults of a source are told with their place, its state stays, and the next commit mends it', async (t) => {
  const s = await stage(t, {
    'plain/a.yaml': config('plain', '1'),
    'kustom/kustomization.yaml': 'resources: [missing.yaml]\n',
  });
  await s.apply('plain', { syncPolicy: { ...automated, retry: { limit: 0 } } });
  await synced(s, 'plain');
  await s.apply('kustom', { syncPolicy: automated });
  await s.apply('nowhere');
  const fault = async (name: string): Promise<string> => {
    const app = await s.until(
      name,
      'a ComparisonError',
      (item) => item.status?.conditions?.[0]?.type === 'ComparisonError',
    );
    assert.equal(app.status?.sync?.status, 'Unknown');
    return app.status?.conditions?.[0]?.message ?? '';
  };
  assert.match(await fault('kustom'), /kustom\/kustomization\.yaml.*missing\.yaml/);
  assert.match(await fault('nowhere'), /nowhere/);
  await push(s, {
    'plain/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {value: [not, text]}\n',
  });
  const refused = await s.until('plain', 'a SyncError', (app) => app.status?.conditions?.[0]?.type === 'SyncError');
  assert.match(refused.status?.conditions?.[0]?.message ?? '', /\.data\.value.*plain\/a\.yaml:1/);
  assert.deepEqual(await dataOf(s, 'plain'), { value: '1' });
  assert.deepEqual(
    s.store.applications.get(`${s.namespace}/plain`)?.status?.resources?.map((item) => item.name),
    ['plain'],
  );
  const sha = await push(s, {
    'plain/a.yaml': config('plain', '2'),
    'kustom/missing.yaml': config('there', '1'),
    'nowhere/a.yaml': config('nowhere', '1'),
  });
  await syncedTo(s, 'plain', sha);
  await syncedTo(s, 'kustom', sha);
  const mended = await s.until('nowhere', 'mended', (app) => app.status?.sync?.status === 'OutOfSync');
  assert.deepEqual(mended.status?.conditions, []);
});

test('a push concerns the applications that read what it changes, also those of two repositories', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'api/a.yaml': config('api', '1') });
  const other = origin(t, { 'more/b.yaml': config('more', '1') });
  const second = { repoURL: `file://${other.url}`, path: 'more', targetRevision: 'main' };
  await s.apply('web', {
    syncPolicy: automated,
    sources: [{ repoURL: s.url, path: 'web', targetRevision: 'main' }, second],
  });
  await synced(s, 'web');
  const before = s.renderer.counts.hits + s.renderer.counts.renders;
  for (const value of ['2', '3']) {
    s.commit({ 'api/a.yaml': config('api', value) });
    await s.engine.onPush(s.url);
  }
  assert.equal(s.renderer.counts.hits + s.renderer.counts.renders, before, 'what lies elsewhere renders nothing');
  const first = await push(s, { 'web/a.yaml': config('web', '2') });
  await s.until(
    'web',
    'the first repository is followed',
    (app) => isSynced(app) && app.status?.sync?.revisions?.[0] === first,
  );
  const last = other.commit('two', { 'more/b.yaml': config('more', '2') });
  await s.engine.onPush(second.repoURL);
  await s.until('web', 'and the second', (app) => isSynced(app) && app.status?.sync?.revisions?.[1] === last);
});

test('a branch that is pushed after the application that names it is found at once', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  await s.apply('web', { syncPolicy: automated, source: { repoURL: s.url, path: 'web', targetRevision: sha } });
  await syncedTo(s, 'web', sha);
  await s.apply('web', { syncPolicy: automated, source: { repoURL: s.url, path: 'web', targetRevision: 'no-such' } });
  const app = await s.until('web', 'told', (item) => item.status?.conditions?.[0]?.type === 'ComparisonError');
  assert.match(app.status?.conditions?.[0]?.message ?? '', /revision "no-such" does not exist/);
});

test('a push whose fetch failed is not lost: the next look brings it', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  const path = s.url.replace('file://', '');
  renameSync(path, `${path}.away`);
  await assert.rejects(s.engine.onPush(s.url));
  renameSync(`${path}.away`, path);
  await syncedTo(s, 'web', sha);
});

test('a repository out of reach: the old state stays, then the application says so, and recovers', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated });
  const before = await synced(s, 'web');
  const path = s.url.replace('file://', '');
  renameSync(path, `${path}.away`);
  await assert.rejects(s.engine.onPush(s.url));
  await patchApp(s, 'web', { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });
  const lost = await s.until('web', 'Unknown', (app) => app.status?.sync?.status === 'Unknown');
  assert.equal(lost.status?.conditions?.[0]?.type, 'ComparisonError');
  assert.deepEqual(lost.status?.resources, before.status?.resources);
  assert.equal(lost.status?.sync?.revision, before.status?.sync?.revision);
  assert.deepEqual(
    [lost.status?.health?.status, lost.status?.health?.message],
    ['Healthy', 'of the objects that were last compared'],
  );
  renameSync(`${path}.away`, path);
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  const back = await syncedTo(s, 'web', sha);
  assert.deepEqual(back.status?.conditions, []);
  assert.equal(back.metadata.annotations?.['argocd.argoproj.io/refresh'], undefined);
});

/** A git server that, while it is silent, takes connections and never says anything. */
async function gitServer(
  t: TestContext,
  repository: string,
): Promise<{ url: string; silent: boolean; hangUp(): void }> {
  const sockets = new Set<Socket>();
  const made = { url: '', silent: true, hangUp: () => sockets.forEach((socket) => socket.destroy()) };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (made.silent) return;
    const daemon = spawn('git', ['daemon', '--inetd', '--export-all', `--base-path=${dirname(repository)}`], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    daemon.stdin.on('error', () => undefined);
    socket.pipe(daemon.stdin);
    daemon.stdout.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    made.hangUp();
    server.close();
  });
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  made.url = `git://127.0.0.1:${address.port}/${basename(repository)}`;
  return made;
}

function pathOf(url: string): string {
  return url.replace('file://', '');
}

test('a git server that hangs holds up its own applications alone, in passes and on the schedule', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') }, { argocd: { 'timeout.reconciliation': '300ms' } });
  const { url: repoURL } = await gitServer(t, pathOf(s.url));
  for (let index = 0; index < 12; index += 1)
    await s.apply(`a${index}`, { source: { repoURL, path: 'web', targetRevision: 'main' } });
  await s.untilStore('they are there', () => (s.store.applications.list().length === 12 ? true : undefined));
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  await syncedTo(s, 'web', sha);
  assert.ok(s.engine.pending >= 12, 'the others wait on');
});

test('live objects are followed while a refresh waits for Git, and it is answered when Git speaks again', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const server = await gitServer(t, pathOf(s.url));
  server.silent = false;
  await s.apply('web', { source: { repoURL: server.url, path: 'web', targetRevision: 'main' } });
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  server.silent = true;
  await patchApp(s, 'web', { metadata: { annotations: { [refresh]: 'normal' } } });
  await s.until('web', 'asked', (app) => app.metadata.annotations?.[refresh] !== undefined);
  await editByHand(s, 'web', { value: 'by hand' });
  const app = await s.until('web', 'OutOfSync', (item) => item.status?.sync?.status === 'OutOfSync');
  assert.equal(app.metadata.annotations?.[refresh], 'normal', 'not answered yet');
  server.silent = false;
  server.hangUp();
  await s.until('web', 'answered', (item) => item.metadata.annotations?.[refresh] === undefined);
});

test('the schedule begins again when its period is set again', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') }, { argocd: { 'timeout.reconciliation': '0' } });
  await s.untilStore('never', () => (s.store.settings().schedules.resync ? undefined : true));
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const sha = s.commit({ 'web/a.yaml': config('web', '2') });
  const data = { 'timeout.reconciliation': '200ms' };
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: s.namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data,
  });
  await syncedTo(s, 'web', sha);
});
