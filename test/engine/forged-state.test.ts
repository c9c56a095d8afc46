// A state of an operation that somebody wrote, and asks to have terminated: nothing goes for its sake.
import type { TestContext } from 'node:test';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo } from './approval/fixture.ts';
import { automated, config, configMap, ended, patchApp, person, synced } from './manifests.ts';
import { stage } from './fixture.ts';

const gate = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': 'bo' };

/** prod (gated) with an object and a hook that stays, web without a gate; both synced. */
async function scene(t: TestContext): Promise<Stage> {
  const s = await stage(t, {
    'prod/shared.yaml': config('shared', 'production'),
    'prod/hook.yaml': config('hook', 'production', 'argocd.argoproj.io/hook: PreSync'),
    'web/own.yaml': config('own', '1'),
  });
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  return s;
}

for (const [name, object] of [
  ['prod', 'shared'],
  ['web', 'shared'],
  ['prod', 'hook'],
  ['web', 'hook'],
] as const)
  test(`a forged state that is terminated at ${name} deletes not ${object}, named as a hook there`, async (t) => {
    const s = await scene(t);
    const before = await s.cluster.api.get(configMap(s, object));
    const [startedAt = '', , phase = 'PreSync'] =
      before?.metadata.annotations?.['coxswain.dev/operation']?.split('/') ?? [];
    const key = { group: '', version: 'v1', kind: 'ConfigMap', namespace: s.namespace, name: object };
    const row = { ...key, hookType: phase, syncPhase: phase, hookPhase: 'Running', status: 'Synced', message: '' };
    const operation = { sync: {} };
    await patchApp(s, name, { status: { operationState: null } });
    await patchApp(s, name, {
      operation,
      status: {
        operationState: {
          operation,
          phase: 'Terminating',
          startedAt: startedAt || '2026-11-28T00:00:00Z',
          syncResult: { revision: 'x', resources: [row] },
        },
      },
    });
    await ended(s, name, 'Failed');
    const after = await s.cluster.api.get(configMap(s, object));
    assert.deepEqual([after?.metadata.uid, after?.metadata.deletionTimestamp], [before?.metadata.uid, undefined]);
  });
