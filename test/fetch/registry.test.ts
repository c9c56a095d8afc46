// Charts and artifacts of an OCI registry, which is CNCF Distribution on loopback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles, folder, push, pushArtifact, registry, web } from './servers.ts';

const http = { insecureOCIForceHttp: 'true' };

test('a chart of an OCI registry is rendered at a version and at a constraint', async (t) => {
  const host = await registry(t);
  for (const version of ['1.0.0', '1.2.0+build.5', '2.0.0']) await push(t, host, chartFiles('web', version));
  for (const [url, more] of [
    [`${host}/charts`, { type: 'helm', enableOCI: 'true' }],
    [`oci://${host}/charts`, { type: 'oci' }],
  ] as const) {
    const { desiring } = await fetching(t, settingsOf([secret({ url, ...http, ...more })]));
    for (const [asked, version] of [
      ['1.0.0', '1.0.0'],
      ['1.2.0+build.5', '1.2.0+build.5'],
      ['1.x', '1.2.0+build.5'],
      ['*', '2.0.0'],
    ] as const) {
      const state = await desiring.at(application({ repoURL: url, chart: 'web', targetRevision: asked }), [], signal);
      assert.deepEqual([url, asked, state.revisions], [url, asked, [version]]);
      assert.deepEqual(maps(state.manifests), { web: { version, note: 'none' } });
    }
    const none = application({ repoURL: url, chart: 'web', targetRevision: '3.0.0' });
    await assert.rejects(desiring.at(none, [], signal), { code: 'E_REVISION' });
  }
});

test('an OCI artifact is a source of manifests: by tag, constraint and digest, until its tag moves', async (t) => {
  const host = await registry(t);
  const files = (name: string) => ({
    'app/map.yaml': `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}, data: {of: ${name}}}\n`,
    'other/x.yaml': '{}',
  });
  await pushArtifact(t, { host, name: 'team/infra', tag: 'prod' }, files('first'));
  await pushArtifact(t, { host, name: 'team/infra', tag: '1.4.0' }, files('numbered'));
  const address = `oci://${host}/team/infra`;
  const { desiring, remotes } = await fetching(t, settingsOf([secret({ url: address, type: 'oci', ...http })]));
  const at = (targetRevision: string, revision?: string) =>
    desiring.at(application({ repoURL: address, path: 'app', targetRevision }), [revision], signal);
  const first = await at('prod');
  assert.deepEqual(maps(first.manifests), { first: { of: 'first' } });
  assert.match(first.revisions[0] ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(maps((await at('1.x')).manifests), { numbered: { of: 'numbered' } });
  await pushArtifact(t, { host, name: 'team/infra', tag: 'prod' }, files('second'));
  await remotes.renew(address, Infinity, signal);
  assert.deepEqual(maps((await at('prod')).manifests), { second: { of: 'second' } });
  assert.deepEqual(maps((await at('prod', first.revisions[0])).manifests), { first: { of: 'first' } });
});

test('a registry that wants a token gets one, and no other server sees the password', async (t) => {
  const host = await registry(t);
  await push(t, host, chartFiles('web', '1.0.0'));
  const tokens = await web(t, folder(t), { answer: () => ({ status: 200, body: '{"token":"t0ken"}' }) });
  const front = await web(t, folder(t), {
    answer: ({ headers, url = '' }) => {
      const challenge = `Bearer realm="${tokens.url}/token",service="reg",scope="repository:charts/web:pull"`;
      if (headers.authorization !== 'Bearer t0ken') return { status: 401, headers: { 'www-authenticate': challenge } };
      return { status: 307, headers: { location: `http://${host}${url}` } };
    },
  });
  const url = `${new URL(front.url).host}/charts`;
  const login = { username: 'ana', password: 's3cret' };
  const secrets = [secret({ url, type: 'helm', enableOCI: 'true', ...login, ...http }), secret({ url: host })];
  const { desiring } = await fetching(t, settingsOf([...secrets, secret({ url: tokens.url })]));
  const app = application({ repoURL: url, chart: 'web', targetRevision: '1.0.0' });
  assert.deepEqual((await desiring.at(app, [], signal)).revisions, ['1.0.0']);
  assert.equal(tokens.asked[0]?.authorization, `Basic ${Buffer.from('ana:s3cret').toString('base64')}`);
  assert.ok(front.asked.every(({ authorization }) => authorization === undefined || authorization === 'Bearer t0ken'));
});
