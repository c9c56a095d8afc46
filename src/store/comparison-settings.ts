// How objects are compared, told apart and left out, by argocd-cm (Argo CD: docs/user-guide/diffing.md,
// docs/operator-manual/declarative-setup.md#resource-exclusioninclusion, docs/user-guide/resource_tracking.md).
import type { ComparisonSettings, KindRule, SystemRule } from '../model/comparison-settings.ts';
import type { Tracking, TrackingMethod } from '../model/tracking.ts';
import { parse } from 'yaml';
import { isObject } from '../model/kube.ts';
import { defaultComparison } from '../model/comparison-settings.ts';
import { defaultTracking } from '../model/tracking.ts';

const optionsKey = 'resource.compareoptions';

function yamlOf(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 }) as unknown;
  } catch {
    return undefined; // as what is not what it must be
  }
}

function compareOptions(text: string, faults: string[]): Record<string, unknown> {
  const found = yamlOf(text) ?? (text.trim() === '' ? {} : undefined);
  if (isObject(found)) return found;
  faults.push(`${optionsKey} of argocd-cm must be a map in YAML; nothing of it counts`);
  return {};
}

const fields = ['apiGroups', 'kinds', 'clusters'] as const;

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isRule(item: unknown): item is KindRule {
  return isObject(item) && fields.every((field) => isTexts(item[field] ?? []));
}

/** undefined: it is not there. Which kinds are meant where it cannot be read nobody knows: then nothing is compared. */
function readKinds(name: string, text: string | undefined, broken: SystemRule[]): KindRule[] | undefined {
  if (text === undefined) return undefined;
  const found = yamlOf(text) ?? (/[^\s#]/.test(text.replace(/#.*/g, '')) ? undefined : []);
  if (Array.isArray(found) && found.every(isRule))
    return found.map((rule) =>
      Object.fromEntries(fields.flatMap((field) => (rule[field]?.length ? [[field, rule[field]]] : []))),
    );
  const fault =
    `${name} of argocd-cm must be a list in YAML of maps with ${fields.join(', ')}, each a list of texts; ` +
    'no object is compared until it is';
  broken.push({ group: '*', kind: '*', at: `argocd-cm ${name}`, fault });
  return [];
}

const methods: readonly string[] = ['annotation', 'annotation+label', 'label'];

function readTracking(argocd: Record<string, string>, faults: string[]): Tracking {
  const method = argocd['application.resourceTrackingMethod'] || defaultTracking.method;
  const isKnown = methods.includes(method);
  if (!isKnown)
    faults.push(
      `application.resourceTrackingMethod of argocd-cm is "${method}", but must be one of ${methods.join(', ')}`,
    );
  return {
    method: isKnown ? (method as TrackingMethod) : defaultTracking.method,
    labelKey: argocd['application.instanceLabelKey'] || defaultTracking.labelKey,
    installationId: argocd['installationID'] ?? '',
  };
}

/** What is wrong is told, and counts for nothing. */
export function readComparison(
  argocd: Record<string, string>,
  customizations: Pick<ComparisonSettings, 'ignoreDifferences' | 'knownTypeFields'>,
  faults: string[],
): ComparisonSettings {
  const options = compareOptions(argocd['resource.compareoptions'] ?? '', faults);
  const { ignoreAggregatedRoles = false, ignoreResourceStatusField: status = 'all' } = options;
  if (typeof ignoreAggregatedRoles !== 'boolean')
    faults.push(`ignoreAggregatedRoles in ${optionsKey} of argocd-cm must be true or false`);
  if (status !== 'all' && status !== '')
    faults.push(`ignoreResourceStatusField in ${optionsKey} of argocd-cm has no effect: a status is never compared`);
  const broken: SystemRule[] = [];
  const exclusions = readKinds('resource.exclusions', argocd['resource.exclusions'], broken);
  const inclusions = readKinds('resource.inclusions', argocd['resource.inclusions'], broken);
  faults.push(...broken.flatMap(({ fault }) => fault ?? []));
  return {
    ignoreDifferences: [...customizations.ignoreDifferences, ...broken],
    ignoreAggregatedRoles: ignoreAggregatedRoles === true,
    kinds: { ...(exclusions && { exclusions }), ...(inclusions && { inclusions }) },
    knownTypeFields: { ...defaultComparison.knownTypeFields, ...customizations.knownTypeFields },
    tracking: readTracking(argocd, faults),
  };
}
