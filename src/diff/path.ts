// Paths through objects: their text, where they lead, and taking out what stands there.
import type { FieldPath, PathStep } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import { isObject } from '../model/kube.ts';

/** Field names and list indices alone: a path resolved in one object. */
type Position = (string | number)[];

function scalarText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : canonicalJson(value);
}

function stepText(step: PathStep): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'string') return /^[A-Za-z_$][\w$-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  if ('value' in step) return `[=${scalarText(step.value)}]`;
  const fields = Object.entries(step.key).sort(([a], [b]) => (a < b ? -1 : 1));
  return `[${fields.map(([name, value]) => `${name}=${scalarText(value)}`).join(',')}]`;
}

/** As people read it: `spec.template.spec.containers[name=api].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function pathText(path: FieldPath): string {
  const text = path.map(stepText).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

function keyMatches(entry: unknown, key: Record<string, unknown>, lenient: boolean): boolean {
  if (!isObject(entry)) return false;
  const fields = Object.entries(key);
  return (
    fields.every(([name, value]) => (Object.hasOwn(entry, name) ? sameJson(entry[name], value) : lenient)) &&
    fields.some(([name]) => Object.hasOwn(entry, name))
  );
}

function indexOf(list: unknown[], step: Exclude<PathStep, string | number>): number {
  if ('value' in step) return list.findIndex((entry) => sameJson(entry, step.value));
  const exact = list.findIndex((entry) => keyMatches(entry, step.key, false));
  // Manifests leave out key fields that have a default, `protocol: TCP` of a port.
  return exact >= 0 ? exact : list.findIndex((entry) => keyMatches(entry, step.key, true));
}

/** Where the path leads in this object; undefined when nothing stands there. */
export function positionOf(object: unknown, path: FieldPath): Position | undefined {
  const position: Position = [];
  let at = object;
  for (const step of path) {
    if (typeof step === 'string') {
      if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
      position.push(step);
      at = at[step];
      continue;
    }
    if (!Array.isArray(at)) return undefined;
    const index = typeof step === 'number' ? step : indexOf(at, step);
    if (index < 0 || index >= at.length) return undefined;
    position.push(index);
    at = at[index];
  }
  return position;
}

function get(object: unknown, position: Position): unknown {
  let at = object;
  for (const step of position) {
    if (Array.isArray(at) && typeof step === 'number') at = at[step];
    else if (isObject(at) && typeof step === 'string' && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** undefined when nothing stands there. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  const position = positionOf(object, path);
  return position && get(object, position);
}

/** Whether anything stands there, null too. */
export function hasPath(object: unknown, path: FieldPath): boolean {
  return positionOf(object, path) !== undefined;
}

/** The path of an RFC 6901 pointer; numbers are indices wherever a list stands. undefined when malformed. */
export function pathOfPointer(object: unknown, pointer: string): FieldPath | undefined {
  if (!pointer.startsWith('/')) return undefined;
  const path: FieldPath = [];
  let at = object;
  for (const raw of pointer.slice(1).split('/')) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const index = Array.isArray(at) && /^\d+$/.test(step) ? Number(step) : step;
    path.push(index);
    at = get(at, [index]);
  }
  return path;
}

/** Later list entries first, deeper ones first: taking them out in this order moves none that is still to go. */
function backwards(a: Position, b: Position): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const [x, y] = [a[i], b[i]];
    if (x === y) continue;
    if (typeof x === 'number' && typeof y === 'number') return y - x;
    return String(x) < String(y) ? -1 : 1;
  }
  return b.length - a.length;
}

/** The paths that lead somewhere in this object, in an order in which they can be taken out one by one. */
export function removalOrder(object: unknown, paths: FieldPath[]): Position[] {
  return paths
    .map((path) => positionOf(object, path))
    .filter((position) => position !== undefined)
    .sort(backwards);
}

/** A copy without what stands at these paths. */
export function withoutPaths(object: KubeObject, paths: FieldPath[]): KubeObject {
  if (paths.length === 0) return object;
  const copy = structuredClone(object);
  for (const position of removalOrder(object, paths)) {
    const parent = get(copy, position.slice(0, -1));
    const last = position.at(-1);
    if (Array.isArray(parent) && typeof last === 'number') parent.splice(last, 1);
    else if (isObject(parent) && typeof last === 'string') delete parent[last];
  }
  return copy;
}

/** Makes the objects on the way to the path, as far as no list is among them. */
function makeParents(object: KubeObject, path: FieldPath): void {
  let at: Record<string, unknown> = object;
  for (const step of path.slice(0, -1)) {
    if (typeof step !== 'string') return;
    if (!Object.hasOwn(at, step)) at[step] = {};
    const next = at[step];
    if (!isObject(next)) return;
    at = next;
  }
}

/**
 * A copy of `object` that says at each path what `source` says there. Objects on the way are made, list entries are
 * not.
 */
export function withPathsFrom(object: KubeObject, source: KubeObject, paths: FieldPath[]): KubeObject {
  if (paths.length === 0) return object;
  const copy = structuredClone(object);
  for (const path of paths) {
    const last = path.at(-1);
    const value = valueAt(source, path);
    if (value === undefined || last === undefined) continue;
    if (path.every((step) => typeof step === 'string')) makeParents(copy, path);
    const parent = valueAt(copy, path.slice(0, -1));
    if (isObject(parent) && typeof last === 'string') parent[last] = structuredClone(value);
    else if (Array.isArray(parent)) {
      const at = positionOf(copy, path)?.at(-1);
      if (typeof at === 'number') parent[at] = structuredClone(value);
      else parent.push(structuredClone(value));
    }
  }
  return withoutPaths(
    copy,
    paths.filter((path) => valueAt(source, path) === undefined),
  );
}
