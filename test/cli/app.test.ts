// `cox` as a person runs it: a process of its own against a real API server, a running engine and a repository on
// loopback.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parse, parseAllDocuments } from 'yaml';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAskpass } from '../../sandbox/askpass.ts';
import { startGitHub } from '../../sandbox/github/github.ts';
import { readManifest } from '../../sandbox/github/manifest.ts';
import { bed, runCox } from './fixture.ts';

const config = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: "${value}"\n`;
const secret = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  password: ${value}\n  user: ana\n`;
const automated = { automated: { prune: true, selfHeal: true } };
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const lines = (text: string): string[] => text.trimEnd().split('\n');

test('list, get and history tell what the Applications say, as tables and as data', async (t) => {
  const { stage, cox, url } = await bed(t, { 'web/a.yaml': config('a', '1'), 'api/b.yaml': config('b', '1') });
  const source = (path: string) => ({ source: { repoURL: url, path, targetRevision: 'main' } });
  assert.deepEqual(await cox('app', 'list'), {
    code: 0,
    out: '',
    err: `There are no applications in namespace ${stage.namespace}.\n`,
  });
  assert.deepEqual(await cox('app', 'list', '-o', 'json'), { code: 0, out: '[]\n', err: '' });
  await stage.apply('web', { ...source('web'), syncPolicy: automated });
  await stage.apply('api', source('api'));
  const web = await stage.until(
    'web',
    'Synced',
    (app) => app.status?.sync?.status === 'Synced' && app.status.health?.status === 'Healthy' && !app.operation,
  );
  await stage.until('api', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const short = web.status?.sync?.revision?.slice(0, 7) ?? '';

  const table = await cox('app', 'list');
  assert.deepEqual(
    lines(table.out).map((line): unknown => line.split(/ {2,}/)),
    [
      ['NAME', 'PROJECT', 'SYNC', 'HEALTH', 'REVISION', 'OPERATION'],
      ['api', 'default', 'OutOfSync', 'Missing', short, '-'],
      ['web', 'default', 'Synced', 'Healthy', short, 'Succeeded'],
    ],
  );
  const wide = lines((await cox('app', 'list', '-o', 'wide')).out);
  assert.match(wide[0] ?? '', /OPERATION +NAMESPACE +CLUSTER +REPO +PATH$/);
  assert.match(wide[1] ?? '', new RegExp(`${escaped(url)} +api$`));
  const json = JSON.parse((await cox('app', 'list', '-o', 'json')).out) as {
    metadata: { name: string; managedFields?: unknown };
  }[];
  assert.deepEqual(
    json.map((app) => [app.metadata.name, app.metadata.managedFields]),
    [
      ['api', undefined],
      ['web', undefined],
    ],
  );

  const got = await cox('app', 'get', 'web');
  assert.equal(got.code, 0);
  assert.match(got.out, new RegExp(`^Name: {8}web\\nProject: {5}default\\nSource: {6}${escaped(url)} web at main\\n`));
  assert.match(
    got.out,
    new RegExp(
      `Sync: {8}Synced at ${short}\\nHealth: {6}Healthy\\nOperation: {3}Succeeded: ` +
        'successfully synced \\(all tasks run\\)',
    ),
  );
  assert.match(got.out, new RegExp(`\\n- +ConfigMap +${stage.namespace} +a +Synced\\n$`));
  const yaml = parse((await cox('app', 'get', `${stage.namespace}/web`, '-o', 'yaml')).out) as {
    status: { sync: { status: string } };
  };
  assert.equal(yaml.status.sync.status, 'Synced');

  const history = lines((await cox('app', 'history', 'web')).out).map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    history.map(([, revision, , by]) => [revision, by]),
    [
      ['REVISION', 'BY'],
      [short, 'automated'],
    ],
  );
  assert.deepEqual(await cox('app', 'history', 'api'), { code: 0, out: '', err: 'api was never synced.\n' });

  const unknown = await cox('app', 'get', 'wbe');
  assert.deepEqual([unknown.code, unknown.out], [3, '']);
  assert.equal(
    unknown.err,
    `cox: there is no application ${stage.namespace}/wbe (E_APPLICATION)\n  next:  Did you mean web?\n`,
  );
  assert.match(
    (await cox('app', 'get', 'web', '-n', 'nowhere')).err,
    /no application nowhere\/web \(E_APPLICATION\)\n {2}next: {2}List them with: cox app list -n nowhere/,
  );
});

test('get tells what waits for approval, and the gate that ends with it', async (t) => {
  const { stage, cox, url } = await bed(t, { 'web/a.yaml': config('a', '1') });
  await stage.project('default', { 'coxswain.dev/approval': 'required' });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  const waits = (gated: boolean | undefined): Promise<string> =>
    stage.untilStore('it waits', () => {
      const found = stage.store.approvals.of(`${stage.namespace}/web`)[0];
      return found?.spec.gates?.[0]?.policy.gated === gated ? found?.metadata.name : undefined;
    });
  const name = await waits(undefined);
  await stage.project('default', {});
  await waits(false);
  const got = await cox('app', 'get', 'web');
  assert.match(
    got.out,
    new RegExp(
      `Approval: {4}${name}: waiting for approval; two people must agree, .*: nobody knows who loosened its gate\\n` +
        'Gate: {8}after this application web asks nobody\\n',
    ),
  );
});

test('diff shows what a sync would change, Secret values masked; its exit code tells whether anything', async (t) => {
  const { stage, cox, url } = await bed(t, {
    'web/a.yaml': config('a', '1'),
    'web/b.yaml': config('b', '1'),
    'web/login.yaml': secret('hunter1'),
  });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const created = await cox('app', 'diff', 'web');
  assert.equal(created.code, 1, created.err);
  assert.deepEqual(
    lines(created.out).filter((line) => line.startsWith('=====')),
    ['a', 'b', 'login'].map(
      (name, index) => `===== ${index === 2 ? 'Secret' : 'ConfigMap'} ${stage.namespace}/${name} =====`,
    ),
  );

  const synced = await cox('app', 'sync', 'web');
  assert.equal(synced.code, 0, synced.err);
  assert.deepEqual(await cox('app', 'diff', 'web'), { code: 0, out: '', err: '' });

  const second = stage.commit({
    'web/a.yaml': config('a', '2'),
    'web/b.yaml': undefined,
    'web/login.yaml': secret('hunter2'),
  });
  const changed = await cox('app', 'diff', 'web');
  assert.equal(changed.code, 1, changed.err);
  assert.match(
    changed.out,
    new RegExp(
      `===== ConfigMap ${stage.namespace}/a =====\\n@@ [^\\n]*\\n[^]*\\n- {2}value: "1"\\n\\+ {2}value: "2"\\n`,
    ),
  );
  assert.match(
    changed.out,
    new RegExp(
      `===== ConfigMap ${stage.namespace}/b \\(deleted by a sync with --prune\\) =====\\n[^]*\\n-kind: ConfigMap\\n`,
    ),
  );
  assert.match(changed.out, /===== Secret [^]*\n- {2}password: \+{8}\n\+ {2}password: \+{12}\n/);
  assert.doesNotMatch(changed.out + changed.err, /hunter|aHVudGVy/);
  assert.doesNotMatch(changed.out, new RegExp(String.fromCodePoint(27)), 'no colours in a pipe');

  const data = JSON.parse((await cox('app', 'diff', 'web', '-o', 'json')).out) as {
    name: string;
    status: string;
    requiresPruning?: boolean;
    diff: string;
  }[];
  assert.deepEqual(
    data.map((item) => [item.name, item.status, item.requiresPruning ?? false]),
    [
      ['a', 'OutOfSync', false],
      ['b', 'OutOfSync', true],
      ['login', 'OutOfSync', false],
    ],
  );
  assert.doesNotMatch(JSON.stringify(data), /hunter|aHVudGVy/);
  assert.match(
    (await cox('app', 'diff', 'web', '--revision', `${second}~1`)).err,
    /\(E_REVISION\)/,
    'a revision is a branch, tag or commit',
  );
  const first = stage.store.applications.get(`${stage.namespace}/web`)?.status?.history?.at(-1)?.revision ?? '';
  assert.deepEqual(await cox('app', 'diff', 'web', '--revision', first), { code: 0, out: '', err: '' });
});

test('diff compares with the cluster of the destination, and says so when it knows none', async (t) => {
  const { stage, cox, plane, url } = await bed(t, { 'web/a.yaml': config('a', '1') });
  const encoded = (data: Record<string, string>) =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  const login = {
    bearerToken: plane.tokens.admin,
    tlsClientConfig: { caData: Buffer.from(plane.ca).toString('base64') },
  };
  await stage.cluster.api.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'east', namespace: stage.namespace, labels: { 'argocd.argoproj.io/secret-type': 'cluster' } },
    data: encoded({ name: 'east', server: plane.server, config: JSON.stringify(login) }),
  });
  const source = { repoURL: url, path: 'web', targetRevision: 'main' };
  await stage.apply('web', { source, destination: { name: 'east', namespace: stage.namespace } });
  const ran = await cox('app', 'diff', 'web');
  assert.equal(ran.code, 1, ran.err);
  assert.match(ran.out, /\+kind: ConfigMap/);
  assert.doesNotMatch(ran.out + ran.err, new RegExp(escaped(plane.tokens.admin)));
  await stage.apply('lost', { source, destination: { name: 'west', namespace: stage.namespace } });
  const lost = await cox('app', 'diff', 'lost');
  assert.equal(lost.code, 3);
  assert.match(
    lost.err,
    /^cox: no cluster is known for the destination west of lost \(E_CONFIG\)\n {2}next: {2}Correct spec\.destination/,
  );
});

test('render prints the manifests of any revision, Secret values masked, and tells where they are wrong', async (t) => {
  const { stage, cox, url } = await bed(t, {
    'web/kustomization.yaml': 'resources: [a.yaml, login.yaml]\nnamePrefix: dev-\n',
    'web/a.yaml': config('a', '1'),
    'web/login.yaml': secret('hunter1'),
    'plain/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n',
  });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await stage.apply('bad', { source: { repoURL: url, path: 'plain', targetRevision: 'main' } });
  const ran = await cox('render', 'web');
  assert.equal(ran.code, 0, ran.err);
  const objects = parseAllDocuments(ran.out).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string }; data: Record<string, string> },
  );
  assert.deepEqual(
    objects.map((object) => [object.kind, object.metadata.name]),
    [
      ['ConfigMap', 'dev-a'],
      ['Secret', 'dev-login'],
    ],
  );
  assert.match(objects[1]?.data['password'] ?? '', /^\++$/);
  assert.doesNotMatch(ran.out, /hunter|aHVudGVy/);
  const branch = stage.commit({ 'web/a.yaml': config('a', '2') });
  const json = JSON.parse((await cox('render', 'web', '--revision', branch, '-o', 'json')).out) as {
    data: Record<string, string>;
  }[];
  assert.equal(json[0]?.data['value'], '2');
  const bad = await cox('render', 'bad');
  assert.deepEqual([bad.code, bad.out], [3, '']);
  assert.match(bad.err, /^cox: plain\/bad\.yaml:\d+(:\d+)?: .*\(E_MANIFEST\)/);
  const missing = await cox('render', 'web', '--revision', 'nowhere');
  assert.equal(missing.code, 3);
  assert.match(missing.err, /\(E_REVISION\)/);
});

test('sync follows its own operation to the end, and exits 1 when it fails', async (t) => {
  const { stage, cox, url } = await bed(t, {
    'web/a.yaml': config('a', '1'),
    'web/b.yaml': config('b', '1'),
    'bad/a.yaml': config('a', '1').replace('name: a', 'name: c\n  namespace: nowhere-at-all'),
  });
  for (const name of ['web', 'bad']) {
    await stage.apply(name, { source: { repoURL: url, path: name, targetRevision: 'main' } });
    await stage.until(name, 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  }
  const ran = await cox('app', 'sync', 'web');
  assert.equal(ran.code, 0, ran.err);
  assert.match(
    ran.out,
    new RegExp(
      /web: Succeeded: successfully synced \(all tasks /.source +
        /run\)\n\nPHASE +KIND +NAMESPACE +NAME +RESULT +MESSAGE\nSync +ConfigMap +\S+ +a +Synced /.source,
    ),
  );
  const operation = stage.store.applications.get(`${stage.namespace}/web`)?.status?.operationState?.operation;
  assert.equal(operation?.initiatedBy?.username, 'admin', 'as the API server knows the person');
  assert.match(operation?.info?.[0]?.value ?? '', /^cli-[0-9a-f-]{36}$/);

  stage.commit({ 'web/b.yaml': undefined });
  await stage.engine.onPush(url);
  await stage.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const kept = await cox('app', 'sync', 'web', '-o', 'json');
  assert.equal(kept.code, 0, kept.err);
  const state = JSON.parse(kept.out) as {
    phase: string;
    syncResult: { resources: { name: string; status: string }[] };
  };
  assert.deepEqual(
    [state.phase, state.syncResult.resources.find((row) => row.name === 'b')?.status],
    ['Succeeded', 'PruneSkipped'],
  );
  const b = { group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'b' };
  assert.ok(await stage.cluster.api.get(b), 'nothing is pruned unasked');
  assert.equal((await cox('app', 'sync', 'web', '--prune')).code, 0);
  await stage.untilStore('b is gone: a sync does not wait for what its last group prunes', () =>
    stage.cluster.live.get(b) === undefined ? true : undefined,
  );

  const failed = await cox('app', 'sync', 'bad');
  assert.equal(failed.code, 1, failed.err);
  assert.match(failed.out, /bad: Failed: /);
  assert.match(failed.out, /nowhere-at-all +c +SyncFailed /);
});

test('sync never writes over another operation, and says when nobody ends it', async (t) => {
  const { stage, cox, env } = await bed(t, { 'web/a.yaml': config('a', '1') });
  await stage.apply('web', {}, { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } });
  const patch = (operation: unknown) => stage.store.applications.patch(`${stage.namespace}/web`, { operation });
  const [one, two] = await Promise.all([
    cox('app', 'sync', 'web', '--no-wait'),
    cox('app', 'sync', 'web', '--no-wait'),
  ]);
  assert.deepEqual([one.code, two.code].toSorted(), [0, 3], 'of two at once one is refused');
  const refused = one.code === 3 ? one : two;
  assert.equal(
    refused.err,
    'cox: web is busy: a sync of admin is in progress (E_BUSY)\n' +
      '  next:  Wait until it has ended (cox app wait web --operation), then ask again.\n',
  );
  await patch(null);

  const timedOut = await cox('app', 'sync', 'web', '--timeout', '100ms');
  assert.equal(timedOut.code, 1);
  assert.match(timedOut.err, /^cox: web is still syncing/);
  await patch(null);

  const taken = await runCox(['app', 'sync', 'web'], {
    env,
    onOutput: (text) => void (text.includes('waiting to be taken up') && patch(null)),
  });
  assert.equal(taken.code, 1);
  assert.match(taken.err, /the operation was taken away/);

  const interrupted = await runCox(['app', 'sync', 'web'], {
    env,
    onOutput: (text, child) => void (text.includes('waiting to be taken up') && child.kill('SIGINT')),
  });
  assert.deepEqual([interrupted.code, interrupted.err], [130, '']);
  await patch(null);

  const gone = await runCox(['app', 'sync', 'web'], {
    env,
    onOutput: (text) =>
      void (text.includes('waiting to be taken up') && stage.store.applications.delete(`${stage.namespace}/web`)),
  });
  assert.equal(gone.code, 3);
  assert.match(gone.err, /web was deleted while it was synced \(E_APPLICATION\)/);
  assert.deepEqual(
    readdirSync(env['TMPDIR'] ?? '').filter((name) => name.startsWith('cox-')),
    [],
    'nothing is left behind',
  );
});

test("a private repository is read with what the person's own git knows", async (t) => {
  const { stage, env } = await bed(t, { 'web/a.yaml': config('a', '1') });
  const dir = mkdtempSync(join(tmpdir(), 'cox-github-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const github = await startGitHub({ dir: join(dir, 'github'), manifest: readManifest() });
  t.after(() => github.stop());
  await github.createRepository({ owner: 'acme', name: 'infra', from: stage.clone });
  github.user('ana', { 'acme/infra': 'write' });
  await stage.apply('web', { source: { repoURL: github.gitUrl('acme/infra'), path: 'web', targetRevision: 'main' } });
  const refused = await runCox(['render', 'web'], { env });
  assert.equal(refused.code, 3);
  assert.match(refused.err, /\(E_GIT_AUTH\)/);
  const askpass = writeAskpass(join(dir, 'askpass'), github.actAs('ana').account);
  const rendered = await runCox(['render', 'web'], { env: { ...env, GIT_ASKPASS: askpass } });
  assert.deepEqual([rendered.code, rendered.err], [0, '']);
  assert.match(rendered.out, /name: a\n/);
});
