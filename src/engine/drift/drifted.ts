// Which live objects differ from what was last synced: the drift alone, without what merely waits on the branch.
import type { Application } from '../../model/application.ts';
import type { Comparison } from '../../compare/compare.ts';
import type { DriftedObject } from '../../model/coxswain.ts';
import type { Effect, ObjectDiff } from '../../model/effect.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Look } from '../application/refresh.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { effectOf, isGoing, knownEffect } from '../application/assess.ts';
import { diffBase } from '../application/history.ts';
import { isAutomated } from '../../model/application.ts';
import { followDrift } from './drift.ts';
import { fieldManager } from '../../model/annotations.ts';
import { keyText } from '../../model/kube.ts';

/** The newest manager of the object that is not us and not a status writer: the likely tool, not the person. */
function changedBy(live: KubeObject | undefined): { manager: string; at?: string } | undefined {
  const entries = (live?.metadata.managedFields ?? []).filter(
    (entry) => entry.manager && entry.manager !== fieldManager && !entry.subresource,
  );
  const newest = entries.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))[0];
  return newest?.manager ? { manager: newest.manager, ...(newest.time && { at: newest.time }) } : undefined;
}

/** Comparison and effect go from live to Git; a card tells what Git says first. */
function drifted(
  kind: DriftedObject['kind'],
  { key, changes }: Pick<ObjectDiff, 'key' | 'changes'>,
  live: KubeObject | undefined,
): DriftedObject {
  const by = changedBy(live);
  return {
    key,
    kind,
    changes: changes.map((change) => ({ ...change, before: change.after, after: change.before })),
    ...(by && { by }),
  };
}

function fromEffect(diff: ObjectDiff, comparison: Comparison): DriftedObject {
  const live = comparison.objects.find((item) => keyText(item.key) === keyText(diff.key))?.live;
  return drifted(diff.action === 'delete' ? 'extra' : diff.action === 'create' ? 'missing' : 'changed', diff, live);
}

function fromComparison(comparison: Comparison): DriftedObject[] {
  return comparison.objects
    .filter(
      (item) => item.status === 'OutOfSync' && !item.hook.isHook && !item.generated && !item.ignored && !isGoing(item),
    )
    .map((item) => drifted(item.requiresPruning ? 'extra' : item.live ? 'changed' : 'missing', item, item.live));
}

/** Empty when nothing was ever synced, or when Git moved and the effect that tells the two apart was not worked out. */
function driftedObjects(
  desired: DesiredState,
  last: DesiredState | 'gone' | undefined,
  comparison: Comparison,
  effect: Effect | undefined,
): DriftedObject[] {
  if (comparison.status !== 'OutOfSync' || last === undefined || last === 'gone') return [];
  if (last.key === desired.key) return fromComparison(comparison);
  return (effect?.drift ?? []).map((diff) => fromEffect(diff, comparison));
}

/** Tells drift from what waits on the branch; where a sync is about to come, nobody needs it. */
async function driftEffect(app: Application, found: Look, signal: AbortSignal): Promise<Effect | undefined> {
  const { subject, desired, comparison } = found;
  const last = diffBase(subject.known, found.last);
  const mixed = comparison.status === 'OutOfSync' && last !== undefined && last !== 'gone' && last.key !== desired.key;
  return mixed && !isAutomated(app.spec) ? effectOf(found, signal) : knownEffect(found);
}

/**
 * Brings the episodes in line with what the pass found; milliseconds until a drift will have outlived its settle time.
 */
export async function settleDrift(
  deps: ReconcileDeps,
  app: Application,
  found: Look,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { known } = found.subject;
  const effect = await driftEffect(app, found, signal);
  const drifted = driftedObjects(found.desired, diffBase(known, found.last), found.comparison, effect);
  const followed = await followDrift(deps, app, drifted, known.drift);
  known.drift = followed.seen;
  return followed.after;
}
