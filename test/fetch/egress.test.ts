// Where nothing is fetched: private addresses that nobody listed, redirects that lead there, and what an unmerged
// revision asks for of its own.
import type { Scope } from '../../src/engine/remote/remotes.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrivateAddress } from '../../src/fetch/address.ts';
import { normaliseRepo } from '../../src/model/repository.ts';
import { origin } from '../git/origin.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles, chartRepository, folder, web, write } from './servers.ts';

test('addresses of the own network, the machine, and of what only leads there are private', () => {
  const inside =
    '127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 :: ' +
    'fe80::1 fd00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ff02::1 text';
  for (const address of inside.split(' ')) assert.equal(isPrivateAddress(address), true, address);
  for (const address of ['1.1.1.1', '140.82.121.4', '2606:4700::1111', '::ffff:8.8.8.8'])
    assert.equal(isPrivateAddress(address), false, address);
});

test('a private address is refused, by number and by name, unless a repository Secret names it', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const { port } = new URL(repository.url);
  const { desiring } = await fetching(t, settingsOf([]));
  for (const host of ['127.0.0.1', 'localhost', '127.1', '0x7f000001', '[::ffff:127.0.0.1]']) {
    const app = application({ repoURL: `http://${host}:${port}`, chart: 'web', targetRevision: '1.0.0' });
    await assert.rejects(desiring.at(app, [], signal), { code: 'E_EGRESS' }, host);
  }
  assert.deepEqual(repository.asked, []);
});

test('a redirect to a private address is refused, whoever is asked first', async (t) => {
  const secrets = folder(t);
  write(secrets, { 'prod.yaml': 'note: inside\n' });
  const inside = await web(t, secrets);
  const listed = await web(t, folder(t), {
    answer: () => ({ status: 302, headers: { location: `${inside.url}/prod.yaml` } }),
  });
  const from = origin(t, chartFiles('web', '0.1.0'));
  const { desiring } = await fetching(t, settingsOf([secret({ url: listed.url })]));
  const helm = { valueFiles: [`${listed.url}/prod.yaml`] };
  const app = application({ repoURL: from.url, path: '.', targetRevision: 'main', helm });
  await assert.rejects(desiring.at(app, [], signal), { code: 'E_EGRESS' });
  assert.deepEqual(inside.asked, []);
});

const scope = { repositories: new Set<string>() };

test('an unmerged revision fetches what the merged one fetches, in any version, and nothing else', async (t) => {
  const [repository, other] = [await chartRepository(t), await chartRepository(t)];
  for (const version of ['1.0.0', '2.0.0']) await repository.publish(chartFiles('web', version));
  await repository.publish(chartFiles('db', '1.0.0'));
  await other.publish(chartFiles('web', '1.0.0'));
  const secrets = [secret({ url: repository.url }), secret({ url: other.url })];
  const made = await fetching(t, settingsOf(secrets));
  const at = (repoURL: string, chart: string, targetRevision: string, unmerged?: Scope['unmerged']) =>
    made.desiring.at(application({ repoURL, chart, targetRevision }), [], signal, unmerged && { ...scope, unmerged });
  const { fetched: merged } = await at(repository.url, 'web', '1.0.0');
  assert.deepEqual((await at(repository.url, 'web', '2.0.0', merged)).revisions, ['2.0.0']);
  for (const [url, chart] of [
    [repository.url, 'db'],
    [other.url, 'web'],
  ] as const) {
    await assert.rejects(at(url, chart, '1.0.0', merged), { code: 'E_EGRESS' });
    await assert.rejects(at(url, chart, '1.0.0', []), { code: 'E_EGRESS' });
  }
  assert.deepEqual(other.asked, []);
  made.settings = settingsOf(secrets, { 'coxswain-cm': { 'preview.egress': `https://x.example\n${other.url}/web` } });
  assert.deepEqual((await at(other.url, 'web', '1.0.0', [])).revisions, ['1.0.0']);
  await assert.rejects(at(repository.url, 'db', '1.0.0', []), { code: 'E_EGRESS' });
});

test('credentials go only where preview.egress lists an address as it is, and the project permits', async (t) => {
  const repository = await chartRepository(t, { login: 'ana:s3cret' });
  await repository.publish(chartFiles('web', '1.0.0'));
  const secrets = [secret({ url: repository.url, username: 'ana', password: 's3cret' })];
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  const with_ = (egress: string) => settingsOf(secrets, { 'coxswain-cm': { 'preview.egress': egress } });
  const { port } = new URL(repository.url);
  for (const [egress, works] of [
    ['*', false],
    [`http://127.0.0.1:*/**`, false],
    [`http://*:${port}`, false],
    [repository.url, true],
  ] as const) {
    const { desiring } = await fetching(t, with_(egress));
    const state = desiring.at(app, [], signal, { ...scope, unmerged: [] });
    if (works) assert.deepEqual((await state).revisions, ['1.0.0']);
    else await assert.rejects(state, { code: 'E_EGRESS' }, egress);
  }
  const elsewhere = await fetching(t, with_(''), { sourceRepos: ['https://github.com/*'] });
  await assert.rejects(elsewhere.desiring.at(app, [], signal), {
    code: 'E_EGRESS',
    message: /not those of this project/,
  });
});

test('a repository of Git that nothing merged reads is not read for an unmerged revision', async (t) => {
  const [known, other] = [origin(t, chartFiles('web', '0.1.0')), origin(t, chartFiles('web', '0.2.0'))];
  const { desiring } = await fetching(t, settingsOf([]));
  const at = (repoURL: string) =>
    desiring.at(application({ repoURL, path: '.', targetRevision: 'main' }), [], signal, {
      unmerged: [],
      repositories: new Set([normaliseRepo(known.url)]),
    });
  assert.deepEqual(maps((await at(known.url)).manifests), { web: { version: '0.1.0', note: 'none' } });
  await assert.rejects(at(other.url), { code: 'E_EGRESS' });
});

test('what was synced is rendered with what it was then, or is gone, whatever the version holds by now', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  const settings = settingsOf([secret({ url: repository.url })]);
  const { desiring, remotes } = await fetching(t, settings);
  const then = await desiring.at(app, [], signal);
  const pinned = Object.fromEntries(then.fetched.map(({ what, is }) => [what, is]));
  await repository.publish(chartFiles('web', '1.0.0', { 'values.yaml': 'note: other\n' }));
  await remotes.renew(repository.url, Infinity, signal);
  const now = await desiring.at(app, [], signal);
  assert.deepEqual(maps(now.manifests), { web: { version: '1.0.0', note: 'other' } });
  assert.notEqual(now.key, then.key);
  assert.equal((await desiring.at(app, ['1.0.0'], signal, { pinned })).key, then.key);
  const empty = await fetching(t, settings);
  await assert.rejects(empty.desiring.at(app, ['1.0.0'], signal, { pinned }), { code: 'E_REVISION', kind: 'terminal' });
});
