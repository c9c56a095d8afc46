// `/cox` in Slack: what is answered, to whom, and that approving always shows first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, configMap, textOf, waiting } from './fixture.ts';

const files = {
  'web/a.yaml': configMap('web', '1'),
  'prod/a.yaml': configMap('prod', '1'),
  'live/a.yaml': configMap('live', '1'),
};

test('help, unknown words and people who are not linked are answered at once, to them alone', async (t) => {
  const b = await bed(t, { files });
  const bob = b.sandbox.actAs('bob');
  await bob.command('deploys', '/cox');
  assert.match(
    await b.said('bob', /What Coxswain can do/),
    /\/cox approve \[app\] \[--digest d\] approves exactly the effect that is shown/,
  );
  await bob.command('deploys', '/cox aprove prod');
  await b.said('bob', /"aprove" is not a command; did you mean \/cox approve\?/);
  await bob.command('deploys', '/cox <!channel> & *x*');
  assert.match(await b.said('bob', /lists them/), /"&lt;!channel&gt;" is not a command/);
  await bob.command('deploys', '/cox sync web --force');
  await b.said('bob', /there is no option --force; write \/cox sync &lt;app&gt;/);
  await b.sandbox.actAs('dan').command('deploys', '/cox sync web');
  await b.said('dan', /not linked to a GitHub login/);
  assert.deepEqual([b.cards(), b.stage.store.requests.list()], [[], []], 'nothing for the channel, nothing stored');
});

test('status and sync are carried out and answered; a name that is not known is asked about', async (t) => {
  const b = await bed(t, { files });
  await b.stage.apply('web');
  await b.stage.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const bob = b.sandbox.actAs('bob');
  await bob.command('deploys', '/cox status');
  await b.said('bob', /^\S+ web · OutOfSync at [0-9a-f]{7} · Missing/);
  await bob.command('deploys', '/cox sync wob');
  await b.said('bob', /🚫 there is no application "wob" that you may see; did you mean web\?/);
  await bob.command('deploys', '/cox sync web');
  await b.said('bob', /✅ web: sync started/);
  await b.said('bob', /✅ web: Synced at [0-9a-f]{7}, Healthy/);
  await b.stage.until('web', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  await b.sandbox.actAs('carol').command('deploys', '/cox sync web');
  await b.said('carol', /🚫 carol may not sync web/);
  assert.deepEqual(b.cards(), []);
});

test('approve opens the review of what waits, lists when several wait, and takes a digest at its word', async (t) => {
  const b = await bed(t, { files });
  const { sandbox, stage } = b;
  const bob = sandbox.actAs('bob');
  await bob.command('deploys', '/cox approve');
  await b.said('bob', /🚫 nothing waits for approval/);
  await waiting(b);
  await b.card('the card', /prod ?production ?waits for approval/);
  await bob.command('deploys', '/cox approve prod');
  const view = await sandbox.waitFor('the review', () => bob.openModals().at(-1));
  assert.match(textOf({ text: '', blocks: view.body }), /prod ?production ?would be changed like this/);
  await bob.close(view.id);
  assert.deepEqual(stage.store.requests.list(), [], 'looking is no request');
  await stage.apply('live', { project: 'gated' });
  await b.card('the second card', /live ?production ?waits for approval/);
  await bob.command('deploys', '/cox approve');
  await b.said('bob', /2 approvals wait/);
  const listed = bob.ephemerals('deploys').at(-1);
  assert.match(
    textOf(listed ?? { text: '', blocks: [] }),
    /\*live\* 1 created.*\*prod\* 1 created|\*prod\* 1 created.*\*live\* 1 created/,
  );
  await bob.click('deploys', listed?.ts ?? '', 'Review');
  const again = await sandbox.waitFor('the review', () => bob.openModals().at(-1));
  await bob.submit(again.id);
  await b.said('bob', /approved; it syncs now/);
  const left = await stage.untilStore('the other approval', () =>
    stage.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
  const name = left.spec.application.split('/')[1] ?? '';
  await bob.command('deploys', `/cox approve ${name} --digest ffffffff`);
  await b.said('bob', /no approval has the digest ffffffff/);
  await bob.command('deploys', `/cox approve ${name} —digest ${left.spec.digest.slice(0, 12)}`);
  await stage.until(name, 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
});

test('what a person may not see is not named to them, but a card that they clicked may be spoken of', async (t) => {
  const b = await bed(t, { files });
  await b.stage.apply('web');
  await waiting(b);
  const card = await b.card('the card', /waits for approval/);
  const eve = b.sandbox.actAs('eve');
  const asked: [string, RegExp][] = [
    ['status', /🚫 there is no application that you may see$/],
    ['sync web', /🚫 there is no application "web" that you may see$/],
    ['sync wob', /🚫 there is no application "wob" that you may see$/],
    ['approve', /🚫 nothing waits for approval$/],
    ['approve prod', /🚫 there is no application "prod" that you may see$/],
    ['approve prad', /🚫 there is no application "prad" that you may see$/],
    ['reject', /🚫 nothing waits for approval$/],
    ['reject prod', /🚫 there is no application "prod" that you may see$/],
  ];
  for (const [at, [words, answer]] of asked.entries()) {
    await eve.command('deploys', `/cox ${words}`);
    const told = await b.sandbox.waitFor(`an answer to ${words}`, () => eve.ephemerals('deploys')[at]);
    assert.match(told.text, answer, words);
  }
  await eve.click('deploys', card.ts, 'Review');
  await b.said('eve', /eve may not approve prod: the right/);
  await eve.click('deploys', card.ts, 'Reject');
  await b.sandbox.waitFor(
    'the answer to Reject',
    () => eve.ephemerals('deploys').filter((message) => message.text.includes('eve may not approve prod')).length === 2,
  );
});

test('reject names the reason on the card, and revert answers with the pull request', async (t) => {
  const b = await bed(t, { files });
  const { stage, sandbox } = b;
  await stage.apply('web', { syncPolicy: { automated: {} } });
  await stage.until('web', 'Synced', (app) => app.status?.history?.length === 1 && !app.operation);
  stage.commit({ 'web/a.yaml': configMap('web', '2') }, 'Bump web');
  await stage.engine.onPush(stage.url);
  await stage.until('web', 'Synced again', (app) => app.status?.history?.length === 2 && !app.operation);
  const bob = sandbox.actAs('bob');
  await bob.command('deploys', '/cox revert web');
  assert.match(
    await b.said('bob', /✅ web: pull request #1 takes back [0-9a-f]{7} "Bump web"/),
    /<https:\/\/github\.test\/acme\/infra\/pull\/1\|Open the pull request>/,
  );
  assert.match(b.forge.pulls[0]?.body ?? '', /Asked for by `bob` in Slack/);
  await waiting(b);
  await b.card('the card', /waits for approval/);
  await bob.command('deploys', '/cox reject prod “not on a Friday” <@U1>');
  await b.card('the rejected card', /was rejected by bob: not on a Friday <@U1>/);
});
