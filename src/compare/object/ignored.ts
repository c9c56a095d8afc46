// What ignoreDifferences leaves of a prediction: the ground of sync status and drift, not of what a sync writes, nor of
// what is approved.
import type { CompareContext, CompareInput } from './comparison.ts';
import type { FieldPath } from '../../model/effect.ts';
import type { Ignored } from '../../diff/ignored-from.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { SystemRule } from '../../model/comparison-settings.ts';
import type { Tracking } from '../../model/tracking.ts';
import type { Prediction } from './predict.ts';
import type { OwnedChange } from '../../diff/owned.ts';
import { AppError } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';
import { ignoreRulesFor, ignoredIn, ignoredPaths, namedPath } from '../../diff/ignore.ts';
import { withIgnoredFrom } from '../../diff/ignored-from.ts';
import { heldBy, holds, pathId } from '../../diff/managed-fields.ts';
import { ownedChanges } from '../../diff/owned.ts';
import { sameJson } from '../../base/canonical.ts';
import { hasPath, valueAt } from '../../diff/path.ts';
import { argo } from '../../model/annotations.ts';
import { isObject } from '../../model/kube.ts';
import { inFormOf } from './known-types.ts';

/** Who asks, and about which object. */
export interface IgnoreContext extends Pick<CompareContext, 'jq' | 'settings' | 'worker'> {
  input: Pick<CompareInput, 'app'>;
}

/** A rule that nobody can tell the fields of: its object is left as it is. */
export class UnreadRule extends AppError {
  /** The rule's field and what is wrong with it; the message says what becomes of the object too. */
  readonly why: string;

  constructor(why: string) {
    super('E_MANIFEST', `left as it is, neither compared nor synced: ${why}`);
    this.why = why;
  }
}

/** Those of the Application, each with where it stands. */
function ownRules({ input }: IgnoreContext): SystemRule[] {
  return (input.app.spec.ignoreDifferences ?? []).map((rule, at) => ({ ...rule, at: `spec.ignoreDifferences[${at}]` }));
}

/** Those of argocd-cm too. */
function rulesFor(context: IgnoreContext, key: ResourceKey): SystemRule[] {
  return ignoreRulesFor([...ownRules(context), ...context.settings.ignoreDifferences], key);
}

/** Whether anything of the object may be ignored. */
export function mayIgnore(context: IgnoreContext, key: ResourceKey): boolean {
  return rulesFor(context, key).length > 0 || (context.settings.ignoreAggregatedRoles && isRole(key));
}

/** The expressions of rules, and the field in which each stands. */
function expressionsOf(rules: readonly SystemRule[]): [string, string][] {
  return rules.flatMap(({ jqPathExpressions = [], at }) =>
    jqPathExpressions.map((expression, number): [string, string] => [expression, `${at}.jqPathExpressions[${number}]`]),
  );
}

/** One sentence for each rule that cannot be read, whatever it concerns; by default of all rules of the Application. */
export async function unreadRules(
  context: IgnoreContext,
  rules: readonly SystemRule[] = ownRules(context),
): Promise<string[]> {
  const faults = expressionsOf(rules).map(async ([expression, field]) => {
    const fault = await context.jq.fault(expression);
    return fault === '' ? [] : [`${field}: jq cannot read it: ${fault}`];
  });
  return [...rules.flatMap(({ fault }) => fault ?? []), ...(await Promise.all(faults)).flat()];
}

/**
 * Why nobody can tell what of this object is to be ignored: it is neither compared nor written; undefined = all rules
 * for it can be read.
 */
export async function unreadRule(context: IgnoreContext, key: ResourceKey): Promise<UnreadRule | undefined> {
  const [unread] = await unreadRules(context, rulesFor(context, key));
  return unread === undefined ? undefined : new UnreadRule(unread);
}

async function namedByJq(
  context: IgnoreContext,
  rules: readonly SystemRule[],
  object: KubeObject,
): Promise<FieldPath[]> {
  const { app } = context.input;
  const asker = { application: applicationKey(app), rules: app.spec.ignoreDifferences ?? [] };
  const found = expressionsOf(rules).map(async ([expression, field]) => {
    const named = await context.jq.namedIn(object, expression, asker);
    if ('why' in named) throw new UnreadRule(`${field}: ${named.why}`);
    return named.paths;
  });
  return (await Promise.all(found)).flat();
}

/** What the rules for the object ignore in each form; jq may name other fields in each. Throws UnreadRule. */
export async function ignoredOf(
  context: IgnoreContext,
  key: ResourceKey,
  forms: { live: KubeObject; other: KubeObject },
): Promise<Ignored> {
  if (!mayIgnore(context, key)) return { live: [], other: [] };
  const rules = rulesFor(context, key);
  const [live, other] = await Promise.all([
    namedByJq(context, rules, forms.live),
    namedByJq(context, rules, forms.other),
  ]);
  const named = ignoredIn(rules, forms, { live, other });
  if (!context.settings.ignoreAggregatedRoles || !isRole(key)) return named;
  return { live: [...named.live, ...aggregated(forms.live)], other: [...named.other, ...aggregated(forms.other)] };
}

function isRole({ group, kind }: ResourceKey): boolean {
  return group === 'rbac.authorization.k8s.io' && (kind === 'ClusterRole' || kind === 'Role');
}

/** A controller fills in the rules (Argo CD: gitops-engine pkg/diff normalizeRole). */
function aggregated(role: KubeObject): FieldPath[] {
  return isObject(role['aggregationRule']) && Object.hasOwn(role, 'rules') ? [['rules']] : [];
}

/**
 * Predicted, with the ignored fields as they are live; the live object itself when nothing else changes: then a sync
 * does not write it.
 */
export async function ignoring(context: IgnoreContext, key: ResourceKey, prediction: Prediction): Promise<KubeObject> {
  const { live, predicted } = prediction;
  if (predicted === live.object) return predicted;
  const ignored = await ignoredOf(context, key, { live: live.object, other: predicted });
  const moved = trackedOtherwise(context.settings.tracking, live.object, predicted);
  const counted = withIgnoredFrom(predicted, live.object, {
    live: [...ignored.live, ...moved.live],
    other: [...ignored.other, ...moved.other],
  });
  const shown = await known(context, key, { live: live.object, predicted: counted });
  if (shown === predicted) return predicted;
  const labels = new Set(moved.live.map(pathId));
  const removed = prediction.removed.filter((path) => !labels.has(pathId(path)));
  return ownedChanges(live.object, shown).length === 0 && removed.length === 0 ? live.object : shown;
}

function known(
  { settings, worker }: IgnoreContext,
  { group, kind }: ResourceKey,
  forms: { live: KubeObject; predicted: KubeObject },
): Promise<KubeObject> | KubeObject {
  const fields = settings.knownTypeFields[group === '' ? kind : `${group}/${kind}`] ?? [];
  if (!worker || fields.length === 0 || ownedChanges(forms.live, forms.predicted).length === 0) return forms.predicted;
  return inFormOf(worker, fields, forms);
}

/**
 * What was synced under tracking by label is in sync under tracking by annotation, until it is written for another
 * reason (Argo CD: util/argo/resource_tracking.go Normalize).
 */
function trackedOtherwise({ method, labelKey }: Tracking, live: KubeObject, predicted: KubeObject): Ignored {
  const { labels, annotations } = live.metadata;
  if (method === 'label' || !labels?.[labelKey]) return { live: [], other: [] };
  return {
    live: predicted.metadata.labels?.[labelKey] ? [] : [['metadata', 'labels', labelKey]],
    other: annotations?.[argo.trackingId] ? [] : [['metadata', 'annotations', argo.trackingId]],
  };
}

/** The ignored paths at which two forms of an object differ. */
export async function ignoredChanges(
  context: IgnoreContext,
  key: ResourceKey,
  forms: { live: KubeObject; other: KubeObject },
): Promise<FieldPath[]> {
  return ignoredPaths(forms, await ignoredOf(context, key, forms)).filter(
    (path) => path[0] !== 'status' && !sameJson(valueAt(forms.live, path), valueAt(forms.other, path)),
  );
}

/**
 * Ignored fields to which Git gives another value than at the last sync; without one, than is live and no subresource
 * holds. Whoever approves the rest approves them too: they are written as soon as the object is, or is made anew.
 */
export async function ignoredNews(
  context: IgnoreContext,
  key: ResourceKey,
  { live, last, target }: { live: KubeObject; last: KubeObject | undefined; target: KubeObject },
): Promise<OwnedChange[]> {
  const held = heldBy(live, (entry) => Boolean(entry.subresource));
  const forms = { live, other: target };
  const paths = ignoredPaths(forms, await ignoredOf(context, key, forms));
  // What Git gave up is named by the last manifest alone.
  const former = last ? (await ignoredOf(context, key, { live, other: last })).other : [];
  const all = new Map(
    [...paths, ...former.map((position) => namedPath(last ?? live, position))].map((path) => [pathId(path), path]),
  );
  return [...all.values()]
    .filter((path) => path[0] !== 'status' && (last !== undefined || (hasPath(target, path) && !holds(held, path))))
    .map((path) => ({ path, before: valueAt(last ?? live, path), after: valueAt(target, path) }))
    .filter(({ before, after }) => !sameJson(before, after));
}
