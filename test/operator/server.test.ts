// The ports: what each answers, before the parts are there and after, and that none answers for another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { listen, stopServer, type Handler, type Handlers } from '../../src/operator/server.ts';

const free = { host: '127.0.0.1', port: 0 };
const says =
  (text: string): Handler =>
  (_request, response) => {
    response.end(text);
    return Promise.resolve();
  };

test('each port answers for itself alone', async (t) => {
  const faces: { [name in keyof Handlers]?: Handler } = {};
  const servers = await listen(
    { public: free, page: free, metrics: free },
    silentLogger(),
    { why: 'waits for the cluster' },
    { webhook: () => faces.webhook, page: () => faces.page, health: () => faces.health },
  );
  t.after(() => Promise.all(servers.map(stopServer)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  const [metrics = 0, open = 0, page = 0] = ports;
  const get = async (port: number, path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  assert.deepEqual(
    [
      await get(metrics, '/healthz'),
      await get(metrics, '/readyz'),
      await get(open, '/webhooks/github'),
      await get(page, '/'),
    ],
    ['200 ok', '503 waits for the cluster', '503 waits for the cluster', '503 waits for the cluster'],
  );
  Object.assign(faces, { webhook: says('webhook'), page: says('page'), health: says('health') });
  for (const path of ['/webhooks/github', '/api/webhook'])
    assert.deepEqual([await get(open, path), await get(metrics, path)], ['200 webhook', '404 not found']);
  for (const path of ['/metrics', '/healthz', '/readyz'])
    assert.deepEqual([await get(metrics, path), await get(open, path)], ['200 health', '404 not found']);
  for (const path of ['/', '/api/applications', '/events', '/webhooks/github/'])
    assert.deepEqual(
      [await get(page, path), await get(open, path), await get(metrics, path)],
      ['200 page', '404 not found', '404 not found'],
    );
});

test('a port that is taken ends the start, and leaves none of the others open', async (t) => {
  const taken = await listen(
    { public: free, page: free, metrics: free },
    silentLogger(),
    { why: '' },
    { webhook: () => undefined, page: () => undefined, health: () => undefined },
  );
  t.after(() => Promise.all(taken.map(stopServer)));
  const [, , page] = taken.map((server) => (server.address() as { port: number }).port);
  const nobody = { webhook: () => undefined, page: () => undefined, health: () => undefined };
  await assert.rejects(
    listen(
      { public: free, page: { host: '127.0.0.1', port: page ?? 0 }, metrics: free },
      silentLogger(),
      { why: '' },
      nobody,
    ),
    { code: 'EADDRINUSE' },
  );
});
