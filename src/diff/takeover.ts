// The first touch of an object that client-side tools wrote: their fields become ours, so that what Git lacks is removed (design §4f).
import type { KubeObject, ManagedFieldsEntry } from '../model/kube.ts';
import type { FieldSet } from './managed-fields.ts';
import { fieldManager } from '../model/annotations.ts';
import { heldBy, isOurApply, unionFields } from './managed-fields.ts';

/** RFC 6902. */
export type JsonPatch = { op: 'test' | 'remove' | 'replace' | 'add'; path: string; value?: unknown }[];

/** What kubectl, and Argo CD's client-side apply, leave behind. Entries of subresources (scale, status) are never taken over. */
export function isClientSide(entry: ManagedFieldsEntry): boolean {
  const manager = entry.manager ?? '';
  return entry.operation === 'Update' && !entry.subresource && (manager === fieldManager || manager === 'before-first-apply' || manager.startsWith('kubectl'));
}

/** True until our first apply, if client-side tools wrote the object: later edits by kubectl are drift and stay theirs. */
export function isFirstTouch(live: KubeObject): boolean {
  const entries = live.metadata.managedFields ?? [];
  return entries.some(isClientSide) && !entries.some(isOurApply);
}

/** The fields that a takeover makes ours; empty unless it is the first touch. The status is never among them. */
export function takenOver(live: KubeObject): FieldSet {
  if (!isFirstTouch(live)) return new Map();
  return new Map([...heldBy(live, isClientSide)].filter(([, member]) => member.path[0] !== 'status'));
}

/**
 * The patch that makes client-side entries our own Apply entry; undefined when there is nothing to take over. To be sent before
 * the first apply. It names the resourceVersion, so that a race answers 409 (as client-go's csaupgrade does).
 */
export function takeover(live: KubeObject): JsonPatch | undefined {
  if (!isFirstTouch(live)) return undefined;
  const entries = live.metadata.managedFields ?? [];
  const taken = entries.filter(isClientSide);
  const newest = taken.reduce((a, b) => ((a.time ?? '') >= (b.time ?? '') ? a : b));
  const { 'f:status': _status, ...fieldsV1 } = unionFields(taken.map((entry) => entry.fieldsV1 ?? {}));
  const ours: ManagedFieldsEntry = {
    manager: fieldManager,
    operation: 'Apply',
    fieldsType: 'FieldsV1',
    ...(newest.apiVersion !== undefined && { apiVersion: newest.apiVersion }),
    ...(newest.time !== undefined && { time: newest.time }),
    fieldsV1,
  };
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...entries.filter((entry) => !isClientSide(entry)), ours] },
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion ?? '' },
  ];
}
