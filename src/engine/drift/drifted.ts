// Which live objects differ from what was last synced: the drift alone, without what merely waits on the branch.
import type { Comparison } from '../../compare/compare.ts';
import type { DriftedObject } from '../../model/coxswain.ts';
import type { Effect, ObjectDiff } from '../../model/effect.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isGoing } from '../application/assess.ts';
import type { DesiredState } from '../application/desired.ts';
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

function fromEffect(diff: ObjectDiff, comparison: Comparison): DriftedObject {
  const live = comparison.objects.find((item) => keyText(item.key) === keyText(diff.key))?.live;
  const by = changedBy(live);
  const kind = diff.action === 'delete' ? 'extra' : diff.action === 'create' ? 'missing' : 'changed';
  // The effect goes from live to Git; a card tells what Git says first.
  return {
    key: diff.key,
    kind,
    changes: diff.changes.map((change) => ({ ...change, before: change.after, after: change.before })),
    ...(by && { by }),
  };
}

function fromComparison(comparison: Comparison): DriftedObject[] {
  return comparison.objects
    .filter((item) => item.status === 'OutOfSync' && !item.hook.isHook && !item.ignored && !isGoing(item))
    .map((item) => {
      const by = changedBy(item.live);
      const kind = item.requiresPruning ? 'extra' : item.live ? 'changed' : 'missing';
      return {
        key: item.key,
        kind,
        changes: item.changes.map((change) => ({ ...change, before: change.after, after: change.before })),
        ...(by && { by }),
      };
    });
}

/** Empty when nothing was ever synced, or when Git moved and the effect that tells the two apart was not worked out. */
export function driftedObjects(
  desired: DesiredState,
  last: DesiredState | 'gone' | undefined,
  comparison: Comparison,
  effect: Effect | undefined,
): DriftedObject[] {
  if (comparison.status !== 'OutOfSync' || last === undefined || last === 'gone') return [];
  if (last.key === desired.key) return fromComparison(comparison);
  return (effect?.drift ?? []).map((diff) => fromEffect(diff, comparison));
}
