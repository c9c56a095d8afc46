// Messages, threads, metadata and people are kept and read as in Slack, and equal histories have equal dumps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workspace } from './bolt-app.ts';

const metadata = (intent: string): { event_type: string; event_payload: Record<string, string> } => ({
  event_type: 'cox_card',
  event_payload: { key: 'approval/checkout-prod', intent },
});

test('history is newest first, without replies, pages by cursor, and shows metadata only when asked', async (t) => {
  const { channel, app } = await workspace(t);
  const { chat, conversations } = app.client;
  const first = await chat.postMessage({ channel: channel.id, text: 'first', metadata: metadata('i-1') });
  await chat.postMessage({ channel: channel.id, text: 'second' });
  await chat.postMessage({ channel: channel.id, text: 'reply', thread_ts: first.ts ?? '' });
  await chat.postMessage({ channel: channel.id, text: 'third' });

  const plain = await conversations.history({ channel: channel.id, limit: 2 });
  assert.deepEqual(
    plain.messages?.map((message) => message.text),
    ['third', 'second'],
  );
  assert.equal(plain.has_more, true);
  const rest = await conversations.history({
    channel: channel.id,
    limit: 2,
    cursor: plain.response_metadata?.next_cursor ?? '',
  });
  assert.deepEqual(
    rest.messages?.map((message) => [message.text, message.metadata, message.reply_count]),
    [['first', undefined, 1]],
  );

  const since = await conversations.history({
    channel: channel.id,
    oldest: first.ts ?? '',
    include_all_metadata: true,
  });
  assert.deepEqual(
    since.messages?.map((message) => message.text),
    ['third', 'second'],
  );
  const all = await conversations.history({
    channel: channel.id,
    oldest: first.ts ?? '',
    inclusive: true,
    include_all_metadata: true,
  });
  assert.deepEqual(all.messages?.at(-1)?.metadata, metadata('i-1'));
  const thread = await conversations.replies({ channel: channel.id, ts: first.ts ?? '' });
  assert.deepEqual(
    thread.messages?.map((message) => message.text),
    ['first', 'reply'],
  );
});

test('an update keeps what it does not send, and an empty list removes', async (t) => {
  const { channel, app } = await workspace(t);
  const { chat } = app.client;
  const blocks = [{ type: 'divider' as const }];
  const posted = await chat.postMessage({ channel: channel.id, text: 'card', blocks, metadata: metadata('i-1') });
  const ts = posted.ts ?? '';
  await chat.update({ channel: channel.id, ts, text: 'changed' });
  assert.equal(channel.messages[0]?.blocks.length, 1);
  assert.deepEqual(channel.messages[0]?.metadata, metadata('i-1'));
  await chat.update({ channel: channel.id, ts, text: 'plain', blocks: [], metadata: metadata('i-2') });
  assert.deepEqual(channel.messages[0]?.blocks, []);
  assert.deepEqual(channel.messages[0]?.metadata, metadata('i-2'));
  await chat.delete({ channel: channel.id, ts });
  await assert.rejects(chat.update({ channel: channel.id, ts, text: 'gone' }), /message_not_found/);
});

test('membership, archive and unknown ids are refused with the code that Slack uses', async (t) => {
  const { slack, app } = await workspace(t);
  const post = (channel: string): Promise<unknown> => app.client.chat.postMessage({ channel, text: 'x' });
  const outside = slack.createChannel({ name: 'elsewhere', withBot: false });
  await assert.rejects(post(outside.id), /not_in_channel/);
  await app.client.conversations.join({ channel: outside.id });
  await post(outside.id);
  outside.archived = true;
  await assert.rejects(post(outside.id), /is_archived/);
  await assert.rejects(post('C0NOWHERE'), /channel_not_found/);
  await assert.rejects(app.client.users.info({ user: 'U0NOBODY' }), /user_not_found/);
});

test('people are found by id and e-mail, guests are marked, and a direct message opens by user id', async (t) => {
  const { slack, app } = await workspace(t);
  const guest = slack.createUser({ name: 'gus', guest: true });
  const { users, chat, conversations } = app.client;
  assert.equal((await users.info({ user: guest.id })).user?.is_restricted, true);
  assert.equal((await users.lookupByEmail({ email: 'gus@example.test' })).user?.id, guest.id);
  const direct = await chat.postMessage({ channel: guest.id, text: 'hello' });
  assert.equal(direct.channel, (await conversations.open({ users: guest.id })).channel?.id);
  const names = (await conversations.list({ types: 'public_channel' })).channels?.map((channel) => channel.name);
  assert.deepEqual(names, ['deploys']);
});

test('dumps are equal whatever the order of independent messages, their ids, times and hashes', async (t) => {
  const dumps: string[] = [];
  for (const order of [
    [1, 2],
    [2, 1],
  ]) {
    const { slack, channel, app } = await workspace(t);
    for (const item of order) {
      const posted = await app.client.chat.postMessage({
        channel: channel.id,
        text: `card ${item}`,
        metadata: metadata(crypto.randomUUID()),
        blocks: [
          {
            type: 'section',
            text: {
              type: 'mrkdwn',
              text: `${item} at ${crypto.randomUUID().slice(-12)}, <!date^${Date.now()}^{time}|now>`,
            },
          },
        ],
      });
      await app.client.chat.postMessage({ channel: channel.id, text: 'reply', thread_ts: posted.ts ?? '' });
    }
    await app.client.chat.postEphemeral({
      channel: channel.id,
      user: slack.actAs('ana').user.id,
      text: `${Math.random()}`,
    });
    dumps.push(slack.dump());
  }
  assert.equal(dumps[0], dumps[1]);
  assert.match(dumps[0] ?? '', /approval\/checkout-prod/);
});
