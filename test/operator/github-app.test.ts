// WEBHOOK_PROXY_URL: what a channel is sent arrives as GitHub signed it.
import type { AddressInfo } from 'node:net';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { Webhooks } from '@octokit/webhooks';
import { silentLogger } from '../../src/base/log.ts';
import { passWebhooksOn } from '../../src/operator/github-app.ts';

test('a webhook of the channel is passed on with its signature', async (t) => {
  const secret = 'a secret';
  const payload = { action: 'opened', number: 1, title: 'é "quoted" \u2028' };
  const signature = `sha256=${createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex')}`;
  const channel = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const event = { 'x-github-event': 'pull_request', 'x-github-delivery': '7', 'x-hub-signature-256': signature };
    response.write(`event: ready\ndata: {}\n\ndata: ${JSON.stringify({ ...event, body: payload, query: {} })}\n\n`);
  });
  const arrived = Promise.withResolvers<{ path: string; body: string; signature: string; event: string }>();
  const here = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const header = (name: string): string => String(request.headers[name]);
      arrived.resolve({
        path: request.url ?? '',
        body: Buffer.concat(chunks).toString('utf8'),
        signature: header('x-hub-signature-256'),
        event: header('x-github-event'),
      });
      response.writeHead(202).end();
    });
  });
  for (const server of [channel, here]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  const port = (server: typeof here): number => (server.address() as AddressInfo).port;
  const stop = await passWebhooksOn(`http://127.0.0.1:${port(channel)}/abc`, port(here), silentLogger());
  t.after(stop);
  const found = await arrived.promise;
  assert.deepEqual([found.path, found.event], ['/webhooks/github', 'pull_request']);
  assert.ok(await new Webhooks({ secret }).verify(found.body, found.signature));
});
