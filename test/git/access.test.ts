// Repositories over SSH, and over HTTPS with certificates, a proxy and the token of a GitHub App: real servers on
// loopback.
import type { Git } from '../../src/git/git.ts';
import type { Origin } from './origin.ts';
import type { Settings } from '../../src/store/settings.ts';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { binaries } from '../../tools/binaries.ts';
import { describeError } from '../../src/base/errors.ts';
import { openGit } from '../../src/git/git.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { repositoryCredentials } from '../../src/github/client/credentials.ts';
import { accessOf } from '../../src/store/repository-secrets.ts';
import { askBackend, sendAnswer } from '../../sandbox/github/git/backend.ts';
import { certificates } from '../fetch/servers.ts';
import { secret, settingsOf } from '../fetch/fetching.ts';
import { worker } from '../worker.ts';
import { origin, temporary } from './origin.ts';

interface Reached {
  git: Git;
  dir: string;
}

function reaching(t: TestContext, settings: Settings): Reached {
  const dir = temporary(t);
  const git = openGit({
    worker,
    dir,
    clock: systemClock,
    log: silentLogger(),
    credentials: repositoryCredentials(undefined, (url, project) => accessOf(settings, url, project)),
    signal: new AbortController().signal,
  });
  t.after(() => git.stop());
  return { git, dir };
}

interface SshServer {
  from: Origin;
  /** Both forms of its address. */
  urls: [full: string, short: string];
  knownHosts: string;
  key: string;
}

async function sshServer(t: TestContext): Promise<SshServer> {
  const { 'git-ssh': program } = await binaries(['git-ssh']);
  const from = origin(t);
  const dir = temporary(t);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(dir, 'key')]);
  const server = spawn(program, [dirname(from.url), join(dir, 'key.pub')], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  const [port = '', ...hostKey] = line.split(' ');
  return {
    from,
    urls: [`ssh://git@127.0.0.1:${port}/origin.git`, `git@127.0.0.1:origin.git`],
    knownHosts: `[127.0.0.1]:${port} ${hostKey.join(' ')}\n`,
    key: readFileSync(join(dir, 'key'), 'utf8'),
  };
}

const known = (text: string) => ({ 'argocd-ssh-known-hosts-cm': { ssh_known_hosts: text } });

test('a repository is read and written over SSH by the key of its Secret, or of a repo-creds Secret', async (t) => {
  const { from, urls, knownHosts, key } = await sshServer(t);
  const [url] = urls;
  for (const [at, type] of [
    [url, 'repository'],
    [url.replace('/origin.git', ''), 'repo-creds'],
  ] as const) {
    const { git, dir } = reaching(t, settingsOf([secret({ url: at, sshPrivateKey: key }, type)], known(knownHosts)));
    const repository = git.repository(url);
    const head = await repository.resolve('main');
    assert.equal(head, from.git('rev-parse', 'HEAD'));
    assert.equal(await repository.push(`refs/heads/coxswain/${type}`, head, { createOnly: true }), 'created');
    assert.equal(await repository.remoteRef(`refs/heads/coxswain/${type}`), head);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.includes('access')),
      [],
    );
  }
});

test('a host key that is not known or another one, and a wrong key, are refused with what to do', async (t) => {
  const { urls, knownHosts, key } = await sshServer(t);
  const [url] = urls;
  const { knownHosts: others } = await sshServer(t);
  const wrong = others.replace(/:\d+/, new URL(url).port.replace(/^/, ':'));
  const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  for (const [hosts, own, expected] of [
    ['', key, { message: /Host key verification failed/, hint: /argocd-ssh-known-hosts-cm/ }],
    [wrong, key, { message: /Host key verification failed/, hint: /argocd-ssh-known-hosts-cm/ }],
    [knownHosts, other, { message: /Permission denied/, hint: /Check the credentials/ }],
    [knownHosts, '', { message: /Permission denied/, hint: /Check the credentials/ }],
  ] as const) {
    const { git } = reaching(t, settingsOf([secret({ url, sshPrivateKey: own })], known(hosts)));
    await assert.rejects(git.repository(url).fetch(), (error: Error) => {
      assert.equal((error as { code?: string }).code, 'E_GIT_AUTH', describeError(error));
      assert.match(error.message, expected.message);
      assert.match((error as { hint?: string }).hint ?? '', expected.hint);
      assert.doesNotMatch(describeError(error), /PRIVATE KEY/);
      return true;
    });
  }
  const careless = secret({ url, sshPrivateKey: key, insecureIgnoreHostKey: 'true' });
  assert.ok(
    await reaching(t, settingsOf([careless]))
      .git.repository(url)
      .resolve('main'),
  );
});

interface Served {
  from: Origin;
  url: string;
  seen: (string | undefined)[];
  close(): void;
}

async function httpsServer(t: TestContext, tls: object): Promise<Served> {
  const from = origin(t);
  const made: Served = { from, url: '', seen: [], close: () => undefined };
  const server = createServer(tls, (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'https://localhost');
    made.seen.push(request.headers.authorization);
    const path = pathname.replace('/acme/infra.git/', '');
    void askBackend({ dir: from.url, path, query: search.slice(1), user: '' }, request).then((answer) =>
      sendAnswer(response, answer),
    );
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  made.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/acme/infra.git`;
  return made;
}

const authority = (ca: string) => ({ 'argocd-tls-certs-cm': { '127.0.0.1': ca } });

test('a server that wants a certificate gets it, and is trusted by argocd-tls-certs-cm alone', async (t) => {
  const { ca, server, client } = certificates(t);
  const tls = { ...server, ca, requestCert: true, rejectUnauthorized: true };
  const { from, url, seen } = await httpsServer(t, tls);
  const mine = { url, tlsClientCertData: client.cert, tlsClientCertKey: client.key };
  const { git } = reaching(t, settingsOf([secret({ ...mine, bearerToken: 'token-1' })], authority(ca)));
  const repository = git.repository(url);
  assert.equal(await repository.resolve('main'), from.git('rev-parse', 'HEAD'));
  const { processes } = git.counts;
  await repository.fetch();
  assert.equal(git.counts.processes, processes); // looked at in one request, with the same certificates
  assert.deepEqual([...new Set(seen)], ['Bearer token-1']);
  for (const settings of [settingsOf([secret(mine)]), settingsOf([secret({ url })], authority(ca))]) {
    await assert.rejects(reaching(t, settings).git.repository(url).fetch(), { code: 'E_GIT' });
  }
  const careless = settingsOf([secret({ ...mine, insecure: 'true' })]);
  assert.ok(await reaching(t, careless).git.repository(url).resolve('main'));
});

test('a proxy of the Secret is asked for the server, and not for what noProxy names', async (t) => {
  const { ca, server } = certificates(t);
  const { url } = await httpsServer(t, server);
  const asked: string[] = [];
  const proxy = createWeb().listen(0, '127.0.0.1');
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    const [host = '', port] = (request.url ?? '').split(':');
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    for (const each of [socket, through]) each.on('error', () => socket.destroy());
  });
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  await once(proxy, 'listening');
  const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const through = reaching(t, settingsOf([secret({ url, proxy: at })], authority(ca)));
  await through.git.repository(url).fetch();
  assert.deepEqual([...new Set(asked)], [new URL(url).host]);
  asked.length = 0;
  const past = reaching(t, settingsOf([secret({ url, proxy: at, noProxy: '127.0.0.1' })], authority(ca)));
  await past.git.repository(url).fetch();
  assert.deepEqual(asked, []);
});

test('the GitHub App of a Secret gives the token, which is asked for once', async (t) => {
  const { ca, server } = certificates(t);
  const { url, seen } = await httpsServer(t, server);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const asked: string[] = [];
  const api = createWeb((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const good = request.headers.authorization?.startsWith('bearer ') === true && request.url?.includes('/78/');
    response.writeHead(good ? 201 : 404, { 'content-type': 'application/json' });
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify(good ? { token: 'ghs_one', expires_at: expires, permissions: {} } : { message: 'no' }));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    api.closeAllConnections();
    api.close();
  });
  await once(api, 'listening');
  const app = {
    ...{ url, githubAppID: '77', githubAppInstallationID: '78' },
    githubAppPrivateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
    githubAppEnterpriseBaseUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/v3/`,
  };
  const { git } = reaching(t, settingsOf([secret(app)], authority(ca)));
  await git.repository(url).fetch();
  await git.repository(url).fetch();
  assert.deepEqual(asked, ['POST /api/v3/app/installations/78/access_tokens']);
  assert.deepEqual([...new Set(seen)], [`Basic ${Buffer.from('x-access-token:ghs_one').toString('base64')}`]);
  const wrong = reaching(t, settingsOf([secret({ ...app, githubAppInstallationID: '79' })], authority(ca)));
  await assert.rejects(wrong.git.repository(url).fetch(), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'E_GIT_AUTH');
    assert.doesNotMatch(describeError(error), /PRIVATE KEY/);
    return true;
  });
});

test('what a killed process left of a key is gone at the next start', async (t) => {
  const dir = temporary(t);
  const left = join(dir, 'access-1.tmp');
  execFileSync('mkdir', ['-p', left]);
  const git = openGit({
    ...{ worker, dir, clock: systemClock, log: silentLogger(), signal: new AbortController().signal },
    credentials: async () => undefined,
  });
  t.after(() => git.stop());
  assert.equal(existsSync(left), false);
});
