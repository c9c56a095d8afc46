// Differences that a team asked not to see: ignoreDifferences of the Application (Argo CD: docs/user-guide/diffing.md).
import type { FieldPath, PathStep } from '../model/effect.ts';
import type { IgnoreDifference } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Ignored } from './ignored-from.ts';
import { argo } from '../model/annotations.ts';
import { fieldSet, holds, pathId, withParents } from './managed-fields.ts';
import { formerManifests } from './takeover.ts';
import { globMatch } from '../base/glob.ts';
import { hasPath, pathOfPointer, positionOf, valueAt } from './path.ts';
import { nameOf, withIgnoredFrom } from './ignored-from.ts';
import { ownedIn } from './owned.ts';

/**
 * Group and kind are globs, name and namespace are literal; empty = any, except that an empty group is the core group.
 */
export function ignoreRulesFor<Rule extends IgnoreDifference>(rules: readonly Rule[], key: ResourceKey): Rule[] {
  return rules.filter(
    (rule) =>
      globMatch(rule.group ?? '', key.group) &&
      globMatch(rule.kind, key.kind) &&
      (!rule.name || rule.name === key.name) &&
      (!rule.namespace || rule.namespace === key.namespace),
  );
}

/** What the rules name in both, beside what their jq expressions do: only what is there. */
export function ignoredIn(
  rules: readonly IgnoreDifference[],
  { live, other }: { live: KubeObject; other: KubeObject },
  jq: Ignored,
): Ignored {
  const pointers = rules.flatMap((rule) => rule.jsonPointers ?? []).map((pointer) => pointed(pointer, live, other));
  const managers = new Set(rules.flatMap((rule) => rule.managedFieldsManagers ?? []));
  const owned = (managers.size === 0 ? [] : (live.metadata.managedFields ?? []))
    .filter((entry) => managers.has(entry.manager ?? ''))
    .flatMap((entry) =>
      [...fieldSet(entry.fieldsV1).values()].filter((member) => member.leaf).map((member) => member.path),
    );
  const positions = (object: KubeObject, found: FieldPath[]): FieldPath[] => [
    ...[...pointers, ...owned]
      .map((path) => path && positionOf(object, path))
      .filter((position) => position !== undefined),
    ...found,
  ];
  return { live: positions(live, jq.live), other: positions(other, jq.other) };
}

/** A pointer counts in the live object: in another form its entry may stand elsewhere. */
function pointed(pointer: string, live: KubeObject, other: KubeObject): FieldPath | undefined {
  const path = pathOfPointer(live, pointer);
  return path && hasPath(live, path) ? namedPath(live, path) : pathOfPointer(other, pointer);
}

/** Entries of lists are told by name or value, where only one is called so: elsewhere they have another position. */
export function namedPath(object: KubeObject, position: FieldPath): FieldPath {
  return position.map((step, at) => {
    if (typeof step !== 'number') return step;
    const list = valueAt(object, position.slice(0, at));
    return Array.isArray(list) ? entryStep(list, step, at === position.length - 1) : step;
  });
}

function entryStep(list: unknown[], at: number, isLast: boolean): PathStep {
  const entry = list[at];
  const name = nameOf(entry);
  if (name !== undefined) return list.filter((each) => nameOf(each) === name).length === 1 ? { key: { name } } : at;
  const isPlain = isLast && typeof entry !== 'object' && list.filter((each) => each === entry).length === 1;
  return isPlain ? { value: entry } : at;
}

/** The paths that are ignored in either, each once, as both call them. */
export function ignoredPaths({ live, other }: { live: KubeObject; other: KubeObject }, ignored: Ignored): FieldPath[] {
  const paths = [
    ...ignored.live.map((position) => namedPath(live, position)),
    ...ignored.other.map((position) => namedPath(other, position)),
  ];
  return [...new Map(paths.map((path) => [pathId(path), path])).values()];
}

const carriedMetadata = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

/** Annotations that say how an object is synced: Git's word alone. */
const ruling = /^(argocd\.argoproj\.io|coxswain\.dev|helm\.sh)\//;

function isRuling(name: string): boolean {
  return name === argo.lastApplied || ruling.test(name);
}

/** What a manifest may say of it: no status, no identity, none of the server's own fields. */
function carriable(path: FieldPath): FieldPath[] {
  const [first, second, third] = path;
  if (first !== 'metadata') return first === 'status' || first === 'apiVersion' || first === 'kind' ? [] : [path];
  if (second === undefined) return carriedMetadata.map((name) => ['metadata', name]);
  if (typeof second !== 'string' || !carriedMetadata.includes(second)) return [];
  return second === 'annotations' && typeof third === 'string' && isRuling(third) ? [] : [path];
}

/**
 * `target` with the ignored fields as they are live, also where they are absent there. What neither the target nor a
 * former manifest has is left to those who hold it, save when the object is replaced (`whole`).
 */
export function withIgnoredOf(
  live: KubeObject,
  target: KubeObject,
  ignored: Ignored,
  { previous, whole }: { previous: KubeObject | undefined; whole: boolean },
): KubeObject {
  const owned = ownedIn(live, previous);
  const ours = withParents(owned);
  const former = formerManifests(live, previous);
  const concerns = (path: FieldPath): boolean =>
    whole ||
    hasPath(target, path) ||
    ours.has(pathId(path)) ||
    holds(owned, path) ||
    former.some((manifest) => hasPath(manifest, path));
  const carried = withIgnoredFrom(target, live, {
    live: ignored.live.flatMap(carriable).filter((position) => concerns(namedPath(live, position))),
    other: ignored.other.flatMap(carriable),
  });
  if (carried === target) return target;
  const plain = Object.entries(carried.metadata.annotations ?? {}).filter(([name]) => !isRuling(name));
  const ruled = Object.entries(target.metadata.annotations ?? {}).filter(([name]) => isRuling(name));
  return { ...carried, metadata: { ...carried.metadata, annotations: Object.fromEntries([...plain, ...ruled]) } };
}
