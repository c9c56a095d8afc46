// MACs on our own resources: whoever may write them can read one, but make none, nor bring a former state back with its
// MAC.
import type { KubeObject } from '../model/kube.ts';
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../base/canonical.ts';
import { cox } from '../model/annotations.ts';
import { isObject } from '../model/kube.ts';
import { diffMergePatch } from '../base/merge-patch.ts';

/** How one kind is sealed. */
export interface Sealing {
  /** See `sealKey`. */
  key: Buffer;
  kind: string;
  /** Fields of the status that decide nothing; they are written without a MAC. */
  free: readonly string[];
  /**
   * Maps in the status of which each entry has a MAC of its own: it is written and counts whatever becomes of the rest
   * of the status.
   */
  each?: readonly string[];
  /**
   * The fields of the spec that its first version has, where it counts for this very object alone: its uid is in the
   * MAC, and nobody knows that before the object is made. The first version says nothing, so that whoever deletes the
   * object and makes it again brings nothing back.
   */
  bound?: readonly string[];
}

type Fields = Record<string, unknown>;

/** A key for this purpose alone: the digests' MACs, which people can see, are made with the kept key itself. */
export function sealKey(kept: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', kept, '', 'coxswain.dev: what the operator wrote', 32));
}

function macOf({ key, kind }: Sealing, part: 'object' | 'status' | 'entry', value: unknown): string {
  return createHmac('sha256', key)
    .update(`${kind} ${part}\n${canonicalJson(value)}`)
    .digest('hex');
}

function fits(found: unknown, mac: string): boolean {
  return (
    typeof found === 'string' && found.length === mac.length && timingSafeEqual(Buffer.from(found), Buffer.from(mac))
  );
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

/**
 * The API server counts generations up and nobody can set them: a former spec with its MAC fits none that comes later.
 */
function objectMac(sealing: Sealing, { metadata }: KubeObject, spec: unknown, generation: number): string {
  const { namespace, name, uid, annotations } = metadata;
  return macOf(sealing, 'object', {
    namespace,
    name,
    generation,
    spec,
    application: annotations?.[cox.applicationUid],
    ...(sealing.bound && generation > 1 && { uid }),
  });
}

function sealedStatus({ free, each = [] }: Sealing, status: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fieldsOf(status)).filter(([name]) => name !== 'mac' && !free.includes(name) && !each.includes(name)),
  );
}

function statusMac(sealing: Sealing, { metadata: { namespace, name, uid } }: KubeObject, status: Fields): string {
  return macOf(sealing, 'status', { namespace, name, uid, status });
}

/** Whether we wrote it, and it is as we left it; its status apart. */
export function isOurs(sealing: Sealing, object: KubeObject): boolean {
  const { annotations, generation = 1 } = object.metadata;
  return fits(annotations?.[cox.mac], objectMac(sealing, object, object['spec'], generation));
}

/** Its first version, which says nothing yet. */
export function isBlank({ bound }: Sealing, { metadata: { generation = 1 } }: KubeObject): boolean {
  return bound !== undefined && generation === 1;
}

interface Entry {
  field: string;
  name: string;
  value: unknown;
}

function entryMac(sealing: Sealing, { metadata }: KubeObject, { field, name: at, value }: Entry): string {
  const { namespace, name, uid } = metadata;
  const { mac: _mac, ...entry } = fieldsOf(value);
  return macOf(sealing, 'entry', { namespace, name, uid, field, at, entry });
}

function isOurEntry(sealing: Sealing, object: KubeObject, entry: Entry): boolean {
  return fits(fieldsOf(entry.value)['mac'], entryMac(sealing, object, entry));
}

function entriesOf({ each = [] }: Sealing, status: unknown): Entry[] {
  return each.flatMap((field) =>
    Object.entries(fieldsOf(fieldsOf(status)[field])).map(([name, value]) => ({ field, name, value })),
  );
}

/** Without the entries that we did not write; the very same object where there are none. */
export function withOurEntries(sealing: Sealing, object: KubeObject): KubeObject {
  const foreign = entriesOf(sealing, object['status']).filter((entry) => !isOurEntry(sealing, object, entry));
  if (foreign.length === 0) return object;
  const status = { ...fieldsOf(object['status']) };
  for (const { field, name } of foreign) {
    const { [name]: _, ...left } = fieldsOf(status[field]);
    status[field] = left;
  }
  return { ...object, status };
}

/** Phases in which somebody's word may still let something pass. */
const open: readonly unknown[] = ['Pending', 'Approved'];

/** Whether we wrote its status. One that is open only counts for the spec that it was written for. */
export function hasOurStatus(sealing: Sealing, object: KubeObject): boolean {
  const status = fieldsOf(object['status']);
  if (open.includes(status['phase']) && status['observedGeneration'] !== (object.metadata.generation ?? 1))
    return false;
  return fits(status['mac'], statusMac(sealing, object, sealedStatus(sealing, status)));
}

/** With its MAC, as it is to be created. */
export function sealed(sealing: Sealing, object: KubeObject): KubeObject {
  const { bound } = sealing;
  const spec = bound
    ? Object.fromEntries(Object.entries(fieldsOf(object['spec'])).filter(([name]) => bound.includes(name)))
    : object['spec'];
  const mac = objectMac(sealing, object, spec, 1);
  return {
    ...object,
    spec,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [cox.mac]: mac } },
  };
}

/** RFC 7386. */
function merged(before: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Fields = { ...fieldsOf(before) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = merged(result[name], value);
  }
  return result;
}

/** Whether it writes what the MAC of the status covers. */
export function changesStatus(sealing: Sealing, { status }: Fields): boolean {
  return Object.keys(sealedStatus(sealing, status)).length > 0;
}

/** Of an entry that somebody else wrote nothing is carried on. */
function entriesPatch(sealing: Sealing, current: KubeObject, wanted: Fields): Fields {
  const patch: Fields = {};
  for (const { field, name, value } of entriesOf(sealing, wanted)) {
    const before = fieldsOf(fieldsOf(current['status'])[field])[name];
    const found = { field, name, value: before };
    const next = value === null ? null : merged(isOurEntry(sealing, current, found) ? before : {}, value);
    const mac = next === null ? undefined : entryMac(sealing, current, { field, name, value: next });
    const change =
      next === null || !isObject(before)
        ? next && { ...fieldsOf(next), mac }
        : (diffMergePatch(before, { ...fieldsOf(next), mac }) ?? {});
    patch[field] = { ...fieldsOf(patch[field]), [name]: change };
  }
  return patch;
}

function statusPatch(sealing: Sealing, current: KubeObject, patch: Fields): Fields | undefined {
  const wanted = fieldsOf(patch['status']);
  const change = sealedStatus(sealing, wanted);
  const entries = entriesPatch(sealing, current, wanted);
  const free = Object.fromEntries(Object.entries(wanted).filter(([name]) => sealing.free.includes(name)));
  if (!changesStatus(sealing, patch))
    return Object.keys(entries).length > 0 ? { ...patch, status: { ...free, ...entries } } : undefined;
  const { mac, ...raw } = fieldsOf(current['status']);
  const before = sealedStatus(sealing, raw);
  const status: Fields = {
    ...fieldsOf(merged(hasOurStatus(sealing, current) ? before : {}, change)),
    observedGeneration: current.metadata.generation ?? 1,
  };
  return {
    ...patch,
    status: {
      ...free,
      ...entries,
      ...diffMergePatch({ ...before, mac }, { ...status, mac: statusMac(sealing, current, status) }),
    },
  };
}

function objectPatch(sealing: Sealing, current: KubeObject, patch: Fields): Fields | undefined {
  const metadata = fieldsOf(patch['metadata']);
  const ours = isOurs(sealing, current);
  const bound = Object.hasOwn(fieldsOf(metadata['annotations']), cox.applicationUid);
  if (ours && patch['spec'] === undefined && !bound) return undefined;
  const spec = merged(ours ? current['spec'] : {}, patch['spec'] ?? {});
  const change = diffMergePatch(current['spec'], spec);
  const generation = (current.metadata.generation ?? 1) + (change ? 1 : 0);
  const annotations = fieldsOf(merged(current.metadata.annotations, metadata['annotations'] ?? {})) as Record<
    string,
    string
  >;
  const mac = objectMac(sealing, { ...current, metadata: { ...current.metadata, annotations } }, spec, generation);
  return {
    ...patch,
    metadata: { ...metadata, annotations: { ...fieldsOf(metadata['annotations']), [cox.mac]: mac } },
    spec: change ?? {},
  };
}

/**
 * The merge patch of `current` with the MAC of what comes of it; undefined where it changes nothing that a MAC covers.
 * It holds for exactly that version: send it with its resourceVersion. What somebody else wrote is not carried on.
 */
export function sealedPatch(
  sealing: Sealing,
  current: KubeObject,
  patch: Fields,
  subresource: 'status' | undefined,
): Fields | undefined {
  return subresource === 'status' ? statusPatch(sealing, current, patch) : objectPatch(sealing, current, patch);
}
