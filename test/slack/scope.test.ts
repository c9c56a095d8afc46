// A scope that the app lacks takes away what needs it and nothing else, and the log says who can grant it.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, configMap, textOf, waiting } from './fixture.ts';
import { missingScope, scopeHint } from '../../src/slack/posting.ts';
import { fastClock } from './fast-clock.ts';

const files = { 'prod/a.yaml': configMap('settings', '1') };

async function approvable(b: Bed): Promise<void> {
  const bob = b.sandbox.actAs('bob');
  const card = await b.card('the card', /waits for approval/);
  await bob.click('deploys', card.ts, 'Review');
  const view = await b.sandbox.waitFor('the review', () => bob.openModals().find((modal) => modal.body.submit));
  await bob.submit(view.id);
  await b.said('bob', /approved; it syncs now/);
}

for (const scope of ['groups:read', 'groups:history', 'channels:history']) {
  test(`without ${scope} a public channel gets its card, and the card is approved`, async (t) => {
    const b = await bed(t, { files });
    b.sandbox.state.lacks.add(scope);
    await waiting(b);
    await approvable(b);
  });
}

test('without channels:read a private channel is found by name, and a public one by its id', async (t) => {
  const b = await bed(t, { files });
  b.sandbox.state.lacks.add('channels:read');
  const secret = b.sandbox.createChannel({ name: 'secret', private: true });
  const gate = { 'coxswain.dev/approval': 'required' };
  await b.stage.project('gated', { ...gate, 'coxswain.dev/slack': 'secret' });
  await b.stage.apply('prod', { project: 'gated' });
  await b.sandbox.waitFor('the card', () =>
    secret.messages.find((message) => /waits for approval/.test(textOf(message))),
  );
  await b.stage.project('gated', { ...gate, 'coxswain.dev/slack': b.channel.id });
  await b.card('the card by id', /waits for approval/);
});

test('without chat:write commands are answered and carried out all the same', async (t) => {
  const b = await bed(t, { files });
  b.sandbox.state.lacks.add('chat:write');
  await waiting(b);
  await b.sandbox.actAs('bob').command('deploys', '/cox reject prod too early');
  await b.said('bob', /rejected/);
  assert.deepEqual(b.cards(), []);
});

test('a card whose fate cannot be looked up for lack of a scope is posted again rather than not at all', async (t) => {
  const b = await bed(t, { files, clock: fastClock(20) });
  b.sandbox.state.lacks.add('channels:history');
  b.sandbox.faults.cut('chat.postMessage', 'before');
  await waiting(b);
  await b.card('the card', /waits for approval/);
});

test('what is missing is named with who can grant it', () => {
  const error = {
    code: 'slack_webapi_platform_error',
    data: { ok: false, error: 'missing_scope', needed: 'groups:read' },
  };
  assert.equal(missingScope(error), 'groups:read');
  assert.equal(missingScope({ ...error, data: { ok: false, error: 'not_in_channel' } }), undefined);
  assert.match(
    scopeHint('groups:read'),
    /lacks the scope groups:read: .*let whoever manages the workspace's apps install it again/,
  );
});
