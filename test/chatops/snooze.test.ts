// `/cox snooze` and `unsnooze`: what is snoozed, until when, by whom, and that asking twice is asking once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '../../src/base/clock.ts';
import { Cut } from './cut.ts';
import { bed, outcome } from './fixture.ts';

const policy = [
  'p, role:all, applications, *, */*, allow',
  'p, role:reader, applications, get, */*, allow',
  'g, bob, role:all',
  'g, carol, role:reader',
].join('\n');
const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'web' };
const drifted = [{ key, kind: 'changed' as const, changes: [] }];
const carol = { login: 'carol', id: 3, via: 'slack' as const, slackUser: 'U3' };
const createdAt = '2026-10-23T12:30:00Z';

test('a drift is snoozed until the end that was asked for, by whom and why; a second asking moves it', async (t) => {
  const b = await bed(t);
  await b.settings(policy);
  await b.project('shop');
  await b.application('snoozed');
  const application = `${b.namespace}/snoozed`;
  const episode = await b.episode('snoozed', drifted);
  const status = (): unknown => b.store.episodes.get(`${b.namespace}/${episode}`)?.status;
  const wanted = { application, args: { episode, until: '4h', reason: ' load  test ' }, createdAt };
  const asked = await b.ask('snooze', wanted);
  const said = 'snoozed: its drift is snoozed until 2026-10-23T16:30:00Z; another drift is told at once';
  assert.deepEqual(outcome(asked), ['Done', said]);
  const by = { login: 'bob', id: 2, via: 'slack', slackUser: 'U2' };
  const { phase, message, snooze } = status() as Record<string, unknown>;
  assert.deepEqual(
    [phase, message, snooze],
    ['Snoozed', 'snoozed by bob', { until: '2026-10-23T16:30:00Z', by, reason: 'load  test' }],
  );
  const before = JSON.stringify(status());
  assert.deepEqual(outcome(await b.again(asked)), ['Done', said]);
  assert.equal(JSON.stringify(status()), before, 'asked once, whatever dies when');
  const cli = { login: 'bob', id: 2, via: 'cli' as const };
  await b.ask('snooze', { application, actor: cli, args: { until: '2026-10-24' }, createdAt: rfc3339(Date.now()) });
  assert.deepEqual(
    outcome(await b.ask('snooze', { application, actor: cli, args: { episode, until: '5h' }, createdAt })),
    ['Done', 'snoozed: its drift is snoozed until 2026-10-23T17:30:00Z; another drift is told at once'],
  );
  assert.deepEqual((status() as Record<string, unknown>)['snooze'], { until: '2026-10-23T17:30:00Z', by: cli });
  assert.deepEqual(
    outcome(await b.ask('status', { application }))[1]
      ?.split(' · ')
      .at(-1),
    'edited in the cluster (snoozed until 2026-10-23T17:30:00Z by bob)',
  );
  assert.deepEqual(outcome(await b.ask('unsnooze', { application, args: { episode } })), [
    'Done',
    'snoozed: its drift is told again',
  ]);
  const woken = status() as Record<string, unknown>;
  assert.deepEqual([woken['phase'], woken['snooze']], ['Open', undefined]);
  assert.deepEqual(outcome(await b.ask('unsnooze', { application, args: { episode } })), [
    'Refused',
    'snoozed: nothing of it is snoozed',
  ]);
});

const refused: [what: string, args: Record<string, string>, phase: string, answer: RegExp][] = [
  ['no end', {}, 'Open', /: say until when: 4h, 2d/],
  ['an end that is none', { until: 'soon' }, 'Open', /: "soon" says no time; write 4h/],
  ['an end that has passed', { until: '2026-10-23 09:00' }, 'Open', /: "2026-10-23 09:00" has passed/],
  ['an end too far', { until: '8d', reason: 'x' }, 'Open', /: "8d" is more than a week from now/],
  ['a day without a reason', { until: '1d' }, 'Open', /: for a day or longer, say why/],
  ['what is being put back', { until: '1h' }, 'Reverting', /: it is just being put back to Git/],
  ['what has ended', { until: '1h' }, 'Healed', /: the cluster differs from Git$/],
];

for (const [at, [what, args, phase, answer]] of refused.entries())
  test(`${what} is no snooze, and the drift stays as it is`, async (t) => {
    const b = await bed(t);
    await b.settings(policy);
    await b.project('shop');
    const name = `refused-${at}`;
    await b.application(name);
    const episode = await b.episode(name, drifted, phase);
    const application = `${b.namespace}/${name}`;
    const [ended, said] = outcome(await b.ask('snooze', { application, args: { ...args, episode }, createdAt }));
    assert.equal(ended, 'Refused');
    assert.match(said ?? '', answer);
    assert.equal(b.store.episodes.get(`${b.namespace}/${episode}`)?.status?.phase, phase);
  });

test('whoever may only look snoozes nothing, and what came after the asking is not what was meant', async (t) => {
  const b = await bed(t);
  await b.settings(policy);
  await b.project('shop');
  await b.application('later');
  const application = `${b.namespace}/later`;
  assert.deepEqual(outcome(await b.ask('snooze', { application, args: { until: '1h' } })), [
    'Refused',
    'later: nothing was edited in the cluster for long enough',
  ]);
  const episode = await b.episode('later', drifted);
  assert.match(
    outcome(await b.ask('snooze', { application, actor: carol, args: { episode, until: '1h' } }))[1] ?? '',
    /^carol may not snooze later: the right "applications, snooze, shop\/later" is missing/,
  );
  assert.deepEqual(outcome(await b.ask('snooze', { application, args: { until: '1h' }, createdAt })), [
    'Refused',
    'later: what has drifted now is not what had when you asked; look at it and ask again',
  ]);
  assert.equal(b.store.episodes.get(`${b.namespace}/${episode}`)?.status?.phase, 'Open');
});

test('cut off at any write, before or after it was handled, a snooze is the same snooze in the end', async (t) => {
  const cut = new Cut();
  const b = await bed(t, { killSwitch: cut });
  await b.settings(policy);
  await b.project('shop');
  for (const side of ['before', 'after'] as const)
    for (const at of [1, 2, 3]) {
      const name = `cut-${side}-${at}`;
      await b.chatops.stop();
      await b.application(name);
      const episode = await b.episode(name, drifted);
      cut.order(at, side);
      await b.restart();
      const application = `${b.namespace}/${name}`;
      const asked = await b.ask('snooze', { application, args: { episode, until: '4h' }, createdAt });
      assert.deepEqual(outcome(asked)[0], 'Done', name);
      const { phase, snooze } = b.store.episodes.get(`${b.namespace}/${episode}`)?.status ?? {};
      assert.deepEqual([phase, snooze?.until], ['Snoozed', '2026-10-23T16:30:00Z'], name);
    }
});
