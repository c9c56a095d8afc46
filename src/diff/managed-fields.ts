// Who holds which fields: sets of paths out of metadata.managedFields (Kubernetes API, FieldsV1).
import type { FieldPath, PathStep } from '../model/effect.ts';
import type { KubeObject, ManagedFieldsEntry } from '../model/kube.ts';
import { canonicalJson } from '../base/canonical.ts';
import { parseJson } from '../base/json.ts';
import { fieldManager } from '../model/annotations.ts';
import { isObject } from '../model/kube.ts';

export interface FieldMember {
  path: FieldPath;
  /** Nothing below it is named: its whole value is held. Otherwise only that it exists. */
  leaf: boolean;
}

/** Members by the text of their path; texts of a path's parents are prefixes of its own, up to a separator. */
export type FieldSet = ReadonlyMap<string, FieldMember>;

const separator = '\u0000';

function stepOf(segment: string): PathStep | undefined {
  const rest = segment.slice(2);
  if (segment.startsWith('f:')) return rest;
  if (segment.startsWith('i:')) return Number(rest);
  if (segment.startsWith('k:')) {
    const key = parseJson(rest);
    return isObject(key) ? { key } : undefined;
  }
  return segment.startsWith('v:') ? { value: parseJson(rest) } : undefined;
}

/** The text by which sets compare paths. */
export function pathId(path: FieldPath): string {
  return path.map((step) => (typeof step === 'string' ? `f:${step}` : canonicalJson(step))).join(separator);
}

/** All members of a FieldsV1 tree. */
export function fieldSet(fields: Record<string, unknown> | undefined): FieldSet {
  const set = new Map<string, FieldMember>();
  const visit = (node: Record<string, unknown>, path: FieldPath): void => {
    const segments = Object.keys(node);
    const children = segments.filter((segment) => segment !== '.');
    if (path.length > 0 && (children.length === 0 || segments.length > children.length))
      set.set(pathId(path), { path, leaf: children.length === 0 });
    for (const segment of children) {
      const step = stepOf(segment);
      const child = node[segment];
      if (step !== undefined && isObject(child)) visit(child, [...path, step]);
    }
  };
  if (fields) visit(fields, []);
  return set;
}

/** A path held as a whole by one and by its parts by another is held by its parts. */
export function union(...sets: FieldSet[]): FieldSet {
  const all = new Map<string, FieldMember>();
  for (const set of sets) {
    for (const [id, member] of set) {
      const known = all.get(id);
      all.set(id, known ? { path: member.path, leaf: known.leaf && member.leaf } : member);
    }
  }
  return all;
}

/** Members of `a` that are not members of `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return new Map([...a].filter(([id]) => !b.has(id)));
}

/** Every member and every parent of a member: `has(id)` tells whether the set holds something at or below a path. */
export function withParents(set: FieldSet): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const id of set.keys()) {
    ids.add(id);
    for (
      let at = id.lastIndexOf(separator);
      at > 0 && !ids.has(id.slice(0, at));
      at = id.lastIndexOf(separator, at - 1)
    )
      ids.add(id.slice(0, at));
  }
  return ids;
}

/** True when the path or one of its parents is a leaf of the set: held, if only as part of a whole. */
export function holds(set: FieldSet, path: FieldPath): boolean {
  return path.some((_, at) => {
    const member = set.get(pathId(path.slice(0, at + 1)));
    return member !== undefined && (member.leaf || at === path.length - 1);
  });
}

/** The union of what the entries of an object hold that pass the test. */
export function heldBy(object: KubeObject, test: (entry: ManagedFieldsEntry) => boolean): FieldSet {
  return union(...(object.metadata.managedFields ?? []).filter(test).map((entry) => fieldSet(entry.fieldsV1)));
}

/** Our own server-side applies. */
export function isOurApply(entry: ManagedFieldsEntry): boolean {
  return entry.operation === 'Apply' && entry.manager === fieldManager && !entry.subresource;
}

function segmentOf(step: PathStep): string {
  if (typeof step === 'string') return `f:${step}`;
  if (typeof step === 'number') return `i:${step}`;
  return 'key' in step ? `k:${canonicalJson(step.key)}` : `v:${canonicalJson(step.value)}`;
}

/** The set as FieldsV1. */
export function treeOf(set: FieldSet): Record<string, unknown> {
  const parents = new Set<string>();
  for (const id of set.keys())
    for (let at = id.lastIndexOf(separator); at > 0; at = id.lastIndexOf(separator, at - 1))
      parents.add(id.slice(0, at));
  const tree: Record<string, unknown> = {};
  for (const [id, { path }] of set) {
    let node = tree;
    for (const segment of path.map(segmentOf)) {
      const child = node[segment];
      const next: Record<string, unknown> = isObject(child) ? child : {};
      node[segment] = next;
      node = next;
    }
    if (parents.has(id)) node['.'] = {};
  }
  return tree;
}
