// No command, click or submission disappears: Slack in trouble, the cluster refusing, the cluster silent.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { because, bed, configMap, textOf, waiting } from './fixture.ts';
import { fastClock } from './fast-clock.ts';

const files = { 'prod/a.yaml': configMap('settings', '1') };

async function submitted(b: Bed): Promise<void> {
  const bob = b.sandbox.actAs('bob');
  const card = await b.card('the card', /waits for approval/);
  await bob.click('deploys', card.ts, 'Review');
  const view = await b.sandbox.waitFor('the review', () => bob.openModals().find((modal) => modal.body.submit));
  await bob.submit(view.id);
}

for (const [what, break_] of [
  ['answers 503', (b: Bed) => b.sandbox.faults.serverError('auth.test', { times: 50 })],
  ['limits', (b: Bed) => b.sandbox.faults.rateLimit('auth.test', { times: 50, retryAfter: 30 })],
  ['answers after four seconds', (b: Bed) => b.sandbox.faults.slow('auth.test', 4_000, 50)],
] as const) {
  test(`an approval is taken while auth.test ${what}`, async (t) => {
    const b = await bed(t, { files });
    break_(b);
    await waiting(b);
    await submitted(b);
    await b.said('bob', /approved; it syncs now/);
    const asked = b.sandbox.state.requests.filter(({ method, outcome }) => method === 'auth.test' && outcome === 'ok');
    assert.ok(asked.length <= 1, 'who we are is asked at the start alone, and nobody waits for it');
  });
}

test('what the cluster refuses is told: a submission in its modal, the rest to the person alone', async (t) => {
  const b = await bed(t, { files, beforeStore: () => Promise.reject(new Error('requests.coxswain.dev is forbidden')) });
  await waiting(b);
  await submitted(b);
  const bob = b.sandbox.actAs('bob');
  const note = await b.sandbox.waitFor('the note', () => bob.openModals().find((modal) => !modal.body.submit));
  assert.match(
    textOf({ text: '', blocks: note.body }),
    /The cluster did not take it: requests\.coxswain\.dev is forbidden/,
  );
  const card = await b.card('the card', /waits for approval/);
  await bob.close(note.id);
  await because(b, 'bob', { ts: card.ts, button: 'Reject', reason: 'no' });
  const refused = await b.sandbox.waitFor('the note', () => bob.openModals().find((modal) => !modal.body.submit));
  assert.match(
    textOf({ text: '', blocks: refused.body }),
    /The cluster did not take it: requests\.coxswain\.dev is forbidden\. Nothing was done; try again soon/,
  );
  await bob.command('deploys', '/cox sync prod');
  await b.said('bob', /The cluster did not take it/);
  assert.deepEqual(b.stage.store.requests.list(), []);
});

test('what the cluster takes only after Slack stopped waiting is done and told', async (t) => {
  const free = Promise.withResolvers<void>();
  const b = await bed(t, { files, beforeStore: () => free.promise, clock: fastClock(4) });
  await waiting(b);
  await submitted(b);
  const bob = b.sandbox.actAs('bob');
  const note = await b.sandbox.waitFor('the note', () => bob.openModals().find((modal) => !modal.body.submit));
  assert.match(textOf({ text: '', blocks: note.body }), /The cluster has not taken it yet\. You are told/);
  free.resolve();
  await b.said('bob', /approved; it syncs now/);
});

test('what the cluster refuses after Slack stopped waiting is told', async (t) => {
  const free = Promise.withResolvers<void>();
  const b = await bed(t, { files, beforeStore: () => free.promise, clock: fastClock(4) });
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const bob = b.sandbox.actAs('bob');
  await because(b, 'bob', { ts: card.ts, button: 'Reject', reason: 'no' });
  const note = await b.sandbox.waitFor('the note', () => bob.openModals().find((modal) => !modal.body.submit));
  assert.match(textOf({ text: '', blocks: note.body }), /The cluster has not taken it yet/);
  free.reject(new Error('the quota is used up'));
  await b.said('bob', /The cluster did not take it: the quota is used up/);
  assert.deepEqual(b.stage.store.requests.list(), []);
});
