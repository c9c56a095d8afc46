// Order of tasks, retry times and history, without a cluster.
import type { OperationState } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gvkOf, keyOf, keyText } from '../../src/model/kube.ts';
import { withHistory } from '../../src/sync/history.ts';
import { planTasks } from '../../src/sync/plan.ts';
import { endAttempt, nextRetryAt } from '../../src/sync/retry.ts';
import { wave } from './fixture.ts';

function object(
  apiVersion: string,
  kind: string,
  name: string,
  annotations: Record<string, string> = {},
  spec: unknown = {},
): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      annotations,
      ...(kind === 'Namespace' || kind === 'CustomResourceDefinition' ? {} : { namespace: 'shop' }),
    },
    spec,
  };
}

function order(targets: KubeObject[], extra: KubeObject[] = [], options: Record<string, string> = {}): string[] {
  const live = new Map(extra.map((one) => [keyText(keyOf(one)), one]));
  return planTasks({
    targets: [
      ...targets.map((target) => ({ key: keyOf(target), target, status: 'OutOfSync' as const, manifestHash: '' })),
      ...extra.map((one) => ({ key: keyOf(one), target: undefined, status: 'OutOfSync' as const, manifestHash: '' })),
    ],
    live: (key) => live.get(keyText(key)),
    options: new Map(Object.entries(options)),
    prune: true,
    skipHooks: false,
    revision: 'abcdef0123',
    startedAt: 1_700_000_000_000,
    attempt: 0,
  }).map((task) => `${task.phase}/${task.wave} ${task.kind === 'prune' ? '-' : ''}${task.key.kind}/${task.key.name}`);
}

test('phase, then wave, then kind, then name', () => {
  assert.deepEqual(
    order([
      object('example.com/v1', 'Boat', 'z'),
      object('apps/v1', 'Deployment', 'b'),
      object('apps/v1', 'Deployment', 'a'),
      object('v1', 'Service', 's'),
      object('v1', 'ConfigMap', 'late', wave(2)),
      object('v1', 'ConfigMap', 'early', wave(-1)),
      object('batch/v1', 'Job', 'j', { 'argocd.argoproj.io/hook': 'PostSync,PreSync' }),
      object('batch/v1', 'Job', 'helm', { 'helm.sh/hook': 'pre-upgrade', 'helm.sh/hook-weight': '-5' }),
      object('batch/v1', 'Job', 'never', { 'argocd.argoproj.io/hook': 'Skip' }),
      object('batch/v1', 'Job', 'tested', { 'helm.sh/hook': 'test' }),
      object('example.com/v1', 'Crd', 'plain', { 'helm.sh/hook': 'crd-install' }),
    ]),
    [
      'PreSync/-5 Job/helm',
      'PreSync/0 Job/j',
      'Sync/-1 ConfigMap/early',
      'Sync/0 Service/s',
      'Sync/0 Deployment/a',
      'Sync/0 Deployment/b',
      'Sync/0 Crd/plain',
      'Sync/0 Boat/z',
      'Sync/2 ConfigMap/late',
      'PostSync/0 Job/j',
    ],
  );
});

test('a Namespace and a definition that an earlier task needs are pulled up to it', () => {
  const crd = object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'boats.example.com', wave(5), {
    group: 'example.com',
    names: { kind: 'Boat' },
  });
  assert.deepEqual(
    order([
      object('v1', 'Namespace', 'shop', wave(9)),
      crd,
      object('example.com/v1', 'Boat', 'b', { 'argocd.argoproj.io/hook': 'PreSync' }),
      object('v1', 'ConfigMap', 'c'),
    ]),
    [
      'PreSync/0 Namespace/shop',
      'PreSync/0 CustomResourceDefinition/boats.example.com',
      'PreSync/0 Boat/b',
      'Sync/0 ConfigMap/c',
    ],
  );
});

test('prunes run in reverse waves, and PruneLast after everything', () => {
  const extra = [
    object('v1', 'ConfigMap', 'a', wave(0)),
    object('v1', 'ConfigMap', 'b', wave(1)),
    object('v1', 'ConfigMap', 'c', wave(5)),
  ];
  assert.deepEqual(order([], extra), ['Sync/0 -ConfigMap/c', 'Sync/1 -ConfigMap/b', 'Sync/5 -ConfigMap/a']);
  assert.deepEqual(order([object('v1', 'ConfigMap', 'n', wave(3))], extra.slice(0, 1), { PruneLast: 'true' }), [
    'Sync/3 ConfigMap/n',
    'Sync/4 -ConfigMap/a',
  ]);
});

test('a hook without a name gets Argo CD’s fixed one, and every hook its operation', () => {
  const hook: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { generateName: 'migrate-', namespace: 'shop', annotations: { 'argocd.argoproj.io/hook': 'PreSync' } },
  };
  const [task] = planTasks({
    targets: [{ key: { ...keyOf(hook) }, target: hook, status: 'OutOfSync', manifestHash: '' }],
    live: () => undefined,
    options: new Map(),
    prune: false,
    skipHooks: false,
    revision: 'abcdef0123',
    startedAt: 1_700_000_000_000,
    attempt: 0,
  });
  assert.equal(task?.key.name, 'migrate-abcdef0-presync-1700000000');
  assert.equal(task.object?.metadata.annotations?.['coxswain.dev/operation'], '2023-11-14T22:13:20Z/0/PreSync');
  assert.equal(gvkOf(task.object ?? hook).kind, 'Job');
});

test('retries wait 5 s, doubling, at most 3 minutes, unless told otherwise', () => {
  assert.deepEqual(
    [0, 1, 2, 9].map((n) => nextRetryAt(0, {}, n)),
    [5_000, 10_000, 20_000, 180_000],
  );
  assert.deepEqual(
    [0, 1].map((n) => nextRetryAt(0, { backoff: { duration: '2', factor: 3, maxDuration: '5s' } }, n)),
    [2_000, 5_000],
  );
  const endless = { backoff: { duration: '.5s', maxDuration: '0' } };
  assert.deepEqual(
    [0, 1, 10].map((n) => nextRetryAt(0, endless, n)),
    [500, 1_000, 512_000],
  );
  assert.ok(Number.isFinite(new Date(nextRetryAt(0, endless, 10_000)).getTime()));
});

test('a backoff that nobody can read ends the operation, and is named', () => {
  for (const backoff of [{ duration: '5 s' }, { maxDuration: '1d' }, { duration: '-1s' }]) {
    const operation = { sync: {}, retry: { limit: 3, backoff } };
    const ended = endAttempt(
      { operation, phase: 'Running', startedAt: '2026-01-05T15:04:00Z' },
      { phase: 'Failed', message: 'it failed', at: 0 },
    );
    const text = Object.values(backoff)[0] ?? '';
    assert.deepEqual(
      [ended.phase, ended.message],
      ['Failed', `it failed (failed to retry: unable to parse ${text} as a duration)`],
    );
  }
});

const ran: OperationState = {
  operation: { sync: {} },
  phase: 'Succeeded',
  startedAt: '2026-01-05T15:04:00Z',
  finishedAt: '2026-01-05T15:04:02Z',
  syncResult: { revision: 'r1', source: { repoURL: 'x' } },
};

test('without retry an attempt ends the operation; with a limit below 0 never', () => {
  assert.equal(endAttempt(ran, { phase: 'Failed', message: 'm', at: 0 }).phase, 'Failed');
  assert.equal(
    endAttempt(
      { ...ran, retryCount: 99, operation: { sync: {}, retry: { limit: -1 } } },
      { phase: 'Failed', message: 'm', at: 0 },
    ).phase,
    'Running',
  );
});

test('history grows by whole syncs that succeeded, once each, to its limit', () => {
  const first = withHistory(undefined, ran);
  assert.deepEqual(first, [
    { id: 0, revision: 'r1', source: { repoURL: 'x' }, deployStartedAt: ran.startedAt, deployedAt: ran.finishedAt },
  ]);
  assert.deepEqual(withHistory(first, ran), first, 'asked again after a crash');
  assert.deepEqual(
    withHistory(first, { ...ran, operation: { sync: { resources: [{ kind: 'ConfigMap', name: 'a' }] } } }),
    first,
  );
  assert.deepEqual(withHistory(first, { ...ran, operation: { sync: { dryRun: true } } }), first);
  assert.deepEqual(withHistory(first, { ...ran, phase: 'Failed' }), first);
  const next = { ...ran, startedAt: '2026-01-06T00:00:00Z' };
  assert.deepEqual(
    withHistory(first, next, 1).map((entry) => entry.id),
    [1],
  );
  assert.deepEqual(withHistory(first, next, 0), []);
});
