// Slack slow, limiting, cutting and losing: there is one card and one request in the end.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cut } from '../chatops/cut.ts';
import { bed, configMap, textOf, waiting } from './fixture.ts';
import { eventually } from '../control-plane.ts';
import { fastClock, slowingClock } from './fast-clock.ts';

const files = { 'prod/a.yaml': configMap('settings', '1') };
const methodsOf = (b: Bed, method: string): string[] =>
  b.sandbox.state.requests.filter((item) => item.method === method).map((item) => item.outcome);

test('a 429 is obeyed, and then there is one card', async (t) => {
  const b = await bed(t, { files, clock: fastClock(10) });
  b.sandbox.faults.rateLimit('chat.postMessage', { times: 2, retryAfter: 3 });
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const [meant] = Object.values(b.stage.store.approvals.list()[0]?.status?.cards ?? {});
  assert.ok(Number(card.ts) * 1000 >= Date.parse(meant?.at ?? '') + 6000, 'both waits were waited for');
  await eventually('the log of the third', () => methodsOf(b, 'chat.postMessage').length === 3 || undefined);
  assert.deepEqual(methodsOf(b, 'chat.postMessage'), ['limit', 'limit', 'ok']);
  assert.deepEqual(
    methodsOf(b, 'conversations.history'),
    [],
    'Slack said that it did nothing: there is nothing to look for',
  );
});

for (const [side, posts] of [
  ['after', ['cut']],
  ['before', ['cut', 'ok']],
] as const) {
  test(`a post cut off ${side} it was handled is looked for, and there is one card`, async (t) => {
    const b = await bed(t, { files, clock: fastClock(20) });
    b.sandbox.faults.cut('chat.postMessage', side);
    await waiting(b);
    const card = await b.card('the card', /waits for approval/);
    await b.stage.untilStore('where it stands is stored', () =>
      b.stage.store.approvals
        .list()
        .find((item) => Object.values(item.status?.cards ?? {}).some((state) => state.ts === card.ts)),
    );
    assert.deepEqual(methodsOf(b, 'chat.postMessage'), posts);
    assert.equal(b.cards().length, 1);
    await b.sandbox.actAs('bob').command('deploys', '/cox reject prod not today');
    await b.card('the end', /was rejected by bob/);
  });
}

test('of two cards with one intent the older stays', async (t) => {
  const b = await bed(t, { files, clock: fastClock(20) });
  await b.stop();
  await waiting(b);
  const [approval] = b.stage.store.approvals.list();
  assert.ok(approval);
  const key = `${approval.metadata.namespace}/${approval.metadata.name}`;
  const intent = 'an intent of a process that is dead';
  await b.stage.store.approvals.patch(
    key,
    { status: { cards: { [b.channel.id]: { intent, at: new Date(b.sandbox.state.clock.now()).toISOString() } } } },
    { subresource: 'status' },
  );
  const post = (text: string): Promise<Response> =>
    fetch(`${b.sandbox.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: 'Bearer xoxb-sandbox', 'content-type': 'application/json' },
      body: JSON.stringify({
        channel: b.channel.id,
        text,
        metadata: { event_type: 'coxswain_card', event_payload: { key: `approval ${key}`, intent } },
      }),
    });
  await post('older');
  await post('younger');
  const [older] = b.cards();
  await b.restart();
  const card = await b.card('the card', /waits for approval/);
  assert.equal(card.ts, older?.ts);
  assert.equal(b.cards().length, 1);
});

test('a click that is delivered twice, and one whose acknowledgement is lost, is one request', async (t) => {
  const b = await bed(t, { files });
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const bob = b.sandbox.actAs('bob');
  b.sandbox.faults.duplicateEnvelopes(1);
  await bob.click('deploys', card.ts, 'Review');
  const view = await b.sandbox.waitFor('the review', () => bob.openModals().at(-1));
  assert.equal(bob.openModals().length, 1);
  b.sandbox.faults.duplicateEnvelopes(1);
  await bob.submit(view.id);
  await b.said('bob', /approved; it syncs now/);
  await b.card('the end', /is live at .* and Healthy/);
  assert.equal(b.stage.store.requests.list().length, 1);
  assert.deepEqual(b.stage.store.approvals.list()[0]?.status?.approvals?.length, 1);
  b.sandbox.faults.duplicateEnvelopes(1);
  await bob.command('deploys', '/cox status prod');
  await b.said('bob', /prod · Synced/);
  assert.equal(b.stage.store.requests.list().length, 2);
});

test('lost sockets are opened again, commands included, while Slack refuses them too', async (t) => {
  const b = await bed(t, { files });
  const bob = b.sandbox.actAs('bob');
  for (const lose of ['dropSockets', 'recycleSockets'] as const) {
    const before = methodsOf(b, 'apps.connections.open').length;
    b.sandbox.faults.serverError('apps.connections.open', { times: 2 });
    b.sandbox.faults[lose]();
    await b.sandbox.waitFor(
      'another connection',
      () => methodsOf(b, 'apps.connections.open').length === before + 3 && b.sandbox.connected > 0,
    );
    assert.deepEqual(methodsOf(b, 'apps.connections.open').slice(-3), ['status', 'status', 'ok']);
    await bob.command('deploys', '/cox help');
    await b.said('bob', /What Coxswain can do/);
  }
});

test('while Slack is away nothing else waits, and the card comes when it is back', async (t) => {
  const b = await bed(t, { files, clock: fastClock(10) });
  b.sandbox.faults.serverError('*', { times: 6 });
  await waiting(b);
  await b.card('the card', /waits for approval/);
  assert.equal(b.cards().length, 1);
});

test('a card that somebody deleted stays deleted, and what it told goes on', async (t) => {
  const b = await bed(t, { files });
  await waiting(b);
  await b.card('the card', /waits for approval/);
  b.channel.messages.length = 0;
  await b.sandbox
    .actAs('bob')
    .command('deploys', `/cox approve prod --digest ${b.stage.store.approvals.list()[0]?.spec.digest ?? ''}`);
  await b.stage.untilStore('Applied', () =>
    b.stage.store.approvals
      .list()
      .find(
        (item) =>
          item.status?.phase === 'Applied' && Object.values(item.status.cards ?? {}).every((card) => card.final),
      ),
  );
  assert.deepEqual(b.cards(), []);
});

test('a card whose channel is not there yet comes when it is', async (t) => {
  const b = await bed(t, { files, clock: fastClock(20) });
  await b.stage.project('gated', { 'coxswain.dev/approval': 'required', 'coxswain.dev/slack': '#team-late' });
  await b.stage.apply('prod', { project: 'gated' });
  await b.stage.untilStore('an approval', () =>
    b.stage.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  await eventually('a look at the channels', () => methodsOf(b, 'conversations.list').length > 0 || undefined);
  const late = b.sandbox.createChannel({ name: 'team-late' });
  await b.sandbox.waitFor('the card', () => late.messages.length === 1);
  assert.deepEqual(b.cards(), []);
});

test('a channel that refuses holds up no card of another, and is asked again', async (t) => {
  const b = await bed(t, { files, clock: fastClock(20) });
  const gate = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvals': '2' };
  await b.stage.project('gated', gate);
  await b.stage.apply('prod', { project: 'gated' });
  await b.card('the card', /waits for approval/);
  const foreign = b.sandbox.createChannel({ name: 'foreign', withBot: false });
  await b.stage.project('gated', { ...gate, 'coxswain.dev/slack': foreign.id });
  await eventually('a refusal of the other channel', () => methodsOf(b, 'chat.postMessage').length > 1 || undefined);
  const [approval] = b.stage.store.approvals.list();
  await b.sandbox.actAs('bob').command('deploys', `/cox approve prod --digest ${approval?.spec.digest ?? ''}`);
  await b.card('the first approval on the card that stands', /bob/);
  foreign.members.add(b.sandbox.state.botUser.id);
  await b.sandbox.waitFor('the card in the other channel', () => foreign.messages.length === 1);
});

for (const error of ['is_archived', 'cant_update_message']) {
  test(`a card that cannot be changed any more (${error}) is left alone`, async (t) => {
    const b = await bed(t, { files });
    await waiting(b);
    await b.card('the card', /waits for approval/);
    b.sandbox.faults.error('chat.update', error, 1000);
    await b.sandbox.actAs('bob').command('deploys', '/cox reject prod not today');
    await b.stage.untilStore('the end', () =>
      b.stage.store.approvals
        .list()
        .find(
          (item) =>
            item.status?.phase === 'Rejected' && Object.values(item.status.cards ?? {}).every((card) => card.final),
        ),
    );
    assert.deepEqual(methodsOf(b, 'chat.update'), ['error']);
  });
}

test('while GitHub does not tell teams the review opens, and what is approved counts when it does', async (t) => {
  const clock = slowingClock();
  const b = await bed(t, { files, clock });
  const { sandbox, forge } = b;
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  clock.slow(0.5);
  const teams = Promise.withResolvers<string[]>();
  forge.teams = () => teams.promise;
  const [carol, eve] = [sandbox.actAs('carol'), sandbox.actAs('eve')];
  await carol.click('deploys', card.ts, 'Review');
  const view = await sandbox.waitFor('the review', () => carol.openModals().at(-1));
  await carol.submit(view.id);
  await eve.command('deploys', '/cox approve prod');
  await b.said('eve', /GitHub does not tell your teams at the moment/);
  assert.deepEqual([b.stage.store.approvals.list()[0]?.status?.approvals, eve.openModals()], [[], []]);
  teams.resolve(['acme:leads']);
  await b.said('carol', /approved; it syncs now/);
});

test('what had ended before Slack was there is not posted', async (t) => {
  const b = await bed(t, { files });
  await b.stop();
  await waiting(b);
  b.stage.commit({ 'prod/a.yaml': configMap('settings', '2') });
  await b.stage.engine.onPush(b.stage.url);
  await b.stage.untilStore('the first approval is void', () =>
    b.stage.store.approvals.list().find((item) => item.status?.phase === 'Superseded'),
  );
  await b.restart();
  await b.card('the card of what waits', /waits for approval/);
  await b.sandbox.actAs('bob').command('deploys', '/cox reject prod not today');
  await b.card('the end', /was rejected/);
  assert.equal(b.cards().length, 1);
});

test(
  'killed at any write to Slack, on either side of it, there is one card that ends the same',
  { timeout: 180_000 },
  async (t) => {
    const cut = new Cut();
    const b = await bed(t, { files: { 'x/README.md': 'x' }, clock: fastClock(20), killSwitch: cut });
    await b.stage.project('gated', { 'coxswain.dev/approval': 'required' });
    const own = (name: string): string[] =>
      b
        .cards()
        .map(textOf)
        .filter((text) => text.includes(` ${name} `));
    const run = async (
      name: string,
      at: number,
      side: 'before' | 'after',
    ): Promise<{ count: number; end: unknown }> => {
      b.stage.commit({ [`${name}/a.yaml`]: configMap(name, '1') }, 'Same for all');
      await b.stage.engine.onPush(b.stage.url);
      let restarted: Promise<void> | undefined;
      cut.onCut = () => void (restarted = b.restart());
      cut.order(at, side);
      await b.stage.apply(name, { project: 'gated' });
      const approval = await b.stage.untilStore('an approval', () =>
        b.stage.store.approvals.list().find((item) => item.spec.application.endsWith(`/${name}`)),
      );
      await b.sandbox.waitFor('the card', () => own(name).some((text) => text.includes('waits for approval')));
      await restarted;
      await b.sandbox.actAs('bob').command('deploys', `/cox approve ${name} --digest ${approval.spec.digest}`);
      await b.sandbox.waitFor('the end', () => own(name).some((text) => text.includes('and Healthy')));
      await b.stage.untilStore('told', () =>
        b.stage.store.requests.list().find((item) => item.spec.application === name && item.status?.told),
      );
      await restarted;
      await b.stage.untilStore('settled', () =>
        b.stage.store.approvals
          .list()
          .find(
            (item) =>
              item.metadata.name === approval.metadata.name &&
              Object.values(item.status?.cards ?? {}).every((card) => card.final),
          ),
      );
      const count = cut.seen;
      cut.order(0, 'before');
      const neutral = (text: string): string => text.replaceAll(name, 'NAME').replace(/[0-9a-f]{7,12}/g, 'HASH');
      return {
        count,
        end: {
          cards: own(name).map(neutral),
          approvals: approval.spec.operations.length,
          requests: b.stage.store.requests
            .list()
            .filter((item) => item.spec.application === name)
            .map((item) => item.status?.phase),
        },
      };
    };
    const calm = await run('calm', 0, 'before');
    assert.ok(calm.count >= 3, `only ${calm.count} writes`);
    for (let at = 1; at <= Math.min(calm.count, 6); at += 1) {
      for (const side of ['before', 'after'] as const)
        assert.deepEqual((await run(`k${at}${side}`, at, side)).end, calm.end, `killed ${side} write ${at}`);
    }
  },
);
