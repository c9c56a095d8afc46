// Which deliveries are asked for again, by the ids that GitHub gives them.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Octokit } from '@octokit/core';
import { redeliverClicks } from '../../../src/github/pull/redelivery.ts';

const now = Date.parse('2026-11-21T12:00:00Z');

/** One row of the list, as text: JSON of this language cannot hold GitHub's ids. */
function row(
  id: string,
  guid: string,
  more: { action?: string; status?: number; minutes?: number; redelivery?: boolean } = {},
): string {
  const { action = 'requested_action', status = 503, minutes = 5, redelivery = false } = more;
  return (
    `{"id":${id},"guid":"${guid}","delivered_at":"${new Date(now - minutes * 60_000).toISOString()}","redelivery":` +
    `${redelivery},"event":"check_run","action":"${action}","status_code":${status}}`
  );
}

test('clicks of the last hour that nobody took are asked for by their whole ids, one refusal apart', async (t) => {
  const asked: string[] = [];
  const rows = [
    row('3804004623172239366', 'a'),
    row('3804004623172239367', 'a', { redelivery: true, minutes: 1 }),
    row('7', 'b', { action: 'rerequested' }),
    row('8', 'c', { status: 202 }),
    row('9', 'c'),
    row('10', 'd', { action: 'created' }),
    row('11', 'e', { minutes: 61 }),
    row('12', 'f', { redelivery: true, minutes: 30 }),
  ];
  const server = createServer((request, response) => {
    if (request.method === 'POST') asked.push(request.url ?? '');
    const refused = request.method === 'POST' && asked.length === 1;
    response.writeHead(refused ? 404 : request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' });
    response.end(request.method === 'POST' ? '{}' : `[${rows.join(',')}]`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const app = new Octokit({ baseUrl: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` });
  await assert.rejects(redeliverClicks(app, now, new AbortController().signal), { status: 404 });
  assert.deepEqual(asked, ['/app/hook/deliveries/3804004623172239366/attempts', '/app/hook/deliveries/7/attempts']);
});
