// The digest of an effect: equal exactly when a sync would do the same; values count by their MACs and never show
// (docs/decisions/0005).
import type { Destination, EffectOperation, FieldPath, WrittenField } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { OwnedChange } from '../../diff/owned.ts';
import type { Application, SyncPhase } from '../../model/application.ts';
import { canonicalJson, hashOf } from '../../base/canonical.ts';
import { createHmac } from 'node:crypto';
import { keyText, keyTitle } from '../../model/kube.ts';
import { pathText, valueAt } from '../../diff/path.ts';
import { phaseOrder } from '../../model/hooks.ts';

/**
 * Of what MACs are made and what a digest takes in; another number asks people anew. 2: MACs are tied to their object.
 * 3: the destination names the cluster, not its URL alone.
 */
export const digestVersion = 3;

/** Where a value stands: equal values of two objects, or of two applications, have nothing in common. */
export interface MacScope {
  macKey: Buffer;
  /** `namespace/name`. */
  application: string;
  key: ResourceKey;
}

/** 128 bits in hex over the value and all that tells where it stands. */
export function macOf({ macKey, application, key }: MacScope, path: string, value: unknown): string {
  return createHmac('sha256', macKey)
    .update(canonicalJson([application, keyText(key), path, value]))
    .digest('hex')
    .slice(0, 32);
}

/** Of the manifest as a whole; nobody can guess values from it without the key. */
export function manifestMac(scope: MacScope, manifest: KubeObject): string {
  return macOf(scope, '', manifest);
}

interface ChangedFields {
  live: KubeObject;
  /** What the write makes of it. */
  after: KubeObject;
  changes: readonly OwnedChange[];
  /** Given up by Git; the server may put a default in their place. */
  removed: readonly FieldPath[];
  /** Whether others may set the field at any time, so that what is live there now says nothing. */
  moves(path: FieldPath): boolean;
}

/**
 * All that the write changes among what is ours. What is live there now counts too: a hotfix of the very field is not
 * to be lost unseen.
 */
export function changedFields(
  scope: MacScope,
  { live, after, changes, removed, moves }: ChangedFields,
): WrittenField[] {
  const mac = (text: string, value: unknown): string | null => (value === undefined ? null : macOf(scope, text, value));
  const fields = new Map<string, WrittenField>();
  const put = (path: FieldPath, before: unknown, now: unknown): void => {
    const text = pathText(path);
    // Equal values before and after must not look equal.
    fields.set(text, moves(path) ? [text, mac(text, now)] : [text, mac(text, now), mac(`${text}\nbefore`, before)]);
  };
  for (const { path, before, after: now } of changes) put(path, before, now);
  for (const path of removed) {
    const text = pathText(path);
    // A part that is ours says it already, as it will once the takeover is done.
    if (
      ![...fields.keys()].some(
        (known) => known === text || known.startsWith(`${text}.`) || known.startsWith(`${text}[`),
      )
    )
      put(path, valueAt(live, path), valueAt(after, path));
  }
  return [...fields.values()].sort(([a], [b]) => (a < b ? -1 : 1));
}

function phaseRank(operation: EffectOperation): number {
  return phaseOrder(operation.phase as SyncPhase);
}

function sortText(operation: EffectOperation): string {
  return (
    `${keyText(operation.key)}\n` +
    (operation.op === 'hook'
      ? (operation.generateName ?? '')
      : operation.op === 'delete'
        ? (operation.with?.application ?? '')
        : '')
  );
}

/** By phase, wave, group, kind, namespace and name. */
export function sortOperations(operations: readonly EffectOperation[]): EffectOperation[] {
  return [...operations].sort(
    (a, b) => phaseRank(a) - phaseRank(b) || a.wave - b.wave || (sortText(a) < sortText(b) ? -1 : 1),
  );
}

interface DigestInput {
  /** `namespace/name`. */
  application: string;
  destination: Destination;
  syncOptions: readonly string[];
  operations: readonly EffectOperation[];
}

/** Where a sync or deletion of the application goes. */
export function destinationOf(
  { spec }: Pick<Application, 'spec'>,
  { server, identity }: { server: string; identity?: string | undefined },
): Destination {
  const namespace = spec.destination.namespace ?? '';
  return { server, namespace, ...(identity !== undefined && { cluster: identity }) };
}

/** 64 hex digits. Commits, times and names of people are not part of it. */
export function digestOf(input: DigestInput): string {
  return hashOf({
    version: digestVersion,
    ...input,
    syncOptions: [...input.syncOptions].sort(),
    operations: sortOperations(input.operations),
  });
}

/** Nothing but what each sync runs or makes anew. */
export function isEmptyEffect(effect: { operations: readonly EffectOperation[] }): boolean {
  return effect.operations.every((operation) => operation.op === 'hook' || isGenerated(operation));
}

/** An object that each sync makes anew. */
function isGenerated(operation: EffectOperation): boolean {
  return operation.op === 'create' && operation.generateName !== undefined;
}

/** Whether any object goes, or goes and comes anew. */
export function effectDeletes(operations: readonly EffectOperation[]): boolean {
  return operations.some(({ op }) => op === 'delete');
}

function title(operation: EffectOperation): string {
  if (operation.op === 'delete' && operation.with)
    return `${keyTitle(operation.key)} of application ${operation.with.application}`;
  return operation.op === 'hook' && operation.generateName
    ? `${operation.key.kind} ${operation.key.namespace}/${operation.generateName}…`
    : keyTitle(operation.key);
}

const verbs: Record<EffectOperation['op'], string> = {
  create: 'be created',
  change: 'be changed',
  delete: 'be deleted',
  hook: 'be run',
  recreate: 'be deleted and created anew',
};

function fieldDifference(name: string, approved: readonly WrittenField[], now: readonly WrittenField[]): string[] {
  const index = (fields: readonly WrittenField[]): Map<string, WrittenField> =>
    new Map(fields.map((field) => [field[0], field]));
  const [old, fresh] = [index(approved), index(now)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((path) => {
    const [a, b] = [old.get(path), fresh.get(path)];
    if (!a) return [`${name}: ${path} would be ${b?.[1] === null ? 'removed' : 'changed'} too`];
    if (!b) return [`${name}: ${path} would not be changed any more`];
    if (a[1] !== b[1]) return [`${name}: ${path} would get another value`];
    return a[2] === b[2] ? [] : [`${name}: ${path} was changed in the cluster meanwhile`];
  });
}

/** What differs between the approved operations and today's: sentences with object and field, never a value. */
export function effectDifference(approved: readonly EffectOperation[], now: readonly EffectOperation[]): string[] {
  const index = (operations: readonly EffectOperation[]): Map<string, EffectOperation> =>
    new Map(
      operations.map((operation) => [
        `${operation.op === 'hook' ? `hook ${operation.phase} ` : ''}${sortText(operation)}`,
        operation,
      ]),
    );
  const [old, fresh] = [index(approved), index(now)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((id) => {
    const [a, b] = [old.get(id), fresh.get(id)];
    if (!a) return b ? [`${title(b)} would ${verbs[b.op]} too`] : [];
    if (!b) return [`${title(a)} would not ${verbs[a.op]} any more`];
    if (a.op !== b.op) return [`${title(b)} would ${verbs[b.op]}, not ${verbs[a.op].slice(3)}`];
    if (a.op === 'change' && b.op === 'change')
      return [...fieldDifference(title(b), a.fields, b.fields), ...moved(a, b)];
    if ('mac' in a && 'mac' in b && a.mac !== b.mac)
      return [`${title(b)} would ${verbs[b.op]} from another manifest`, ...moved(a, b)];
    return moved(a, b);
  });
}

function moved(a: EffectOperation, b: EffectOperation): string[] {
  return a.phase === b.phase && a.wave === b.wave
    ? []
    : [`${title(b)} would be synced at another place: ${b.phase}, wave ${b.wave}`];
}
