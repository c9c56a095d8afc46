// Drift in Slack: one card that says what, where and who, and a button that restores just that.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { because, bed, configMap, textOf } from './fixture.ts';

const files = { 'web/a.yaml': configMap('a', 'git'), 'web/b.yaml': configMap('b', 'git') };

/** Synced once, without self-heal. */
async function synced(b: Bed): Promise<void> {
  await b.stage.apply('web', { syncPolicy: { automated: {} } });
  await b.stage.until(
    'web',
    'Synced',
    (app) => app.status?.sync?.status === 'Synced' && !app.operation && app.status.history?.length === 1,
  );
}

async function edit(b: Bed, name: string, value: string): Promise<void> {
  await b.stage.cluster.api.patch(
    { group: '', kind: 'ConfigMap', namespace: b.stage.namespace, name },
    { type: 'merge', patch: { data: { value } }, manager: 'kubectl-edit' },
  );
}

async function data(b: Bed, name: string): Promise<unknown> {
  return (await b.stage.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: b.stage.namespace, name }))?.[
    'data'
  ];
}

test('a live edit is one card with object, field, values and who; the button restores only that object', async (t) => {
  const b = await bed(t, { files });
  await synced(b);
  await edit(b, 'a', 'by hand');
  const card = await b.card('the card', /is OutOfSync: somebody changed the cluster, not Git/);
  assert.match(
    textOf(card),
    new RegExp(
      /web is OutOfSync.*ConfigMap \S+\/a — last written with kubectl edit.*--- live \+\+\+ Git @@ /.source +
        /data\.value - by hand \+ git.*Git `?[0-9a-f]{7}.*self-heal is off.*Heal.*Full diff/.source,
    ),
  );
  assert.match(card.text, /^web is OutOfSync: ConfigMap \S+\/a data\.value: Git git, live by hand$/);
  const bob = b.sandbox.actAs('bob');
  await bob.click('deploys', card.ts, 'Heal');
  const view = await b.sandbox.waitFor('the modal', () => bob.openModals().at(-1));
  assert.match(
    textOf({ text: '', blocks: view.body }),
    /web is put back to Git: 1 object and nothing else.*data\.value - by hand \+ git.*Why/,
  );
  await bob.submit(view.id, { reason: 'leaked to prod' });
  const ended = await b.card(
    'the end',
    /web matches Git again.*put back by bob: “leaked to prod”.*1 object, 1 field had drifted/,
  );
  assert.equal(ended.ts, card.ts);
  assert.deepEqual([await data(b, 'a'), await data(b, 'b')], [{ value: 'git' }, { value: 'git' }]);
  const app = b.stage.store.applications.get(`${b.stage.namespace}/web`);
  assert.deepEqual(
    app?.status?.operationState?.syncResult?.resources?.map((item) => item.name),
    ['a'],
  );
  assert.equal(b.cards().length, 1);
});

test('further drift is a newer card and the old one says so; the newest restores all, for whoever may', async (t) => {
  const b = await bed(t, { files });
  await synced(b);
  await edit(b, 'a', 'first');
  const first = await b.card('the card', /- first/);
  await edit(b, 'b', 'second');
  const second = await b.card('the second card', /- second/);
  assert.match(textOf(await b.card('the first card', /drifted further; the newer card tells how/)), /web/);
  assert.notEqual(first.ts, second.ts);
  await b.stage.cluster.api.delete({ group: '', kind: 'ConfigMap', namespace: b.stage.namespace, name: 'b' });
  const third = await b.card('the third card', /is in Git, but was deleted from the cluster/);
  await b.sandbox.actAs('carol').click('deploys', third.ts, 'Heal');
  await b.said('carol', /🚫 carol may not revert web/);
  await because(b, 'bob', { ts: third.ts, button: 'Heal', reason: 'as Git says' });
  await b.card('the end', /matches Git again/);
  assert.deepEqual([await data(b, 'a'), await data(b, 'b')], [{ value: 'git' }, { value: 'git' }]);
  assert.equal(b.cards().length, 3);
});

test("drift that is undone by hand ends its card without anybody's click", async (t) => {
  const b = await bed(t, { files });
  await synced(b);
  await edit(b, 'a', 'by hand');
  const card = await b.card('the card', /is OutOfSync/);
  await edit(b, 'a', 'git');
  const ended = await b.card('the end', /matches Git again.*Synced/);
  assert.equal(ended.ts, card.ts);
  assert.ok(!textOf(ended).includes('put back by'));
  // The very same drift again: the episode has its name, and people are told anew.
  await b.stage.untilStore(
    'the card has ended',
    () =>
      b.stage.store.episodes
        .list()
        .every(({ status }) => Object.values(status?.cards ?? {}).every((item) => item.final === true)) || undefined,
  );
  await edit(b, 'a', 'by hand');
  const again = await b.card('the card of the second time', /is OutOfSync/);
  assert.notEqual(again.ts, card.ts);
  assert.deepEqual([b.cards().length, b.stage.store.episodes.list().length], [2, 1]);
});

test('values of Secrets are on no card and in no notification', async (t) => {
  const secret = (value: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: ${value}\n`;
  const b = await bed(t, { files: { 'web/a.yaml': secret('hunter2-git') } });
  await synced(b);
  await b.stage.cluster.api.patch(
    { group: '', kind: 'Secret', namespace: b.stage.namespace, name: 'db' },
    { type: 'merge', patch: { stringData: { password: 'hunter2-live' } }, manager: 'kubectl-edit' },
  );
  await b.card('the card', /Secret \S+\/db.*@@ data\.password/);
  const sent = JSON.stringify(b.sandbox.state.requests);
  for (const value of ['hunter2-git', 'hunter2-live']) {
    assert.ok(!sent.includes(value));
    assert.ok(!sent.includes(Buffer.from(value).toString('base64')));
  }
});

test('whoever may get sees all that differs; what has changed since the modal was shown is not put back', async (t) => {
  const b = await bed(t, { files });
  await synced(b);
  await edit(b, 'a', 'by hand');
  const card = await b.card('the card', /is OutOfSync/);
  const { sandbox } = b;
  const carol = sandbox.actAs('carol');
  await carol.click('deploys', card.ts, 'Full diff');
  const diff = await sandbox.waitFor('the diff', () => carol.openModals().at(-1));
  assert.match(textOf({ text: '', blocks: diff.body }), /ConfigMap \S+\/a.*- by hand \+ git/);
  assert.equal(diff.body['submit'], undefined);
  await sandbox.actAs('eve').click('deploys', card.ts, 'Full diff');
  await b.said('eve', /🚫 eve may not see web/);
  const bob = sandbox.actAs('bob');
  await bob.click('deploys', card.ts, 'Heal');
  const view = await sandbox.waitFor('the modal', () => bob.openModals().at(-1));
  await edit(b, 'a', 'another hand');
  await b.card('the newer card', /- another hand/);
  await bob.submit(view.id, { reason: 'as Git says' });
  await b.said('bob', /🚫 web: (the cluster has changed again since you looked|the drift is another one now)/);
  assert.deepEqual(await data(b, 'a'), { value: 'another hand' });
  await bob.command('deploys', '/cox heal web by word');
  await b.card('the end', /matches Git again.*put back by bob: “by word”/);
  assert.deepEqual(await data(b, 'a'), { value: 'git' });
});
