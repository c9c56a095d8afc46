// What a finished operation leaves in an application's history (Argo CD: controller/state.go
// persistRevisionHistory). Pure.
import type { OperationState, RevisionHistory } from '../model/application.ts';

/** True if the operation was the sync of a whole application and succeeded: only such a one makes history. */
export function makesHistory(state: OperationState): boolean {
  const sync = state.operation.sync;
  return (
    state.phase === 'Succeeded' &&
    sync !== undefined &&
    sync.dryRun !== true &&
    (sync.resources ?? []).length === 0 &&
    state.syncResult !== undefined
  );
}

/**
 * The history with this operation appended, cut to its newest `limit` entries (default 10, 0 keeps none). Unchanged if
 * the operation makes no history, or is in it already (asked again after a crash).
 */
export function withHistory(
  history: readonly RevisionHistory[] | undefined,
  state: OperationState,
  limit = 10,
): RevisionHistory[] {
  const entries = [...(history ?? [])];
  const result = state.syncResult;
  if (!makesHistory(state) || !result) return entries;
  if (entries.some((entry) => entry.deployStartedAt === state.startedAt && entry.revision === result.revision))
    return entries;
  const { revision, revisions, source, sources } = result;
  const entry: RevisionHistory = {
    id: Math.max(-1, ...entries.map((one) => one.id)) + 1,
    revision,
    deployStartedAt: state.startedAt,
    deployedAt: state.finishedAt ?? state.startedAt,
    ...(revisions && { revisions }),
    ...(source && { source }),
    ...(sources && { sources }),
    ...(state.operation.initiatedBy && { initiatedBy: state.operation.initiatedBy }),
  };
  return limit <= 0 ? [] : [...entries, entry].slice(-limit);
}
