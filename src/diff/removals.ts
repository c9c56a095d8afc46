// Fields that Git gave up: which an apply leaves behind because another tool took them over, and which others hold for
// good (docs/decisions/0011).
import type { FieldPath } from '../model/effect.ts';
import type { JsonPatch } from './takeover.ts';
import type { KubeObject, ManagedFieldsEntry } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { fieldSet, heldBy, isOurApply, pathId, withParents } from './managed-fields.ts';
import { abandoned, formerManifests } from './takeover.ts';
import { hasPath, removalOrder, valueAt } from './path.ts';

interface RemovalInput {
  /** The object as it was before the apply, managedFields included. */
  live: KubeObject;
  /** The answer of the apply, or of its dry run. */
  applied: KubeObject;
  /** What was applied. */
  target: KubeObject;
  /**
   * The manifest that was applied before it; for an object that we never applied its last-applied annotation counts
   * too.
   */
  previous?: KubeObject | undefined;
  /** Left behind, as a refusal said. */
  named?: readonly FieldPath[] | undefined;
  /**
   * Where Argo CD applies: the entries that become those of its apply, whatever a former manifest had. Default: former
   * manifests alone tell.
   */
  migrates?: ((entry: ManagedFieldsEntry) => boolean) | undefined;
}

interface Removals {
  /** Still there and nobody's but a client-side tool's: to be removed. No path is part of another. */
  remove: FieldPath[];
  /**
   * Still there and held by another server-side applier or through a subresource (scale): no longer managed, it stays.
   */
  kept: { path: FieldPath; by: string }[];
}

/** Holds for good: an apply of somebody else, or a subresource. */
function isOtherHolder(entry: ManagedFieldsEntry): boolean {
  return entry.subresource !== undefined && entry.subresource !== ''
    ? true
    : entry.operation === 'Apply' && !isOurApply(entry);
}

function isUpdate(entry: ManagedFieldsEntry): boolean {
  return entry.operation === 'Update' && !entry.subresource;
}

/** Shallowest paths alone. */
function outermost(paths: Map<string, FieldPath>): FieldPath[] {
  return [...paths.values()].filter((path) => !path.some((_, at) => at > 0 && paths.has(pathId(path.slice(0, at)))));
}

/** What a former manifest had and the target lacks, where only Update managers hold it any more. */
export function removals(input: RemovalInput): Removals {
  const { live, applied, target } = input;
  const former = formerManifests(live, input.previous);
  const given = [...abandoned(live, target, input.previous).roots, ...(input.named ?? [])].filter((path) =>
    hasPath(applied, path),
  );
  if (former.length === 0 && !input.migrates) return { remove: given, kept: [] };
  const ours = withParents(heldBy(applied, isOurApply));
  const others = withParents(heldBy(live, isOtherHolder));
  const gone = (path: FieldPath): boolean =>
    former.some((manifest) => hasPath(manifest, path)) && !hasPath(target, path) && hasPath(applied, path);
  const found = new Map<string, FieldPath>(given.map((path) => [pathId(path), path]));
  const { migrates } = input;
  if (migrates) {
    const held = withParents(heldBy(applied, (entry) => !migrates(entry)));
    for (const [id, { path }] of heldBy(applied, migrates))
      if (
        !held.has(id) &&
        path[0] !== 'status' &&
        !isIdentity(path) &&
        !hasPath(target, path) &&
        hasPath(applied, path)
      )
        found.set(id, path);
    return { remove: outermost(found), kept: keptBy(applied, gone, ours) };
  }
  for (const [id, { path }] of heldBy(applied, isUpdate)) {
    if (!ours.has(id) && !others.has(id) && path[0] !== 'status' && !isIdentity(path) && gone(path))
      found.set(id, path);
  }
  return { remove: outermost(found), kept: keptBy(applied, gone, ours) };
}

/** Never to be taken out by hand: the object's identity, and the annotation that goes with the takeover anyway. */
function isIdentity(path: FieldPath): boolean {
  if (path[0] !== 'metadata') return path[0] === 'apiVersion' || path[0] === 'kind';
  return path[1] === 'name' || path[1] === 'namespace' || path[2] === argo.lastApplied;
}

function keptBy(
  applied: KubeObject,
  gone: (path: FieldPath) => boolean,
  ours: ReadonlySet<string>,
): { path: FieldPath; by: string }[] {
  const kept = new Map<string, { path: FieldPath; by: string }>();
  for (const entry of (applied.metadata.managedFields ?? []).filter(isOtherHolder)) {
    for (const [id, { path, leaf }] of fieldSet(entry.fieldsV1)) {
      if (!leaf || ours.has(id) || path[0] === 'status' || !gone(path)) continue;
      kept.set(id, { path, by: `${entry.manager ?? ''}${entry.subresource ? ` (${entry.subresource})` : ''}` });
    }
  }
  return [...kept.values()];
}

/**
 * For `api.patch({type: 'json'})` over the object that the apply answered; a change in between answers 409 or 422: of
 * these fields, or `exact`ly of anything.
 */
export function removalPatch(applied: KubeObject, paths: FieldPath[], exact = false): JsonPatch {
  const patch: JsonPatch = exact
    ? [{ op: 'test', path: '/metadata/resourceVersion', value: applied.metadata.resourceVersion }]
    : [];
  for (const position of removalOrder(applied, paths)) {
    const path = position.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    patch.push({ op: 'test', path, value: valueAt(applied, position) }, { op: 'remove', path });
  }
  return patch;
}
