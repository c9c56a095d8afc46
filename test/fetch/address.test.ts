// Addresses that can be read in two ways: none of them gets credentials, or past a rule, and nobody is asked.
import type { GitServer } from './git-server.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepositoryAddress, isSameServer, namesOneServer, normaliseRepo } from '../../src/model/repository.ts';
import { mirrors, origin } from '../git/origin.ts';
import { addModules, gitServer, putLarge } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { folder, web } from './servers.ts';

const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

/** The one in front is another server than the one behind. */
const ends = ['?', '#', '\\'];

/** The credentials are for the one; nothing may ask the other. */
async function servers(t: TestContext): Promise<{ own: GitServer; other: GitServer; url: string; host: string }> {
  const [own, other] = [await gitServer(t, { login: 'ana:s3cret' }), await gitServer(t)];
  const app = origin(t, { 'app/own.yaml': map('own'), 'flat/x.yaml': map('flat') });
  own.repositories.set('/acme/app.git', app);
  other.repositories.set('/acme/app.git', app);
  return { own, other, url: `${own.url}/acme/app.git`, host: own.url.slice('http://'.length) };
}

const login = { username: 'ana', password: 's3cret', enableLfs: 'true' };
const recurse = { path: 'app', targetRevision: 'main', directory: { recurse: true } };

test('credentials go to no server that stands in front of the own one in an address', async (t) => {
  const { own, other, url, host } = await servers(t);
  const app = own.repositories.get('/acme/app.git');
  const settings = settingsOf([secret({ url, ...login }), secret({ url: other.url })]);
  for (const end of ends) {
    const address = `${other.url}${end}@${host}/acme/app.git`;
    const commit = app?.git('rev-parse', 'HEAD') ?? '';
    if (app) addModules(app, { 'app/ext': { url: address, commit } });
    const { desiring } = await fetching(t, settings, { sourceRepos: [url] });
    const scope = { unmerged: [], repositories: new Set([normaliseRepo(url)]) };
    for (const each of [{}, scope])
      await assert.rejects(
        desiring.at(application({ repoURL: url, ...recurse }), [], signal, each),
        { code: 'E_GIT', place: { file: 'app/ext' } },
        end,
      );
    // The source itself, with files in Git LFS.
    await assert.rejects(desiring.at(application({ repoURL: address, ...recurse }), [], signal), { code: 'E_GIT' });
  }
  assert.deepEqual(other.asked, []);
  assert.ok(own.asked.length > 0);
});

test('files in Git LFS of a submodule are not asked for at an address that is read in two ways', async (t) => {
  const { own, other, url, host } = await servers(t);
  const large = origin(t, { 'large.yaml': putLarge(other, map('large')) });
  for (const server of [own, other]) server.repositories.set('/acme/large.git', large);
  const app = own.repositories.get('/acme/app.git');
  const settings = settingsOf([secret({ url: own.url, ...login }, 'repo-creds'), secret({ url: other.url })]);
  for (const end of ends) {
    const commit = large.git('rev-parse', 'HEAD');
    if (app) addModules(app, { 'app/ext': { url: `${other.url}${end}@${host}/acme/large.git`, commit } });
    const { desiring } = await fetching(t, settings);
    await assert.rejects(
      desiring.at(application({ repoURL: url, ...recurse }), [], signal),
      { code: 'E_GIT', place: { file: 'app/ext' } },
      end,
    );
  }
  assert.deepEqual(other.asked, []);
});

test('charts, values and bases are not fetched from an address that is read in two ways', async (t) => {
  const { own, other, host } = await servers(t);
  const site = await web(t, folder(t));
  const secrets = [
    secret({ url: own.url, ...login }, 'repo-creds'),
    secret({ url: site.url }),
    secret({ url: other.url }),
  ];
  const { desiring } = await fetching(t, settingsOf(secrets, { 'coxswain-cm': { 'preview.egress': '*' } }));
  for (const end of ends) {
    const behind = `${site.url}${end}@${host}/acme/x`;
    const chart = application({ repoURL: behind, chart: 'web', targetRevision: '1.0.0' });
    await assert.rejects(desiring.at(chart, [], signal), { code: 'E_EGRESS' }, behind);
    const chartOf = origin(t, { 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n' });
    const helm = { valueFiles: [`${behind}/values.yaml`] };
    const values = application({ repoURL: chartOf.url, path: '.', targetRevision: 'main', helm });
    await assert.rejects(desiring.at(values, [], signal), { code: 'E_EGRESS' }, behind);
    if (end === '?') continue; // there a reference of Kustomize ends
    const base = origin(t, {
      'kustomization.yaml': `resources:\n- '${other.url}${end}@${host}/acme/app.git//flat?ref=main'\n`,
    });
    const kustomized = application({ repoURL: base.url, path: '.', targetRevision: 'main' });
    await assert.rejects(desiring.at(kustomized, [], signal), { code: 'E_GIT' }, end);
  }
  assert.deepEqual([site.asked, other.asked], [[], []]);
});

test('a mirror is opened for no address that is read in two ways, so the plain one has its own', async (t) => {
  const { own, other, url, host } = await servers(t);
  const made = await fetching(t, settingsOf([secret({ url, ...login })]));
  for (const end of ends)
    assert.throws(() => made.git.repository(`${other.url}${end}@${host}/acme/app.git`), { code: 'E_GIT' }, end);
  const at = application({ repoURL: url, path: 'flat', targetRevision: 'main' });
  assert.deepEqual(Object.keys(maps((await made.desiring.at(at, [], signal)).manifests)), ['flat']);
  assert.deepEqual(other.asked, []);
  assert.ok(own.asked.length > 0);
});

test('an address has one server, and a repository nothing but its path', (t) => {
  for (const [text, server, repository] of [
    ['https://git.example/acme/app.git', true, true],
    ['https://ana@git.example:8443/acme/app%20one', true, true],
    ['https://ana%40acme:p%41@git.example/acme/app', true, true],
    ['git@git.example:acme/app.git', true, true],
    ['ssh://git@git.example:22/acme/app', true, true],
    ['https://charts.example/acme?token=x', true, false],
    ['https://git.example/acme/app#x', true, false],
    ['https://git.example/acme\\app', true, false],
    ['https://one.example?.two.example/acme', false, false],
    ['https://one.example#@two.example/acme', false, false],
    ['https://one.example\\@two.example/acme', false, false],
    ['https://ana@one.example@two.example/acme', false, false],
    ['https://one.example\t.two.example/acme', false, false],
    ['https:///one.example/acme', false, false],
    ['https:one.example/acme', false, false],
    ['https://git.example/acme/../secrets', true, false],
    ['https://git.example/acme/%2e%2E/secrets', true, false],
    ['https://git.example/%61cme/secrets', true, false],
    ['https://git.example/acme%2Fsecrets', true, false],
    ['git@git.example:acme/../secrets', true, false],
  ] as const)
    assert.deepEqual([text, namesOneServer(text), isRepositoryAddress(text)], [text, server, repository]);
  const git = mirrors(t, undefined, ['https', 'ssh']);
  for (const text of ['https://git.example/acme/../secrets', 'https://a@b@git.example/acme/app'])
    assert.throws(() => git.repository(text), { code: 'E_GIT' });
});

test('the same server is that of the address which is asked', () => {
  for (const [a, b, same] of [
    ['https://git.example/a', 'https://ana@GIT.example:443/b', true],
    ['git@git.example:a.git', 'ssh://ana@git.example/b', true],
    ['https://git.example/a', 'https://git.example/b?signed=x', true],
    ['https://git.example/a', 'http://git.example/b', false],
    ['https://git.example/a', 'https://git.example:8443/b', false],
    ['https://git.example/a', 'https://other.example?@git.example/b', false],
    ['https://git.example/a', 'https://other.example#@git.example/b', false],
    ['https://git.example/a', 'https://other.example\\@git.example/b', false],
    ['https://git.example/a', 'https://[git.example/b', false],
    ['/srv/a', '/srv/b', false],
  ] as const)
    assert.equal(isSameServer(a, b), same, `${a} ${b}`);
});
