// The ports: what each answers, before the parts are there and after, and that none answers for another.
import type { AddressInfo } from 'node:net';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { listenForHealth, listenForPeople, stopPort, type Handler, type Port } from '../../src/operator/server.ts';

const free = { host: '127.0.0.1', port: 0 };
const says =
  (text: string): Handler =>
  (_request, response) => {
    response.end(text);
    return Promise.resolve();
  };

async function openAll(starting: { why: string }): Promise<{ health: Port; webhook: Port; page: Port }> {
  const config = { public: free, page: free, metrics: free };
  const listening = { log: silentLogger(), starting };
  return { health: await listenForHealth(config, listening), ...(await listenForPeople(config, listening)) };
}

function portOf({ server }: Port): number {
  return (server.address() as AddressInfo).port;
}

test('each port answers for itself alone', async (t) => {
  const ports = await openAll({ why: 'waits for the cluster' });
  t.after(() => Promise.all(Object.values(ports).map(stopPort)));
  const [metrics, open, page] = [portOf(ports.health), portOf(ports.webhook), portOf(ports.page)];
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
  ports.webhook.serve(says('webhook'));
  ports.page.serve(says('page'));
  ports.health.serve(says('health'));
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
  const taken = await openAll({ why: '' });
  t.after(() => Promise.all(Object.values(taken).map(stopPort)));
  const [webhook, page] = [taken.webhook, taken.page].map((port) => ({ host: '127.0.0.1', port: portOf(port) }));
  assert.ok(webhook && page);
  const listening = { log: silentLogger(), starting: { why: '' } };
  await assert.rejects(listenForPeople({ public: free, page, metrics: free }, listening), {
    code: 'E_CONFIG',
    message: `127.0.0.1:${page.port} cannot be opened: it is in use`,
    hint: /COX_LISTEN_PAGE/,
  });
  await assert.rejects(listenForPeople({ public: webhook, page: free, metrics: free }, listening), {
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
