// What ignoreDifferences leaves of a prediction: the ground of sync status and drift, not of what a sync writes, nor of
// what is approved.
import type { CompareInput } from './comparison.ts';
import type { FieldPath } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Prediction } from './predict.ts';
import { ignoreRulesFor, ignoredPaths, withoutIgnored } from '../../diff/ignore.ts';
import type { OwnedChange } from '../../diff/owned.ts';
import { heldBy, holds } from '../../diff/managed-fields.ts';
import { ownedChanges } from '../../diff/owned.ts';
import { sameJson } from '../../base/canonical.ts';
import { hasPath, valueAt } from '../../diff/path.ts';

type Input = Pick<CompareInput, 'app'>;

/**
 * Predicted, with the ignored fields as they are live; the live object itself when nothing else changes: then a sync
 * does not write it.
 */
export function ignoring(input: Input, key: ResourceKey, prediction: Prediction): KubeObject {
  const { live, predicted } = prediction;
  const rules = ignoreRulesFor(input.app.spec.ignoreDifferences, key);
  if (predicted === live.object || rules.length === 0) return predicted;
  const shown = withoutIgnored(live.object, predicted, ignoredPaths(rules, live.object, predicted));
  return ownedChanges(live.object, shown).length === 0 && prediction.removed.length === 0 ? live.object : shown;
}

/** The ignored paths at which two forms of an object differ. */
export function ignoredChanges(input: Input, key: ResourceKey, before: KubeObject, after: KubeObject): FieldPath[] {
  const rules = ignoreRulesFor(input.app.spec.ignoreDifferences, key);
  return ignoredPaths(rules, before, after).filter(
    (path) => path[0] !== 'status' && !sameJson(valueAt(before, path), valueAt(after, path)),
  );
}

/**
 * Ignored fields to which Git gives another value than at the last sync; without one, than is live and no subresource
 * holds. Whoever approves the rest approves them too: they are written as soon as the object is, or is made anew.
 */
export function ignoredNews(
  input: Input,
  key: ResourceKey,
  { live, last, target }: { live: KubeObject; last: KubeObject | undefined; target: KubeObject },
): OwnedChange[] {
  const held = heldBy(live, (entry) => Boolean(entry.subresource));
  return ignoredPaths(ignoreRulesFor(input.app.spec.ignoreDifferences, key), live, target)
    .filter((path) => path[0] !== 'status' && (last !== undefined || (hasPath(target, path) && !holds(held, path))))
    .map((path) => ({ path, before: valueAt(last ?? live, path), after: valueAt(target, path) }))
    .filter(({ before, after }) => !sameJson(before, after));
}
