// Charts of chart repositories: versions, credentials, TLS, and what is refused.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { certificates, chartFiles, chartRepository, pack } from './servers.ts';

test('a chart of a repository is rendered at a version, a constraint, and the newest that fits', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.2.0', '1.3.0', '2.0.0', '2.1.0-rc.1']) await repository.publish(chartFiles('web', version));
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url, type: 'helm' })]));
  for (const [asked, version] of [
    ['1.2.0', '1.2.0'],
    ['v1.2.0', '1.2.0'],
    ['1.x', '1.3.0'],
    ['>=1.0.0 <3', '2.0.0'],
    ['*', '2.0.0'],
    ['>=2.1.0-0', '2.1.0-rc.1'],
  ] as const) {
    const app = application({ repoURL: repository.url, chart: 'web', targetRevision: asked });
    const state = await desiring.at(app, [], signal);
    assert.deepEqual(
      [asked, state.revisions, maps(state.manifests)],
      [asked, [version], { web: { version, note: 'none' } }],
    );
    assert.deepEqual(state.sourceTypes, ['Helm']);
  }
});

test('the values of a chart come from another source by $ref, and its revision from history', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.0.0', '1.1.0']) await repository.publish(chartFiles('web', version));
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })]));
  const { origin } = await import('../git/origin.ts');
  const git = origin(t, { 'prod.yaml': 'note: prod\n' });
  const helm = { valueFiles: ['$values/prod.yaml'] };
  const app = application(
    { repoURL: repository.url, chart: 'web', targetRevision: '1.x', helm },
    { repoURL: git.url, targetRevision: 'main', ref: 'values' },
  );
  const now = await desiring.at(app, [], signal);
  assert.deepEqual(maps(now.manifests), { web: { version: '1.1.0', note: 'prod' } });
  assert.deepEqual(now.inputs[1], ['prod.yaml']);
  const then = await desiring.at(app, ['1.0.0', undefined], signal);
  assert.deepEqual(maps(then.manifests), { web: { version: '1.0.0', note: 'prod' } });
});

test('a version that was published since the index was read is found at once', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const dir = (await import('./servers.ts')).folder(t);
  const first = await fetching(t, settingsOf([secret({ url: repository.url })]), { dir });
  const at = (version: string) =>
    first.desiring.at(application({ repoURL: repository.url, chart: 'web', targetRevision: version }), [], signal);
  await at('1.0.0');
  await assert.rejects(at('1.0.1'), { code: 'E_REVISION' });
  await repository.publish(chartFiles('web', '1.0.1'));
  await first.remotes.renew(repository.url, Infinity, signal);
  assert.deepEqual((await at('1.0.1')).revisions, ['1.0.1']);
});

test('name and password come from the repository Secret, or from repo-creds that cover it', async (t) => {
  const repository = await chartRepository(t, { login: 'ana:s3cret' });
  await repository.publish(chartFiles('web', '1.0.0'));
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  const login = { username: 'ana', password: 's3cret' };
  for (const secrets of [
    [secret({ url: repository.url, ...login })],
    [secret({ url: repository.url.slice(0, -1) }), secret({ url: repository.url, ...login }, 'repo-creds')],
  ]) {
    const { desiring } = await fetching(t, settingsOf(secrets));
    assert.deepEqual((await desiring.at(app, [], signal)).revisions, ['1.0.0']);
  }
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url, ...login, password: 'no' })]));
  await assert.rejects(desiring.at(app, [], signal), (error: Error) => {
    assert.match(error.message, /wants other credentials \(401\)/);
    assert.ok(!JSON.stringify(error).includes('s3cret'));
    return true;
  });
});

test('credentials stay at the repository, unless passCredentials says otherwise', async (t) => {
  const elsewhere = await chartRepository(t);
  await elsewhere.publish(chartFiles('web', '1.0.0'));
  const index = (text: string): string => text.replace(/- (web-[\d.]+\.tgz)/, `- ${elsewhere.url}/$1`);
  const repository = await chartRepository(t, { index, login: 'ana:s3cret' });
  await repository.publish(chartFiles('web', '1.0.0'));
  // one archive is not the other, byte by byte: the index is of this one
  copyFileSync(join(repository.dir, 'web-1.0.0.tgz'), join(elsewhere.dir, 'web-1.0.0.tgz'));
  const settings = settingsOf([
    secret({ url: repository.url, username: 'ana', password: 's3cret' }),
    secret({ url: elsewhere.url }),
  ]);
  for (const [helm, shown] of [
    [{}, false],
    [{ passCredentials: true }, true],
  ] as const) {
    const { desiring } = await fetching(t, settings);
    const source = { repoURL: repository.url, chart: 'web', targetRevision: '1.0.0', helm };
    await desiring.at(application(source), [], signal);
    const [{ authorization } = { authorization: undefined }] = elsewhere.asked.splice(0);
    assert.equal(authorization !== undefined, shown);
  }
});

test('an archive that is not the one of the index is refused', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  copyFileSync(
    await pack(t, chartFiles('web', '1.0.0', { 'templates/other.yaml': '# other\n' })),
    join(repository.dir, 'web-1.0.0.tgz'),
  );
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })]));
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  await assert.rejects(desiring.at(app, [], signal), { code: 'E_FETCH', message: /not the one that the index/ });
});

test('certificates: an authority of argocd-tls-certs-cm, a client certificate, and insecure', async (t) => {
  const { ca, server, client } = certificates(t);
  const repository = await chartRepository(t, { tls: { ...server, ca } });
  await repository.publish(chartFiles('web', '1.0.0'));
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  const pair = { tlsClientCertData: client.cert, tlsClientCertKey: client.key };
  const known = { 'argocd-tls-certs-cm': { '127.0.0.1': ca } };
  for (const [settings, works] of [
    [settingsOf([secret({ url: repository.url, ...pair })], known), true],
    [settingsOf([secret({ url: repository.url, ...pair, insecure: 'true' })]), true],
    [settingsOf([secret({ url: repository.url, ...pair })]), false],
    [settingsOf([secret({ url: repository.url })], known), false],
  ] as const) {
    const { desiring } = await fetching(t, settings);
    const state = desiring.at(app, [], signal);
    if (works) assert.deepEqual((await state).revisions, ['1.0.0']);
    else await assert.rejects(state, { code: 'E_FETCH', kind: 'transient' });
  }
});

test('what was fetched is kept by content: a repository that is away, and a restart, change nothing', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const { folder } = await import('./servers.ts');
  const dir = folder(t);
  const settings = settingsOf([secret({ url: repository.url })]);
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.x' });
  const first = await fetching(t, settings, { dir });
  const { key } = await first.desiring.at(app, [], signal);
  await repository.close();
  await assert.rejects(first.remotes.renew(repository.url, Infinity, signal), { code: 'E_FETCH' });
  assert.equal((await first.desiring.at(app, [], signal)).key, key);
  const second = await fetching(t, settings, { dir });
  assert.equal((await second.desiring.at(app, [], signal)).key, key);
});

test('content that was spoilt on disk is fetched anew', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const { folder } = await import('./servers.ts');
  const dir = folder(t);
  const settings = settingsOf([secret({ url: repository.url })]);
  const app = application({ repoURL: repository.url, chart: 'web', targetRevision: '1.0.0' });
  await (await fetching(t, settings, { dir })).desiring.at(app, [], signal);
  const blobs = join(dir, 'fetched/blobs');
  for (const name of readdirSync(blobs)) writeFileSync(join(blobs, name), 'spoilt');
  assert.deepEqual((await (await fetching(t, settings, { dir })).desiring.at(app, [], signal)).revisions, ['1.0.0']);
  rmSync(blobs, { recursive: true });
  assert.deepEqual((await (await fetching(t, settings, { dir })).desiring.at(app, [], signal)).revisions, ['1.0.0']);
});

test('the cache keeps to its size: what was used longest ago goes', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) await repository.publish(chartFiles('web', version));
  const { desiring, dir } = await fetching(t, settingsOf([secret({ url: repository.url })]), { maxBytes: 2000 });
  for (const version of ['1.0.0', '1.1.0', '1.2.0'])
    await desiring.at(application({ repoURL: repository.url, chart: 'web', targetRevision: version }), [], signal);
  const { statSync } = await import('node:fs');
  const blobs = readdirSync(join(dir, 'fetched/blobs')).map((name) => statSync(join(dir, 'fetched/blobs', name)).size);
  assert.ok(blobs.reduce((sum, size) => sum + size, 0) <= 2000, String(blobs));
});
