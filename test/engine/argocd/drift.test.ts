// Drift where Argo CD syncs: episodes as with our engine, put back by a selective operation, and none for what heals.
import type { TestContext } from 'node:test';
import type { DriftEpisode } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import type { StandIn } from '../../beside/stand-in.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revertDrift } from '../../../src/engine/revert-drift.ts';
import { config, configMap, dataOf, editByHand, isSynced, patchApp, person, quiet, requests } from '../manifests.ts';
import { standIn } from '../../beside/stand-in.ts';
import { stage } from '../fixture.ts';

async function watched(t: TestContext, settle: string): Promise<{ s: Stage; argo: StandIn }> {
  const files = { 'drifts/a.yaml': config('drifts', 'git'), 'drifts/b.yaml': config('steady', 'git') };
  const s = await stage(t, files, { engine: 'argocd', settings: { 'drift.settle': settle } });
  const argo = await standIn(t, s);
  await s.apply('drifts');
  await s.until('drifts', 'there', () => true);
  await patchApp(s, 'drifts', { operation: { sync: {} } });
  await s.until('drifts', 'synced', isSynced);
  return { s, argo };
}

function episode(s: Stage, phase: string): Promise<DriftEpisode> {
  return s.untilStore(`an episode that is ${phase}`, () =>
    s.store.episodes.list().find((item) => item.status?.phase === phase),
  );
}

test('an edit opens an episode with its tool, and is put back by an operation for that object alone', async (t) => {
  const { s } = await watched(t, '50ms');
  await editByHand(s, 'drifts', { value: 'by hand' });
  const open = await episode(s, 'Open');
  assert.deepEqual(
    open.status?.objects.map(({ key, kind, changes, by }) => [
      key.name,
      kind,
      changes.map(({ text, before, after }) => [text, before, after]),
      by?.manager,
    ]),
    [['drifts', 'changed', [['data.value', 'git', 'by hand']], 'kubectl-edit']],
  );
  const outcome = await revertDrift(
    { ...requests(s), handOver: s.engine.handOver },
    { application: `${s.namespace}/drifts`, keys: [configMap(s, 'drifts')], actor: person('bob', 2), request: 'back' },
  );
  assert.equal(outcome.done, true, outcome.message);
  const reverted = await episode(s, 'Reverted');
  assert.equal(reverted.status?.endedBy?.login, 'bob');
  assert.deepEqual(await dataOf(s, 'drifts'), { value: 'git' });
  const app = await s.until('drifts', 'put back', (each) => each.status?.operationState?.phase === 'Succeeded');
  const { operation } = app.status?.operationState ?? {};
  assert.deepEqual(
    operation?.sync?.resources?.map(({ kind, name }) => [kind, name]),
    [['ConfigMap', 'drifts']],
  );
  assert.equal(app.status?.history?.length, 1); // a selective sync makes none
});

test('what Argo CD heals within the settle time opens no episode', async (t) => {
  const { s, argo } = await watched(t, '1h');
  await patchApp(s, 'drifts', { spec: { syncPolicy: { automated: { selfHeal: true } } } });
  await editByHand(s, 'drifts', { value: 'by hand' });
  await argo.refresh('drifts');
  await s.untilStore('it is healed', () => {
    const live = s.cluster.live.get(configMap(s, 'drifts'))?.object;
    return JSON.stringify(live?.['data']) === '{"value":"git"}' ? true : undefined;
  });
  await s.until('drifts', 'at rest', (app) => app.operation === undefined && isSynced(app));
  await quiet(s);
  assert.deepEqual(s.store.episodes.list(), []);
});

test('what self-heal leaves for longer than the settle time is drift', async (t) => {
  const { s } = await watched(t, '50ms');
  await patchApp(s, 'drifts', { spec: { syncPolicy: { automated: { selfHeal: true } } } });
  await editByHand(s, 'steady', { value: 'by hand' });
  const open = await episode(s, 'Open');
  assert.deepEqual(
    open.status?.objects.map(({ key }) => key.name),
    ['steady'],
  );
});
