// Repository Secrets with a project: whose applications read a repository of Git with them.
import type { TestContext } from 'node:test';
import type { AppProject } from '../../src/model/project.ts';
import type { Collection } from '../../src/store/collection.ts';
import type { Store } from '../../src/store/store.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationKey } from '../../src/model/application.ts';
import { normaliseRepo } from '../../src/model/repository.ts';
import { remoteSources } from '../../src/engine/remote/sources.ts';
import { systemClock } from '../../src/base/clock.ts';
import { withGlobals } from '../../src/store/global-projects.ts';
import { origin } from '../git/origin.ts';
import { gitServer } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';

const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {note: one}\n';
const headerOf = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;
const own = { username: 'ana', password: 's3cret' };

async function scene(t: TestContext, secrets: (url: string) => Parameters<typeof secret>[0][], type?: string) {
  const server = await gitServer(t, { login: 'ana:s3cret' });
  server.repositories.set('/acme/app.git', origin(t, { 'x/x.yaml': map }));
  const url = `${server.url}/acme/app`;
  const made = await fetching(t, settingsOf(secrets(url).map((data) => secret(data, type))), {
    projects: { shop: [url] },
  });
  const appOf = (project: string) => {
    const app = application({ repoURL: url, path: 'x', targetRevision: 'main' });
    return { ...app, spec: { ...app.spec, project } };
  };
  const read = async (project: string) => {
    server.asked.length = 0;
    const state = await made.desiring.at(appOf(project), [], signal);
    return { maps: maps(state.manifests), logins: [...new Set(server.asked.map((each) => each.authorization))] };
  };
  return { ...made, server, url, appOf, read };
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
  const { server, read } = await scene(t, (url) => [{ url: above(url), project: 'shop', ...own }], 'repo-creds');
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
  const { server, read } = await scene(t, secrets, 'repo-creds');
  assert.deepEqual((await read('shop')).logins, [headerOf('ana:s3cret')]);
  await assert.rejects(read('default'), { code: 'E_GIT_AUTH' });
  assert.deepEqual([...new Set(server.asked.map(({ authorization }) => authorization))], [headerOf('bo:other')]);
});

test('the mirror of a project is looked at with that of everybody', async (t) => {
  const { remotes, url, appOf } = await scene(t, (at) => [{ url: at, project: 'shop', ...own }]);
  const app = appOf('shop');
  const store = { applications: { list: () => [app] } } as unknown as Pick<Store, 'applications'>;
  const sources = remoteSources({ store, remotes, clock: systemClock });
  const last = { fetched: () => [], isPending: () => false };
  const mirror = { address: url, reach: { project: 'shop' } };
  assert.deepEqual(sources.of(app, last).repositories, [mirror], applicationKey(app));
  assert.deepEqual([...(sources.all(last).get(normaliseRepo(url))?.mirrors.values() ?? [])], [mirror]);
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
