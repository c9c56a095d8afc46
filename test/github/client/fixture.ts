// A GitHub that says what the test wants it to say, and our App as its client.
import type { IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import type { Host, HostOptions } from '../../../src/github/client/probot.ts';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { SteppedClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { openHost } from '../../../src/github/client/probot.ts';

interface Asked {
  method: string;
  path: string;
  authorization: string;
  request: IncomingMessage;
}

interface Said {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** The key of every App here: making one takes longer than a test. */
export const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** Serves its REST API under /api/v3, as a GitHub Enterprise Server does. Returns that base. */
export async function sayingServer(t: TestContext, say: (asked: Asked) => Promise<Said> | Said): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    const { method = '', url = '', headers } = request;
    const path = url.replace(/^\/api\/v3/, '');
    void Promise.resolve(say({ method, path, authorization: headers.authorization ?? '', request })).then(
      ({ status = 200, headers: more = {}, body = {} }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...more });
        response.end(JSON.stringify(body));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/api/v3`;
}

/** The answer to a request for a token; `minutes` until its end by the clock of the test. */
export function token(name: string, clock: SteppedClock, minutes = 60): Said {
  const expires = new Date(clock.now() + minutes * 60_000).toISOString();
  return { status: 201, body: { token: name, expires_at: expires, permissions: {}, repository_selection: 'all' } };
}

export function isToken({ path }: Asked): boolean {
  return path.endsWith('/access_tokens');
}

export async function hostAt(apiUrl: string, more: Partial<HostOptions> = {}): Promise<Host> {
  return openHost({
    appId: 1,
    privateKey,
    webhookSecret: 'a secret',
    apiUrl,
    clock: new SteppedClock(Date.now()),
    log: silentLogger(),
    random: () => 0,
    ...more,
  });
}
