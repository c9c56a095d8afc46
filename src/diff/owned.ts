// What an apply changes among the fields that Git manages: the ground of verdicts and digests (docs/decisions/0005).
import type { FieldPath } from '../model/effect.ts';
import type { FieldSet } from './managed-fields.ts';
import type { KubeObject } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import { difference, fieldSet, heldBy, holds, isOurApply, pathId, union } from './managed-fields.ts';
import { abandoned, takenOver } from './takeover.ts';
import { valueAt } from './path.ts';

export interface OwnedChange {
  path: FieldPath;
  /** undefined = absent. The order of a list's keys when only that changes. */
  before: unknown;
  after: unknown;
}

/** Paths that our applies hold, and those that the first apply takes over. */
export function ownedIn(object: KubeObject, previous?: KubeObject): FieldSet {
  return union(heldBy(object, isOurApply), takenOver(object, previous));
}

function isNoise(path: FieldPath): boolean {
  return path[0] === 'status' || (path[0] === 'metadata' && path[2] === argo.lastApplied);
}

/** Lists with keys among the paths: the path of each, with the keys of the entries that are ours. */
function keyedLists(owned: FieldSet): Map<string, { path: FieldPath; keys: Map<string, Record<string, unknown>> }> {
  const lists = new Map<string, { path: FieldPath; keys: Map<string, Record<string, unknown>> }>();
  for (const { path } of owned.values()) {
    path.forEach((step, at) => {
      if (typeof step !== 'object' || !('key' in step)) return;
      const parent = path.slice(0, at);
      const id = pathId(parent);
      const list = lists.get(id) ?? { path: parent, keys: new Map<string, Record<string, unknown>>() };
      list.keys.set(canonicalJson(step.key), step.key);
      lists.set(id, list);
    });
  }
  return lists;
}

function places(object: KubeObject, list: FieldPath, keys: Iterable<Record<string, unknown>>): Map<string, number> {
  const found = new Map<string, number>();
  const value = valueAt(object, list);
  if (!Array.isArray(value)) return found;
  for (const key of keys) {
    const at = value.findIndex((entry) => entry === valueAt(value, [{ key }]));
    if (at >= 0) found.set(canonicalJson(key), at);
  }
  return found;
}

/** A new order of entries that both have means something: init containers run in it. */
function orderChanges(live: KubeObject, predicted: KubeObject, owned: FieldSet): OwnedChange[] {
  const changes: OwnedChange[] = [];
  for (const { path, keys } of keyedLists(owned).values()) {
    const before = places(live, path, keys.values());
    const after = places(predicted, path, keys.values());
    const common = [...keys].filter(([text]) => before.has(text) && after.has(text));
    const by = (at: Map<string, number>): Record<string, unknown>[] =>
      [...common].sort(([a], [b]) => (at.get(a) ?? 0) - (at.get(b) ?? 0)).map(([, key]) => key);
    const [old, now] = [by(before), by(after)];
    if (!sameJson(old, now)) changes.push({ path, before: old, after: now });
  }
  return changes;
}

/**
 * The differing leaves among the paths that our manager owns in live or predicted, sorted by path: also those that
 * another manager, such as an autoscaler, took and that the apply takes back. Fields that stay theirs, defaults and
 * what webhooks write are not in it. `previous` is the last synced manifest, for the first touch of an object. Empty =
 * in sync.
 */
export function ownedChanges(live: KubeObject, predicted: KubeObject, previous?: KubeObject): OwnedChange[] {
  const owned = union(
    ownedIn(live, previous),
    abandoned(live, predicted, previous).members,
    heldBy(predicted, isOurApply),
  );
  const changes: OwnedChange[] = [];
  for (const { path, leaf } of owned.values()) {
    if (!leaf || isNoise(path)) continue;
    const before = valueAt(live, path);
    const after = valueAt(predicted, path);
    if (!sameJson(before, after)) changes.push({ path, before, after });
  }
  changes.push(...orderChanges(live, predicted, owned));
  return changes
    .map((change) => ({ change, id: pathId(change.path) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ change }) => change);
}

/** Whether what an apply of ours would hold is ours already. */
export function ownsAll(live: KubeObject, applied: KubeObject): boolean {
  return difference(heldBy(applied, isOurApply), ownedIn(live)).size === 0;
}

/**
 * All that is ours in an object, as a value: equal values mean that an apply which was a no-op is one still. [] =
 * nothing is ours.
 */
export function ownedState(object: KubeObject): unknown[] {
  const owned = ownedIn(object);
  const leaves = [...owned]
    .filter(([, { path, leaf }]) => leaf && !isNoise(path))
    .map(([id, { path }]) => [id, valueAt(object, path)]);
  const orders = [...keyedLists(owned)].map(([id, { path, keys }]) => [
    id,
    [...places(object, path, keys.values())].sort(([, a], [, b]) => a - b).map(([key]) => key),
  ]);
  return [...leaves, ...orders];
}

/**
 * The newest manager other than our applies that holds one of these paths: the likely tool of a drift. Its time is RFC
 * 3339.
 */
export function lastWriter(live: KubeObject, paths: FieldPath[]): { manager: string; at?: string } | undefined {
  const writers = (live.metadata.managedFields ?? [])
    .filter((entry) => !isOurApply(entry) && entry.manager)
    .filter((entry) => {
      const set = fieldSet(entry.fieldsV1);
      return paths.some((path) => holds(set, path));
    });
  const newest = writers.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))[0];
  return newest?.manager
    ? { manager: newest.manager, ...(newest.time !== undefined && { at: newest.time }) }
    : undefined;
}
