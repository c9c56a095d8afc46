// Differences that a team asked not to see: ignoreDifferences of the Application (Argo CD: docs/user-guide/diffing.md).
import type { FieldPath } from '../model/effect.ts';
import type { IgnoreDifference } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import { globMatch } from '../base/glob.ts';
import { fieldSet } from './managed-fields.ts';
import { pathOfPointer, withPathsFrom } from './path.ts';

/** Group and kind are globs, name and namespace are literal; empty = any, except that an empty group is the core group. */
export function ignoreRulesFor(rules: readonly IgnoreDifference[] | undefined, key: ResourceKey): IgnoreDifference[] {
  return (rules ?? []).filter((rule) => globMatch(rule.group ?? '', key.group) && globMatch(rule.kind, key.kind)
    && (!rule.name || rule.name === key.name) && (!rule.namespace || rule.namespace === key.namespace));
}

/** One sentence for each rule that is not understood yet; nothing may be compared as if it were not there. */
export function ignoreFaults(rules: readonly IgnoreDifference[] | undefined): string[] {
  return (rules ?? []).filter((rule) => (rule.jqPathExpressions ?? []).length > 0)
    .map((rule) => `ignoreDifferences of ${rule.kind}: jqPathExpressions is not supported yet; write jsonPointers or managedFieldsManagers`);
}

/** The paths that the rules name in this object. */
export function ignoredPaths(rules: readonly IgnoreDifference[], live: KubeObject, predicted: KubeObject): FieldPath[] {
  const pointers = rules.flatMap((rule) => rule.jsonPointers ?? []);
  const managers = new Set(rules.flatMap((rule) => rule.managedFieldsManagers ?? []));
  const owned = managers.size === 0 ? [] : (live.metadata.managedFields ?? [])
    .filter((entry) => managers.has(entry.manager ?? ''))
    .flatMap((entry) => [...fieldSet(entry.fieldsV1).values()].filter((member) => member.leaf).map((member) => member.path));
  const named = pointers.map((pointer) => pathOfPointer(live, pointer) ?? pathOfPointer(predicted, pointer)).filter((path) => path !== undefined);
  return [...named, ...owned];
}

/** `predicted` as if the ignored fields were not applied: at those paths it says what `live` says. */
export function withoutIgnored(live: KubeObject, predicted: KubeObject, paths: FieldPath[]): KubeObject {
  return paths.length === 0 ? predicted : withPathsFrom(predicted, live, paths);
}
