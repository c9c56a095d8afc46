// Whose gates a sync meets beside the application's own: it writes what belongs to them, or deletes what is theirs.
import { applicationName, syncOptions } from '../../model/application.ts';
import type { ComparedObject, Comparison, Others } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { LoosenedGate } from '../../policy/policy.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { resourceOptions } from '../../model/hooks.ts';
import { keyText, keyTitle } from '../../model/kube.ts';
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
    ...written.flatMap((key) =>
      others.ownersOf(key).map(({ application, policy }): LoosenedGate => ({
        key,
        before: policy,
        does: `write ${keyTitle(key)}, which belongs to application ${applicationName(application)}`,
      })),
    ),
    ...deleted.flatMap((key) =>
      others.takenAlong(key).map(({ application, policy }): LoosenedGate => ({
        key,
        before: policy,
        does: `delete ${keyTitle(key)} with objects of application ${applicationName(application)}`,
      })),
    ),
    ...going.flatMap((key) => others.goesWith(key).flatMap(({ gates }) => gates)),
  ];
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

/** As a clause: whose gate bears on the object at this moment. */
export function guardOf(others: Others, key: ResourceKey, deletes: boolean): string | undefined {
  const [owner] = others.ownersOf(key);
  if (owner) return `${keyTitle(key)} belongs to application ${applicationName(owner.application)}, whose gate asks`;
  if (!deletes) return undefined;
  const gone = others.goesWith(key).find(({ gates }) => gates.length > 0)?.application;
  const along = gone ?? others.takenAlong(key)[0]?.application;
  return along && `${keyTitle(key)} takes along what is of application ${applicationName(along)}, whose gate asks`;
}
