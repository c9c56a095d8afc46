// Credentials reach the server of the repository, and nothing else.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { AppError, describeError } from '../../src/base/errors.ts';
import { openGit } from '../../src/git/git.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { temporary } from './origin.ts';
import { worker } from '../worker.ts';

/** A server that lets nobody in, and remembers who asked. */
async function closedServer(t: TestContext, status: number): Promise<{ url: string; seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(status, { 'www-authenticate': 'Basic realm="git"' }).end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/acme/infra.git`, seen };
}

for (const status of [401, 403]) {
  test(`the answer ${status} is told as refused credentials, without the credentials`, async (t) => {
    const { url, seen } = await closedServer(t, status);
    const asked: string[] = [];
    const credentials = async (repoUrl: string): Promise<{ username: string; password: string }> => {
      asked.push(repoUrl);
      return { username: 'x-access-token', password: 'open-sesame' };
    };
    const git = openGit({
      worker,
      dir: temporary(t),
      clock: systemClock,
      log: silentLogger(),
      credentials,
      signal: new AbortController().signal,
    });
    t.after(() => git.stop());
    await assert.rejects(git.repository(url).fetch(), (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.deepEqual([error.code, error.kind], ['E_GIT_AUTH', 'transient']);
      assert.doesNotMatch(describeError(error), /open-sesame/);
      return true;
    });
    assert.deepEqual(asked, [url]);
    assert.equal(seen[0], `Basic ${Buffer.from('x-access-token:open-sesame').toString('base64')}`);
  });
}
