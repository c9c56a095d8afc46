// How far an application has followed a merge: one row per situation, and one run over a real repository.
import type { Application, ApplicationStatus, Operation } from '../../src/model/application.ts';
import type { Approval, ApprovalPhase } from '../../src/model/coxswain.ts';
import type { JudgeInput } from '../../src/change/judge.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packPlan } from '../../src/sync/planned.ts';
import { createChange } from '../../src/change/change.ts';
import { judge } from '../../src/change/judge.ts';
import { application, child, configMap, live, world } from './fixture.ts';

const merged = 'm'.repeat(40);
const later = 'l'.repeat(40);
const before = 'b'.repeat(40);

function appWith(status: ApplicationStatus, operation?: Operation): Application {
  return { ...application({ url: 'https://github.com/acme/infra' }, 'web'), status, ...(operation && { operation }) };
}

function approval(phase: ApprovalPhase, revision = merged): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'a', namespace: 'argocd' },
    spec: { application: 'argocd/web', digest: 'd', revision, operations: [] },
    status: { phase, message: phase },
  };
}

const history = (revision: string): ApplicationStatus => ({
  history: [{ id: 1, revision, deployedAt: '2024-01-01T00:00:00Z' }],
  sync: { status: 'Synced', revision },
});
const operation = (
  phase: 'Running' | 'Failed' | 'Succeeded',
  revision: string,
  info?: Operation['info'],
): ApplicationStatus => ({
  operationState: {
    phase,
    startedAt: '2024-01-01T00:00:00Z',
    message: phase,
    operation: { sync: { revision }, ...(info && { info }) },
    syncResult: {
      revision,
      resources: [
        { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'a', name: 'b', status: 'Synced' },
        { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'a', name: 'c' },
      ],
    },
  },
});
const open = { gated: false, environment: undefined, approvers: [], approvals: 1, slack: undefined };
const gated = { ...open, gated: true };

const rows: [string, Partial<JudgeInput> & { app?: Application | undefined }, string][] = [
  ['not in the cluster yet', { app: undefined }, 'queued'],
  ['removed and gone', { app: undefined, removed: true }, 'success'],
  ['removed, and its parent has not synced', { app: appWith({}), removed: true, parent: 'root' }, 'queued'],
  [
    'removed and on its way',
    {
      app: {
        ...appWith({}),
        metadata: { name: 'web', namespace: 'argocd', deletionTimestamp: '2024-01-01T00:00:00Z' },
      },
      removed: true,
    },
    'progressing',
  ],
  ['still at the former commit', { app: appWith({ ...history(before) }) }, 'queued'],
  ['syncing the merge', { app: appWith({ ...history(before), ...operation('Running', merged) }, {}) }, 'syncing'],
  ['syncing something older', { app: appWith({ ...history(before), ...operation('Running', before) }, {}) }, 'queued'],
  ['synced and healthy', { app: appWith({ ...history(merged), health: { status: 'Healthy' } }) }, 'success'],
  [
    'synced by Argo CD, and not looked at since',
    { app: appWith({ ...history(merged), health: { status: 'Healthy' } }), unverified: [] },
    'progressing',
  ],
  [
    'synced by what Argo CD reports, and something is left',
    { app: appWith({ ...history(merged), health: { status: 'Healthy' } }), unverified: ['ConfigMap shop/web'] },
    'failure',
  ],
  ['synced, health unknown to its kinds', { app: appWith({ ...history(merged) }) }, 'success'],
  [
    'synced and progressing',
    { app: appWith({ ...history(merged), health: { status: 'Progressing' } }) },
    'progressing',
  ],
  ['synced and degraded', { app: appWith({ ...history(merged), health: { status: 'Degraded' } }) }, 'failure'],
  [
    'at a later commit with the same inputs',
    { app: appWith({ ...history(later), health: { status: 'Healthy' } }), sameInputs: () => true },
    'success',
  ],
  [
    'at a later commit with other inputs',
    { app: appWith({ ...history(later), health: { status: 'Healthy' } }) },
    'superseded',
  ],
  [
    'compared and nothing to apply',
    { app: appWith({ history: [], sync: { status: 'Synced', revision: merged }, health: { status: 'Healthy' } }) },
    'success',
  ],
  ['sync failed', { app: appWith({ ...history(before), ...operation('Failed', merged) }) }, 'failure'],
  ['comparison error', { app: appWith({ conditions: [{ type: 'ComparisonError', message: 'x' }] }) }, 'failure'],
  ['gated, approval not open yet', { app: appWith(history(before)), policy: gated }, 'queued'],
  [
    'gated, ended by the gate before the approval',
    { app: appWith({ ...history(before), ...operation('Failed', merged) }), policy: gated },
    'queued',
  ],
  ['gated and waiting', { app: appWith(history(before)), policy: gated, approvals: [approval('Pending')] }, 'waiting'],
  [
    'gated, waiting for an approval of a later merge',
    { app: appWith(history(before)), policy: gated, approvals: [approval('Superseded'), approval('Pending', later)] },
    'waiting',
  ],
  [
    'gated, an approval of something older is not ours',
    { app: appWith(history(before)), policy: gated, approvals: [approval('Pending', before)] },
    'queued',
  ],
  ['gated and approved', { app: appWith(history(before)), policy: gated, approvals: [approval('Approved')] }, 'queued'],
  [
    'gated and rejected',
    { app: appWith(history(before)), policy: gated, approvals: [approval('Rejected')] },
    'rejected',
  ],
  [
    'not gated itself, but it would loosen another gate: rejected',
    { app: appWith({ ...history(before), ...operation('Failed', merged) }), approvals: [approval('Rejected')] },
    'rejected',
  ],
  [
    'gated, the approved sync failed',
    {
      app: appWith({
        ...history(before),
        ...operation('Failed', merged, [{ name: 'coxswain.dev/approval', value: 'a' }]),
      }),
      policy: gated,
      approvals: [approval('Approved')],
    },
    'failure',
  ],
];

for (const [name, input, state] of rows) {
  test(`progress: ${name} is ${state}`, () => {
    const contains = (revision: string): boolean => revision === merged || revision === later;
    const base = {
      app: undefined,
      removed: false,
      policy: open,
      approvals: [],
      source: 0,
      merged,
      contains,
      sameInputs: () => false,
    };
    assert.equal(judge({ ...base, ...input }).state, state);
  });
}

test('progress: what the sync status is after a success is no part of it', () => {
  for (const status of ['Synced', 'OutOfSync', 'Unknown'] as const) {
    const app = appWith({ ...history(merged), sync: { status, revision: merged }, health: { status: 'Healthy' } });
    const found = judge({
      app,
      removed: false,
      policy: open,
      approvals: [],
      source: 0,
      merged,
      contains: (revision) => revision === merged,
      sameInputs: () => false,
    });
    assert.deepEqual([found.state, found.message], ['success', 'Synced, Healthy']);
  }
});

test('progress: what makes it unhealthy is told without credentials and values of Secrets', () => {
  const message = 'Secret "login" is invalid: data.password: Invalid value: "hunter2"';
  for (const status of ['Degraded', 'Progressing', 'Missing'] as const) {
    const found = judge({
      app: appWith({ ...history(merged), health: { status, message } }),
      removed: false,
      policy: open,
      approvals: [],
      source: 0,
      merged,
      contains: (revision) => revision === merged,
      sameInputs: () => false,
    });
    assert.equal(found.message, `${status}: it may quote a Secret: the words stand in the cluster alone`);
  }
});

test('progress: a running sync is as far as its plan, which its result does not name', () => {
  const app = appWith({ ...history(before), ...operation('Running', merged) }, {});
  const state = app.status?.operationState;
  assert.ok(state);
  const done = state.syncResult?.resources?.slice(0, 1) ?? [];
  const running = (plan: string | undefined): Application => ({
    ...app,
    metadata: { ...app.metadata, ...(plan && { annotations: { 'coxswain.dev/plan': plan } }) },
    status: { ...app.status, operationState: { ...state, syncResult: { revision: merged, resources: done } } },
  });
  const all = [
    ...done,
    ...['c', 'd'].map((name) => ({ group: '', version: 'v1', kind: 'ConfigMap', namespace: 'a', name })),
  ];
  const steps = (plan: string | undefined): unknown =>
    judge({
      app: running(plan),
      removed: false,
      policy: open,
      approvals: [],
      source: 0,
      merged,
      contains: (revision) => revision === merged,
      sameInputs: () => false,
    }).steps;
  assert.deepEqual(steps(packPlan(state, all)), { done: 1, all: 3 });
  assert.deepEqual(steps(packPlan({ ...state, retryCount: 1 }, all)), { done: 1, all: 1 }, 'of another attempt');
  assert.deepEqual(steps(undefined), { done: 1, all: 1 });
});

test('progress: what is live tells who agreed to it', () => {
  const actor = { login: 'bob', id: 2, via: 'slack' as const };
  const agreed: Approval = {
    ...approval('Applied'),
    status: { phase: 'Applied', approvals: [{ actor, at: '2024-01-01T00:00:00Z' }] },
  };
  const app = appWith({ ...history(merged), health: { status: 'Healthy' } });
  for (const phase of ['Approved', 'Applied'] as const) {
    const { message } = judge({
      app,
      removed: false,
      policy: gated,
      approvals: [approval('Applied', before), { ...agreed, status: { ...agreed.status, phase } }],
      source: 0,
      merged,
      contains: (revision) => revision === merged,
      sameInputs: () => false,
    });
    assert.equal(message, 'Synced, Healthy, approved by bob');
  }
});

test('an application that would delete a gated one waits under its gate, and the deleted one for it', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  w.origin.commit('root', { 'root/web.yaml': child(w.origin.url, 'web') });
  const first = w.origin.git('rev-parse', 'main');
  w.origin.commit('change', { 'root/web.yaml': undefined, 'root/keep.yaml': configMap('keep', '1') }, 'change');
  w.origin.git('checkout', '-q', 'main');
  w.origin.git('merge', '-q', '--no-ff', '-m', 'merge', 'change');
  w.origin.git('push', '-q', 'origin', 'main');
  const sha = w.origin.git('rev-parse', 'main');
  const annotations = { 'coxswain.dev/approval': 'required' };
  live(
    w.apps,
    { ...application(w.origin, 'root', { path: 'root' }), status: history(first) },
    {
      ...application(w.origin, 'web'),
      metadata: { name: 'web', namespace: 'argocd', annotations },
      status: history(first),
    },
  );
  const pending = approval('Pending', sha);
  w.approvals.push({
    ...pending,
    spec: { ...pending.spec, application: 'argocd/root', policy: { approvals: 1, approvers: [['@acme/leads']] } },
  });
  const { apps } = await createChange(w.deps).progress(
    w.pull('change', { merged: { sha } }),
    new AbortController().signal,
  );
  assert.deepEqual(
    apps.map((app) => [app.name, app.state, app.gated, app.message, app.approvers]),
    [
      ['root', 'waiting', true, '0 of 1 approval', [['@acme/leads']]],
      ['web', 'queued', false, 'is removed when root syncs', undefined],
    ],
  );
});

test('the progress of a merge is that of the applications that it touched', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), 'apps/api/api.yaml': configMap('api', '1') });
  const first = w.origin.git('rev-parse', 'main');
  w.origin.commit('change', { 'apps/web/web.yaml': configMap('web', '2') }, 'change');
  w.origin.git('checkout', '-q', 'main');
  w.origin.git('merge', '-q', '--no-ff', '-m', 'merge', 'change');
  w.origin.git('push', '-q', 'origin', 'main');
  const sha = w.origin.git('rev-parse', 'main');
  live(
    w.apps,
    { ...application(w.origin, 'web'), status: history(first) },
    { ...application(w.origin, 'api'), status: history(first) },
  );
  const change = createChange(w.deps);
  const states = async (): Promise<[string, string][]> =>
    (await change.progress(w.pull('change', { merged: { sha } }), new AbortController().signal)).apps.map((app) => [
      app.name,
      app.state,
    ]);
  assert.deepEqual(await states(), [['web', 'queued']]);
  const after = w.origin.commit('unrelated', { 'README.md': 'later' });
  await w.deps.git.repository(w.origin.url).fetch();
  live(w.apps, { ...application(w.origin, 'web'), status: { ...history(after), health: { status: 'Healthy' } } });
  assert.deepEqual(await states(), [['web', 'success']]);
});

test('what is left of a sync that Argo CD reports is named, five objects at most', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `ConfigMap shop/${name}`);
  const found = judge({
    app: appWith(history(merged)),
    removed: false,
    policy: gated,
    approvals: [],
    source: 0,
    merged,
    contains: (revision) => revision === merged,
    sameInputs: () => false,
    unverified: names,
  });
  assert.equal(
    found.message,
    'Argo CD reports it synced, and this is left: ConfigMap shop/a, ConfigMap shop/b, ConfigMap shop/c, ' +
      'ConfigMap shop/d, ConfigMap shop/e and 2 more',
  );
});
