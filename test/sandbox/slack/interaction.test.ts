// Commands, clicks and modals of a Bolt app reach the sandbox workspace and come back.
import type { App } from '@slack/bolt';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { lastMessage, workspace } from './bolt-app.ts';

const reviewView = {
  type: 'modal' as const,
  callback_id: 'review',
  private_metadata: 'digest-1',
  title: { type: 'plain_text' as const, text: 'Review' },
  submit: { type: 'plain_text' as const, text: 'Approve' },
  notify_on_close: true,
  blocks: [
    { type: 'section' as const, text: { type: 'mrkdwn' as const, text: '*checkout-prod*' } },
    {
      type: 'input' as const,
      block_id: 'reason',
      label: { type: 'plain_text' as const, text: 'Reason' },
      element: { type: 'plain_text_input' as const, action_id: 'text', min_length: 3 },
    },
  ],
};

const card = [
  { type: 'section' as const, text: { type: 'mrkdwn' as const, text: 'Approval needed' } },
  {
    type: 'actions' as const,
    elements: [
      {
        type: 'button' as const,
        action_id: 'review',
        text: { type: 'plain_text' as const, text: 'Review' },
        value: 'approval-1',
      },
    ],
  },
];

test('a command is acknowledged, answered to its author alone, and answered later through response_url', async (t) => {
  const seen: string[] = [];
  const world = await workspace(t, {
    listen: (app) =>
      app.command('/cox', async ({ ack, command, respond }) => {
        seen.push(command.text);
        await ack({ text: 'working on it' });
        await respond({ response_type: 'in_channel', text: 'done' });
      }),
  });
  const ana = world.slack.actAs('ana');
  const delivery = await ana.command('deploys', '/cox status a<b');
  assert.equal(delivery.acked, true);
  assert.deepEqual(seen, ['status a&lt;b']);
  assert.deepEqual(
    ana.ephemerals('deploys').map((message) => message.text),
    ['working on it'],
  );
  assert.deepEqual(world.slack.actAs('ben').ephemerals('deploys'), []);
  await world.slack.waitFor('the public answer', () =>
    world.channel.messages.find((message) => message.text === 'done'),
  );
});

function approvals(app: App, submitted: string[]): void {
  app.action('review', async ({ ack, body, client }) => {
    await ack();
    if (body.type === 'block_actions') await client.views.open({ trigger_id: body.trigger_id, view: reviewView });
  });
  app.view('review', async ({ ack, view, client }) => {
    const reason = view.state.values['reason']?.['text']?.value ?? '';
    if (reason === 'bad') return ack({ response_action: 'errors', errors: { reason: 'Say why.' } });
    submitted.push(`${view.private_metadata}: ${reason}`);
    await ack();
    const [channel, ts] = submitted[0]?.split('|') ?? [];
    if (channel && ts) await client.chat.update({ channel, ts, text: 'Approved', blocks: [] });
  });
}

test('a button opens a modal, Slack and the app validate its submission, and the card is updated', async (t) => {
  const submitted: string[] = [];
  const world = await workspace(t, { listen: (app) => approvals(app, submitted) });
  const posted = await world.app.client.chat.postMessage({
    channel: world.channel.id,
    text: 'Approval needed',
    blocks: card,
  });
  submitted.push(`${world.channel.id}|${posted.ts}`);
  const ana = world.slack.actAs('ana');
  await ana.click('deploys', posted.ts ?? '', 'Review');
  const modal = await world.slack.waitFor('the modal', () => ana.openModals()[0]);
  assert.deepEqual(world.slack.actAs('ben').openModals(), []);

  await ana.submit(modal.id);
  assert.deepEqual(ana.modal().errors, { reason: 'Please complete this required field.' });
  await ana.submit(modal.id, { reason: 'no' });
  assert.match(ana.modal().errors['reason'] ?? '', /at least 3/);
  await ana.submit(modal.id, { text: 'bad' });
  assert.deepEqual(ana.modal().errors, { reason: 'Say why.' });
  assert.equal((await ana.submit(modal.id, { reason: 'hotfix' })).acked, true);

  assert.deepEqual(ana.openModals(), []);
  assert.equal(submitted[1], 'digest-1: hotfix');
  await world.slack.waitFor('the updated card', () => lastMessage(world.channel).text === 'Approved');
  assert.deepEqual(lastMessage(world.channel).blocks, []);
});

test('a trigger lives three seconds and works once', async (t) => {
  const clock = new SteppedClock(1_800_000_000_000);
  const triggers: string[] = [];
  const world = await workspace(t, {
    clock,
    listen: (app) =>
      app.command('/cox', async ({ ack, command }) => {
        triggers.push(command.trigger_id);
        await ack();
      }),
  });
  const { views } = world.app.client;
  const open = (): Promise<unknown> => views.open({ trigger_id: triggers.at(-1) ?? '', view: reviewView });
  await world.slack.actAs('ana').command('deploys', '/cox approve');
  await open();
  await assert.rejects(open(), /exchanged_trigger_id/);
  await world.slack.actAs('ana').command('deploys', '/cox approve');
  clock.step(3_001);
  await assert.rejects(open(), /expired_trigger_id/);
});

test('a view is updated under its hash, keeps what was typed, stacks three deep, and tells its closing', async (t) => {
  const closed: string[] = [];
  const triggers: string[] = [];
  const pushing = {
    ...reviewView,
    blocks: [
      ...reviewView.blocks,
      {
        type: 'actions' as const,
        elements: [{ type: 'button' as const, action_id: 'more', text: { type: 'plain_text' as const, text: 'More' } }],
      },
    ],
  };
  const world = await workspace(t, {
    listen: (app) => {
      app.command('/cox', async ({ ack, command, client }) => {
        await ack();
        await client.views.open({ trigger_id: command.trigger_id, view: pushing });
      });
      app.action('more', async ({ ack, body }) => {
        await ack();
        if (body.type === 'block_actions') triggers.push(body.trigger_id);
      });
      app.view({ type: 'view_closed', callback_id: 'review' }, async ({ ack, view }) => {
        await ack();
        closed.push(view.id);
      });
    },
  });
  const { views } = world.app.client;
  const ana = world.slack.actAs('ana');
  await ana.command('deploys', '/cox approve');
  const modal = await world.slack.waitFor('the modal', () => ana.openModals()[0]);
  await ana.clickInView(modal.id, 'text', 'typed');
  const hash = modal.hash;
  await views.update({ view_id: modal.id, hash, view: pushing });
  assert.equal(modal.values['reason']?.['text']?.['value'], 'typed');
  await assert.rejects(views.update({ view_id: modal.id, hash, view: pushing }), /hash_conflict/);
  for (const _ of [2, 3]) {
    await ana.clickInView(ana.modal().id, 'More');
    await views.push({ trigger_id: triggers.at(-1) ?? '', view: pushing });
  }
  await ana.clickInView(ana.modal().id, 'More');
  await assert.rejects(views.push({ trigger_id: triggers.at(-1) ?? '', view: pushing }), /push_limit_reached/);
  assert.equal(world.slack.takeViolations().length, 1);
  const top = ana.modal().id;
  await ana.close(top);
  assert.deepEqual(closed, [top]);
  assert.equal(ana.openModals().length, 2);
});

test('a response_url replaces and deletes an ephemeral original and is spent after five uses', async (t) => {
  const statuses: number[] = [];
  const blocks = card.slice(1);
  const world = await workspace(t, {
    listen: (app) =>
      app.action('review', async ({ ack, respond }) => {
        await ack();
        for (const text of ['one', 'two', 'three', 'four']) await respond({ replace_original: true, text, blocks });
        await respond({ delete_original: true });
        await respond({ text: 'six' }).catch((error: { statusCode: number }) => statuses.push(error.statusCode));
        world.slack.state.changed();
      }),
  });
  const ana = world.slack.actAs('ana');
  await world.app.client.chat.postEphemeral({
    channel: world.channel.id,
    user: ana.user.id,
    text: 'only you',
    blocks: card,
  });
  const own = ana.ephemerals('deploys')[0];
  await ana.click('deploys', own?.ts ?? '', 'review');
  await world.slack.waitFor('the sixth use', () => statuses.length > 0);
  assert.deepEqual(statuses, [404]);
  assert.deepEqual(ana.ephemerals('deploys'), []);
});

test('mentions and messages become events', async (t) => {
  const seen: string[] = [];
  const world = await workspace(t, {
    listen: (app) => {
      app.event('app_mention', async ({ event, say }) => {
        seen.push(event.text);
        await say({ text: 'here', thread_ts: event.ts });
      });
    },
  });
  const message = await world.slack.actAs('ben').say('deploys', 'hello @cox & all');
  const reply = await world.slack.waitFor('the reply', () =>
    world.channel.messages.find((other) => other.threadTs === message.ts),
  );
  assert.equal(reply.text, 'here');
  assert.deepEqual(seen, ['hello <@U0BOT> &amp; all']);
});
