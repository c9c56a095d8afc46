// By what an operation of this engine is known again: a seal over what it does, and over the history that it found.
import type { Application, Operation, OperationState } from '../../model/application.ts';
import { createHmac } from 'node:crypto';
import { canonicalJson } from '../../base/canonical.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';

type Sealed = Pick<Operation, 'sync' | 'info'>;

function newestEntry({ status }: Application): number {
  return status?.history?.at(-1)?.id ?? -1;
}

function named({ info = [] }: Sealed): Record<string, string> {
  return Object.fromEntries(info.filter(({ name }) => name !== cox.sealInfo).map(({ name, value }) => [name, value]));
}

/** `entry`: id of the newest history entry before it, so that a copy of it, written later, is none of ours. */
function sealOf(macKey: Buffer, app: Application, operation: Sealed, entry: number): string {
  const { source, sources, revision, revisions, prune, syncOptions, resources } = operation.sync ?? {};
  const what = { source, sources, revision, revisions, prune: prune === true, syncOptions, resources };
  return createHmac('sha256', macKey)
    .update(canonicalJson(['operation', applicationKey(app), app.metadata.uid ?? '', entry, named(operation), what]))
    .digest('base64url');
}

/** As it is written over this very version of the application. */
export function sealed<T extends Sealed>(macKey: Buffer, app: Application, operation: T): T {
  const seal = { name: cox.sealInfo, value: sealOf(macKey, app, operation, newestEntry(app)) };
  return { ...operation, info: [...unsealed(operation).info, seal] };
}

/** The operation without its seal: as it was judged, and as the seal was made over it. */
export function unsealed<T extends Sealed>(operation: T): T & { info: NonNullable<Operation['info']> } {
  return { ...operation, info: (operation.info ?? []).filter(({ name }) => name !== cox.sealInfo) };
}

/**
 * Whether this engine wrote what is under way, or was last. A sync of the whole application adds an entry to the
 * history, a moment before its state says that it has ended; one of some objects adds none.
 */
export function isSealed(macKey: Buffer, app: Application, { operation }: Partial<OperationState>): boolean {
  const seal = operation?.info?.find(({ name }) => name === cox.sealInfo)?.value;
  if (!operation || seal === undefined) return false;
  const newest = newestEntry(app);
  return [newest, newest - 1].some((entry) => seal === sealOf(macKey, app, operation, entry));
}
