// The ports: what each answers, before the parts are there and after, and that none answers for another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { listenForFaces, listenForHealth, stopServer, type Handler, type Handlers } from '../../src/operator/server.ts';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';

const free = { host: '127.0.0.1', port: 0 };
const says =
  (text: string): Handler =>
  (_request, response) => {
    response.end(text);
    return Promise.resolve();
  };

function openAll(starting: { why: string }, handlers: Handlers, page = free): Promise<Server[]> {
  const config = { public: free, page, metrics: free };
  const listening = { log: silentLogger(), starting, handlers };
  return Promise.all([listenForHealth(config, listening), listenForFaces(config, listening)]).then((all) => all.flat());
}

test('each port answers for itself alone', async (t) => {
  const faces: { [name in keyof Handlers]?: Handler } = {};
  const servers = await openAll(
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

test('a port that is taken is told with its variable, and none of the others is left open', async (t) => {
  const nobody = { webhook: () => undefined, page: () => undefined, health: () => undefined };
  const taken = await openAll({ why: '' }, nobody);
  t.after(() => Promise.all(taken.map(stopServer)));
  const [, webhook, page] = taken.map((server) => ({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
  }));
  assert.ok(webhook && page);
  const listening = { log: silentLogger(), starting: { why: '' }, handlers: nobody };
  await assert.rejects(listenForFaces({ public: free, page, metrics: free }, listening), {
    code: 'E_CONFIG',
    message: `127.0.0.1:${page.port} cannot be opened: it is in use`,
    hint: /COX_LISTEN_PAGE/,
  });
  await assert.rejects(listenForFaces({ public: webhook, page: free, metrics: free }, listening), {
    hint: /COX_LISTEN_PUBLIC/,
  });
  await assert.rejects(listenForHealth({ public: free, page: free, metrics: page }, listening), {
    code: 'E_CONFIG',
    hint: /COX_LISTEN_METRICS/,
  });
  await assert.rejects(
    listenForHealth({ public: free, page: free, metrics: { host: '192.0.2.1', port: 0 } }, listening),
    { message: /this machine has no such address/ },
  );
});
