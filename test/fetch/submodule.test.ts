// Submodules, as a checkout has them: whose credentials bring them, who may fetch them, and what of them counts.
import type { Origin } from '../git/origin.ts';
import type { GitServer } from './git-server.ts';
import type { Application, ApplicationSource } from '../../src/model/application.ts';
import type { Fetched } from '../../src/engine/remote/remotes.ts';
import type { Store } from '../../src/store/store.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationKey } from '../../src/model/application.ts';
import { remoteSources } from '../../src/engine/remote/sources.ts';
import { systemClock } from '../../src/base/clock.ts';
import { moduleUrl } from '../../src/render/source/submodule.ts';
import { normaliseRepo } from '../../src/model/repository.ts';
import { origin } from '../git/origin.ts';
import { addModules, gitServer } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';

const map = (name: string, note: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {note: ${note}}\n`;

const login = { username: 'ana', password: 's3cret' };
const header = `Basic ${Buffer.from('ana:s3cret').toString('base64')}`;

interface Scene {
  server: GitServer;
  /** The repository of the application, one in it, and one in that. */
  app: Origin;
  ext: Origin;
  deep: Origin;
  url: string;
}

const commitOf = (from: Origin): string => from.git('rev-parse', 'HEAD');

/** app/ext is a submodule by a relative address, and app/ext/deep one of that. */
async function scene(t: TestContext): Promise<Scene> {
  const server = await gitServer(t, { login: 'ana:s3cret' });
  const [app, ext, deep] = [
    origin(t, { 'app/own.yaml': map('own', 'one'), 'flat/x.yaml': map('flat', 'one') }),
    origin(t, { 'ext.yaml': map('ext', 'one') }),
    origin(t, { 'deep.yaml': map('deep', 'one') }),
  ];
  server.repositories.set('/acme/app.git', app);
  server.repositories.set('/acme/ext.git', ext);
  server.repositories.set('/other/deep.git', deep);
  addModules(ext, { deep: { url: '../../other/deep.git', commit: commitOf(deep) } });
  addModules(app, { 'app/ext': { url: '../ext.git', commit: commitOf(ext) } });
  return { server, app, ext, deep, url: `${server.url}/acme/app.git` };
}

const recurse = { path: 'app', targetRevision: 'main', directory: { recurse: true } };

test('submodules stand in their folders, each at its commit, with the credentials of the repository', async (t) => {
  const { server, ext, url } = await scene(t);
  const { desiring } = await fetching(t, settingsOf([secret({ url, ...login })]), { sourceRepos: [url] });
  const at = (source: object) => desiring.at(application({ repoURL: url, ...recurse, ...source }), [], signal);
  const first = await at({});
  assert.deepEqual(maps(first.manifests), { own: { note: 'one' }, ext: { note: 'one' }, deep: { note: 'one' } });
  const seen = new Map(server.asked.map(({ path, authorization }) => [path.split('/info/')[0], authorization]));
  for (const path of ['/acme/ext.git', '/other/deep.git']) assert.equal(seen.get(path), header, path);
  // What is pushed there counts when the commit that the repository names is another one.
  ext.commit('two', { 'ext.yaml': map('ext', 'two') });
  assert.equal((await at({})).key, first.key);
});

test('a commit that moves a submodule is one that changes what is rendered', async (t) => {
  const { app, ext, url } = await scene(t);
  app.commit('kustomization', {
    'k/kustomization.yaml': 'resources: [../app/ext/kustomized]\n',
  });
  ext.commit('kustomized', {
    'kustomized/kustomization.yaml': 'resources: [map.yaml]\n',
    'kustomized/map.yaml': map('within', 'one'),
  });
  addModules(app, { 'app/ext': { url: '../ext.git', commit: commitOf(ext) } });
  const { desiring, git } = await fetching(t, settingsOf([secret({ url, ...login })]));
  const at = () => desiring.at(application({ repoURL: url, path: 'k', targetRevision: 'main' }), [], signal);
  const first = await at();
  assert.deepEqual(maps(first.manifests), { within: { note: 'one' } });
  assert.ok(first.inputs[0]?.includes('app/ext'), String(first.inputs[0]));
  assert.ok(!first.inputs[0]?.some((path) => path.startsWith('app/ext/')), String(first.inputs[0]));
  const before = first.revisions[0] ?? '';
  ext.commit('two', { 'kustomized/map.yaml': map('within', 'two') });
  const moved = addModules(app, { 'app/ext': { url: '../ext.git', commit: commitOf(ext) } });
  const repository = git.repository(url);
  await repository.fetch();
  const second = await at();
  assert.deepEqual(maps(second.manifests), { within: { note: 'two' } });
  assert.notEqual(second.key, first.key);
  const [paths = []] = second.reads;
  assert.deepEqual(await repository.touching({ from: before, to: moved, paths, limit: 10 }), [moved]);
  assert.equal(await repository.newestChange(before, moved, paths), moved);
});

test('credentials of the repository go to no other server, and what they bring is nobody else’s', async (t) => {
  const { server, app, ext, url } = await scene(t);
  const other = await gitServer(t, { login: 'bo:other' });
  other.repositories.set('/acme/ext.git', ext);
  const at = `${other.url}/acme/ext.git`;
  const { desiring } = await fetching(t, settingsOf([secret({ url, ...login }), secret({ url: other.url })]));
  assert.equal((await desiring.at(application({ repoURL: url, ...recurse }), [], signal)).manifests.length, 3);
  // By its own address, as somebody else's kustomization names it.
  const stranger = origin(t, {
    'kustomization.yaml': `resources: ["${server.url}/acme/ext.git?ref=main"]\n`,
  });
  const direct = application({ repoURL: stranger.url, path: '.', targetRevision: 'main' });
  await assert.rejects(desiring.at(direct, [], signal), { code: 'E_GIT_AUTH' });
  addModules(app, { 'app/ext': { url: at, commit: commitOf(ext) } });
  const fresh = await fetching(t, settingsOf([secret({ url, ...login }), secret({ url: other.url })]));
  await assert.rejects(fresh.desiring.at(application({ repoURL: url, ...recurse }), [], signal), {
    code: 'E_GIT_AUTH',
    place: { file: 'app/ext' },
  });
  assert.deepEqual([...new Set(other.asked.map(({ authorization }) => authorization))], [undefined]);
});

test('one that cannot be had is an error with its path where it is read, and nowhere else', async (t) => {
  const { app, url } = await scene(t);
  const settings = settingsOf([secret({ url, ...login })]);
  for (const [written, code] of [
    ['../gone.git', 'E_GIT'],
    ['http://127.0.0.2:1/x/y.git', 'E_EGRESS'],
    ['ext::sh -c evil', 'E_GIT'],
    ['http://eve:hunter2@127.0.0.1:1/x.git', 'E_RENDER'],
  ] as const) {
    addModules(app, { 'app/ext': { url: written, commit: '1'.repeat(40) } });
    const { desiring } = await fetching(t, settings);
    const at = (source: object) => desiring.at(application({ repoURL: url, ...recurse, ...source }), [], signal);
    await assert.rejects(at({}), (error: Error & { code?: string; place?: object }) => {
      assert.deepEqual([written, error.code, error.place], [written, code, { file: 'app/ext' }], error.message);
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      return true;
    });
    assert.deepEqual(maps((await at({ path: 'flat' })).manifests), { flat: { note: 'one' } });
  }
});

test('an unmerged revision takes another commit of a submodule that is merged, and no other one', async (t) => {
  const { server, app, ext, url } = await scene(t);
  const secrets = origin(t, { 'x.yaml': map('secret', 'secret') });
  server.repositories.set('/acme/secrets.git', secrets);
  const made = await fetching(t, settingsOf([secret({ url, ...login })]));
  const source = application({ repoURL: url, ...recurse });
  const { fetched } = await made.desiring.at(source, [], signal);
  const scope = { unmerged: fetched, repositories: new Set([normaliseRepo(url)]) };
  const next = ext.commit('two', { 'ext.yaml': map('ext', 'two') });
  addModules(app, { 'app/ext': { url: '../ext.git', commit: next } });
  await made.git.repository(url).fetch();
  const { manifests } = await made.desiring.at(source, [], signal, scope);
  assert.deepEqual(maps(manifests), { own: { note: 'one' }, ext: { note: 'two' }, deep: { note: 'one' } });
  const ofSecrets = () => server.asked.filter(({ path }) => path.startsWith('/acme/secrets.git'));
  for (const [egress, works] of [
    ['', false],
    [`${server.url}/acme/*`, false],
    [`${server.url}/acme/secrets`, true],
  ] as const) {
    addModules(app, { 'app/ext': { url: '../secrets.git', commit: commitOf(secrets) } });
    await made.git.repository(url).fetch();
    made.settings = settingsOf([secret({ url, ...login })], { 'coxswain-cm': { 'preview.egress': egress } });
    const state = made.desiring.at(source, [], signal, scope);
    if (works) assert.ok(maps((await state).manifests)['secret']);
    else await assert.rejects(state, { code: 'E_EGRESS', place: { file: 'app/ext' } }, egress);
    assert.equal(ofSecrets().length > 0, works);
  }
});

test('an unmerged revision takes no submodule that others of its project read, but its own repository', async (t) => {
  const { server, app, url } = await scene(t);
  const secrets = origin(t, { 'x.yaml': map('secret', 'secret') });
  server.repositories.set('/acme/secrets.git', secrets);
  const creds = secret({ url: server.url, ...login }, 'repo-creds');
  const { desiring, git } = await fetching(t, settingsOf([creds]));
  const source = application({ repoURL: url, ...recurse });
  const { fetched } = await desiring.at(source, [], signal);
  const repositories = new Set([url, `${server.url}/acme/secrets.git`].map(normaliseRepo));
  const asOf = async (module: string, commit: string) => {
    addModules(app, { 'app/ext': { url: module, commit } });
    await git.repository(url).fetch();
    return desiring.at(source, [], signal, { unmerged: fetched, repositories });
  };
  for (const written of ['../secrets.git', `${server.url}/acme/secrets.git`])
    await assert.rejects(asOf(written, commitOf(secrets)), { code: 'E_EGRESS', place: { file: 'app/ext' } }, written);
  assert.deepEqual(
    server.asked.filter(({ path }) => path.startsWith('/acme/secrets.git')),
    [],
  );
  app.commit('flat alone', {});
  const first = app.git('rev-list', '--max-parents=0', 'HEAD');
  assert.ok(maps((await asOf('../app.git', first)).manifests)['flat']);
});

test('a push to a base is noticed, though another application has that repository as a submodule', async (t) => {
  const { server, ext, url } = await scene(t);
  ext.commit('base', { 'base/kustomization.yaml': 'resources: [map.yaml]\n', 'base/map.yaml': map('base', 'one') });
  const based = origin(t, { 'kustomization.yaml': `resources: ["${server.url}/acme/ext.git//base?ref=main"]\n` });
  const creds = secret({ url: server.url, ...login }, 'repo-creds');
  const { desiring, git, remotes } = await fetching(t, settingsOf([creds]));
  const named = (name: string, source: ApplicationSource): Application => {
    const made = application(source);
    return { ...made, metadata: { ...made.metadata, name } };
  };
  const module = named('module', { repoURL: url, ...recurse });
  const base = named('base', { repoURL: based.url, path: '.', targetRevision: 'main' });
  const fetched = new Map<string, readonly Fetched[]>();
  for (const each of [module, base]) fetched.set(applicationKey(each), (await desiring.at(each, [], signal)).fetched);
  const last = { fetched: (key: string) => fetched.get(key) ?? [], isPending: () => false };
  const address = `${server.url}/acme/ext.git`;
  ext.commit('two', { 'base/map.yaml': map('base', 'two') });
  await git.repository(address).fetch();
  for (const list of [
    [module, base],
    [base, module],
  ]) {
    const store = { applications: { list: () => list } } as unknown as Pick<Store, 'applications'>;
    const sources = remoteSources({ store, remotes, clock: systemClock });
    assert.equal(sources.all(last).get(normaliseRepo(address))?.mirrors.size, 1);
    assert.deepEqual(await sources.touched(normaliseRepo(address), last, signal), [applicationKey(base)]);
    assert.deepEqual(sources.of(module, last), { repositories: [{ address: url }], others: [] }, 'its own alone');
  }
});

test('relative addresses count from that of the repository', () => {
  for (const [parent, written, url] of [
    ['https://host/acme/app.git', '../ext.git', 'https://host/acme/ext.git'],
    ['https://host/acme/app.git/', '../../other/ext', 'https://host/other/ext'],
    ['https://host/acme/app', './ext', 'https://host/acme/app/ext'],
    ['git@host:acme/app.git', '../ext.git', 'git@host:acme/ext.git'],
    ['git@host:app.git', '../ext.git', 'git@host:ext.git'],
    ['ssh://git@host/acme/app.git', '../ext.git', 'ssh://git@host/acme/ext.git'],
    ['https://host/acme/app.git', 'https://else/x.git', 'https://else/x.git'],
  ] as const)
    assert.equal(moduleUrl(parent, written), url, `${written} in ${parent}`);
});
