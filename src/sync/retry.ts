// How an attempt ends: with the operation, or with another attempt later (Argo CD: controller/appcontroller.go
// processRequestedAppOperation). Pure.
import type { OperationPhase, OperationState, RetryStrategy } from '../model/application.ts';
import { rfc3339 } from '../base/clock.ts';
import { parseDuration } from '../policy/duration.ts';

/**
 * Milliseconds since the epoch of the attempt that follows `retries` earlier ones. Defaults: 5 s, factor 2, at most 3
 * minutes.
 */
export function nextRetryAt(finishedAt: number, strategy: RetryStrategy, retries: number): number {
  const backoff = strategy.backoff ?? {};
  const base = (backoff.duration ? parseDuration(backoff.duration) : undefined) ?? 5_000;
  const most = (backoff.maxDuration ? parseDuration(backoff.maxDuration) : undefined) ?? 180_000;
  return finishedAt + Math.min(most || longestMs, base * (backoff.factor ?? 2) ** retries);
}

/** Of a backoff without a longest time (`maxDuration: 0`). */
const longestMs = 365 * 86_400_000;

/** The duration that nobody can read, if there is one. */
function unreadable({ backoff = {} }: RetryStrategy): string | undefined {
  return [backoff.duration, backoff.maxDuration].find((text) => text && parseDuration(text) === undefined);
}

/** `3:04PM`, in UTC. */
function kitchenTime(ms: number): string {
  const date = new Date(ms);
  const hour = date.getUTCHours();
  return (
    `${hour % 12 === 0 ? 12 : hour % 12}:${String(date.getUTCMinutes()).padStart(2, '0')}` +
    `${hour < 12 ? 'AM' : 'PM'}`
  );
}

/**
 * Milliseconds since the epoch of the next attempt; undefined when none is waited for. While waiting, phase is Running
 * and finishedAt is set.
 */
export function waitsUntil(state: OperationState): number | undefined {
  if (state.phase !== 'Running' || state.finishedAt === undefined) return undefined;
  return nextRetryAt(Date.parse(state.finishedAt), state.operation.retry ?? {}, (state.retryCount ?? 1) - 1);
}

/** The state after an attempt ended. */
export function endAttempt(
  state: OperationState,
  end: { phase: OperationPhase; message: string; at: number; final?: boolean },
): OperationState {
  const finishedAt = rfc3339(end.at);
  const retries = state.retryCount ?? 0;
  const ended: OperationState = { ...state, phase: end.phase, message: end.message, finishedAt };
  if (end.phase !== 'Failed' && end.phase !== 'Error') return ended;
  const limit = state.operation.retry?.limit ?? 0;
  if (end.final || (limit >= 0 && retries >= limit))
    return retries > 0 ? { ...ended, message: `${end.message} (retried ${retries} times).` } : ended;
  const wrong = unreadable(state.operation.retry ?? {});
  if (wrong !== undefined)
    return { ...ended, message: `${end.message} (failed to retry: unable to parse ${wrong} as a duration)` };
  const at = nextRetryAt(Date.parse(finishedAt), state.operation.retry ?? {}, retries);
  return {
    ...ended,
    phase: 'Running',
    retryCount: retries + 1,
    message: `${end.message}. Retrying attempt #${retries + 1} at ${kitchenTime(at)}.`,
  };
}

/** The state with which the next attempt begins. */
export function beginRetry(state: OperationState): OperationState {
  const { finishedAt: _, syncResult: __, ...rest } = state;
  const how = state.operation.retry?.refresh === true ? ' with latest revisions' : '';
  return { ...rest, message: `Retrying operation${how}. Attempt #${state.retryCount ?? 1}` };
}
