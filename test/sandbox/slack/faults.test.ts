// Ordered faults, lost sockets, doubled envelopes and the kill switch do to a Bolt app what Slack would.
import type { App } from '@slack/bolt';
import type { KillSwitch } from '../../../sandbox/slack/slack.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { workspace } from './bolt-app.ts';

function counting(counted: string[]): (app: App) => void {
  return (app) =>
    app.command('/cox', async ({ ack, command }) => {
      counted.push(command.trigger_id);
      await ack();
    });
}

test('a doubled envelope reaches the app twice and is answered once', async (t) => {
  const counted: string[] = [];
  const { slack } = await workspace(t, { listen: counting(counted) });
  slack.faults.duplicateEnvelopes();
  const first = await slack.actAs('ana').command('deploys', '/cox status');
  const second = await slack.actAs('ana').command('deploys', '/cox status');
  assert.equal(first.acked && second.acked, true);
  assert.equal(counted.length, 3);
  assert.equal(counted[0], counted[1]);
});

test('a lost acknowledgement, a lost socket and no socket are shown to the person', async (t) => {
  const clock = new SteppedClock(1_800_000_000_000);
  const counted: string[] = [];
  const { slack, app } = await workspace(t, {
    clock,
    listen: (bolt) =>
      bolt.command('/cox', async ({ command }) => {
        counted.push(command.text);
        slackOf.changed();
      }),
  });
  const slackOf = slack.state;
  const ana = slack.actAs('ana');
  const silent = ana.command('deploys', '/cox silent');
  await slack.waitFor('the command', () => counted.length === 1);
  clock.step(3_000);
  assert.equal((await silent).error, 'operation_timeout');

  const cut = ana.command('deploys', '/cox cut');
  await slack.waitFor('the command', () => counted.length === 2);
  await app.stop();
  assert.equal((await cut).error, 'socket_lost');

  assert.equal((await ana.command('deploys', '/cox nobody')).error, 'no_socket');
  assert.deepEqual(
    slack.state.notices.map((notice) => notice.text),
    [
      '/cox failed with the error "operation_timeout"',
      '/cox failed with the error "operation_timeout"',
      '/cox failed with the error "dispatch_failed"',
    ],
  );
});

test('a dropped socket and a recycled one are replaced, and commands work again', async (t) => {
  const counted: string[] = [];
  const { slack } = await workspace(t, { listen: counting(counted), pingTimeoutMs: 1_000 });
  for (const end of [slack.faults.recycleSockets, slack.faults.dropSockets]) {
    end();
    await slack.waitFor('the loss', () => slack.connected === 0);
    await slack.waitFor('the next connection', () => slack.connected === 1);
    assert.equal((await slack.actAs('ana').command('deploys', '/cox status')).acked, true);
  }
  assert.equal(counted.length, 2);
});

test('an event that nobody acknowledged is sent again with the number of the attempt', async (t) => {
  const clock = new SteppedClock(1_800_000_000_000);
  const seen: (number | undefined)[] = [];
  const { slack } = await workspace(t, {
    clock,
    listen: (app) =>
      app.event('app_mention', async ({ context }) => {
        seen.push(context.retryNum);
        slack.state.changed();
      }),
  });
  slack.faults.loseAcks();
  const said = slack.actAs('ana').say('deploys', '@cox hello');
  await slack.waitFor('the first delivery', () => seen.length === 1);
  clock.step(3_000);
  await said;
  clock.step(0);
  await slack.waitFor('the second delivery', () => seen.length === 2);
  assert.deepEqual(seen, [0, 1]);
});

test('a client sees a limited, failing or cut method; a cut answer may hide a message that was posted', async (t) => {
  const { slack, channel, app } = await workspace(t);
  const post = (text: string): Promise<unknown> => app.client.chat.postMessage({ channel: channel.id, text });
  slack.faults.serverError('chat.postMessage');
  await assert.rejects(post('503'));
  slack.faults.error('chat.postMessage', 'fatal_error');
  await assert.rejects(post('refused'), /fatal_error/);
  slack.faults.cut('chat.postMessage', 'before');
  await assert.rejects(post('cut before'));
  assert.equal(channel.messages.length, 0);
  slack.faults.cut('chat.postMessage', 'after');
  await assert.rejects(post('cut after'));
  assert.deepEqual(
    channel.messages.map((message) => message.text),
    ['cut after'],
  );
  slack.faults.rateLimit('chat.postMessage', { retryAfter: 7 });
  const limited = await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST' });
  assert.deepEqual(
    [limited.status, limited.headers.get('retry-after'), await limited.json()],
    [429, '7', { ok: false, error: 'ratelimited' }],
  );
  await post('after the limit');
  assert.equal(channel.messages.length, 2);
});

test('the kill switch stands around every change and leaves the request unanswered', async (t) => {
  const labels: string[] = [];
  let fire = '';
  const pass = async (side: string, label: string): Promise<void> => {
    labels.push(`${side} ${label}`);
    if (fire === side) throw new Error('killed');
  };
  const killSwitch: KillSwitch = { before: (label) => pass('before', label), after: (label) => pass('after', label) };
  const { channel, app } = await workspace(t, { killSwitch });
  await app.client.conversations.history({ channel: channel.id });
  assert.deepEqual(labels, []);
  fire = 'before';
  await assert.rejects(app.client.chat.postMessage({ channel: channel.id, text: 'one' }));
  assert.equal(channel.messages.length, 0);
  fire = 'after';
  await assert.rejects(app.client.chat.postMessage({ channel: channel.id, text: 'one' }));
  assert.equal(channel.messages.length, 1);
  assert.deepEqual(labels, [
    'before slack chat.postMessage',
    'before slack chat.postMessage',
    'after slack chat.postMessage',
  ]);
});
