// What an operation that goes on after a while may still delete: what it planned to, and what is still extra.
import type { OperationState } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Bed, Scene, Stored } from './fixture.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { packPlan, unpackPlan } from '../../src/sync/planned.ts';
import { Crash, Mortal, configMap, deployment, drive, makeBed, full } from './fixture.ts';

async function find(bed: Bed, name: string): Promise<KubeObject | undefined> {
  return bed.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: bed.facts.namespace, name });
}

/** Until the watch has it. */
async function seen(bed: Bed, object: KubeObject): Promise<void> {
  await bed.cluster.live.waitFor(
    { group: '', kind: 'ConfigMap', namespace: bed.facts.namespace, name: object.metadata.name ?? '' },
    object.metadata.resourceVersion ?? '',
    AbortSignal.timeout(20_000),
  );
}

function resultOf(state: OperationState | undefined, name: string): (string | undefined)[] {
  const row = state?.syncResult?.resources?.find((one) => one.name === name);
  return [row?.status, row?.message];
}

/** An operation that waits for a Deployment, with the prune of ConfigMap `extra` still before it. */
async function beforePrune(bed: Bed, name: string): Promise<{ scene: Scene; stored: Stored }> {
  const ns = bed.facts.namespace;
  await drive({ bed, name, manifests: [configMap(ns, 'extra')], operation: full });
  const scene: Scene = {
    bed,
    name,
    manifests: [deployment(ns, `${name}-db`)],
    operation: { sync: { prune: true, syncOptions: ['PruneLast=true'] } },
  };
  const stored = await drive(scene, {
    until: (result) => result.waitingFor?.startsWith('waiting for healthy state') ?? false,
  });
  assert.equal(stored.done, false);
  return { scene, stored };
}

test('ApplyOutOfSyncOnly=true, killed anywhere: what is in sync by then is not deleted', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const operation = { sync: { prune: true, syncOptions: ['ApplyOutOfSyncOnly=true'] } };
  for (const at of [1, 2, 3, 4]) {
    for (const side of ['before', 'after'] as const) {
      const name = `only${at}${side}`;
      const scene: Scene = {
        bed,
        name,
        manifests: [configMap(ns, `${name}-a`), configMap(ns, `${name}-b`)],
        operation,
      };
      const stored: Stored = { state: undefined, done: false, saves: [] };
      await drive(scene, { stored, mortal: new Mortal({ at, side }) }).catch((error: unknown) =>
        assert.ok(error instanceof Crash),
      );
      if (!stored.done) await drive(scene, { stored });
      assert.equal(stored.state?.phase, 'Succeeded', stored.state?.message ?? '');
      for (const object of [`${name}-a`, `${name}-b`]) {
        assert.deepEqual(resultOf(stored.state, object), ['Synced', `configmap/${object} serverside-applied`]);
        assert.equal((await find(bed, object))?.metadata.deletionTimestamp, undefined);
        assert.equal(bed.births.get(`ConfigMap/${object}`)?.size, 1, `${name}: ${object}`);
      }
    }
  }
});

test('an object that another application has taken over meanwhile is not pruned', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { scene, stored } = await beforePrune(bed, 'giver');
  await seen(
    bed,
    await bed.cluster.api.apply(
      configMap(ns, 'extra', { 'argocd.argoproj.io/tracking-id': `taker:/ConfigMap:${ns}/extra` }),
    ),
  );
  const { state } = await drive(scene, { stored });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.deepEqual(resultOf(state, 'extra'), ['PruneSkipped', 'ignored (no longer extra)']);
  assert.equal((await find(bed, 'extra'))?.metadata.deletionTimestamp, undefined);
});

test('an object that was made anew since the plan is not pruned', async (t) => {
  const bed = await makeBed(t);
  const { scene, stored } = await beforePrune(bed, 'anew');
  const old = await find(bed, 'extra');
  assert.ok(old);
  await bed.facts.access.must('DELETE', `/api/v1/namespaces/${bed.facts.namespace}/configmaps/extra`);
  const { resourceVersion: _, uid: __, managedFields: ___, creationTimestamp: ____, ...metadata } = old.metadata;
  const fresh = await bed.cluster.api.create({ ...old, metadata });
  await seen(bed, fresh);
  const { state } = await drive(scene, { stored });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.deepEqual(resultOf(state, 'extra'), ['PruneSkipped', 'ignored (made anew since the sync began)']);
  assert.equal((await find(bed, 'extra'))?.metadata.uid, fresh.metadata.uid);
});

test('a plan that somebody wrote deletes nothing that is not extra, and nothing without prune', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const own = await drive({
    bed,
    name: 'forged',
    manifests: [configMap(ns, 'mine'), configMap(ns, 'extra')],
    operation: full,
  });
  assert.equal(own.state?.phase, 'Succeeded');
  await bed.cluster.api.create(configMap(ns, 'foreign'));
  const rows = await Promise.all(
    ['mine', 'extra', 'foreign'].map(async (name) => ({
      group: '',
      version: 'v1',
      kind: 'ConfigMap',
      namespace: ns,
      name,
      syncPhase: 'Sync' as const,
      ...(name !== 'mine' && { message: `to be pruned: ${(await find(bed, name))?.metadata.uid ?? ''}` }),
    })),
  );
  const bare = {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    namespace: '',
    name: `${ns}-forged`,
    syncPhase: 'PreSync' as const,
  };
  const operation = { sync: {} };
  const state: OperationState = {
    operation,
    phase: 'Running',
    startedAt: '2026-01-05T15:04:00Z',
    syncResult: { revision: 'abcdef0123456789', resources: [] },
  };
  const stored = await drive(
    { bed, name: 'forged', manifests: [configMap(ns, 'mine')], operation },
    { stored: { state, plan: packPlan(state, [bare, ...rows]), done: false, saves: [] } },
  );
  assert.equal(stored.state?.phase, 'Succeeded', stored.state?.message ?? '');
  assert.deepEqual(
    ['mine', 'extra', 'foreign'].map((name) => resultOf(stored.state, name)[1]),
    ['configmap/mine serverside-applied', 'ignored (requires pruning)', 'ignored (no longer extra)'],
  );
  for (const name of ['mine', 'extra', 'foreign'])
    assert.equal((await find(bed, name))?.metadata.deletionTimestamp, undefined, name);
  assert.equal(
    await bed.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name: `${ns}-forged` }),
    undefined,
  );
});

for (const [what, plan] of [
  ['taken away', undefined],
  ['cut off', '{"startedAt":"'],
  ['of another operation', '{"startedAt":"2026-01-01T00:00:00Z","attempt":0,"tasks":0,"rows":""}'],
] as const) {
  test(`an operation whose plan is ${what} keeps what it has done and does the rest`, async (t) => {
    const bed = await makeBed(t);
    const { scene, stored } = await beforePrune(bed, 'bereft');
    const before = stored.state?.syncResult?.resources ?? [];
    assert.deepEqual(
      before.map((row) => [row.name, row.hookPhase]),
      [['bereft-db', 'Running']],
    );
    stored.plan = plan;
    const { state } = await drive(scene, { stored });
    assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
    assert.deepEqual(
      state.syncResult?.resources?.map((row) => [row.name, row.status, row.message]),
      [
        ['bereft-db', 'Synced', before[0]?.message],
        ['extra', 'Pruned', 'pruned'],
      ],
    );
    assert.equal(stored.plan, undefined);
  });
}

test('a plan is read back for its own attempt alone, and one too large is left out', () => {
  const state: OperationState = { operation: {}, phase: 'Running', startedAt: '2026-01-05T15:04:00Z' };
  const row = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'a', images: ['x:1'] };
  const text = packPlan(state, [row]);
  assert.deepEqual(unpackPlan(text, state), [row]);
  assert.equal(unpackPlan(text, { ...state, retryCount: 1 }), undefined);
  assert.equal(unpackPlan(text, { ...state, startedAt: '2026-01-05T15:04:01Z' }), undefined);
  assert.equal(unpackPlan(packPlan(state, [{ ...row, name: 1 as unknown as string }]), state), undefined);
  const many = Array.from({ length: 20_000 }, () => ({ ...row, message: `to be pruned: ${randomUUID()}` }));
  assert.equal(packPlan(state, many), undefined);
});

test('Helm’s keep policy holds an object that Git no longer has, as does the application’s Prune=false', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  await drive({
    bed,
    name: 'keeper',
    manifests: [configMap(ns, 'kept', { 'helm.sh/resource-policy': 'keep' }), configMap(ns, 'plain')],
    operation: full,
  });
  const off = await drive({
    bed,
    name: 'keeper',
    manifests: [],
    operation: { sync: { prune: true, syncOptions: ['Prune=false'] } },
  });
  assert.deepEqual(
    ['kept', 'plain'].map((name) => resultOf(off.state, name)[1]),
    ['ignored (no prune)', 'ignored (no prune)'],
  );
  const { state } = await drive({ bed, name: 'keeper', manifests: [], operation: full });
  assert.deepEqual(
    ['kept', 'plain'].map((name) => resultOf(state, name)),
    [
      ['PruneSkipped', 'ignored (no prune)'],
      ['Pruned', 'pruned'],
    ],
  );
  assert.equal((await find(bed, 'kept'))?.metadata.deletionTimestamp, undefined);
});
