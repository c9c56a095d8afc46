// The destination namespace in an effect: made by CreateNamespace=true, and labelled by managedNamespaceMetadata where
// it exists (Argo CD: controller/sync_namespace.go).
import type { Application } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { ObjectContext } from './states.ts';
import type { ObjectEffect } from './facts.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import type { Prepared, PreparedObject } from '../object/prepare.ts';
import { bodyOf, objectError } from '../object/predict.ts';
import { changedFields, manifestMac } from '../object/digest.ts';
import { diffFields } from '../../diff/diff.ts';
import { scopeOf } from './states.ts';
import { keyText } from '../../model/kube.ts';
import { ownedChanges } from '../../diff/owned.ts';

/**
 * The namespace that the sync applies, as a manifest; it is never tracked. undefined if it is not asked for or is one
 * of the manifests.
 */
export function namespaceToMake(
  { spec }: Application,
  options: ReadonlyMap<string, string>,
  manifests: Prepared,
): PreparedObject | undefined {
  const name = spec.destination.namespace;
  const key = { group: '', kind: 'Namespace', namespace: '', name: name ?? '' };
  if (!name || options.get('CreateNamespace') !== 'true' || manifests.objects.has(keyText(key))) return undefined;
  const { labels, annotations } = spec.syncPolicy?.managedNamespaceMetadata ?? {};
  const target: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
  };
  const hook = { isHook: false, phases: [], skip: false, onDelete: [], deletePolicies: [] };
  return { key, version: 'v1', target, hash: '', hook, wave: 0, served: true, brought: false, place: undefined };
}

/** undefined when nothing of it changes. */
export async function namespaceEffect(
  context: ObjectContext,
  object: PreparedObject,
): Promise<ObjectEffect | undefined> {
  const { key, target, wave } = object;
  const record = context.cluster.live.get(key);
  const live = record && (await bodyOf(context, record))?.object;
  if (!live)
    return found(
      context,
      { key, action: 'create', changes: [], after: target, notes: ['made by CreateNamespace=true'] },
      { op: 'create', key, phase: 'PreSync', wave, mac: manifestMac(scopeOf(context, key), target) },
    );
  if (!context.input.app.spec.syncPolicy?.managedNamespaceMetadata) return undefined;
  try {
    const after = await context.cluster.api.apply(target, { dryRun: true, signal: context.signal });
    const fields = changedFields(scopeOf(context, key), {
      live,
      after,
      changes: ownedChanges(live, after),
      removed: [],
      moves: () => false,
    });
    if (fields.length === 0) return undefined;
    return found(
      context,
      {
        key,
        action: 'change',
        changes: diffFields(live, after),
        before: live,
        after,
        notes: ['labelled by managedNamespaceMetadata'],
      },
      { op: 'change', key, phase: 'PreSync', wave, fields },
    );
  } catch (error) {
    return { key, error: objectError(context, error, object) };
  }
}

/** What it says is in the Application, not in the manifests: it waits with the branch, where there is one. */
function found(
  { input }: ObjectContext,
  total: ObjectDiff,
  operation: NonNullable<ObjectEffect['operation']>,
): ObjectEffect {
  const waits = (input.branch ?? input.target).length > 0;
  return { key: total.key, total, ...(waits ? { waiting: total } : { change: total }), operation };
}
