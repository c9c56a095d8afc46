// What differs between two forms of one object: field by field, and as a text that people read. Pure.
import type { FieldChange, FieldPath } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import { isDeepStrictEqual } from 'node:util';
import { argo } from '../model/annotations.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import { isObject } from '../model/kube.ts';
import { pathText } from './path.ts';
import { stringify } from 'yaml';
import { unifiedDiff } from './lines.ts';

const noise: ReadonlySet<string> = new Set([
  'managedFields',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'selfLink',
]);

/** What Git could want of the object: no status, nothing that the server itself writes, no last-applied annotation. */
export function withoutNoise(object: KubeObject): KubeObject {
  const { status: _status, metadata, ...rest } = object;
  const { annotations, ...kept } = Object.fromEntries(Object.entries(metadata).filter(([name]) => !noise.has(name)));
  const shown = isObject(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== argo.lastApplied))
    : {};
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...kept, ...(Object.keys(shown).length > 0 && { annotations: textMap(shown) }) },
  };
}

function textMap(map: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, typeof value === 'string' ? value : canonicalJson(value)]),
  );
}

/**
 * Fields that tell the entries of a list apart, in the order in which they are tried (merge keys of the Kubernetes
 * API).
 */
const listKeys: readonly (readonly string[])[] = [
  ['name'],
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
  ['mountPath'],
  ['devicePath'],
  ['topologyKey'],
  ['ip'],
  ['key'],
  ['type'],
  ['uid'],
];

function keyFields(before: unknown[], after: unknown[]): readonly string[] | undefined {
  return listKeys.find((fields) =>
    [before, after].every((list) => {
      const ids = list.map((entry) =>
        isObject(entry) && entry[fields[0] ?? ''] !== undefined ? keyId(entry, fields) : undefined,
      );
      return ids.every((id) => id !== undefined) && new Set(ids).size === ids.length;
    }),
  );
}

function keyId(entry: Record<string, unknown>, fields: readonly string[]): string {
  return canonicalJson(fields.map((field) => entry[field]));
}

function pick(entry: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter((field) => entry[field] !== undefined).map((field) => [field, entry[field]]));
}

function change(path: FieldPath, before: unknown, after: unknown): FieldChange {
  return { path, text: pathText(path), ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function keyedChanges(path: FieldPath, before: unknown[], after: unknown[], fields: readonly string[]): FieldChange[] {
  const byId = (list: unknown[]): Map<string, Record<string, unknown>> =>
    new Map(list.filter(isObject).map((entry) => [keyId(entry, fields), entry]));
  const [old, now] = [byId(before), byId(after)];
  const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((id) => {
    const entry = now.get(id) ?? old.get(id) ?? {};
    return valueChanges([...path, { key: pick(entry, fields) }], old.get(id), now.get(id));
  });
  const common = (ids: Iterable<string>, other: Map<string, unknown>): string[] =>
    [...ids].filter((id) => other.has(id));
  const [order, newOrder] = [common(old.keys(), now), common(now.keys(), old)];
  if (order.join() === newOrder.join()) return changes;
  const names = (ids: string[]): unknown[] => ids.map((id) => Object.values(pick(now.get(id) ?? {}, fields))[0]);
  return [...changes, change(path, names(order), names(newOrder))];
}

function valueChanges(path: FieldPath, before: unknown, after: unknown): FieldChange[] {
  if (sameJson(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .sort()
      .flatMap((name) => valueChanges([...path, name], before[name], after[name]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.every(isObject) && after.every(isObject)) {
    const fields = keyFields(before, after);
    if (fields) return keyedChanges(path, before, after, fields);
    if (before.length === after.length)
      return before.flatMap((entry, at) => valueChanges([...path, at], entry, after[at]));
  }
  return [change(path, before, after)];
}

/**
 * Differing fields of two forms of one object, noise left out; empty when one is missing. Mask Secrets first: values
 * are shown.
 */
export function diffFields(before: KubeObject | undefined, after: KubeObject | undefined): FieldChange[] {
  if (!before || !after) return [];
  return valueChanges([], withoutNoise(before), withoutNoise(after));
}

/** True when nothing that Git could want differs. */
export function sameObject(a: KubeObject, b: KubeObject): boolean {
  return sameJson(withoutNoise(a), withoutNoise(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort();
  // The name first: it tells which entry of a list one reads.
  if (typeof value['name'] === 'string') names.unshift(...names.splice(names.indexOf('name'), 1));
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

/**
 * YAML without noise: the envelope first, everything else by name, so that two orders of the same keys are no
 * difference. '' for undefined.
 */
function objectYaml(object: KubeObject | undefined): string {
  if (!object) return '';
  const { apiVersion, kind, metadata, ...rest } = withoutNoise(object);
  const body = sorted(rest);
  return stringify(
    { apiVersion, kind, metadata: sorted(metadata), ...(isObject(body) ? body : {}) },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** The nearest enclosing fields of a line of YAML, as `spec.template.spec.containers[name=api]`. */
function headings(yaml: string): string[] {
  const stack: { indent: number; text: string }[] = [];
  return yaml.split('\n').map((line) => {
    const match = /^(\s*)(- )?([^\s#'"][^:]*|"[^"]*"):(?:\s|$)(.*)$/.exec(line);
    if (!match)
      return stack
        .map((entry) => entry.text)
        .join('.')
        .replaceAll('.[', '[');
    const [, space = '', dash, name = '', value = ''] = match;
    const indent = space.length + (dash ? 2 : 0);
    while (stack.length > 0 && (stack.at(-1)?.indent ?? 0) >= (dash ? space.length : indent)) stack.pop();
    const heading = stack
      .map((entry) => entry.text)
      .join('.')
      .replaceAll('.[', '[');
    if (dash) stack.push({ indent: space.length, text: value === '' ? '[]' : `[${name}=${value}]` });
    if (value === '') stack.push({ indent, text: name });
    return heading;
  });
}

/** Making YAML of more members than these, and comparing it, would hold up everything else. */
const mostMembers = 5_000;

/** How many members of maps and lists there are; counting ends above `most`. */
function members(value: unknown, most: number): number {
  if (!Array.isArray(value) && !isObject(value)) return 0;
  const parts = Object.values(value);
  let count = parts.length;
  for (const part of parts) if (count <= most) count += members(part, most - count);
  return count;
}

function tooMany(...objects: (KubeObject | undefined)[]): boolean {
  return objects.reduce((count, object) => count + members(object, mostMembers), 0) > mostMembers;
}

/** Both without the members that are equal in them; lists are kept whole. */
function differing(before: unknown, after: unknown): [unknown, unknown] {
  if (!isObject(before) || !isObject(after)) return [before, after];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const pairs = [...names].flatMap((name): [string, unknown, unknown][] =>
    isDeepStrictEqual(before[name], after[name]) ? [] : [[name, ...differing(before[name], after[name])]],
  );
  const side = (at: 1 | 2): unknown =>
    Object.fromEntries(pairs.flatMap((pair) => (pair[at] === undefined ? [] : [[pair[0], pair[at]]])));
  return [side(1), side(2)];
}

/** Of a large object what differs, with what tells which object it is. */
function differences(before: KubeObject, after: KubeObject): [KubeObject, KubeObject] {
  const whole = [before, after] as const;
  const parts = differing(withoutNoise(before), withoutNoise(after));
  const [old, now] = whole.map(({ apiVersion, kind, metadata: { name, namespace } }, at) => {
    const part = isObject(parts[at]) ? parts[at] : {};
    const metadata = {
      ...(isObject(part['metadata']) ? part['metadata'] : {}),
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
    };
    return { ...part, apiVersion, kind, metadata };
  });
  return [old ?? before, now ?? after];
}

/**
 * Unified diff of both as YAML; every hunk's header names the fields it stands in. '' when equal. Mask Secrets first.
 * Of an object with thousands of members only what differs is shown, and where that is as much, only that it is.
 */
export function diffObjects(before: KubeObject | undefined, after: KubeObject | undefined, context = 3): string {
  if (!tooMany(before, after)) return yamlDiff([before, after], context);
  const parts = before && after ? differences(before, after) : ([before, after] as const);
  return tooMany(...parts) ? '@@ -1 +1 @@\n # too many fields differ to be shown here' : yamlDiff(parts, context);
}

function yamlDiff([before, after]: readonly [KubeObject | undefined, KubeObject | undefined], context: number): string {
  const [old, now] = [objectYaml(before), objectYaml(after)];
  const names = headings(now || old);
  return unifiedDiff(old, now, context, (newLine, oldLine) => names[(now ? newLine : oldLine) - 1] ?? '');
}
