// An approval in Slack, from the card to Healthy: who may, what they see, and what voids it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../src/engine/request.ts';
import { person, requests } from '../engine/manifests.ts';
import { because, bed, configMap, textOf, waiting } from './fixture.ts';

test('a waiting approval is one card; whoever may approves the diff, and the card ends Healthy', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const { stage, sandbox } = b;
  const card = await b.card('the card', /waits for approval/);
  assert.match(textOf(card), /prod ?production ?waits for approval.*creates ConfigMap .*settings/);
  const bob = sandbox.actAs('bob');
  await bob.click('deploys', card.ts, 'Review');
  const view = await sandbox.waitFor('the review', () => bob.openModals().at(-1));
  const shown = textOf({ text: '', blocks: view.body });
  assert.match(shown, /would be changed like this.*creates \*ConfigMap .*settings\*.*\+ value: "1"/);
  await bob.submit(view.id);
  assert.deepEqual(bob.openModals(), []);
  await b.said('bob', /✅ prod: approved; it syncs now/);
  const ended = await b.card('the end', /is live at [0-9a-f]{7} and Healthy/);
  assert.equal(ended.ts, card.ts, 'it is the same card');
  assert.equal(b.cards().length, 1);
  assert.deepEqual(
    ended.blocks.map((block) => block['type']),
    ['rich_text', 'context'],
    'without buttons',
  );
  const [request] = stage.store.requests.list();
  assert.deepEqual(
    [request?.spec.verb, request?.spec.digest, request?.spec.actor.login, request?.spec.actor.known],
    ['approve', stage.store.approvals.list()[0]?.spec.digest, 'bob', true],
  );
  assert.deepEqual(
    (await stage.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'settings' }))?.[
      'data'
    ],
    { value: '1' },
  );

  await stage.untilStore('the end is kept', () =>
    Object.values(stage.store.approvals.list()[0]?.status?.cards ?? {}).some(({ final }) => final) ? true : undefined,
  );
  const before = sandbox.state.requests.length;
  await stage.cluster.api.patch(
    { group: 'argoproj.io', kind: 'Application', namespace: stage.namespace, name: 'prod' },
    { type: 'merge', patch: { status: { health: { status: 'Degraded' } } } },
  );
  stage.commit({ 'prod/b.yaml': configMap('more', '1') }, 'Add more (#8)');
  await stage.engine.onPush(stage.url);
  const second = await b.card('the second card', /“Add more” #8/);
  assert.notEqual(second.ts, card.ts);
  assert.equal(
    sandbox.state.requests.slice(before).filter((item) => item.method === 'chat.update' && item.args['ts'] === card.ts)
      .length,
    0,
    'a story that has ended stays as it was told',
  );
});

test('who is not linked, has no right, or wrote the change is told why, and nothing is approved', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const { sandbox, stage } = b;
  const card = await b.card('the card', /waits for approval/);
  const press = async (who: string, button: string): Promise<void> =>
    void (await sandbox.actAs(who).click('deploys', card.ts, button));
  await press('dan', 'Review');
  await b.said('dan', /not linked to a GitHub login.*`U\w+: &lt;your GitHub login&gt;` to `slack\.identities`/);
  await press('dan', 'Reject');
  await press('carol', 'Review');
  await b.said(
    'carol',
    new RegExp(
      /carol may not approve prod: the right "applications, approve, gated\/prod" is missing; whoever /.source +
        /keeps argocd-rbac-cm/.source,
    ),
  );
  assert.deepEqual([sandbox.actAs('dan').openModals(), sandbox.actAs('carol').openModals()], [[], []]);
  await press('carol', 'Reject');
  await sandbox.waitFor('carol is told again', () => sandbox.actAs('carol').ephemerals('deploys').length === 2);
  const ann = sandbox.actAs('ann');
  await press('ann', 'Review');
  await ann.submit((await sandbox.waitFor('the review', () => ann.openModals().at(-1))).id);
  await b.said('ann', /🚫 prod: ann is an author of this change \(wrote it\), and somebody else must approve it/);
  assert.deepEqual(
    stage.store.approvals.list().map((item) => [item.status?.phase, item.status?.approvals]),
    [['Pending', []]],
  );
  assert.deepEqual(
    stage.store.requests
      .list()
      .map((item) => item.spec.actor.login)
      .sort(),
    ['ann'],
    'whoever is nobody, or may not, leaves no request',
  );
});

test('a refusal after the review is told where the app is no member, and again if Slack did not take it', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const { sandbox, stage } = b;
  sandbox.createChannel({ name: 'private', private: true, withBot: false });
  await b.card('the card', /waits for approval/);
  const ann = sandbox.actAs('ann');
  await ann.command('private', '/cox approve prod');
  const view = await sandbox.waitFor('the review', () => ann.openModals().at(-1));
  sandbox.faults.rateLimit('chat.postEphemeral', { times: 1, retryAfter: 1 });
  await ann.submit(view.id);
  await b.saidDirectly('ann', /🚫 prod: ann is an author of this change/);
  const [request] = stage.store.requests.list();
  await stage.untilStore(
    'told',
    () => stage.store.requests.get(`${request?.metadata.namespace}/${request?.metadata.name}`)?.status?.told,
  );
  assert.equal(sandbox.state.im(ann.user).messages.length, 1);
});

test('reject ends the card with the name, and what is rejected is not applied', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const bob = b.sandbox.actAs('bob');
  await bob.click('deploys', card.ts, 'Reject');
  const view = await b.sandbox.waitFor('the modal', () => bob.openModals().at(-1));
  assert.match(textOf({ text: '', blocks: view.body }), /prod.*stays as it is.*digest/);
  const silent = await bob.submit(view.id, { reason: '  ' });
  assert.match(JSON.stringify(silent), /Say why/);
  await bob.submit(view.id, { reason: 'not on a *Friday*' });
  const ended = await b.card('the rejected card', /was rejected by bob: not on a \*Friday\*/);
  assert.equal(ended.ts, card.ts);
  await b.said('bob', /✅ prod: rejected; nothing is applied/);
  assert.equal(b.stage.store.applications.get(`${b.stage.namespace}/prod`)?.operation, undefined);
});

test('what was rejected is asked for again from its card, by whoever may decide, on a new one', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const { sandbox } = b;
  await because(b, 'bob', { ts: card.ts, button: 'Reject', reason: 'no' });
  await b.card('the rejected card', /was rejected by bob/);
  await sandbox.actAs('bob').command('deploys', '/cox approve prod');
  await b.said(
    'bob',
    /nothing waits for approval.*is rejected \(rejected by bob: no\); \/cox reopen prod asks for it again/s,
  );
  await sandbox.actAs('carol').click('deploys', card.ts, 'Ask again');
  await b.said('carol', /🚫 carol may not approve prod/);
  await sandbox.actAs('bob').click('deploys', card.ts, 'Ask again');
  await b.said('bob', /✅ prod: it is asked for again, if that is still what Git says/);
  const next = await sandbox.waitFor('the new card', () => b.cards().find((message) => message.ts !== card.ts));
  assert.match(textOf(next), /waits for approval/);
  assert.equal(b.stage.store.approvals.list()[0]?.status?.phase, 'Pending');
});

test('a change between card and click voids the approval: the old card says so, a new one stands', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const { sandbox, stage } = b;
  const card = await b.card('the card', /waits for approval/);
  const bob = sandbox.actAs('bob');
  await bob.click('deploys', card.ts, 'Review');
  const view = await sandbox.waitFor('the review', () => bob.openModals().at(-1));
  stage.commit({ 'prod/a.yaml': configMap('settings', '2') });
  await stage.engine.onPush(stage.url);
  const old = await b.card('the void card', /asked for approval, which is void now/);
  assert.equal(old.ts, card.ts);
  const next = await sandbox.waitFor('the new card', () => b.cards().find((message) => message.ts !== card.ts));
  assert.match(textOf(next), /waits for approval/);
  await bob.submit(view.id);
  await b.said('bob', /🚫 prod: the effect has changed since: now prod-[0-9a-f]{12} waits/);
  assert.equal(
    await stage.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'settings' }),
    undefined,
  );
  assert.equal(b.cards().length, 2);
});

test('the same change a second time is a new card, and who agreed to the first stays on record', async (t) => {
  const b = await bed(t, { files: { 'prod/a.yaml': configMap('settings', '1') } });
  await waiting(b);
  const { stage } = b;
  const approveNext = async (what: string): Promise<{ name: string; ts: string }> => {
    const open = await stage.untilStore(`${what} waits`, () =>
      stage.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
    );
    const name = open.metadata.name;
    const card = await b.card(`the card of ${what}`, /waits for approval/);
    await stage.untilStore(
      'its place is stored',
      () =>
        Object.values(stage.store.approvals.get(`${stage.namespace}/${name}`)?.status?.cards ?? {}).some(
          (item) => item.ts === card.ts,
        ) || undefined,
    );
    await approve(requests(stage), { application: `${stage.namespace}/prod`, actor: person('bob', 2), teams: [] });
    await stage.untilStore(`the end of ${what}`, () => {
      const found = stage.store.approvals.get(`${stage.namespace}/${name}`)?.status;
      return (
        (found?.phase === 'Applied' && Object.values(found.cards ?? {}).every((item) => item.final === true)) ||
        undefined
      );
    });
    return { name, ts: card.ts };
  };
  const pushed = async (value: string): Promise<void> => {
    stage.commit({ 'prod/a.yaml': configMap('settings', value) });
    await stage.engine.onPush(stage.url);
  };
  await approveNext('the first deploy');
  await pushed('2');
  const first = await approveNext('the change');
  await pushed('1');
  await approveNext('its revert');
  await pushed('2');
  const again = await approveNext('the same change');
  assert.equal(again.name, first.name, 'the same effect');
  assert.notEqual(again.ts, first.ts, 'another card');
  assert.equal(b.cards().length, 4);
  const status = stage.store.approvals.get(`${stage.namespace}/${first.name}`)?.status;
  assert.deepEqual(
    status?.former?.map((round) => [round.phase, round.approvals.map(({ actor }) => actor.login)]),
    [['Applied', ['bob']]],
  );
  assert.deepEqual(
    status.approvals?.map(({ actor }) => actor.login),
    ['bob'],
  );
});
