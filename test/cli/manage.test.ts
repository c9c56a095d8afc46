// `cox app` beyond looking: choosing, waiting, selective and dry-run syncs, going back, ending and deleting.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { bed, runCox } from './fixture.ts';

const config = (name: string, value: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data:\n  value: "${value}"\n`;
const lines = (text: string): string[] => text.trimEnd().split('\n');
const isOutOfSync = (app: { status?: { sync?: { status: string } } }): boolean =>
  app.status?.sync?.status === 'OutOfSync';

test('labels and projects choose applications, to list, to wait for and to sync', async (t) => {
  const { stage, cox, url } = await bed(t, { 'a/a.yaml': config('a', '1'), 'b/b.yaml': config('b', '1') });
  await stage.project('other');
  for (const [name, project] of [
    ['a', 'default'],
    ['b', 'other'],
  ] as const) {
    const source = { repoURL: url, path: name, targetRevision: 'main' };
    await stage.apply(name, { source, project }, { labels: { team: name } });
    await stage.until(name, 'OutOfSync', isOutOfSync);
  }
  assert.deepEqual(lines((await cox('app', 'list', '-o', 'name')).out), ['a', 'b']);
  assert.deepEqual(lines((await cox('app', 'list', '-l', 'team in (b)', '-o', 'name')).out), ['b']);
  assert.deepEqual(lines((await cox('app', 'list', '-p', 'default', '-o', 'name')).out), ['a']);
  const none = await cox('app', 'sync', '-l', 'team=c');
  assert.deepEqual([none.code, none.out], [3, '']);
  assert.match(none.err, /^cox: no application is chosen by these labels and projects \(E_APPLICATION\)/);
  const late = await cox('app', 'wait', 'a', '--timeout', '200ms');
  assert.equal(late.code, 1);
  assert.match(late.err, /^cox: the time is over, and a is OutOfSync, Missing\n$/);
  const synced = await cox('app', 'sync', '-l', 'team');
  assert.equal(synced.code, 0, synced.err);
  assert.match(synced.out, /a: Succeeded: [^]*b: Succeeded: /);
  const waited = await cox('app', 'wait', 'a', 'b', '--timeout', '2m');
  assert.equal(waited.code, 0, waited.err);
  const rows = lines((await cox('app', 'resources', 'a')).out).map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows, [
    ['GROUP', 'KIND', 'NAMESPACE', 'NAME', 'SYNC', 'HEALTH'],
    ['-', 'ConfigMap', stage.namespace, 'a', 'Synced', '-'],
  ]);
});

test('a dry run changes nothing, and --resource syncs that object alone', async (t) => {
  const { stage, cox, url } = await bed(t, { 'web/a.yaml': config('a', '1'), 'web/b.yaml': config('b', '1') });
  const named = (name: string) => ({ group: '', kind: 'ConfigMap', namespace: stage.namespace, name });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.until('web', 'OutOfSync', isOutOfSync);
  const tried = await cox('app', 'sync', 'web', '--dry-run');
  assert.equal(tried.code, 0, tried.err);
  assert.deepEqual(await Promise.all(['a', 'b'].map((name) => stage.cluster.api.get(named(name)))), [
    undefined,
    undefined,
  ]);
  const one = await cox('app', 'sync', 'web', '--resource', `:ConfigMap:${stage.namespace}/b`);
  assert.equal(one.code, 0, one.err);
  assert.equal(await stage.cluster.api.get(named('a')), undefined);
  assert.ok(await stage.cluster.api.get(named('b')));
  const unknown = await cox('app', 'sync', 'web', '--resource', 'apps:Deployment:web');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /^cox: web has no Deployment web; cox app resources web lists them/);
});

test('manifests are those of Git or the live ones, Secret values masked', async (t) => {
  const { stage, cox, url } = await bed(t, {
    'web/a.yaml': config('a', '1'),
    'web/login.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter1}\n',
  });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.until('web', 'OutOfSync', isOutOfSync);
  assert.deepEqual(lines((await cox('app', 'manifests', 'web', '--source', 'live')).out), ['']);
  assert.equal((await cox('app', 'sync', 'web')).code, 0);
  stage.commit({ 'web/a.yaml': config('a', '2') });
  const read = async (source: string): Promise<unknown[]> => {
    const ran = await cox('app', 'manifests', 'web', '--source', source);
    assert.equal(ran.code, 0, ran.err);
    assert.doesNotMatch(ran.out, /hunter|aHVudGVy|managedFields/);
    return parseAllDocuments(ran.out).map((document) => {
      const { kind, metadata, data } = document.toJS() as {
        kind: string;
        metadata: { name: string };
        data?: { value?: string };
      };
      return [kind, metadata.name, data?.value];
    });
  };
  assert.deepEqual(await read('git'), [
    ['ConfigMap', 'a', '2'],
    ['Secret', 'login', undefined],
  ]);
  assert.deepEqual(await read('live'), [
    ['ConfigMap', 'a', '1'],
    ['Secret', 'login', undefined],
  ]);
});

test('rollback syncs an entry of the history, but not where automated sync would undo it', async (t) => {
  const { stage, cox, url } = await bed(t, { 'web/a.yaml': config('a', '1') });
  const a = { group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'a' };
  const source = { repoURL: url, path: 'web', targetRevision: 'main' };
  await stage.apply('web', { source });
  await stage.until('web', 'OutOfSync', isOutOfSync);
  const early = await cox('app', 'rollback', 'web');
  assert.deepEqual([early.code, early.err], [2, 'cox: web has no sync before the last one\nSee cox --help.\n']);
  assert.equal((await cox('app', 'sync', 'web')).code, 0);
  stage.commit({ 'web/a.yaml': config('a', '2') });
  assert.equal((await cox('app', 'sync', 'web')).code, 0);
  assert.match((await cox('app', 'rollback', 'web', '77')).err, /"77" is no entry of the history of web/);
  const back = await cox('app', 'rollback', 'web');
  assert.equal(back.code, 0, back.err);
  assert.deepEqual((await stage.cluster.api.get(a))?.['data'], { value: '1' });
  const history = lines((await cox('app', 'history', 'web')).out).map((line) => line.split(/ {2,}/)[1]);
  assert.deepEqual([history.length, history[1] === history[3]], [4, true]);
  await stage.apply('web', { source, syncPolicy: { automated: {} } });
  const refused = await cox('app', 'rollback', 'web', '0');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^cox: web syncs by itself: [^]*cox revert web/);
});

test('terminate-op ends the operation that runs', async (t) => {
  const job =
    'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: never\n  annotations: {argocd.argoproj.io/hook: PreSync}\n' +
    'spec:\n  suspend: true\n  template:\n    spec:\n      restartPolicy: Never\n' +
    '      containers: [{name: run, image: busybox}]\n';
  const { stage, cox, url, env } = await bed(t, { 'web/a.yaml': config('a', '1'), 'web/job.yaml': job });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.until('web', 'OutOfSync', isOutOfSync);
  assert.deepEqual(await cox('app', 'terminate-op', 'web'), {
    code: 1,
    out: '',
    err: 'cox: no operation of web is running\n',
  });
  const syncing = runCox(['app', 'sync', 'web'], { env });
  await stage.until('web', 'the hook runs', (app) => app.status?.operationState?.phase === 'Running');
  const ended = await cox('app', 'terminate-op', 'web');
  assert.deepEqual([ended.code, ended.err], [0, '']);
  const ran = await syncing;
  assert.equal(ran.code, 1);
  assert.match(ran.out, /web: Failed: Operation terminated/);
});

test('delete asks first, takes the objects along or leaves them, and says when all is gone', async (t) => {
  const { stage, cox, url } = await bed(t, { 'a/a.yaml': config('a', '1'), 'b/b.yaml': config('b', '1') });
  const named = (name: string) => ({ group: '', kind: 'ConfigMap', namespace: stage.namespace, name });
  for (const name of ['a', 'b']) {
    await stage.apply(name, { source: { repoURL: url, path: name, targetRevision: 'main' } });
    await stage.until(name, 'OutOfSync', isOutOfSync);
    assert.equal((await cox('app', 'sync', name)).code, 0);
  }
  const unsaid = await cox('app', 'delete', 'a');
  assert.equal(unsaid.code, 2);
  const told = `^cox: this would delete ${stage.namespace}/a and all their objects: say so with --yes`;
  assert.match(unsaid.err, new RegExp(told));
  const left = await cox('app', 'delete', 'a', '--cascade', 'false', '-y');
  assert.deepEqual([left.code, lines(left.out).at(-1)], [0, 'a: deleted'], left.err);
  assert.ok(await stage.cluster.api.get(named('a')));
  const gone = await cox('app', 'delete', 'b', '-y');
  assert.deepEqual([gone.code, lines(gone.out).at(-1)], [0, 'b: deleted'], gone.err);
  assert.equal(await stage.cluster.api.get(named('b')), undefined);
});

test('drift tells what differs from Git in the cluster, and by whom', async (t) => {
  const { stage, cox, url } = await bed(t, { 'web/a.yaml': config('a', '1') });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.until('web', 'OutOfSync', isOutOfSync);
  assert.equal((await cox('app', 'sync', 'web')).code, 0);
  assert.deepEqual(await cox('drift', 'web'), {
    code: 0,
    out: '',
    err: `Nothing has drifted in ${stage.namespace}/web.\n`,
  });
  await stage.cluster.api.patch(
    { group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'a' },
    { type: 'merge', patch: { data: { value: '9' } }, manager: 'kubectl-edit' },
  );
  await stage.untilStore('an episode', () =>
    stage.store.episodes.of(`${stage.namespace}/web`).find(({ status }) => status?.phase === 'Open'),
  );
  const found = await cox('drift');
  assert.equal(found.code, 1, found.err);
  assert.match(
    found.out,
    new RegExp(
      `^===== web: ConfigMap ${stage.namespace}/a =====\\nOpen since [^,]+, by kubectl-edit[^\\n]*\\n` +
        '@@ data\\.value @@\\n-1\\n\\+9\\n$',
    ),
  );
});

test('projects are listed with what they permit', async (t) => {
  const { stage, cox } = await bed(t, { 'web/a.yaml': config('a', '1') });
  await stage.project('gated', { 'coxswain.dev/approval': 'required' }, { description: 'what people buy' });
  assert.deepEqual(lines((await cox('proj', 'list', '-o', 'name')).out), ['default', 'gated']);
  assert.match(
    (await cox('proj', 'get', 'gated')).out,
    /^Name: {8}gated\nDescription: what people buy\n[^]*Policy: {6}approval: required\n$/,
  );
  const missing = await cox('proj', 'get', 'none');
  assert.equal(missing.code, 3);
  assert.match(missing.err, /there is no project \S+\/none \(E_PROJECT\)/);
});
