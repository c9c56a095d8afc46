// Kubeconfigs, one user of each kind: what is read, and that a real server is reached with it.
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { KubeconfigChoice } from '../../src/cluster/wire/kubeconfig.ts';
import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { systemClock } from '../../src/base/clock.ts';
import { AppError, describeError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { readKubeconfigs } from '../../src/cluster/wire/kubeconfig-reader.ts';
import { loadKubeconfig } from '../../src/cluster/wire/kubeconfig.ts';
import { Transport } from '../../src/cluster/wire/transport.ts';
import { eventually, testCluster } from '../control-plane.ts';

type Fields = Record<string, unknown>;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** A kubeconfig of one context in the folder; answers its path. */
async function written(dir: string, user: Fields, cluster: Fields = {}): Promise<string> {
  const path = join(dir, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'a', user: 'u', namespace: 'shop' } }],
    clusters: [{ name: 'a', cluster: { server: 'https://a:6443', ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, stringify(config));
  return path;
}

/** The plug-in answers what the shell text writes. */
async function plugin(dir: string, script: string): Promise<void> {
  await mkdir(join(dir, 'bin'), { recursive: true });
  await writeFile(join(dir, 'bin/login'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, 'bin/login'), 0o755);
}

function credential(status: Fields): string {
  return JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });
}

const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './bin/login', interactiveMode: 'IfAvailable' };

function webToken(claims: Fields): string {
  return [{ alg: 'none' }, claims, 'signature']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

async function connected(t: TestContext, { config }: KubeconfigChoice): Promise<Cluster> {
  const cluster = await connectCluster({ config, clock: systemClock, log: silentLogger() });
  t.after(() => cluster.stop());
  return cluster;
}

const rows: { what: string; user: Fields; cluster?: Fields; config: Fields }[] = [
  { what: 'a token', user: { token: 't0ken' }, config: { token: 't0ken' } },
  { what: 'a token file beside it', user: { tokenFile: 'token' }, config: { tokenFile: '<dir>/token' } },
  {
    what: 'a token and a file, of which the file counts (client-go: rest.Config.BearerTokenFile)',
    user: { token: 'old', tokenFile: '/run/token' },
    config: { token: 'old', tokenFile: '/run/token' },
  },
  {
    what: 'a client certificate as data',
    user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    config: { cert: 'CERT', key: 'KEY' },
  },
  {
    what: 'a client certificate in files beside it',
    user: { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' },
    config: { cert: 'cert of the file', key: 'key of the file' },
  },
  {
    what: 'data and files, of which the data counts (clientcmd)',
    user: { 'client-certificate-data': base64('CERT'), 'client-certificate': 'absent', 'client-key': 'key.pem' },
    cluster: { 'certificate-authority-data': base64('CA'), 'certificate-authority': 'absent' },
    config: { ca: 'CA', cert: 'CERT', key: 'key of the file' },
  },
  {
    what: 'a name and a password',
    user: { username: 'ann', password: 'pass' },
    config: { username: 'ann', password: 'pass' },
  },
  {
    what: 'an impersonation with groups and a uid',
    user: { token: 't', as: 'someone', 'as-groups': ['g', 'h'], 'as-uid': 'u1' },
    config: { token: 't', impersonate: { user: 'someone', groups: ['g', 'h'], uid: 'u1' } },
  },
  {
    what: 'a server with a certificate authority in a file, another name and a proxy',
    user: {},
    cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'k8s', 'proxy-url': 'socks5://localhost:1080' },
    config: { ca: 'ca of the file', serverName: 'k8s', proxy: 'socks5://localhost:1080' },
  },
  {
    what: 'a server whose certificate is not looked at',
    user: {},
    cluster: { 'insecure-skip-tls-verify': true },
    config: { insecure: true },
  },
];
for (const { what, user, cluster, config } of rows) {
  test(`a kubeconfig gives ${what}`, async (t) => {
    const dir = await folder(t);
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(dir, `${name}.pem`), `${name} of the file`);
    const choice = await readKubeconfigs({ paths: [await written(dir, user, cluster)], context: undefined });
    const expected = JSON.parse(JSON.stringify(config).replaceAll('<dir>', dir)) as Fields;
    assert.deepEqual(choice, {
      config: { server: 'https://a:6443', ...expected },
      namespace: 'shop',
      context: 'here',
    });
  });
}

test('of several files the first that has a name wins, and one that is not there is passed over', async (t) => {
  const dir = await folder(t);
  const named = (server: string, token: string): Fields => ({
    clusters: [{ name: 'a', cluster: { server } }, { name: 'broken' }, null],
    users: [{ name: 'u', user: { token } }],
  });
  const contexts = (user: string): Fields[] => [
    { name: 'one', context: { cluster: 'a', user } },
    { name: 'two', context: { cluster: 'a', user: 'gone' } },
    { name: 'three', context: { cluster: 'a' } },
  ];
  await writeFile(join(dir, 'first'), stringify(named('https://first/', 't1')));
  await writeFile(join(dir, 'second'), stringify({ ...named('https://second', 't2'), contexts: contexts('u') }));
  await writeFile(join(dir, 'third'), stringify({ 'current-context': 'one', contexts: contexts('other') }));
  const env = { KUBECONFIG: ['absent', 'first', 'second', 'third'].map((name) => join(dir, name)).join(':') };
  assert.deepEqual(await loadKubeconfig({ env }), {
    config: { server: 'https://first', token: 't1' },
    namespace: 'default',
    context: 'one',
  });
  assert.deepEqual((await loadKubeconfig({ env, context: 'three' })).config, { server: 'https://first' });
  const fault = (options: Parameters<typeof loadKubeconfig>[0]): Promise<string> =>
    loadKubeconfig(options).then(
      () => '',
      (error: unknown) => describeError(error),
    );
  assert.match(
    await fault({ env, context: 'two' }),
    /^the kubeconfig has no user "gone" \(E_CONFIG\)\. KUBECONFIG names/,
  );
  assert.match(await fault({ env, context: 'four' }), /^the kubeconfig has no context "four" \(E_CONFIG\)/);
  assert.match(await fault({ path: join(dir, 'first') }), /^the kubeconfig names no current context \(E_CONFIG\)/);
  assert.match(await fault({ path: join(dir, 'absent') }), /absent cannot be read \(E_CONFIG\)/);
});

const faults: { what: string; user: Fields; cluster?: Fields; script?: string; told: RegExp }[] = [
  ...['gcp', 'azure', 'openstack'].map((name) => ({
    what: `the auth-provider ${name}`,
    user: { 'auth-provider': { name, config: { 'access-token': 's3cr3t' } } },
    told: new RegExp(
      `user u of .* logs in by the auth-provider "${name}", which Kubernetes has given up .* exec plug-in`,
    ),
  })),
  { what: 'a proxy of another kind', user: {}, cluster: { 'proxy-url': 'ftp://x' }, told: /proxy-url of cluster a in/ },
  { what: 'extra fields to impersonate', user: { as: 'x', 'as-user-extra': { a: ['b'] } }, told: /has as-user-extra/ },
  { what: 'groups without anybody to impersonate', user: { 'as-groups': ['system:masters'] }, told: /without as/ },
  {
    what: 'a key file that is not there',
    user: { 'client-key': 'gone.pem' },
    told: /client-key of the kubeconfig .* cannot/,
  },
  {
    what: 'a plug-in that is not installed',
    user: { exec: { ...exec, command: 'no-such-plugin', installHint: 'Get it from example.com.' } },
    told: /the log-in plug-in of user u of .* fails \(E_CONFIG\)\. Get it from example\.com\./,
  },
  {
    what: 'a plug-in that needs a terminal',
    user: { exec: { ...exec, interactiveMode: 'Always' } },
    told: /needs a terminal/,
  },
  {
    what: 'a plug-in that answers something else',
    user: { exec },
    script: 'echo token: s3cr3t',
    told: /the log-in plug-in of user u of .* answers no ExecCredential/,
  },
  {
    what: 'a plug-in that gives nothing',
    user: { exec },
    script: `echo '${credential({})}'`,
    told: /gives neither a token nor a certificate/,
  },
];
for (const { what, user, cluster, script, told } of faults) {
  test(`${what} is refused by name, before any request`, async (t) => {
    const dir = await folder(t);
    if (script !== undefined) await plugin(dir, script);
    const path = await written(dir, user, cluster);
    const error = await readKubeconfigs({ paths: [path], context: undefined }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof AppError);
    assert.match(describeError(error), told);
    assert.doesNotMatch(`${error.stack ?? ''}${String(error.cause)}`, /s3cr3t/);
  });
}

test('what is no YAML is told without its lines', async (t) => {
  const path = join(await folder(t), 'config');
  await writeFile(path, 'users: [b\ntoken: s3cr3t\n');
  await assert.rejects(loadKubeconfig({ path }), (error: AppError) => {
    assert.match(error.message, /^the kubeconfig .* is not YAML$/);
    assert.doesNotMatch(`${error.stack ?? ''}${String(error.cause)}`, /s3cr3t/);
    return true;
  });
});

test('the auth-provider oidc gives its token while that lasts', async (t) => {
  const token = webToken({ exp: 4_000_000_000 });
  const provider = { name: 'oidc', config: { 'id-token': token, 'idp-issuer-url': 'https://idp.example' } };
  const { config } = await loadKubeconfig({ path: await written(await folder(t), { 'auth-provider': provider }) });
  assert.deepEqual(await config.login?.(), { headers: { authorization: `Bearer ${token}` } });
});

test('a plug-in beside its kubeconfig logs in to a real server, and is asked again after a refusal', async (t) => {
  const { server, ca, token } = await testCluster(t);
  const dir = await folder(t);
  process.env['COX_GITHUB_PRIVATE_KEY'] = 'not for plug-ins';
  t.after(() => delete process.env['COX_GITHUB_PRIVATE_KEY']);
  await plugin(
    dir,
    [
      `cd ${dir}`,
      'printf %s "$KUBERNETES_EXEC_INFO" > info',
      'printf "%s %s" "$COX_GITHUB_PRIVATE_KEY" "$WHO" > seen',
      `test -e logged-in && token=${token} || token=stale`,
      'touch logged-in',
      `echo '${credential({ token: 'TOKEN' })}' | sed "s/TOKEN/$token/"`,
    ].join('\n'),
  );
  const user = { exec: { ...exec, provideClusterInfo: true, env: [{ name: 'WHO', value: 'ann' }] } };
  const path = await written(dir, user, { server, 'certificate-authority-data': base64(ca) });
  const cluster = await connected(t, await loadKubeconfig({ path }));
  assert.ok(cluster.discovery.version);
  const info = JSON.parse(await readFile(join(dir, 'info'), 'utf8')) as { spec: Fields };
  assert.deepEqual(info, {
    kind: 'ExecCredential',
    apiVersion: exec.apiVersion,
    spec: {
      interactive: false,
      cluster: { server, 'insecure-skip-tls-verify': false, 'certificate-authority-data': base64(ca) },
    },
  });
  assert.equal(await readFile(join(dir, 'seen'), 'utf8'), ' ann');
});

test("a token file is read by a real server's client, and again when it was replaced", async (t) => {
  const { server, ca, token } = await testCluster(t);
  const dir = await folder(t);
  await writeFile(join(dir, 'token'), 'stale\n');
  const path = await written(dir, { tokenFile: 'token' }, { server, 'certificate-authority-data': base64(ca) });
  const choice = await loadKubeconfig({ path });
  await assert.rejects(connected(t, choice), { code: 'E_API' });
  await writeFile(join(dir, 'token'), `${token}\n`);
  assert.ok((await connected(t, choice)).discovery.version);
});

test('a certificate is compared with tls-server-name, and not at all where that is switched off', async (t) => {
  const { server, ca, token } = await testCluster(t);
  const reach = async (cluster: Fields): Promise<string> => {
    const path = await written(await folder(t), { token }, { server, ...cluster });
    return connected(t, await loadKubeconfig({ path })).then(
      () => 'reached',
      (error: unknown) => describeError(error),
    );
  };
  const known = { 'certificate-authority-data': base64(ca) };
  assert.equal(await reach({ ...known, 'tls-server-name': 'kubernetes.default.svc' }), 'reached');
  assert.match(await reach({ ...known, 'tls-server-name': 'other.example' }), /E_API_UNREACHABLE/);
  assert.match(await reach({}), /E_API_UNREACHABLE/);
  assert.equal(await reach({ 'insecure-skip-tls-verify': true }), 'reached');
});

test('every request and watch goes through proxy-url', async (t) => {
  const { server, ca, token } = await testCluster(t);
  const asked: string[] = [];
  const proxy = createServer();
  const sockets = new Set<Socket>();
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(request.url ?? '');
    const upstream = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const reached = { server, 'certificate-authority-data': base64(ca), 'proxy-url': `http://127.0.0.1:${port}` };
  const cluster = await connected(
    t,
    await loadKubeconfig({ path: await written(await folder(t), { token }, reached) }),
  );
  assert.deepEqual(new Set(asked), new Set([new URL(server).host]));
  const before = asked.length;
  void cluster.live.start();
  await eventually('kinds are watched', () => cluster.live.settled || undefined);
  assert.ok(asked.length > before, 'watches too');
});

test('a certificate that a plug-in gives later goes over new connections', async (t) => {
  const plane = await testCluster(t);
  const pem = (name: string): Promise<string> => readFile(join(plane.dir, `certificates/apiserver.${name}`), 'utf8');
  const [cert, key] = [await pem('crt'), await pem('key')];
  const server = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    response.writeHead(subject === undefined ? 401 : 200).end(JSON.stringify({ seen: subject !== undefined }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const dir = await folder(t);
  await writeFile(join(dir, 'later'), credential({ clientCertificateData: cert, clientKeyData: key }));
  await plugin(dir, `cd ${dir}\ntest -e asked && cat later || echo '${credential({ token: 'stale' })}'\ntouch asked`);
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = await written(dir, { exec }, { server: address, 'certificate-authority-data': base64(plane.ca) });
  const { config } = await loadKubeconfig({ path });
  assert.equal(config.cert, undefined);
  const options = { clock: systemClock, log: silentLogger(), random: () => 0, connections: 1 };
  const transport = new Transport({ config, ...options });
  t.after(() => transport.close());
  const { body } = await transport.call({ verb: 'get', method: 'GET', path: '/x', safe: true });
  assert.deepEqual(body, { seen: true });
});
