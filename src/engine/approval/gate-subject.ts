// What a gate looks at: whether what was found is what was last synced, and which gates a sync of it would loosen.
import type { Logger } from '../../base/log.ts';
import type { Assessment } from '../application/assess.ts';
import type { Store } from '../../store/store.ts';
import type { DesiredState, Desiring } from '../application/desired.ts';
import type { Authors, ReconcileDeps } from '../application/pass.ts';
import type { SyncedState } from '../../policy/gate.ts';
import type { LoosenedGate } from '../../policy/policy.ts';
import { isApplication, isProject } from '../../model/argo-kinds.ts';
import { loosenedGates } from '../../policy/policy.ts';
import { metGates } from '../application/met-gates.ts';
import { lastPolicy } from '../application/gate-record.ts';

export interface GateDeps {
  store: Store;
  desiring: Desiring;
  authors: Authors;
  standing?: ReconcileDeps['standing'];
  log: Logger;
}

/** Content decides: a commit that changes nothing here is the same state, and one that was reverted is the old one. */
export function stateOf(desired: DesiredState): SyncedState {
  return { revisions: [desired.key], sources: '' };
}

export type Compared = Pick<Assessment, 'subject' | 'comparison'>;

/** Gates of other applications that syncing this one would weaken, delete or write past. */
export function loosenedBy(store: Store, { subject, comparison }: Compared): LoosenedGate[] {
  const met = metGates(subject.app, comparison);
  const pairs = comparison.objects
    .filter(
      (item) =>
        (isApplication(item.key) || isProject(item.key)) && item.status === 'OutOfSync' && item.movesTo === undefined,
    )
    .map((item) => ({ live: item.live, target: item.target }));
  if (pairs.length === 0) return met;
  return [
    ...loosenedGates(pairs, new Map(store.projects.list().map((project) => [project.metadata.name, project])), (each) =>
      lastPolicy(store, each),
    ),
    ...met,
  ];
}

/** Content decides, not the commit. */
export function isLastSynced({ desired, last }: Assessment): boolean {
  return last !== undefined && last !== 'gone' && last.key === desired.key;
}

/** A click was judged when it came; that those who agreed may do so still is asked where something is written. */
export type Moment = 'look' | 'write';
