// Differences that a team asked not to see: ignoreDifferences of the Application (Argo CD: docs/user-guide/diffing.md).
import type { FieldPath } from '../model/effect.ts';
import type { IgnoreDifference } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { fieldSet, holds, pathId, withParents } from './managed-fields.ts';
import { formerManifests } from './takeover.ts';
import { globMatch } from '../base/glob.ts';
import { hasPath, pathOfPointer, valueAt, withPathsFrom } from './path.ts';
import { isObject, keyTitle } from '../model/kube.ts';
import { ownedIn } from './owned.ts';

/**
 * Group and kind are globs, name and namespace are literal; empty = any, except that an empty group is the core group.
 */
export function ignoreRulesFor(rules: readonly IgnoreDifference[] | undefined, key: ResourceKey): IgnoreDifference[] {
  return (rules ?? []).filter(
    (rule) =>
      globMatch(rule.group ?? '', key.group) &&
      globMatch(rule.kind, key.kind) &&
      (!rule.name || rule.name === key.name) &&
      (!rule.namespace || rule.namespace === key.namespace),
  );
}

function isUnread({ jqPathExpressions = [] }: IgnoreDifference): boolean {
  return jqPathExpressions.length > 0;
}

function unreadText(rule: IgnoreDifference): string {
  return (
    `ignoreDifferences of ${rule.kind}: jqPathExpressions is not supported yet; ` +
    'write jsonPointers or managedFieldsManagers'
  );
}

/**
 * Why nobody can tell what of this object is to be ignored: it is neither compared nor written; undefined = all rules
 * for it are understood.
 */
export function unreadRule(rules: readonly IgnoreDifference[] | undefined, key: ResourceKey): string | undefined {
  const [rule] = ignoreRulesFor(rules?.filter(isUnread), key);
  return rule && `left as it is, neither compared nor synced: ${unreadText(rule)}`;
}

/** One sentence for each rule that is not understood yet; `keys`: of the objects that are left as they are for them. */
export function unreadRules(rules: readonly IgnoreDifference[] | undefined, keys: readonly ResourceKey[]): string[] {
  return (rules ?? []).filter(isUnread).map((rule) => {
    const [first, ...more] = keys.filter((each) => ignoreRulesFor([rule], each).length > 0);
    if (!first) return `${unreadText(rule)} before there is such an object`;
    return (
      `${keyTitle(first)}${more.length > 0 ? ` and ${more.length} more` : ''}: left as it is, ` +
      `neither compared nor synced: ${unreadText(rule)}`
    );
  });
}

/** The paths that the rules name in this object. */
export function ignoredPaths(rules: readonly IgnoreDifference[], live: KubeObject, predicted: KubeObject): FieldPath[] {
  const pointers = rules.flatMap((rule) => rule.jsonPointers ?? []);
  const managers = new Set(rules.flatMap((rule) => rule.managedFieldsManagers ?? []));
  const owned =
    managers.size === 0
      ? []
      : (live.metadata.managedFields ?? [])
          .filter((entry) => managers.has(entry.manager ?? ''))
          .flatMap((entry) =>
            [...fieldSet(entry.fieldsV1).values()].filter((member) => member.leaf).map((member) => member.path),
          );
  const named = pointers
    .map((pointer) => pathOfPointer(live, pointer) ?? pathOfPointer(predicted, pointer))
    .filter((path) => path !== undefined);
  return [...named, ...owned];
}

/** `predicted` as if the ignored fields were not applied: at those paths it says what `live` says. */
export function withoutIgnored(live: KubeObject, predicted: KubeObject, paths: FieldPath[]): KubeObject {
  return paths.length === 0 ? predicted : withPathsFrom(predicted, live, paths);
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

/** Entries that have a name are told apart by it: the same place in a manifest's list may be another one's. */
function byName(live: KubeObject, path: FieldPath): FieldPath {
  return path.map((step, at) => {
    const entry = typeof step === 'number' ? valueAt(live, path.slice(0, at + 1)) : undefined;
    return isObject(entry) && typeof entry['name'] === 'string' ? { key: { name: entry['name'] } } : step;
  });
}

/**
 * `target` with the ignored fields as they are live, also where they are absent there. What neither the target nor a
 * former manifest
 * has is left to those who hold it, save when the object is replaced (`whole`).
 */
export function withIgnoredOf(
  live: KubeObject,
  target: KubeObject,
  rules: readonly IgnoreDifference[],
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
  const paths = ignoredPaths(rules, live, target)
    .flatMap(carriable)
    .map((path) => byName(live, path))
    .filter(concerns);
  const carried = withPathsFrom(target, live, paths);
  if (carried === target) return target;
  const plain = Object.entries(carried.metadata.annotations ?? {}).filter(([name]) => !isRuling(name));
  const ruled = Object.entries(target.metadata.annotations ?? {}).filter(([name]) => isRuling(name));
  return { ...carried, metadata: { ...carried.metadata, annotations: Object.fromEntries([...plain, ...ruled]) } };
}
