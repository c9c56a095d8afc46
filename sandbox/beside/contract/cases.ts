// Everything that is tried on Argo CD's handling of `operation`; what comes of it is recorded.
import { ab, alone, first, hook, map, maps, pinned, withHook, type Case } from './case.ts';
import { failing, meanwhile } from './disturbed.ts';

const one = [{ kind: 'ConfigMap', name: 'one' }];
const hooks = { A: withHook('A'), B: withHook('B'), C: withHook('C') };
const dropped = { A: maps('A'), B: [map('one', 'B')] };

/** What becomes of the operation state of the sync before. */
const former: Case[] = [
  {
    name: 'a second sync, the former state removed',
    commits: ab,
    steps: [...alone, { push: 'B' }, { operate: pinned('B'), former: 'removed' }],
  },
  {
    name: 'a second sync, the former state kept',
    commits: { ...ab, C: maps('C') },
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'kept' },
      { push: 'C' },
      { operate: pinned('C'), former: 'kept' },
    ],
  },
  {
    name: 'further syncs with a PreSync hook, the former state removed',
    commits: hooks,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed' },
      { push: 'C' },
      { operate: pinned('C'), former: 'removed' },
    ],
  },
  {
    name: 'further syncs with a PreSync hook, the former state kept',
    commits: hooks,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'kept' },
      { push: 'C' },
      { operate: pinned('C'), former: 'kept' },
    ],
  },
  {
    name: 'the same commit again, the former state removed',
    commits: { A: maps('A') },
    steps: [...first, { operate: pinned('A'), former: 'removed' }],
  },
  {
    name: 'an edit by hand put back by a sync of the same commit, the former state kept',
    commits: { A: maps('A') },
    steps: [...first, { act: 'edit', until: 'settled' }, { operate: pinned('A'), former: 'kept' }],
  },
];

/** What is synced. */
const extent: Case[] = [
  {
    name: 'a selective sync',
    commits: hooks,
    steps: [...first, { push: 'B' }, { operate: pinned('B', { resources: one }), former: 'removed' }],
  },
  {
    name: 'a selective sync after an edit by hand, pinned to what was synced last',
    commits: ab,
    steps: [
      ...first,
      { push: 'B' },
      { act: 'edit', until: 'settled' },
      { operate: pinned('A', { resources: one }), former: 'removed' },
    ],
  },
  {
    name: 'a selective sync of what Git no longer has, with prune',
    commits: dropped,
    steps: [
      ...first,
      { push: 'B' },
      {
        operate: pinned('B', { resources: [{ kind: 'ConfigMap', name: 'two' }], prune: true }),
        former: 'removed',
      },
    ],
  },
  {
    name: 'what Git no longer has, without prune',
    commits: dropped,
    steps: [...first, { push: 'B' }, { operate: pinned('B'), former: 'removed' }],
  },
  {
    name: 'what Git no longer has, with prune',
    commits: dropped,
    steps: [...first, { push: 'B' }, { operate: pinned('B', { prune: true }), former: 'removed' }],
  },
  {
    name: 'without hooks, by the strategy apply',
    commits: hooks,
    steps: [...first, { push: 'B' }, { operate: pinned('B', { syncStrategy: { apply: {} } }), former: 'removed' }],
  },
  {
    name: 'a dry run',
    commits: ab,
    steps: [...first, { push: 'B' }, { operate: pinned('B', { dryRun: true }), former: 'removed' }],
  },
];

/** Which commit. */
const revision: Case[] = [
  {
    name: 'pinned to a commit that the branch has left behind',
    commits: { ...ab, C: maps('C') },
    steps: [...first, { push: 'B' }, { push: 'C' }, { operate: pinned('B'), former: 'removed' }],
  },
  {
    name: 'without a revision',
    commits: ab,
    steps: [...first, { push: 'B' }, { operate: { sync: {}, initiatedBy: { username: 'bob' } }, former: 'removed' }],
  },
  {
    name: 'a commit that is nowhere',
    commits: ab,
    steps: [
      ...first,
      { operate: { sync: { revision: '0123456789abcdef0123456789abcdef01234567' } }, former: 'removed' },
    ],
  },
  {
    name: 'a name that is no commit',
    commits: ab,
    steps: [...first, { operate: { sync: { revision: 'no-such-branch' } }, former: 'removed' }],
  },
  {
    name: 'another source than that of the spec',
    commits: { A: maps('A'), B: maps('B') },
    elsewhere: ['two'],
    steps: [
      ...first,
      { push: 'B' },
      {
        operate: pinned('B', { source: { repoURL: '', path: 'contract/second', targetRevision: 'main' } }),
        former: 'removed',
      },
    ],
  },
  {
    name: 'several sources, pinned by revisions',
    commits: { A: maps('A'), B: maps('B'), C: maps('C') },
    second: ['two'],
    steps: [
      { push: 'A' },
      { operate: { sync: { revisions: ['A', 'A'] } }, former: 'removed' },
      { push: 'B' },
      { push: 'C' },
      { operate: { sync: { revisions: ['B', 'B'] } }, former: 'removed' },
    ],
  },
];

const automated = { automated: { prune: true } };

/** Where Argo CD acts by itself. */
const itself: Case[] = [
  {
    name: 'automated: nobody writes an operation',
    commits: ab,
    spec: { syncPolicy: automated },
    steps: [{ push: 'A' }, { act: 'wait', until: 'synced' }, { push: 'B' }, { act: 'wait', until: 'synced' }],
  },
  {
    name: 'automated: an operation pinned to an older commit',
    commits: ab,
    spec: { syncPolicy: automated },
    steps: [
      { push: 'A' },
      { act: 'wait', until: 'synced' },
      { push: 'B' },
      { act: 'wait', until: 'synced' },
      { operate: pinned('A'), former: 'removed' },
      { act: 'wait', until: 'synced' },
    ],
  },
  {
    name: 'automated with selfHeal: an edit by hand',
    commits: { A: maps('A') },
    spec: { syncPolicy: { automated: { selfHeal: true } } },
    steps: [{ push: 'A' }, { act: 'wait', until: 'synced' }, { act: 'edit', until: 'synced' }],
  },
  {
    name: 'deleted with its finalizer',
    commits: { A: withHook('A') },
    steps: [...first, { act: 'delete', until: 'gone' }],
  },
  {
    name: 'deleted without a finalizer',
    commits: { A: maps('A') },
    finalizers: [],
    steps: [...first, { act: 'delete', until: 'gone' }],
  },
  {
    name: 'deleted while an operation runs',
    commits: { A: maps('A'), B: [hook('B', true), ...maps('B')] },
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { act: 'delete', until: 'gone' },
    ],
  },
];

/** How objects are applied. */
const options: Case[] = [
  {
    name: 'applied with no options',
    commits: ab,
    steps: [...first, { push: 'B' }, { operate: pinned('B'), former: 'removed' }],
  },
  {
    name: 'applied with ServerSideApply=true in the spec alone',
    commits: { A: maps('A') },
    spec: { syncPolicy: { syncOptions: ['ServerSideApply=true'] } },
    steps: alone,
  },
  {
    name: 'applied with ServerSideApply=true in the operation',
    commits: { A: maps('A') },
    spec: { syncPolicy: { syncOptions: ['ServerSideApply=true'] } },
    steps: [{ push: 'A' }, { operate: pinned('A', { syncOptions: ['ServerSideApply=true'] }), former: 'removed' }],
  },
];

export const cases: Case[] = [...former, ...extent, ...revision, ...failing, ...meanwhile, ...itself, ...options];
