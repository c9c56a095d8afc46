// Whose gates a sync meets beside the application's own: it writes what belongs to them, or deletes what is theirs.
import type { ComparedObject, Comparison, Others } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { LoosenedGate } from '../../policy/policy.ts';
import { applicationName, syncOptions } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { resourceOptions } from '../../model/hooks.ts';
import { keyText, keyTitle } from '../../model/kube.ts';
import { hashOf } from '../../base/canonical.ts';
import { metText } from '../../policy/gate-text.ts';
import { isForced, isSelected, skipsHooks } from '../../sync/selection.ts';

/** Whether this sync would write it: what is in sync is left as it is, and hooks run only in a sync of everything. */
function isWritten({ operation = {} }: Application, { target, status, hook }: ComparedObject): boolean {
  if (!target) return false;
  return hook.isHook ? !skipsHooks(operation) : status !== 'Synced';
}

/** Whether what has its name now may be deleted for it: hooks clear their place, and what is forced is made anew. */
function mayDelete({ spec, operation }: Application, { target, hook }: ComparedObject): boolean {
  return (
    target !== undefined &&
    (hook.isHook ||
      isForced(
        operation ?? {},
        resourceOptions(target),
        syncOptions(operation?.sync?.syncOptions ?? spec.syncPolicy?.syncOptions),
      ))
  );
}

/** The namespace that the sync labels, though it is none of its objects. */
function labelledNamespace({ spec, operation }: Application): ResourceKey[] {
  const { syncPolicy, destination } = spec;
  const makes = syncOptions(operation?.sync?.syncOptions ?? syncPolicy?.syncOptions).get('CreateNamespace') === 'true';
  return makes && syncPolicy?.managedNamespaceMetadata && destination.namespace
    ? [{ group: '', kind: 'Namespace', namespace: '', name: destination.namespace }]
    : [];
}

/**
 * Gates of other applications that a sync of this one meets, as its operation asks for it or, without one, as a whole.
 */
export function metGates(app: Application, { objects, input: { others } }: Comparison): LoosenedGate[] {
  if (!others) return [];
  const selected = objects.filter((item) => isSelected(app.operation ?? {}, item));
  const applied = selected.filter((item) => isWritten(app, item));
  const written = [...applied.map(({ key }) => key), ...labelledNamespace(app)];
  const pruned = selected.filter((item) => item.requiresPruning).map(({ key }) => key);
  const deleted = [...pruned, ...applied.filter((item) => mayDelete(app, item)).map(({ key }) => key)];
  // An Application has no field that cannot be changed: only a hook clears its place.
  const hooks = applied.filter(({ hook }) => hook.isHook).map(({ key }) => key);
  const going = [...pruned, ...hooks, ...deleted.filter((key) => !isApplication(key))];
  return [
    ...written.flatMap((key) => gatesOfOwners(others, key)),
    ...deleted.flatMap((key) => gatesAlong(others, key)),
    ...going.flatMap((key) => others.goesWith(key).flatMap(({ gates }) => gates)),
  ];
}

function gatesOfOwners(others: Others, key: ResourceKey): LoosenedGate[] {
  return others.ownersOf(key).map(({ application, policy }) => ({
    key,
    before: policy,
    does: `write ${keyTitle(key)}, which belongs to application ${applicationName(application)}`,
  }));
}

function gatesAlong(others: Others, key: ResourceKey): LoosenedGate[] {
  return others.takenAlong(key).map(({ application, policy }) => ({
    key,
    before: policy,
    does: `delete ${keyTitle(key)} with objects of application ${applicationName(application)}`,
  }));
}

/** Tells one gate, as it stands, at one object from all others. */
export function idOfGate({ key, before }: LoosenedGate): string {
  return `${keyText(key)} ${hashOf(before)}`;
}

/** Changes whenever what is said of the object to others' account does. */
export function stampOf(
  others: Others,
  {
    key,
    target,
    requiresPruning,
    hook,
  }: Pick<ComparedObject, 'key' | 'target' | 'requiresPruning'> & {
    hook?: ComparedObject['hook'];
  },
): string {
  const goes = requiresPruning || hook?.isHook === true;
  const along = goes || !isApplication(key) ? others.goesWith(key) : [];
  return [
    ...along.map(({ application, uid, objects, gates }) =>
      [application, uid, gates.length, ...objects.map(keyText)].join(),
    ),
    others.heldBy(key) ?? '',
    ...[...(target ? others.ownersOf(key) : []), ...others.takenAlong(key)].map(({ application }) => application),
  ].join(';');
}

/**
 * As a clause: whose gate bears on the object at this moment, beside those that were asked when the operation began, by
 * their ids.
 */
export function guardOf(
  others: Others,
  key: ResourceKey,
  { deletes, met }: { deletes: boolean; met: readonly string[] },
): string | undefined {
  const along = deletes ? [...gatesAlong(others, key), ...others.goesWith(key).flatMap(({ gates }) => gates)] : [];
  const news = [...gatesOfOwners(others, key), ...along].find((gate) => !met.includes(idOfGate(gate)));
  return news && `it would ${metText([news])}, whose gate asks`;
}
