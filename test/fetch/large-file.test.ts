// Files in Git LFS: brought where the repository Secret enables it, checked by their digest, and refused elsewhere.
import type { GitServer } from './git-server.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { origin } from '../git/origin.ts';
import { gitServer, putLarge } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles, folder, web, write } from './servers.ts';

const map = (name: string, note: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {note: ${note}}\n`;

const header = `Basic ${Buffer.from('ana:s3cret').toString('base64')}`;

interface Scene {
  server: GitServer;
  url: string;
  /** With Git LFS, or without. */
  secretOf(enableLfs?: string): ReturnType<typeof secret>;
}

async function scene(t: TestContext, more: (server: GitServer) => Record<string, string> = () => ({})): Promise<Scene> {
  const server = await gitServer(t, { login: 'ana:s3cret' });
  const files = { 'plain/x.yaml': putLarge(server, map('large', 'one')), ...more(server) };
  server.repositories.set('/acme/app.git', origin(t, files));
  const url = `${server.url}/acme/app`;
  return {
    server,
    url,
    secretOf: (enableLfs = 'true') => secret({ url, username: 'ana', password: 's3cret', enableLfs }),
  };
}

const plain = (repoURL: string) => application({ repoURL, path: 'plain', targetRevision: 'main' });
const toLarge = (server: GitServer): string[] =>
  server.asked.flatMap(({ path }) =>
    /\/info\/lfs\/|^\/large\//.test(path) ? [path.replace(/[0-9a-f]{64}/, '…')] : [],
  );
const batchPath = '/acme/app.git/info/lfs/objects/batch';

test('manifests and values in Git LFS are brought once, with the credentials of the repository', async (t) => {
  const { server, url, secretOf } = await scene(t, (from) => ({
    ...Object.fromEntries(Object.entries(chartFiles('web', '1.0.0')).map(([path, text]) => [`chart/${path}`, text])),
    'values/prod.yaml': putLarge(from, 'note: large\n'),
  }));
  const dir = folder(t);
  const { desiring } = await fetching(t, settingsOf([secretOf()]), { dir });
  const first = await desiring.at(plain(url), [], signal);
  assert.deepEqual(maps(first.manifests), { large: { note: 'one' } });
  assert.deepEqual(toLarge(server), [batchPath, '/large/…']);
  assert.ok(
    server.asked.filter(({ path }) => path.startsWith('/large/')).every((each) => each.authorization === header),
  );
  const helm = { valueFiles: ['/values/prod.yaml'] };
  const chart = await desiring.at(
    application({ repoURL: url, path: 'chart', targetRevision: 'main', helm }),
    [],
    signal,
  );
  assert.deepEqual(maps(chart.manifests), { web: { version: '1.0.0', note: 'large' } });
  // What is on disk is not asked for again.
  const again = await fetching(t, settingsOf([secretOf()]), { dir });
  assert.equal((await again.desiring.at(plain(url), [], signal)).key, first.key);
  assert.equal(toLarge(server).length, 4);
});

test('without enableLfs a file in Git LFS is refused by name, and no server is asked for it', async (t) => {
  const { server, url, secretOf } = await scene(t);
  const { desiring } = await fetching(t, settingsOf([secretOf('false')]));
  await assert.rejects(desiring.at(plain(url), [], signal), {
    code: 'E_RENDER',
    place: { file: 'plain/x.yaml', line: 1 },
    hint: /enableLfs/,
  });
  assert.deepEqual(toLarge(server), []);
});

test('what is not what its pointer says, or is not there, is refused at the line of the pointer', async (t) => {
  const { server, url, secretOf } = await scene(t);
  const [oid = ''] = server.large.keys();
  const place = { file: 'plain/x.yaml', line: 1 };
  const render = async () => (await fetching(t, settingsOf([secretOf()]))).desiring.at(plain(url), [], signal);
  server.large.set(oid, map('other', 'one'));
  await assert.rejects(render(), { code: 'E_FETCH', place, message: /something else than/ });
  server.large.set(oid, `${map('large', 'one')}# and more than the pointer says\n`);
  await assert.rejects(render(), { code: 'E_FETCH', place, message: /larger than/ });
  server.large.clear();
  await assert.rejects(render(), { code: 'E_FETCH', place, message: /Git LFS has no/, hint: /git lfs push/ });
});

test('another server that keeps the files is shown no credentials, and a private one must be listed', async (t) => {
  const { server, url, secretOf } = await scene(t);
  const dir = folder(t);
  const store = await web(t, dir);
  for (const [oid, content] of server.large) write(dir, { [`large/${oid}`]: content });
  server.store = store.url;
  const closed = await fetching(t, settingsOf([secretOf()]));
  await assert.rejects(closed.desiring.at(plain(url), [], signal), { code: 'E_EGRESS' });
  const { desiring } = await fetching(t, settingsOf([secretOf(), secret({ url: store.url })]));
  assert.deepEqual(maps((await desiring.at(plain(url), [], signal)).manifests), { large: { note: 'one' } });
  assert.deepEqual(
    store.asked.map(({ authorization }) => authorization),
    [undefined],
  );
});

test('what one repository has in Git LFS is nothing that another one may point to', async (t) => {
  const { server, url, secretOf } = await scene(t);
  const other = await gitServer(t);
  other.repositories.set('/eve/app.git', origin(t, { 'plain/x.yaml': putLarge(server, map('large', 'one')) }));
  const secrets = [secretOf(), secret({ url: `${other.url}/eve/app.git`, enableLfs: 'true' })];
  const { desiring } = await fetching(t, settingsOf(secrets));
  assert.deepEqual(maps((await desiring.at(plain(url), [], signal)).manifests), { large: { note: 'one' } });
  await assert.rejects(desiring.at(plain(`${other.url}/eve/app.git`), [], signal), {
    code: 'E_FETCH',
    message: /Git LFS has no/,
  });
});

test('a server of Git LFS that the repository names is not asked, nor one over another transport', async (t) => {
  const evil = await web(t, folder(t));
  const { url, secretOf } = await scene(t, () => ({ '.lfsconfig': `[lfs]\n\turl = ${evil.url}\n` }));
  const { desiring } = await fetching(t, settingsOf([secretOf(), secret({ url: evil.url })]));
  await assert.rejects(desiring.at(plain(url), [], signal), { code: 'E_RENDER', message: /\.lfsconfig/ });
  assert.deepEqual(evil.asked, []);
  const local = origin(t, { 'plain/x.yaml': putLarge(await gitServer(t), map('large', 'one')) });
  const byPath = await fetching(t, settingsOf([secret({ url: local.url, enableLfs: 'true' })]));
  await assert.rejects(byPath.desiring.at(plain(local.url), [], signal), {
    code: 'E_RENDER',
    message: /over http and/,
  });
});
