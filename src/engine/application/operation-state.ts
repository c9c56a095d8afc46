// status.operationState: whether it belongs to the operation that is written, and how one ends that cannot take another
// step.
import type { Application, ApplicationSource, Operation, OperationState } from '../../model/application.ts';
import { sameJson } from '../../base/canonical.ts';
import { cox } from '../../model/annotations.ts';
import { rfc3339 } from '../../base/clock.ts';
import { startTime } from '../../sync/sync.ts';

/**
 * The state belongs to this operation when it holds it and has not ended; while a retry waits, finishedAt is set but
 * the phase is Running.
 */
export function stateOf(app: Application): OperationState | undefined {
  const state = app.status?.operationState;
  const going = state && (state.phase === 'Running' || state.phase === 'Terminating');
  return going && sameJson(state.operation, app.operation) ? state : undefined;
}

/** Whether the operation was written for that Request, by its name. */
export function carries(operation: Operation | undefined, request: string): boolean {
  return operation?.info?.some((item) => item.name === cox.requestInfo && item.value === request) ?? false;
}

/** Sources as syncResult names them: `sources` where there are several, else `source`. */
export function sourceFields({ spec: { source, sources } }: Application): {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
} {
  return sources && sources.length > 0 ? { sources } : source ? { source } : {};
}

/** Name of the Approval for the sake of which the last operation ended before it began. */
export function waitedFor({ status }: Application): string | undefined {
  const { phase, operation } = status?.operationState ?? {};
  return phase === 'Failed' ? operation?.info?.find(({ name }) => name === cox.waitsInfo)?.value : undefined;
}

/**
 * What it has done so far stays told. `revision`: what it would have synced, if it has not begun. `waitsFor`: name of
 * the Approval without which it did not begin.
 */
export function endedState(
  app: Application,
  phase: 'Failed' | 'Error',
  message: string,
  { now, revision, waitsFor }: { now: number; revision?: string; waitsFor?: string | undefined },
): OperationState {
  const going = stateOf(app);
  if (going)
    return {
      ...going,
      phase,
      message,
      finishedAt: rfc3339(now),
      ...(!going.syncResult && revision !== undefined && { syncResult: { revision, ...sourceFields(app) } }),
    };
  const time = startTime(app, now);
  const { operation = {} } = app;
  const info = (operation.info ?? []).filter(({ name }) => name !== cox.waitsInfo);
  return {
    operation:
      waitsFor === undefined ? operation : { ...operation, info: [...info, { name: cox.waitsInfo, value: waitsFor }] },
    phase,
    message,
    startedAt: time,
    finishedAt: time,
    ...(revision !== undefined && { syncResult: { revision, ...sourceFields(app) } }),
  };
}
