// What is refused before anything is read or believed.
import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import { test, type TestContext } from 'node:test';
import { createHmac } from 'node:crypto';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { createReceiver, webhookPath } from '../../../src/github/webhook/webhook.ts';
import { eventually } from '../../control-plane.ts';

const secret = 'webhook-secret';

interface Receiving {
  taken: { event: string; id: string; payload: unknown }[];
  /** How many bodies are open. */
  open(): number;
  /** Sends the headers alone; `answered` resolves with the status. */
  begin(headers: OutgoingHttpHeaders): { sent: ClientRequest; answered: Promise<number> };
}

async function receiving(t: TestContext): Promise<Receiving> {
  const taken: Receiving['taken'] = [];
  const webhooks = new Webhooks({ secret });
  webhooks.onAny(({ id, name: event, payload }) => void taken.push({ event, id, payload }));
  const { verify, receive: hear } = webhooks;
  const middleware = createNodeMiddleware(webhooks, { path: webhookPath });
  const receive = createReceiver({ middleware, verify, receive: hear });
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    void receive(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    taken,
    open: () => open,
    begin(headers) {
      const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false, headers });
      const answered = new Promise<number>((resolve, reject) => {
        sent.on('response', (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        });
        sent.on('error', reject);
      });
      answered.catch(() => undefined);
      sent.flushHeaders();
      return { sent, answered };
    },
  };
}

const signed = (body: string): OutgoingHttpHeaders => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});

test('a delivery without a signature, or of a size GitHub never sends, is refused before its body comes', async (t) => {
  const r = await receiving(t);
  assert.equal(await r.begin({ 'content-length': 10 }).answered, 401);
  assert.equal(await r.begin({ ...signed(''), 'content-length': 26 * 2 ** 20 }).answered, 413);
  assert.deepEqual(r.taken, []);
});

test('bodies that are being read have a bound together, and what ends makes room', async (t) => {
  const r = await receiving(t);
  const most = Buffer.alloc(20 * 2 ** 20);
  const held = [1, 2, 3].map(() => r.begin({ ...signed('?'), 'content-length': most.length + 1 }));
  for (const { sent } of held) sent.write(most);
  assert.equal(await Promise.race(held.map(({ answered }) => answered)), 503);
  for (const { sent } of held) sent.destroy();
  await eventually('the bodies are given up', () => (r.open() === 0 ? true : undefined));
  const body = JSON.stringify({ zen: 'x' });
  const last = r.begin({
    ...signed(body),
    'x-github-event': 'ping',
    'x-github-delivery': '1',
    'content-length': body.length,
  });
  last.sent.end(body);
  assert.equal(await last.answered, 202);
  assert.deepEqual(r.taken, [{ event: 'ping', id: '1', payload: { zen: 'x' } }]);
});
