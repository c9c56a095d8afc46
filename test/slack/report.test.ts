// Deploys and failures in Slack: one card that stays true, what is wrong in its thread, and the way on.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, configMap, textOf } from './fixture.ts';

const broken = `apiVersion: example.com/v1\nkind: Nothing\nmetadata:\n  name: shop\n`;

/** Health as an annotation says it, which nobody keeps in Git. */
const byAnnotation = `
  local health = obj.metadata.annotations and obj.metadata.annotations.health
  if health == nil then return {status = "Progressing", message = "waits for its annotation"} end
  return {status = health, message = "its annotation says so"}`;

async function become({ stage }: Bed, health: string | null): Promise<void> {
  const ref = { group: '', kind: 'ConfigMap', namespace: stage.namespace, name: 'deployed' };
  await stage.cluster.api.patch(ref, { type: 'merge', patch: { metadata: { annotations: { health } } } });
}

function thread(b: Bed, ts: string): string[] {
  return b.channel.messages.filter((message) => message.threadTs === ts && message.ts !== ts).map(textOf);
}

test('a sync that fails is one card with its cause; the thread tells more, and it ends when all is well', async (t) => {
  const b = await bed(t, { files: { 'reported/a.yaml': configMap('reported-a', '1') } });
  const { stage, sandbox } = b;
  await stage.apply('reported', { syncPolicy: { automated: {}, retry: { limit: 0 } } });
  await stage.until('reported', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  assert.equal(b.cards().length, 0, 'nobody asked for cards of deploys');
  stage.commit({ 'reported/b.yaml': broken }, 'Add the shop (#12)');
  await stage.engine.onPush(stage.url);
  const card = await b.card('the failure', /could not be synced/);
  assert.match(textOf(card), /reported ?could not be synced.*❌.*Nothing.*“Add the shop” #12/);
  assert.match(card.text, /^reported could not be synced: .*Nothing/);
  await sandbox.waitFor('the thread', () => thread(b, card.ts).some((text) => /Nothing/.test(text)));
  await sandbox.actAs('carol').click('deploys', card.ts, 'Retry');
  await b.said('carol', /🚫 carol may not sync reported/);
  assert.ok(!JSON.stringify(card.blocks).includes('report_revert'), 'it would take back the deploy before');
  await b.restart();
  stage.commit({ 'reported/b.yaml': undefined }, 'Take the shop back');
  await stage.engine.onPush(stage.url);
  const ended = await b.card('the end', /reported ?is well again/);
  assert.equal(ended.ts, card.ts);
  assert.deepEqual([b.cards().length, thread(b, card.ts).length, stage.store.reports.list().length], [1, 1, 1]);
  assert.ok(!ended.blocks.some((block) => block['type'] === 'actions'));
});

test('Retry syncs again, for whoever may, and the failure is told of the same card', async (t) => {
  const b = await bed(t, { files: { 'retried/a.yaml': broken } });
  const { stage, sandbox } = b;
  await stage.apply('retried', { syncPolicy: { automated: {}, retry: { limit: 0 } } });
  const card = await b.card('the failure', /could not be synced/);
  const began = (): string | undefined =>
    stage.store.applications.get(`${stage.namespace}/retried`)?.status?.operationState?.startedAt;
  const before = began();
  await sandbox.actAs('bob').click('deploys', card.ts, 'Retry');
  await b.said('bob', /✅ retried: sync started/);
  await stage.until('retried', 'tried again', (app) => !app.operation && began() !== before);
  await b.card('the same failure', /could not be synced/);
  assert.equal(b.cards().length, 1);
});

test('a deploy is one card from its start until it is healthy, with change, author and duration', async (t) => {
  const b = await bed(t, {
    files: { 'deployed/a.yaml': configMap('deployed', '1') },
    argocd: { 'resource.customizations.health.ConfigMap': byAnnotation },
    settings: { 'slack.deploys': 'true' },
  });
  const { stage } = b;
  await stage.apply('deployed', { syncPolicy: { automated: {} } });
  const card = await b.card('the deploy', /is synced to \S+ and becomes healthy/);
  assert.match(textOf(card), /by Ana/);
  await become(b, 'Healthy');
  const live = await b.card('the end', /deployed ?is live at [0-9a-f]{7} and Healthy.*took \d+ s/);
  assert.equal(live.ts, card.ts);
  await become(b, null);
  stage.commit({ 'deployed/a.yaml': configMap('deployed', '2') }, 'Deployed 2 (#7)');
  await stage.engine.onPush(stage.url);
  const second = await b.card('the second deploy', /becomes healthy.*“Deployed 2” #7.*before/);
  await become(b, 'Degraded');
  const ill = await b.card('it fails', /deployed ?is Degraded.*❌ ConfigMap\/deployed: its annotation says so/);
  assert.equal(ill.ts, second.ts);
  const told = (): boolean => thread(b, ill.ts).some((text) => /ConfigMap \S+\/deployed is Degraded/.test(text));
  await b.sandbox.waitFor('the thread', told);
  await b.sandbox.actAs('carol').click('deploys', ill.ts, 'Revert');
  await b.said('carol', /🚫 carol may not revert deployed/);
  await b.restart();
  await become(b, 'Healthy');
  const ended = await b.card('the end', /“Deployed 2” #7.*took/);
  assert.equal(ended.ts, second.ts);
  assert.equal(b.cards().length, 2);
  // What is ill later, with no deploy on its way, is a failure of its own; what comes back soon is the same one.
  await become(b, 'Degraded');
  const failure = await b.card('the failure', /is Degraded/);
  assert.notEqual(failure.ts, second.ts);
  await become(b, 'Healthy');
  await b.card('well again', /is well again/);
  await become(b, 'Degraded');
  await b.card('the same failure', /is Degraded.*came back 1 time/);
  assert.equal(b.cards().length, 3);
});

test('who subscribed by annotations of Argo CD gets those cards there, and nobody else does', async (t) => {
  const b = await bed(t, { files: { 'subscribed/a.yaml': configMap('subscribed', '1') } });
  const { stage, sandbox } = b;
  const [green, red] = [sandbox.createChannel({ name: 'green' }), sandbox.createChannel({ name: 'red' })];
  const argo = (trigger: string): string => `notifications.argoproj.io/subscribe.${trigger}.slack`;
  const annotations = { [argo('on-deployed')]: 'green', [argo('on-sync-failed')]: 'red' };
  await stage.apply('subscribed', { syncPolicy: { automated: {}, retry: { limit: 0 } } }, { annotations });
  await sandbox.waitFor('the deploy', () => green.messages.some((message) => /is live at/.test(textOf(message))));
  assert.equal(red.messages.length, 0);
  stage.commit({ 'subscribed/b.yaml': broken }, 'Break it');
  await stage.engine.onPush(stage.url);
  const failed = (message: { text: string; blocks: unknown }): boolean => /could not be synced/.test(textOf(message));
  await sandbox.waitFor('the failure', () => green.messages.some(failed) && red.messages.some(failed));
  assert.equal(b.cards().length, 0, 'the default channel is not meant');
});
