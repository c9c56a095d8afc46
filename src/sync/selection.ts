// Which of an application's objects an operation means, and how it treats them: said once, for the sync and for the
// gate before it.
import type { Operation, SyncStatusCode } from '../model/application.ts';
import type { ResourceKey } from '../model/kube.ts';

/** Self-heal puts right what differs when its attempt begins, which may be more or less than when it was decided. */
export function isHeal({ initiatedBy, sync }: Operation): boolean {
  return initiatedBy?.automated === true && sync?.autoHealAttemptsCount !== undefined;
}

/** All of them where the operation names none. */
export function isSelected(
  operation: Operation,
  { key, status, generated }: { key: ResourceKey; status: SyncStatusCode; generated?: true },
): boolean {
  const refs = operation.sync?.resources ?? [];
  if (refs.length === 0) return true;
  if (isHeal(operation)) return status !== 'Synced' && !generated;
  return refs.some(
    (ref) =>
      (ref.group ?? '') === key.group &&
      ref.kind === key.kind &&
      ref.name === key.name &&
      (!ref.namespace || ref.namespace === key.namespace),
  );
}

/** A partial sync and the apply strategy run no hooks. */
export function skipsHooks({ sync }: Operation): boolean {
  return (sync?.resources ?? []).length > 0 || sync?.syncStrategy?.apply !== undefined;
}

/**
 * Whether an object that cannot be changed in place is deleted and made anew. Its own word wins over the application's.
 */
export function isForced(
  { sync }: Operation,
  own: ReadonlyMap<string, string>,
  options: ReadonlyMap<string, string>,
): boolean {
  return (
    (own.get('Force') ?? options.get('Force')) === 'true' ||
    sync?.syncStrategy?.apply?.force === true ||
    sync?.syncStrategy?.hook?.force === true
  );
}
