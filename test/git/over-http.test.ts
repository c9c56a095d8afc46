// A repository over HTTP: looking whether something moved costs one request, and bringing it one process.
import type { Git } from '../../src/git/git.ts';
import type { Origin } from './origin.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { parseAdvertisement } from '../../src/git/advertised.ts';
import { openGit } from '../../src/git/git.ts';
import { askBackend, sendAnswer } from '../../sandbox/github/git/backend.ts';
import { origin, temporary } from './origin.ts';
import { worker } from '../worker.ts';

interface Server {
  from: Origin;
  url: string;
  /** `POST git-upload-pack ls-refs` and the like, in order. */
  seen: string[];
  /** Set: requests in protocol version 2 are answered so. */
  refuse: { status: number } | undefined;
  /** Set: run once between the answer to ls-refs and the fetch. */
  meanwhile: (() => void) | undefined;
}

async function serve(t: TestContext): Promise<Server> {
  const from = origin(t);
  const self: Server = { from, url: '', seen: [], refuse: undefined, meanwhile: undefined };
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.replace('/acme/infra.git/', '');
    self.seen.push(`${request.method ?? ''} ${path}`);
    const ours = request.headers['user-agent']?.includes('coxswain') === true;
    if (ours && self.refuse) return void response.writeHead(self.refuse.status).end();
    void askBackend({ dir: from.url, path, query: search.slice(1), user: '' }, request).then((answer) => {
      if (ours) self.meanwhile?.();
      if (ours) self.meanwhile = undefined;
      sendAnswer(response, answer);
    });
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  self.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/acme/infra.git`;
  return self;
}

function mirror(t: TestContext): Git {
  const git = openGit({
    worker,
    dir: temporary(t),
    clock: systemClock,
    log: silentLogger(),
    credentials: async () => undefined,
    signal: new AbortController().signal,
  });
  t.after(() => git.stop());
  return git;
}

async function cost(
  git: Git,
  server: Server,
  act: () => Promise<unknown>,
): Promise<{ processes: number; requests: number }> {
  const [processes, requests] = [git.counts.processes, server.seen.length];
  await act();
  return { processes: git.counts.processes - processes, requests: server.seen.length - requests };
}

test('nothing new is one request; a commit, a branch and a tag are one process; what is gone goes', async (t) => {
  const server = await serve(t);
  const git = mirror(t);
  const repository = git.repository(server.url);
  await repository.fetch();
  assert.deepEqual(await cost(git, server, () => repository.fetch()), { processes: 0, requests: 1 });
  const after = server.from.commit('second', { 'a.txt': 'a' });
  server.from.git('tag', '-a', 'v1.0.0', '-m', 'annotated');
  server.from.git('push', '-q', '--tags', 'origin');
  const topic = server.from.commit('topic', { 'b.txt': 'b' }, 'topic');
  const spent = await cost(git, server, async () => {
    const { changes } = await repository.fetch();
    assert.deepEqual(changes.map(({ ref, after: now }) => [ref, now]).sort(), [
      ['HEAD', after],
      ['refs/heads/main', after],
      ['refs/heads/topic', topic],
      ['refs/tags/v1.0.0', after],
    ]);
  });
  assert.equal(spent.processes, 1);
  assert.equal((await repository.read(topic, 'b.txt')).toString(), 'b');
  assert.equal(await repository.resolve('v1.0.0'), after);
  server.from.git('push', '-q', 'origin', ':topic');
  assert.deepEqual((await repository.fetch()).changes, [{ ref: 'refs/heads/topic', before: topic, after: undefined }]);
  // What was brought by name is what git itself finds.
  const again = openGit({
    worker,
    dir: temporary(t),
    clock: systemClock,
    log: silentLogger(),
    credentials: async () => undefined,
    signal: new AbortController().signal,
  });
  t.after(() => again.stop());
  assert.deepEqual(await repository.refs(), await again.repository(server.url).refs());
});

test('a push between look and fetch leaves the mirror at what was looked at; the next fetch brings it', async (t) => {
  const server = await serve(t);
  const repository = mirror(t).repository(server.url);
  await repository.fetch();
  const second = server.from.commit('second', { 'a.txt': 'a' });
  let forced = '';
  server.meanwhile = () => {
    server.from.git('reset', '-q', '--hard', 'HEAD~1');
    server.from.git('commit', '-q', '--allow-empty', '-m', 'instead');
    server.from.git('push', '-q', '--force', 'origin', 'main');
    forced = server.from.git('rev-parse', 'HEAD');
  };
  await repository.fetch();
  assert.equal(await repository.resolve('main'), second);
  assert.equal(await repository.has(second), true);
  await repository.fetch();
  assert.equal(await repository.resolve('main'), forced);
});

for (const status of [404, 500, 301]) {
  test(`a server that answers the question with ${status} is asked by git itself`, async (t) => {
    const server = await serve(t);
    server.refuse = { status };
    const repository = mirror(t).repository(server.url);
    await repository.fetch();
    const after = server.from.commit('second', { 'a.txt': 'a' });
    assert.deepEqual(
      (await repository.fetch()).changes.map((change) => change.after),
      [after, after],
    );
  });
}

test('only a whole and plain answer counts', () => {
  const id = 'a'.repeat(40);
  const line = (text: string): string => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
  const parsed = (text: string): unknown =>
    parseAdvertisement(Buffer.from(text)) && [...(parseAdvertisement(Buffer.from(text)) ?? [])];
  const whole =
    `${line(`${id} HEAD\n`)}${line(`${id} refs/tags/v1 peeled:${'b'.repeat(40)}\n`)}` + `${line(`${id} HEADS\n`)}0000`;
  assert.deepEqual(parsed(whole), [
    ['HEAD', { id, commit: id }],
    ['refs/tags/v1', { id, commit: 'b'.repeat(40) }],
  ]);
  assert.deepEqual(parsed('0000'), []);
  for (const broken of [
    '',
    whole.slice(0, -4),
    whole.slice(0, -1),
    whole.slice(0, 30),
    line('ERR not found\n'),
    '000',
    'zzzz',
    `${whole}0000`,
    '00010000',
    '<html></html>',
  ])
    assert.equal(parsed(broken), undefined, broken);
});
