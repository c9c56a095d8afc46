// What is tried on Argo CD where an operation cannot be carried out, or others act while it is.
import { ab, alone, first, map, maps, pinned, withHook, type Case } from './case.ts';

const held = { A: maps('A'), B: withHook('B', true), C: maps('C') };
const wrong = [map('one', 'B'), map('Not_A_Name', 'B')];

/** How it ends when it cannot be carried out. */
export const failing: Case[] = [
  {
    name: 'one object that the API server refuses',
    commits: { A: maps('A'), B: wrong },
    steps: [...first, { push: 'B' }, { operate: pinned('B'), former: 'removed' }],
  },
  {
    name: 'one object that the API server refuses, with retries',
    commits: { A: maps('A'), B: wrong },
    steps: [
      ...first,
      { push: 'B' },
      {
        operate: { ...pinned('B'), retry: { limit: 2, backoff: { duration: '1s', factor: 1, maxDuration: '1s' } } },
        former: 'removed',
      },
    ],
  },
  {
    name: 'a mended commit after a failed sync',
    commits: { A: maps('A'), B: wrong, C: maps('C') },
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed' },
      { push: 'C' },
      { operate: pinned('C'), former: 'removed' },
    ],
  },
  {
    name: 'a namespace that is not there, CreateNamespace=true in the spec alone',
    commits: { A: maps('A') },
    namespace: 'missing',
    spec: { syncPolicy: { syncOptions: ['CreateNamespace=true'] } },
    steps: alone,
  },
  {
    name: 'a namespace that is not there, CreateNamespace=true in the operation',
    commits: { A: maps('A') },
    namespace: 'missing',
    spec: { syncPolicy: { syncOptions: ['CreateNamespace=true'] } },
    steps: [{ push: 'A' }, { operate: pinned('A', { syncOptions: ['CreateNamespace=true'] }), former: 'removed' }],
  },
];

/** What others do meanwhile. */
export const meanwhile: Case[] = [
  {
    name: 'another operation written over one that runs',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { operate: pinned('A'), former: 'kept', until: 'running' },
      { act: 'release', until: 'ended' },
    ],
  },
  {
    name: 'another operation written over one that runs, its state removed',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { push: 'C' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { operate: pinned('C'), former: 'removed' },
    ],
  },
  {
    name: 'an operation taken away while it runs',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { act: 'withdraw', until: 'ended' },
    ],
  },
  {
    name: 'an operation that is terminated',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { act: 'terminate', until: 'ended' },
    ],
  },
  {
    name: 'the controller killed while an operation runs',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { act: 'restart', until: 'running' },
      { act: 'release', until: 'ended' },
    ],
  },
  {
    name: 'a sync window that is closed',
    commits: ab,
    closed: true,
    steps: [{ push: 'A' }, { operate: pinned('A'), former: 'removed' }],
  },
  {
    name: 'the branch moves while an operation runs',
    commits: held,
    steps: [
      ...first,
      { push: 'B' },
      { operate: pinned('B'), former: 'removed', until: 'running' },
      { push: 'C' },
      { act: 'release', until: 'ended' },
    ],
  },
];
