// Structs that Git gives up while defaults in them stand under the tool that made the object: they belong to the
// manifest that named the struct.
import type { FieldMember, FieldSet } from './managed-fields.ts';
import type { FieldPath, PathStep } from '../model/effect.ts';
import type { KubeObject, ManagedFieldsEntry } from '../model/kube.ts';
import { argo, fieldManager } from '../model/annotations.ts';
import { sameJson } from '../base/canonical.ts';
import { isObject } from '../model/kube.ts';
import { fieldSet, heldBy, isOurApply, pathId, treeOf, union, withParents } from './managed-fields.ts';
import { hasPath, valueAt, withPathsFrom } from './path.ts';

/**
 * What kubectl, and Argo CD's client-side apply, leave behind. Entries of subresources (scale, status) are never taken
 * over.
 */
export function isClientSide(entry: ManagedFieldsEntry): boolean {
  const manager = entry.manager ?? '';
  return (
    entry.operation === 'Update' &&
    !entry.subresource &&
    (manager === fieldManager || manager === 'before-first-apply' || manager.startsWith('kubectl'))
  );
}

/**
 * Those that send whole manifests. What `kubectl edit`, `patch`, `annotate` wrote is somebody's edit and no default.
 */
const appliers: ReadonlySet<string> = new Set([
  fieldManager,
  'before-first-apply',
  'kubectl',
  'kubectl-client-side-apply',
  'kubectl-create',
  'kubectl-replace',
]);

function isApplier(entry: ManagedFieldsEntry): boolean {
  return isClientSide(entry) && appliers.has(entry.manager ?? '');
}

export interface GivenUp {
  /** What goes as a whole; nobody else holds a part of it. */
  roots: FieldPath[];
  /** The members of other managers' entries that go with them, and become ours first. */
  members: FieldSet;
  /** Those in what the server named: they are taken from their managers, and go with what is ours around them. */
  loose: FieldSet;
}

interface GivenUpInput {
  live: KubeObject;
  /** What our manifests named: what we hold, and what the first touch makes ours. */
  owned: FieldSet;
  /** The manifest, or what comes of it. */
  after: unknown;
  /** Beside it, because the server named them: these go even if they are edits, and if nobody holds them. */
  named?: readonly FieldPath[];
}

function prefixes(path: FieldPath): FieldPath[] {
  return path.map((_, at) => path.slice(0, at + 1));
}

/** Each once, without what lies in another. */
function outermost(paths: readonly FieldPath[]): FieldPath[] {
  const ids = new Map(paths.map((path) => [pathId(path), path]));
  return [...ids.values()].filter(
    (path) =>
      !prefixes(path)
        .slice(0, -1)
        .some((prefix) => ids.has(pathId(prefix))),
  );
}

/** The list of a set's values has no structs. */
function isField(step: PathStep | undefined): boolean {
  return typeof step === 'string' || (typeof step === 'object' && 'key' in step);
}

/**
 * Structs of the live object that the manifest no longer has, although its former one named them; empty where no
 * client-side apply is left.
 */
export function givenUp({ live, owned, after, named = [] }: GivenUpInput): GivenUp {
  const applied = heldBy(live, isApplier);
  if (applied.size === 0 && named.length === 0) return { roots: [], members: new Map(), loose: new Map() };
  const ours = withParents(owned);
  const held = withParents(heldBy(live, (entry) => !isOurApply(entry) && !isApplier(entry)));
  const roots = new Map<string, FieldPath>();
  for (const { path } of applied.values()) {
    if (path[0] === 'status' || path[2] === argo.lastApplied) continue;
    const ways = prefixes(path);
    const first = ways.findIndex((prefix) => !hasPath(after, prefix));
    const gone = first < 0 ? undefined : ways[first];
    if (!gone || !ours.has(pathId(gone))) continue;
    const root = ways.slice(first).find((prefix) => !held.has(pathId(prefix)));
    if (root && isField(root.at(-1)) && hasPath(live, root)) roots.set(pathId(root), root);
  }
  const ids = new Set(roots.keys());
  const forced = new Set(named.map(pathId).filter((id) => !ids.has(id)));
  const within =
    (ofIds: ReadonlySet<string>) =>
    ([, { path }]: [string, FieldMember]): boolean =>
      prefixes(path).some((prefix) => ofIds.has(pathId(prefix)));
  return {
    roots: outermost([...roots.values(), ...named]),
    members: new Map([...applied].filter(within(ids))),
    loose: new Map([...heldBy(live, isClientSide)].filter(within(forced))),
  };
}

function keyed(entry: unknown, names: readonly string[]): PathStep {
  return {
    key: Object.fromEntries(Object.entries(isObject(entry) ? entry : {}).filter(([name]) => names.includes(name))),
  };
}

/**
 * What the manifest changes beside a root: both kinds of a probe at once would be refused, and so would two ports of
 * one name. Of a struct its plain and its new members, of a list its new entries.
 */
function postponed(live: KubeObject, target: KubeObject, root: FieldPath): FieldPath[] {
  const [around, last] = [root.slice(0, -1), root.at(-1)];
  const wanted = valueAt(target, around);
  if (typeof last === 'object' && 'key' in last) {
    const names = Object.keys(last.key);
    return Array.isArray(wanted)
      ? wanted.map((entry) => [...around, keyed(entry, names)]).filter((path) => !hasPath(live, path))
      : [];
  }
  if (!isObject(wanted) || around.length === 0) return [];
  return Object.keys(wanted)
    .map((name) => [...around, name])
    .filter((path) => {
      const before = valueAt(live, path);
      return !sameJson(before, valueAt(target, path)) && !isObject(before) && !Array.isArray(before);
    });
}

function leaves(path: FieldPath, value: unknown): FieldPath[] {
  if (!isObject(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([name, member]) => leaves([...path, name], member));
}

/** Our entry without what lies in the roots, and with what was set beside it. */
function ownership(answer: KubeObject, roots: readonly FieldPath[], set: readonly FieldPath[]): ManagedFieldsEntry[] {
  const ids = new Set(roots.map(pathId));
  return (answer.metadata.managedFields ?? []).map((entry) => {
    if (!isOurApply(entry)) return entry;
    const kept = new Map(
      [...fieldSet(entry.fieldsV1)].filter(([, { path }]) => !prefixes(path).some((prefix) => ids.has(pathId(prefix)))),
    );
    const more = new Map(set.map((path) => [pathId(path), { path, leaf: true }]));
    return { ...entry, fieldsV1: treeOf(union(kept, more)) };
  });
}

/**
 * A dry run cannot take fields over first, and fails at what then stays behind. So it is asked with the roots as they
 * are live, and its answer (`finish`) is what an apply would leave if the roots stayed: to be sent again without them.
 */
export function aroundGivenUp(
  live: KubeObject,
  target: KubeObject,
  roots: readonly FieldPath[],
): { form: KubeObject; finish: (answer: KubeObject) => KubeObject } {
  const later = outermost(roots.flatMap((root) => postponed(live, target, root)));
  const form = withPathsFrom(target, live, [...later, ...roots]);
  const finish = (answer: KubeObject): KubeObject => {
    const whole = withPathsFrom(answer, target, later);
    return {
      ...whole,
      metadata: {
        ...whole.metadata,
        managedFields: ownership(
          answer,
          roots,
          later.flatMap((path) => leaves(path, valueAt(target, path))),
        ),
      },
    };
  };
  return { form, finish };
}

/**
 * Fields of a refusal that are live, and that the manifest lacks: `spec.strategy.rollingUpdate` beside another type.
 */
export function leftBehind(fields: readonly string[], live: KubeObject, target: KubeObject): FieldPath[] {
  const others = withParents(heldBy(live, (entry) => !isOurApply(entry) && !isClientSide(entry)));
  const found = fields.flatMap((field): FieldPath[] => {
    const path = pathIn(live, field);
    const gone = path && prefixes(path).find((prefix) => !hasPath(target, prefix));
    return gone &&
      hasPath(live, gone) &&
      gone[0] !== 'metadata' &&
      gone[0] !== 'status' &&
      isField(gone.at(-1)) &&
      !others.has(pathId(gone))
      ? [gone]
      : [];
  });
  return outermost(found);
}

/** `spec.containers[0].livenessProbe` as a path; entries that have a name are told apart by it. */
function pathIn(live: KubeObject, field: string): FieldPath | undefined {
  const path: FieldPath = [];
  for (const [, name, index] of field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (index === undefined) path.push(name ?? '');
    else {
      const entry = valueAt(live, [...path, Number(index)]);
      path.push(
        isObject(entry) && typeof entry['name'] === 'string' ? { key: { name: entry['name'] } } : Number(index),
      );
    }
  }
  return path.length > 0 ? path : undefined;
}
