// How objects are compared, by argocd-cm (Argo CD: docs/user-guide/diffing.md#system-level-configuration).
import type { ComparisonSettings } from '../model/comparison-settings.ts';
import type { Customizations } from './customizations.ts';
import { parse } from 'yaml';
import { isObject } from '../model/kube.ts';

const optionsKey = 'resource.compareoptions';

/** Argo CD fails every comparison where it is no YAML. */
function compareOptions(text: string, faults: string[]): Record<string, unknown> {
  try {
    const found: unknown = parse(text, { maxAliasCount: 100 }) ?? {};
    if (isObject(found)) return found;
  } catch {
    // as what is no map
  }
  faults.push(`${optionsKey} of argocd-cm must be a map in YAML; nothing of it counts`);
  return {};
}

/** What is wrong is told, and counts for nothing. */
export function readComparison(
  optionsText: string,
  { ignoreDifferences }: Customizations,
  faults: string[],
): ComparisonSettings {
  const options = compareOptions(optionsText, faults);
  const { ignoreAggregatedRoles = false, ignoreResourceStatusField: status = 'all' } = options;
  if (typeof ignoreAggregatedRoles !== 'boolean')
    faults.push(`ignoreAggregatedRoles in ${optionsKey} of argocd-cm must be true or false`);
  if (status !== 'all' && status !== '')
    faults.push(`ignoreResourceStatusField in ${optionsKey} of argocd-cm has no effect: a status is never compared`);
  return { ignoreDifferences, ignoreAggregatedRoles: ignoreAggregatedRoles === true };
}
