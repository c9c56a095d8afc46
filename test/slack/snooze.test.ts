// Snoozing a drift from its card: an end, a name, a reason; it wakes by itself, and another drift is told at once.
import type { Bed } from './fixture.ts';
import type { JsonObject } from '../../sandbox/slack/workspace/json.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkView, viewTooLarge } from '../../sandbox/slack/block-kit/block-kit.ts';
import { snoozeModal } from '../../src/slack/silence/modal.ts';
import { eventually } from '../control-plane.ts';
import { bed, configMap, textOf } from './fixture.ts';
import { golden } from './golden-file.ts';
import { application, episode, placeOf } from './sample.ts';
import { slowingClock } from './fast-clock.ts';

const files = { 'web/a.yaml': configMap('a', 'git') };

async function edit(b: Bed, value: string): Promise<void> {
  await b.stage.cluster.api.patch(
    { group: '', kind: 'ConfigMap', namespace: b.stage.namespace, name: 'a' },
    { type: 'merge', patch: { data: { value } }, manager: 'kubectl-edit' },
  );
}

async function drifted(b: Bed): Promise<string> {
  await b.stage.apply('web', { syncPolicy: { automated: {} } });
  await b.stage.until('web', 'Synced', (app) => app.status?.history?.length === 1 && !app.operation);
  await edit(b, 'by hand');
  return (await b.card('the card', /web is OutOfSync/)).ts;
}

async function modalOf(b: Bed, who: string, ts: string): Promise<{ id: string; body: JsonObject }> {
  const person = b.sandbox.actAs(who);
  await person.click('deploys', ts, 'Snooze');
  return b.sandbox.waitFor('the modal', () => person.openModals().at(-1));
}

function threadOf(b: Bed, ts: string): string[] {
  return b.channel.messages.filter((message) => message.threadTs === ts).map(textOf);
}

test('the modal reads as its golden file, and Slack takes it', () => {
  const view = snoozeModal(episode(), { place: placeOf(application()), channel: 'C1', timeZone: 'Europe/Berlin' });
  golden('snooze', view);
  const body = JSON.parse(JSON.stringify(view)) as JsonObject;
  assert.deepEqual([checkView(body, 'modal'), viewTooLarge(body)], [[], false]);
});

test('the card says until when, by whom and why; it is woken by its button, and healed while it sleeps', async (t) => {
  const b = await bed(t, { files });
  const ts = await drifted(b);
  const bob = b.sandbox.actAs('bob');
  await b.sandbox.actAs('carol').click('deploys', ts, 'Snooze');
  await b.said('carol', /🚫 carol may not snooze web/);
  const view = await modalOf(b, 'bob', ts);
  const errors = async (inputs: Record<string, string>): Promise<unknown> => {
    await bob.submit(view.id, inputs);
    return b.sandbox.state.views.get(view.id)?.errors;
  };
  assert.match(JSON.stringify(await errors({ other: 'soon' })), /^\{"other":"\\"soon\\" says no time; write 4h, 2d/);
  assert.deepEqual(await errors({ other: '2d' }), { reason: 'for a day or longer, say why.' });
  await bob.submit(view.id, { until: '1h', other: '2d', reason: 'load *test*' });
  await b.said('bob', /✅ web: its drift is snoozed until 20\S+Z; another drift is told at once/);
  const told = /💤 web is snoozed until by bob: “load \*test\*”.*- by hand \+ git/;
  const card = await b.card('the snoozed card', told);
  assert.equal(card.ts, ts);
  await b.restart();
  // Slack may still send it down the socket of before.
  await eventually('the click', async () => (await bob.click('deploys', ts, 'Wake')).acked || undefined);
  await b.card('the woken card', /🟠 web is OutOfSync/);
  await bob.command('deploys', '/cox snooze web 4h');
  await b.card('the snoozed card', /💤 web is snoozed until by bob(?!:)/);
  await bob.command('deploys', '/cox heal web done');
  await b.card('the end', /web matches Git again.*put back by bob: “done”/);
  assert.deepEqual([b.cards().length, threadOf(b, ts)], [1, []], 'whoever woke it is not called');
});

test('it wakes by itself, whoever was away meanwhile, and calls whoever snoozed it in the thread, once', async (t) => {
  const clock = slowingClock();
  const b = await bed(t, { files, clock });
  const ts = await drifted(b);
  await b.sandbox.actAs('bob').command('deploys', '/cox snooze web');
  const view = await b.sandbox.waitFor('the modal', () => b.sandbox.actAs('bob').openModals().at(-1));
  await b.sandbox.actAs('bob').close(view.id);
  const key = b.stage.store.episodes.list()[0]?.metadata.name ?? '';
  const until = new Date(Date.now() + 2_000).toISOString();
  await b.sandbox.actAs('bob').command('deploys', `/cox snooze web until=${until} back soon`);
  await b.card('the snoozed card', /💤 web is snoozed/);
  await b.stop();
  await b.stage.untilStore(
    'it wakes',
    () => b.stage.store.episodes.get(`${b.stage.namespace}/${key}`)?.status?.phase === 'Open' || undefined,
  );
  await b.restart();
  await b.sandbox.waitFor('the call', () => threadOf(b, ts).length > 0);
  await b.restart();
  await b.card('the woken card', /🟠 web is OutOfSync/);
  const bobs = b.sandbox.actAs('bob').user.id;
  const called = b.channel.messages.filter((message) => message.threadTs === ts);
  assert.match(JSON.stringify(called.map(({ blocks }) => blocks)), new RegExp(`"user_id":"${bobs}"`));
  assert.equal(called.length, 1);
  assert.equal(b.cards().length, 1);
});

test('another drift is no longer the snoozed one: it has its own card at once', async (t) => {
  const b = await bed(t, { files });
  const ts = await drifted(b);
  await b.sandbox.actAs('bob').command('deploys', '/cox snooze web 4h');
  await b.card('the snoozed card', /💤 web is snoozed/);
  await edit(b, 'otherwise');
  const next = await b.card('the new card', /🟠 web is OutOfSync.*- otherwise/);
  assert.notEqual(next.ts, ts);
  await b.card('the former card', /drifted further; the newer card tells how/);
});
