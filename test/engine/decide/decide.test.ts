// What is done about an application that was just compared: one row for each reason.
import type { DecideInput, Decision } from '../../../src/engine/decide/decide.ts';
import type { Application, ApplicationSpec, ResourceStatus } from '../../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../src/engine/decide/decide.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const head = { revisions: ['head'], manifests: 'new' };
const old = { revisions: ['old'], manifests: 'was' };
const changed: ResourceStatus = { kind: 'ConfigMap', namespace: 'ns', name: 'a', version: 'v1', status: 'OutOfSync' };
const extra: ResourceStatus = { ...changed, name: 'x', requiresPruning: true };
const auto = (fields: object = {}): Partial<ApplicationSpec> => ({
  syncPolicy: { automated: { prune: true, ...fields } },
});
const attempt = { ...head, succeeded: true, message: 'm', finishedAt: now - 1000, healAttempts: 0 };
const permitted = { permitted: true, why: '' };

function app(spec: Partial<ApplicationSpec> = {}, more: Partial<Application> = {}): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'ns' },
    spec: { project: 'default', destination: {}, ...spec },
    ...more,
  };
}

function input(fields: Partial<DecideInput>): DecideInput {
  return {
    app: app(auto()),
    resources: [changed],
    outOfSync: true,
    healable: [{ kind: 'ConfigMap', namespace: 'ns', name: 'a' }],
    vanishing: undefined,
    desired: head,
    attempt: undefined,
    synced: undefined,
    gated: false,
    drifted: [],
    approved: undefined,
    window: permitted,
    now,
    ...fields,
  };
}

function text(decision: Decision): string {
  if (decision.do === 'wait') return `wait ${decision.until - now}: ${decision.why}`;
  if (decision.do !== 'sync')
    return `${decision.do}: ${decision.why}${'error' in decision && decision.error ? ` (${decision.error})` : ''}`;
  const { sync, initiatedBy, info, retry } = decision.operation;
  const parts = [
    `sync ${sync?.revisions?.join('+') ?? sync?.revision ?? ''}`,
    sync?.prune && 'prune',
    sync?.resources && `only ${sync.resources.map((item) => item.name).join(',')}`,
    sync?.autoHealAttemptsCount && `heal ${sync.autoHealAttemptsCount}`,
    sync?.syncOptions?.join(','),
    initiatedBy?.automated ? 'automated' : `by ${initiatedBy?.username ?? ''}`,
    info && `info ${info.map((item) => item.value).join(',')}`,
    `retry ${retry?.limit ?? 0}`,
  ];
  return parts.filter(Boolean).join(' ');
}

const heals = app(auto({ selfHeal: true }));
const rows: [name: string, fields: Partial<DecideInput>, expected: string][] = [
  ['in sync', { outOfSync: false }, 'leave: in sync'],
  ['an operation runs', { app: app(auto(), { operation: {} }) }, 'leave: an operation is running'],
  [
    'it is being deleted',
    { app: app(auto(), { metadata: { name: 'web', namespace: 'ns', deletionTimestamp: 'x' } }) },
    'leave: the application is being deleted',
  ],
  ['manual', { app: app() }, 'leave: automated sync is off'],
  ['automated, switched off', { app: app(auto({ enabled: false })) }, 'leave: automated sync is off'],
  ['automated, never synced', {}, 'sync head prune automated retry 5'],
  [
    'automated, several sources',
    { desired: { revisions: ['a', 'b'], manifests: 'new' } },
    'sync a+b prune automated retry 5',
  ],
  [
    'automated with options and a retry of its own',
    { app: app({ syncPolicy: { automated: {}, syncOptions: ['PruneLast=true'], retry: {} } }) },
    'sync head PruneLast=true automated retry 0',
  ],
  ['automated, another attempt before', { attempt: { ...attempt, ...old } }, 'sync head prune automated retry 5'],
  [
    'automated, this was tried and failed',
    { attempt: { ...attempt, succeeded: false } },
    'leave: the last attempt failed (Failed last sync attempt to head: m)',
  ],
  [
    'automated, another commit with the same manifests failed',
    { attempt: { ...attempt, revisions: ['before'], succeeded: false } },
    'leave: the last attempt failed (Failed last sync attempt to before: m)',
  ],
  ['automated without self-heal, drifted', { attempt }, 'leave: drifted and self-heal is off'],
  ['self-heal, first', { app: heals, attempt }, 'sync head prune only a heal 1 automated retry 5'],
  [
    'self-heal, again too soon',
    { app: heals, attempt: { ...attempt, healAttempts: 1 } },
    'wait 1000: self-heal attempt 2 waits for its backoff',
  ],
  [
    'self-heal, again in time',
    { app: heals, attempt: { ...attempt, healAttempts: 1, finishedAt: now - 2000 } },
    'sync head prune only a heal 2 automated retry 5',
  ],
  [
    'self-heal that failed',
    { app: heals, attempt: { ...attempt, healAttempts: 1, succeeded: false } },
    'leave: the last attempt failed (Failed last sync attempt to head: m)',
  ],
  [
    'self-heal, and what differs is being deleted already',
    { app: heals, attempt, resources: [{ ...changed, status: 'Synced' }, extra], healable: [] },
    'leave: only what is being deleted is left',
  ],
  [
    'self-heal in a namespace that goes',
    { app: heals, attempt, vanishing: 'shop' },
    'wait 1000: the namespace shop is being deleted',
  ],
  [
    'only prunes and no pruning',
    { app: app({ syncPolicy: { automated: {} } }), resources: [extra, { ...changed, status: 'Synced' }] },
    'leave: only prunes are left and pruning is off',
  ],
  [
    'everything would go',
    { resources: [extra] },
    'leave: everything would be pruned (Skipping sync attempt: auto-sync will wipe out all resources)',
  ],
  [
    'everything would go, and may',
    { app: app(auto({ allowEmpty: true })), resources: [extra] },
    'sync head prune automated retry 5',
  ],
  [
    'a closed window with an end',
    { window: { permitted: false, why: 'closed', changesAt: now + 5 } },
    'wait 5: closed',
  ],
  ['a closed window without', { window: { permitted: false, why: 'closed' } }, 'leave: closed'],
  ['gated, nobody asked yet', { gated: true, approved: { go: false, why: 'ask' } }, 'ask: ask'],
  [
    'gated, approved, automated or not',
    { gated: true, app: app(), approved: { go: true, name: 'web-1', agreedAt: 't1', deletes: false } },
    'sync head by coxswain info web-1,t1 retry 5',
  ],
  [
    'gated, approved with deletions',
    { gated: true, approved: { go: true, name: 'web-1', agreedAt: 't1', deletes: true } },
    'sync head prune by coxswain info web-1,t1 retry 5',
  ],
  [
    'gated, approved and failed',
    {
      gated: true,
      approved: { go: true, name: 'web-1', agreedAt: 't1', deletes: false },
      attempt: { ...attempt, succeeded: false, approval: 'web-1', agreedAt: 't1' },
    },
    'leave: the approved sync failed (Failed last sync attempt to head: m)',
  ],
  [
    'gated, approved anew after somebody who agreed did not count',
    {
      gated: true,
      approved: { go: true, name: 'web-1', agreedAt: 't2', deletes: false },
      attempt: { ...attempt, succeeded: false, approval: 'web-1', agreedAt: 't1' },
    },
    'sync head by coxswain info web-1,t2 retry 5',
  ],
  [
    'gated, approved, an unapproved attempt failed',
    {
      gated: true,
      approved: { go: true, name: 'web-1', agreedAt: 't1', deletes: false },
      attempt: { ...attempt, succeeded: false },
    },
    'sync head by coxswain info web-1,t1 retry 5',
  ],
  [
    'gated, nothing is left to approve',
    { gated: true, approved: { go: true, name: '', agreedAt: '', deletes: false } },
    'sync head by coxswain retry 5',
  ],
  [
    'gated, nothing was left and failed',
    {
      gated: true,
      approved: { go: true, name: '', agreedAt: '', deletes: false },
      attempt: { ...attempt, succeeded: false },
    },
    'leave: the approved sync failed (Failed last sync attempt to head: m)',
  ],
  [
    'gated, failed half-way: asks, and tells',
    { gated: true, approved: { go: false, why: 'ask' }, attempt: { ...attempt, succeeded: false, approval: 'web-1' } },
    'ask: ask (Failed last sync attempt to head: m)',
  ],
  [
    'gated, the effect cannot be told',
    { gated: true, approved: { go: false, why: 'no', error: 'because' } },
    'leave: no (because)',
  ],
  [
    'gated, waiting, drifted, self-heal: back to the last sync',
    {
      gated: true,
      app: heals,
      synced: old,
      drifted: [{ kind: 'ConfigMap', name: 'd' }],
      approved: { go: false, why: 'ask' },
    },
    'sync old prune only d heal 1 automated retry 5',
  ],
  [
    'gated, waiting, not drifted, self-heal',
    { gated: true, app: heals, synced: old, approved: { go: false, why: 'ask' } },
    'ask: ask',
  ],
  [
    'gated, waiting, the heal failed',
    {
      gated: true,
      app: heals,
      synced: old,
      drifted: [{ kind: 'ConfigMap', name: 'd' }],
      attempt: { ...attempt, ...old, succeeded: false, healAttempts: 1 },
      approved: { go: false, why: 'ask' },
    },
    'leave: the last attempt failed (Failed last sync attempt to old: m)',
  ],
  [
    'gated, drifted from the last sync, self-heal',
    { gated: true, app: heals, synced: head },
    'sync head prune only a heal 1 automated retry 5',
  ],
  ['gated, drifted, no self-heal', { gated: true, synced: head }, 'leave: drifted; nobody asked to revert it'],
];
for (const [name, fields, expected] of rows) {
  test(name, () => assert.equal(text(decide(input(fields))), expected));
}
