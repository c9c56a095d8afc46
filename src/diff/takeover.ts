// The first touch of an object that client-side tools wrote: what they applied becomes ours, so that what Git gives up
// is removed (docs/decisions/0011).
import type { FieldPath } from '../model/effect.ts';
import type { FieldMember, FieldSet } from './managed-fields.ts';
import type { GivenUp } from './given-up.ts';
import type { KubeObject, ManagedFieldsEntry } from '../model/kube.ts';
import { argo, fieldManager } from '../model/annotations.ts';
import { difference, fieldSet, heldBy, isOurApply, pathId, treeOf, union } from './managed-fields.ts';
import { givenUp, isClientSide } from './given-up.ts';
import { hasPath } from './path.ts';
import { parseJson } from '../base/json.ts';

/** RFC 6902. */
export type JsonPatch = { op: 'test' | 'remove' | 'replace' | 'add'; path: string; value?: unknown }[];

/**
 * True until our first apply, if client-side tools (or nobody known) wrote the object: later edits by kubectl are drift
 * and stay theirs.
 */
function isFirstTouch(live: KubeObject): boolean {
  const entries = live.metadata.managedFields ?? [];
  return (entries.length === 0 || entries.some(isClientSide)) && !entries.some(isOurApply);
}

function lastApplied(live: KubeObject): unknown {
  const text = live.metadata.annotations?.[argo.lastApplied];
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined; // Somebody's edit; then the previous manifest alone tells.
  }
}

/**
 * The manifests that Git is known to have applied before: the last synced one and, until our first apply, the
 * last-applied annotation. (From then on it says what we applied, or is stale.)
 */
export function formerManifests(live: KubeObject, previous: KubeObject | undefined): unknown[] {
  return [previous, isFirstTouch(live) ? lastApplied(live) : undefined].filter((manifest) => manifest !== undefined);
}

function takenFrom(entry: ManagedFieldsEntry, former: unknown[]): FieldSet {
  return new Map(
    [...fieldSet(entry.fieldsV1)].filter(
      ([, { path }]) => path[0] !== 'status' && former.some((manifest) => hasPath(manifest, path)),
    ),
  );
}

/**
 * The fields that a takeover makes ours; empty unless it is the first touch. Only what was applied from a manifest is
 * taken:
 * client-side managers hold defaults and hand-made edits too, and those were never Git's to remove.
 */
export function takenOver(live: KubeObject, previous?: KubeObject): FieldSet {
  if (!isFirstTouch(live)) return new Map();
  const former = formerManifests(live, previous);
  return union(...(live.metadata.managedFields ?? []).filter(isClientSide).map((entry) => takenFrom(entry, former)));
}

/**
 * What a manifest that follows gives up whole, with the defaults in it that another tool holds; at any time, not at the
 * first touch alone.
 */
export function abandoned(
  live: KubeObject,
  after: unknown,
  previous?: KubeObject,
  named?: readonly FieldPath[],
): GivenUp {
  const owned = union(heldBy(live, isOurApply), takenOver(live, previous));
  return givenUp({ live, owned, after, ...(named && { named }) });
}

interface Handover {
  /** What is to be applied. */
  target: KubeObject;
  /** The last synced manifest. */
  previous?: KubeObject | undefined;
  /** Out of a refusal (`leftBehind`). */
  named?: readonly FieldPath[];
}

/**
 * The patch that moves those fields into our own Apply entry; undefined when there is nothing to take over. To be sent
 * before the apply. It names the resourceVersion, so that a race answers 409 (as client-go's csaupgrade does).
 */
export function takeover(live: KubeObject, { target, previous, named = [] }: Handover): JsonPatch | undefined {
  const { members, loose } = abandoned(live, target, previous, named);
  const whole = named
    .filter((path) => !members.has(pathId(path)))
    .map((path): [string, FieldMember] => [pathId(path), { path, leaf: true }]);
  const taken = union(takenOver(live, previous), members, new Map(whole));
  if (taken.size === 0) return undefined;
  const entries = live.metadata.managedFields ?? [];
  const own = entries.find(isOurApply);
  const [newest = own] = entries.filter(isClientSide).toSorted((a, b) => ((a.time ?? '') >= (b.time ?? '') ? -1 : 1));
  const like = own ?? newest;
  const ours: ManagedFieldsEntry = {
    manager: fieldManager,
    operation: 'Apply',
    fieldsType: 'FieldsV1',
    ...(like?.apiVersion !== undefined && { apiVersion: like.apiVersion }),
    ...(like?.time !== undefined && { time: like.time }),
    fieldsV1: treeOf(union(fieldSet(own?.fieldsV1), taken)),
  };
  const left = entries
    .filter((entry) => entry !== own)
    .flatMap((entry) => {
      if (!isClientSide(entry)) return [entry];
      const rest = difference(difference(fieldSet(entry.fieldsV1), taken), loose);
      return rest.size === 0 ? [] : [{ ...entry, fieldsV1: treeOf(rest) }];
    });
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...left, ours] },
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion ?? '' },
  ];
}
