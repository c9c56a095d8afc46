// Repository Secrets with a project: whose applications read a repository of Git with them.
import type { TestContext } from 'node:test';
import type { AppProject } from '../../src/model/project.ts';
import type { Collection } from '../../src/store/collection.ts';
import type { Store } from '../../src/store/store.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthors } from '../../src/engine/approval/authors.ts';
import { createSources } from '../../src/engine/application/sources.ts';
import { Memory } from '../../src/engine/application/memory.ts';
import { applicationKey } from '../../src/model/application.ts';
import { normaliseRepo } from '../../src/model/repository.ts';
import { remoteSources } from '../../src/engine/remote/sources.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { withGlobals } from '../../src/store/global-projects.ts';
import { origin } from '../git/origin.ts';
import { gitServer } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';

const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {note: one}\n';
const headerOf = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;
const own = { username: 'ana', password: 's3cret' };

/** `app`: what the GitHub App's token is, where it is installed. */
async function scene(
  t: TestContext,
  secrets: (url: string) => Parameters<typeof secret>[0][],
  { type, app }: { type?: string; app?: typeof own } = {},
) {
  const server = await gitServer(t, { login: 'ana:s3cret' });
  const from = origin(t, { 'x/x.yaml': map });
  server.repositories.set('/acme/app.git', from);
  const url = `${server.url}/acme/app`;
  const made = await fetching(t, settingsOf(secrets(url).map((data) => secret(data, type))), {
    projects: { shop: [url], pay: [url] },
    app: { credentials: async () => app },
  });
  const appOf = (project: string) => {
    const app = application({ repoURL: url, path: 'x', targetRevision: 'main' });
    return { ...app, metadata: { ...app.metadata, name: project }, spec: { ...app.spec, project } };
  };
  const read = async (project: string) => {
    server.asked.length = 0;
    const state = await made.desiring.at(appOf(project), [], signal);
    return { maps: maps(state.manifests), logins: [...new Set(server.asked.map((each) => each.authorization))] };
  };
  return { ...made, server, from, url, appOf, read };
}

test('the Secret of a project is for its applications alone, also once they have brought the repository', async (t) => {
  const { server, read } = await scene(t, (url) => [{ url, project: 'shop', ...own }]);
  for (const _ of [1, 2]) {
    assert.deepEqual((await read('shop')).maps, { x: { note: 'one' } });
    await assert.rejects(read('default'), { code: 'E_GIT_AUTH' });
    assert.deepEqual([...new Set(server.asked.map(({ authorization }) => authorization))], [undefined]);
  }
});

test('the Secret of a project goes before the one of everybody, which others have', async (t) => {
  const everybody = { username: 'bo', password: 'other' };
  const { server, read } = await scene(t, (url) => [
    { url: `${url}.git`, ...everybody },
    { url, project: 'shop', ...own },
  ]);
  assert.deepEqual((await read('shop')).logins, [headerOf('ana:s3cret')]);
  await assert.rejects(read('default'), { code: 'E_GIT_AUTH' });
  assert.deepEqual([...new Set(server.asked.map(({ authorization }) => authorization))], [headerOf('bo:other')]);
});

test('repo-creds of a project are for what its own applications read below them', async (t) => {
  const above = (url: string): string => url.replace(/\/app$/, '');
  const { server, read } = await scene(t, (url) => [{ url: above(url), project: 'shop', ...own }], {
    type: 'repo-creds',
  });
  for (const _ of [1, 2]) {
    assert.deepEqual((await read('shop')).maps, { x: { note: 'one' } });
    await assert.rejects(read('default'), { code: 'E_GIT_AUTH' });
    assert.deepEqual([...new Set(server.asked.map(({ authorization }) => authorization))], [undefined]);
  }
});

test('repo-creds of a project go before those of everybody, which others have', async (t) => {
  const secrets = (url: string) => [
    { url, username: 'bo', password: 'other' },
    { url, project: 'shop', ...own },
  ];
  const { server, read } = await scene(t, secrets, { type: 'repo-creds' });
  assert.deepEqual((await read('shop')).logins, [headerOf('ana:s3cret')]);
  await assert.rejects(read('default'), { code: 'E_GIT_AUTH' });
  assert.deepEqual([...new Set(server.asked.map(({ authorization }) => authorization))], [headerOf('bo:other')]);
});

test('the mirror of a project is looked at', async (t) => {
  const { remotes, url, appOf } = await scene(t, (at) => [{ url: at, project: 'shop', ...own }]);
  const app = appOf('shop');
  const store = { applications: { list: () => [app] } } as unknown as Pick<Store, 'applications'>;
  const sources = remoteSources({ store, remotes, clock: systemClock });
  const last = { fetched: () => [], isPending: () => false };
  const mirror = { address: url, reach: { project: 'shop' } };
  assert.deepEqual(sources.of(app, last).repositories, [mirror], applicationKey(app));
  assert.deepEqual([...(sources.all(last).get(normaliseRepo(url))?.mirrors.values() ?? [])], [mirror]);
});

/** The Secret of `shop`, which stands before the one of `pay`, has expired. */
const oneExpired = (url: string) => [
  { url, project: 'shop', username: 'ana', password: 'expired' },
  { url, project: 'pay', ...own },
];

test('a Secret of one project that is refused keeps nobody from what the others read', async (t) => {
  const { git, remotes, desiring, from, url, appOf } = await scene(t, oneExpired);
  const [shop, pay] = [appOf('shop'), appOf('pay')];
  const store = { applications: { list: () => [shop, pay] } } as unknown as Store;
  const sources = createSources({ git, remotes, store, clock: systemClock, log: silentLogger() });
  const memory = new Memory();
  const since = systemClock.now();
  await sources.fetch(pay, since, signal, memory);
  assert.equal(sources.fetch(pay, since, signal, memory), undefined, 'all of it is here');
  await assert.rejects(sources.fetch(shop, since, signal, memory) ?? Promise.resolve(), { code: 'E_GIT_AUTH' });
  assert.deepEqual(await sources.heads(pay), [from.git('rev-parse', 'HEAD')]);
  assert.deepEqual(await sources.heads(shop), [undefined]);
  for (const [files, touched] of [
    [{ 'x/x.yaml': map.replace('one', 'two') }, [applicationKey(pay)]],
    [{ 'else/x.yaml': map }, []],
  ] as const) {
    memory.of(applicationKey(pay), 'pay').desired = await desiring.at(pay, [], signal);
    from.commit('next', files);
    const { fault, ...moved } = await sources.moved(url, memory, signal);
    assert.deepEqual(moved, { touched, unread: [applicationKey(shop)] });
    assert.equal((fault as { code?: string }).code, 'E_GIT_AUTH');
    assert.deepEqual(await sources.behind(pay, [pay], memory), touched);
  }
});

test('who made a change is read as its application reads the repository', async (t) => {
  const { git, remotes, from, url, appOf, read } = await scene(t, oneExpired);
  await read('pay');
  const ana = { login: 'ana', id: 1, did: 'wrote it' };
  const forge = { authorsOf: async () => ({ people: [ana], unknown: [] }), moversOf: async () => undefined };
  const authors = createAuthors(git, forge, remotes);
  const to = from.git('rev-parse', 'HEAD');
  const change = { ranges: [{ repo: url, to }], unknown: [] };
  assert.deepEqual(await authors.authorsOf(change, appOf('pay')), { people: [ana], unknown: [] });
  assert.equal(await authors.hasCommits?.(change.ranges, appOf('pay')), true);
});

test('what is read in everybody’s name goes by the App before the Secret of one project', async (t) => {
  const { git, url, from } = await scene(t, (at) => oneExpired(at).slice(0, 1), { app: own });
  assert.equal(await git.repository(url).resolve('main'), from.git('rev-parse', 'HEAD'));
});

test('a repository with a Secret of the project is one of its sourceRepos', () => {
  const { repositories } = settingsOf([
    secret({ url: 'https://git.example/acme/app', project: 'shop' }),
    secret({ url: 'https://git.example/acme/else', project: 'else' }),
  ]);
  const named = (name: string, sourceRepos?: string[]) =>
    ({ metadata: { name, namespace: 'argocd' }, spec: { ...(sourceRepos && { sourceRepos }) } }) as AppProject;
  const known = new Map([named('shop', ['https://a']), named('other')].map((each) => [each.metadata.name, each]));
  const projects = { get: (key: string) => known.get(key) } as unknown as Collection<AppProject>;
  const settings = { globalProjects: { projects: [] }, repositories };
  const virtual = withGlobals(projects, () => settings);
  assert.deepEqual(virtual.get('shop')?.spec.sourceRepos, ['https://a', 'https://git.example/acme/app']);
  assert.equal(virtual.get('other'), known.get('other'));
  settings.repositories = [];
  assert.deepEqual(virtual.get('shop')?.spec.sourceRepos, ['https://a']);
});
