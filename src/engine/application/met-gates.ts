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
    ...pruned.filter(isApplication).flatMap((key) => others.goesWith(key).flatMap(({ gates }) => gates)),
  ];
}

/** Changes whenever what is said of the object to others' account does. */
export function stampOf(
  others: Others,
  { key, target, requiresPruning }: Pick<ComparedObject, 'key' | 'target' | 'requiresPruning'>,
): string {
  if (!target && requiresPruning && isApplication(key))
    return others
      .goesWith(key)
      .map(({ application, uid, objects, gates }) => [application, uid, gates.length, ...objects.map(keyText)].join())
      .join(';');
  return [
    others.heldBy(key) ?? '',
    ...[...(target ? others.ownersOf(key) : []), ...others.takenAlong(key)].map(({ application }) => application),
  ].join();
}

/** As a clause: whose gate bears on the object at this moment. */
export function guardOf(others: Others, key: ResourceKey, deletes: boolean): string | undefined {
  const [owner] = others.ownersOf(key);
  if (owner) return `${keyTitle(key)} belongs to application ${applicationName(owner.application)}, whose gate asks`;
  const [along] = deletes ? others.takenAlong(key) : [];
  return (
    along && `${keyTitle(key)} holds objects of application ${applicationName(along.application)}, whose gate asks`
  );
}
