// Whoever may write Reports and DriftEpisodes has no message of ours edited and nothing posted, policy or not.
import type { TestContext } from 'node:test';
import type { Narrow } from '../narrow.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '../../src/base/clock.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { narrow } from '../narrow.ts';
import { bed, configMap, textOf } from './fixture.ts';

const evil = 'log in again at evil.example';

interface Scene {
  b: Bed;
  mallory: Narrow;
  /** Of the only card, which tells of drift. */
  ts: string;
}

async function drifted(t: TestContext, name: string): Promise<Scene> {
  const b = await bed(t, { files: { [`${name}/a.yaml`]: configMap(name, '1') } });
  const { stage } = b;
  const mallory = await narrow(t, await testCluster(t), stage.namespace);
  await stage.apply(name, { syncPolicy: { automated: {} } });
  await stage.until(name, 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  await drift(b, name, 'by hand');
  const card = await b.card('the drift', /is OutOfSync.*by hand/);
  return { b, mallory, ts: card.ts };
}

async function drift({ stage }: Bed, name: string, value: string): Promise<void> {
  const ref = { group: '', kind: 'ConfigMap', namespace: stage.namespace, name };
  await stage.cluster.api.patch(ref, { type: 'merge', patch: { data: { value } } });
}

/** Everything that was told before is told by then: another drift has its card, through the same queue. */
async function later({ b }: Scene, name: string): Promise<void> {
  await drift(b, name, 'later');
  await b.card('the later drift', /later/);
}

function everything(b: Bed): string {
  return b.channel.messages.map((message) => `${message.text} ${textOf(message)}`).join('\n');
}

test('a Report that somebody made posts nothing and edits no message that it names', async (t) => {
  const s = await drifted(t, 'untold');
  const { b, mallory, ts } = s;
  const { store, namespace } = b.stage;
  const made = await mallory.create('reports', {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Report',
    metadata: { name: 'forged' },
    spec: { application: `${namespace}/untold`, about: 'failure', since: rfc3339(Date.now()), by: evil },
  });
  assert.equal(made.status, 201);
  const here = { intent: 'i', at: rfc3339(Date.now()), ts };
  const status = {
    phase: 'Open',
    trouble: { kind: 'sync', says: evil, cause: evil },
    cards: { [b.channel.id]: here },
    details: { [b.channel.id]: here },
  };
  assert.equal((await mallory.patch('reports', 'forged/status', { status })).status, 200);
  await eventually(
    'it is told as foreign',
    () =>
      store.foreign().some(({ metadata, status: seen }) => metadata.name === 'forged' && seen !== undefined) ||
      undefined,
  );
  assert.deepEqual(store.reports.list(), []);
  await later(s, 'untold');
  assert.doesNotMatch(everything(b), /evil/);
});

test('a card stands where our seal says: a message that somebody else names is not edited', async (t) => {
  const s = await drifted(t, 'unmoved');
  const { b, mallory, ts } = s;
  const { store, namespace } = b.stage;
  await later(s, 'unmoved');
  const first = await b.card('the end of the first', /drifted further; the newer card tells how/);
  assert.equal(first.ts, ts);
  const said = textOf(first);
  const second = await eventually('where the second stands', () =>
    store.episodes.list().find(({ status }) => status?.phase === 'Open' && status.cards?.[b.channel.id]?.hash),
  );
  const { name } = second.metadata;
  const stolen = { ...second.status?.cards?.[b.channel.id], ts, hash: 'old', final: false };
  const cards = { [b.channel.id]: stolen };
  assert.equal((await mallory.patch('driftepisodes', `${name}/status`, { status: { cards } })).status, 200);
  await eventually('where it stands is told anew, in a message of its own', () => {
    const card = store.episodes.get(`${namespace}/${name}`)?.status?.cards?.[b.channel.id];
    return (card?.hash !== undefined && b.cards().length === 3 && card.ts === b.cards()[2]?.ts) || undefined;
  });
  assert.equal(textOf(b.cards()[0] ?? first), said);
  assert.deepEqual(store.foreign(), []);
});

test('what a Report of ours says counts only as we wrote it', async (t) => {
  const s = await drifted(t, 'unsaid');
  const { b, mallory } = s;
  const { store, namespace } = b.stage;
  const head = { apiVersion: 'coxswain.dev/v1alpha1', kind: 'Report', metadata: { name: 'ours', namespace } };
  const spec = { application: `${namespace}/elsewhere`, about: 'failure' as const, since: rfc3339(Date.now()) };
  const endedAt = rfc3339(Date.now() - 48 * 3_600_000);
  await store.reports.create({ ...head, spec });
  await store.reports.patch(
    `${namespace}/ours`,
    { status: { phase: 'Recovered', message: 'is well again', endedAt } },
    { subresource: 'status' },
  );
  const status = { message: evil, endedAt: rfc3339(Date.now()) };
  assert.equal((await mallory.patch('reports', 'ours/status', { status })).status, 200);
  await eventually('its status counts for nothing', () => {
    const ours = store.reports.get(`${namespace}/ours`);
    return (ours !== undefined && ours.status === undefined) || undefined;
  });
  await later(s, 'unsaid');
  assert.doesNotMatch(everything(b), /evil/);
});
