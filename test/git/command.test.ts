// One run of git through simple-git: how it ends, what it is given, and what nobody else sees of it.
import type { CommandSetup, GitCommand } from '../../src/git/command.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { SteppedClock } from '../../src/base/clock.ts';
import { gitCommand } from '../../src/git/command.ts';
import { mirrorName } from '../../src/git/url.ts';
import { mirrors, origin, temporary } from './origin.ts';

interface Bed {
  git: GitCommand;
  dir: string;
  abort: AbortController;
  clock: SteppedClock;
}

/** An empty bare repository. */
async function bed(t: TestContext, setup: Partial<CommandSetup> = {}): Promise<Bed> {
  const home = temporary(t);
  const dir = join(home, 'x.git');
  const abort = new AbortController();
  const clock = new SteppedClock();
  const base = { git: 'git', home, protocols: ['http'], clock, signal: abort.signal, onStart: () => undefined };
  await gitCommand(base, dir)('init', ['init', '--bare']);
  return { git: gitCommand({ ...base, ...setup }, dir), dir, abort, clock };
}

/** A program in place of git. */
function program(t: TestContext, script: string): string {
  const file = join(temporary(t), 'git');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A server that takes every request and answers none; its port stands in the arguments of whoever talks to it. */
async function silentServer(
  t: TestContext,
): Promise<{ url: string; asked: Promise<unknown>; talking: () => string[] }> {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const asked = once(server, 'request');
  await once(server, 'listening');
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const talking = (): string[] =>
    execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(host));
  return { url: `http://${host}/acme/infra.git`, asked, talking };
}

function saying(message: RegExp) {
  return (error: unknown): boolean =>
    error instanceof AppError && error.code === 'E_GIT' && error.kind === 'transient' && message.test(error.message);
}

test('what is stopped ends with the helpers that git had started, and rejects with the reason', async (t) => {
  const { git, abort } = await bed(t);
  const { url, asked, talking } = await silentServer(t);
  const running = git('fetch', ['fetch', '--', url], { network: true });
  running.catch(() => undefined);
  await asked;
  assert.ok(talking().some((line) => line.includes('remote-http')));
  const reason = new Error('enough');
  abort.abort(reason);
  await assert.rejects(running, reason);
  assert.deepEqual(talking(), []);
  await assert.rejects(git('fetch', ['fetch', '--', url], { network: true }), reason);
});

test('what takes too long ends with its helpers and may be tried again', async (t) => {
  const { git, clock } = await bed(t);
  const { url, asked, talking } = await silentServer(t);
  const running = git('fetch', ['fetch', '--', url], { network: true });
  running.catch(() => undefined);
  await asked;
  clock.step(90_000);
  await assert.rejects(running, saying(/^git fetch: git took more than 90 s$/));
  assert.deepEqual(talking(), []);
  assert.match((await git('version', ['version'])).stdout, /^git version/);
});

test('a mirror that is stopped during its first fetch leaves no process behind', async (t) => {
  const { url, asked, talking } = await silentServer(t);
  const git = mirrors(t, temporary(t), ['http']);
  const fetching = git.repository(url).fetch();
  fetching.catch(() => undefined);
  await asked;
  await git.stop();
  await assert.rejects(fetching);
  assert.deepEqual(talking(), []);
});

test('an exit code that is no answer is a failure, whether git says something or not', async (t) => {
  const { git } = await bed(t, { git: program(t, 'echo half; exit 1') });
  await assert.rejects(git('log', ['log']), saying(/^git log: git ended with code 1$/));
  assert.deepEqual(await git('log', ['log'], { okCodes: [0, 1] }), { code: 1, stdout: 'half\n', stderr: '' });
});

test('a git that is killed has failed, whatever it printed before', async (t) => {
  const { git } = await bed(t, { git: program(t, 'echo half; echo half >&2; kill -9 $$') });
  await assert.rejects(git('log', ['log'], { okCodes: [0, 1] }), saying(/^git log: half$/));
  const { git: silent } = await bed(t, { git: program(t, 'kill -9 $$') });
  await assert.rejects(silent('log', ['log'], { okCodes: [0, 1] }), saying(/^git log: git ended by a signal$/));
});

test('a git that is not there is told with what to do', async (t) => {
  for (const options of [{}, { network: true } as const]) {
    const { git } = await bed(t, { git: '/nonexistent/git' });
    await assert.rejects(git('log', ['log'], options), {
      code: 'E_TOOLS',
      message: /^\/nonexistent\/git cannot be started: .*(ENOENT|No such file)/,
      hint: 'Install git and put it on PATH.',
    });
  }
});

test('output is read to its end, also what a child of git writes after git has ended', async (t) => {
  const { git } = await bed(t, { git: program(t, '(sleep 0.3; echo late) & echo early') });
  assert.equal((await git('log', ['log'])).stdout, 'early\nlate\n');
});

test('more output than any answer has ends the process', async (t) => {
  const { git } = await bed(t, { git: program(t, 'exec cat /dev/zero') });
  await assert.rejects(git('log', ['log']), saying(/more than 67108864 bytes of output/));
});

test('an input is given as it is, nothing too', async (t) => {
  const { git } = await bed(t);
  const hash = async (input: string | Buffer | undefined): Promise<string> =>
    (await git('hash-object', ['hash-object', '--stdin'], input === undefined ? {} : { input })).stdout.trim();
  assert.equal(await hash(undefined), 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
  assert.equal(await hash(''), 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
  assert.equal(await hash(Buffer.from([0xff, 0])), '5d983463ed9b1bcb008a040949025e83abf576d1');
});

test('commands at the same time have each their own environment', async (t) => {
  const { git } = await bed(t);
  const tree = (await git('mktree', ['mktree'])).stdout.trim();
  const names = Array.from({ length: 20 }, (_, index) => `Person ${index}`);
  const authors = await Promise.all(
    names.map(async (name) => {
      const person = {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: 'a@b',
        GIT_COMMITTER_NAME: 'c',
        GIT_COMMITTER_EMAIL: 'd',
      };
      const { stdout } = await git('commit-tree', ['commit-tree', tree], { input: `${name}\n`, env: person });
      return (await git('log', ['log', '-1', '--format=%an', stdout.trim()])).stdout.trim();
    }),
  );
  assert.deepEqual(authors, names);
});

test('nothing of the machine reaches git: no configuration, no variable', async (t) => {
  const from = origin(t);
  const file = join(temporary(t), 'config');
  const trace = join(temporary(t), 'trace');
  writeFileSync(file, '[url "https://evil.example/"]\n\tinsteadOf = /\n[fetch]\n\tfsckObjects = sometimes\n');
  const inherited = {
    GIT_CONFIG_GLOBAL: file,
    GIT_CONFIG_SYSTEM: file,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'fetch.fsckObjects',
    GIT_CONFIG_VALUE_0: 'sometimes',
    GIT_DIR: '/nonexistent',
    GIT_OBJECT_DIRECTORY: '/nonexistent',
    GIT_TRACE: trace,
    GIT_SSH: '/nonexistent',
    GIT_ALLOW_PROTOCOL: 'https',
    XDG_CONFIG_HOME: file,
    EDITOR: '/nonexistent',
    PAGER: '/nonexistent',
  };
  const before = { ...process.env };
  Object.assign(process.env, inherited);
  t.after(() => {
    for (const name of Object.keys(inherited)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const head = await mirrors(t).repository(from.url).resolve('main');
  assert.match(head, /^[0-9a-f]{40}$/);
  assert.equal(existsSync(trace), false);
});

test('names that look like options, or like code, are names', async (t) => {
  const from = origin(t, { '--output=x': '1', '-rf': '1', '--upload-pack=touch x': '1', '$(id)': '1' });
  const first = from.git('rev-parse', 'HEAD');
  const second = from.commit('--exec=id', { '--output=x': '2', '-rf': '2' });
  for (const ref of ['refs/heads/--upload-pack=id', 'refs/heads/-x', 'refs/tags/--help', 'refs/heads/$(id)'])
    from.git('push', '-q', 'origin', `HEAD:${ref}`);
  const repository = mirrors(t).repository(from.url);
  await repository.fetch();
  for (const name of ['--upload-pack=id', '-x', '--help', '$(id)'])
    assert.equal(await repository.resolve(name), second);
  assert.deepEqual(await repository.changedPaths(first, second), ['--output=x', '-rf']);
  const paths = ['--output=x'];
  assert.deepEqual(
    (await repository.log({ to: second, paths })).map(({ sha }) => sha),
    [second, first],
  );
  assert.deepEqual((await repository.touching({ to: second, paths, limit: 9 }))?.sort(), [first, second].sort());
  const author = { name: '--date=x', email: '-e', at: 0 };
  const taken = await repository.revert({ commit: second, base: second, author, paths: ['-rf'] });
  assert.ok('commit' in taken);
  assert.equal(String(await repository.read(taken.commit, '-rf')), '1');
  for (const id of ['--help', '-x', `--all${'0'.repeat(35)}`]) {
    await assert.rejects(repository.isAncestor(id, second), /is not a commit id/);
    await assert.rejects(repository.mergeBase(second, id), /is not a commit id/);
    await assert.rejects(repository.commitsBetween(id, second), /is not a commit id/);
    await assert.rejects(repository.commitTree({ tree: id, parents: [], message: '', author }), /is not a commit id/);
  }
  assert.equal(await repository.remoteRef('--upload-pack=id'), undefined);
});

test('a commit that is not there is no merge without conflicts', async (t) => {
  const from = origin(t);
  const dir = temporary(t);
  const repository = mirrors(t, dir).repository(from.url);
  const head = await repository.resolve('main');
  const { tree } = await repository.commit(head);
  const author = { name: 'a', email: 'b', at: 0 };
  const gone = await repository.commitTree({ tree, parents: [head], message: 'gone', author });
  await repository.commit(gone);
  execFileSync('git', ['--git-dir', join(dir, mirrorName(from.url)), 'prune', '--expire=now']);
  await assert.rejects(repository.testMerge(head, gone), saying(/^git merge: /));
});

for (const name of ['pager', 'alias', 'localhost']) {
  test(`the credentials reach a host with ${name} in its name, and no debug output`, async (t) => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const address = server.address();
    const host = name === 'localhost' ? '127.0.0.1' : `${name}.localhost`;
    const url = `http://${host}:${typeof address === 'object' ? address?.port : ''}/acme/infra.git`;
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fetch-once.ts'), temporary(t), url], {
      env: { PATH: process.env['PATH'] ?? '', DEBUG: '*' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
    await once(child, 'close');
    const sent = Buffer.from('x-access-token:open-sesame').toString('base64');
    assert.match(said, /git fetch: repository .* not found/);
    assert.equal(seen.at(-1), `Basic ${sent}`);
    assert.ok(!said.includes(sent) && !said.includes('open-sesame'), said);
  });
}
