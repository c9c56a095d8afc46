// How Argo CD applies an object: by which request, as its sync options say (Argo CD: gitops-engine
// pkg/sync/sync_context.go applyObject).
import type { Application } from '../../model/application.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../model/kube.ts';
import type { PreparedObject } from './prepare.ts';
import { argo } from '../../model/annotations.ts';
import { fieldSet, pathId } from '../../diff/managed-fields.ts';
import { resourceOptions } from '../../model/hooks.ts';

/** Of an application that Argo CD syncs. */
export interface ByArgo {
  /** Whose fields its server-side apply takes over, beside who wrote the last-applied annotation. */
  migrates: string | undefined;
}

/** `syncOptions`: of the sync, or else of the application. */
export function byArgo({ metadata }: Application, syncOptions: ReadonlyMap<string, string>): ByArgo {
  const manager = metadata.annotations?.[argo.migrationManager] || 'kubectl-client-side-apply';
  return { migrates: syncOptions.get('ClientSideApplyMigration') === 'false' ? undefined : manager };
}

interface Options {
  byArgo?: ByArgo | undefined;
  /** Of the sync. */
  syncOptions?: ReadonlyMap<string, string>;
}

/** Any of the three has the option; `=false` at an object switches nothing off. */
export function hasOption(
  { syncOptions }: Pick<Options, 'syncOptions'>,
  name: 'Replace' | 'Force',
  objects: readonly (KubeObject | undefined)[],
): boolean {
  // Of Force there is no option of an application.
  const all = name === 'Force' ? undefined : syncOptions?.get(name);
  return all === 'true' || objects.some((object) => object && resourceOptions(object).get(name) === 'true');
}

/** Argo CD applies it as `kubectl apply` does without `--server-side`. */
export function isClientSide({ byArgo, syncOptions }: Options, { target }: Pick<PreparedObject, 'target'>): boolean {
  if (!byArgo) return false;
  const own = resourceOptions(target).get('ServerSideApply');
  return own === 'false' || (own !== 'true' && syncOptions?.get('ServerSideApply') !== 'true');
}

/** Whether each sync deletes the object, which is replaced, and makes it anew: `kubectl replace --force`. */
export function isMadeAnew(
  { byArgo }: Pick<Options, 'byArgo'>,
  { target }: Pick<PreparedObject, 'target'>,
  live: KubeObject,
): boolean {
  if (!byArgo || target.kind === 'Namespace' || target.kind === 'CustomResourceDefinition') return false;
  return hasOption({}, 'Force', [target, live]);
}

/**
 * Whether what cannot be changed in place is deleted and made anew: told to by Force=true, or a binding of another
 * role, which `kubectl auth reconcile` makes anew before a client-side apply.
 */
export function isForced(context: Options, { target }: Pick<PreparedObject, 'target'>, live?: KubeObject): boolean {
  if (!context.byArgo) {
    const own = resourceOptions(target).get('Force');
    return own === 'true' || context.syncOptions?.get('Force') === 'true';
  }
  const isBinding = target.kind === 'RoleBinding' || target.kind === 'ClusterRoleBinding';
  return (
    hasOption(context, 'Force', [target, live]) ||
    (isBinding && target.apiVersion === 'rbac.authorization.k8s.io/v1' && isClientSide(context, { target }))
  );
}

const annotation = pathId(['metadata', 'annotations', argo.lastApplied]);

/** Whose fields become those of the server-side apply before it: what the manifest lacks of them goes. */
export function isMigrated({ migrates }: ByArgo, entry: ManagedFieldsEntry): boolean {
  if (entry.operation !== 'Update' || entry.subresource) return false;
  return entry.manager === migrates || fieldSet(entry.fieldsV1).has(annotation);
}

/** A sync of anything applies all of it, also what the comparison finds in sync. */
export function writesAll({ byArgo, syncOptions }: Options): boolean {
  return byArgo !== undefined && syncOptions?.get('ApplyOutOfSyncOnly') !== 'true';
}
