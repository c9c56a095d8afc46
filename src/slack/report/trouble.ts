// What is wrong with an application, as one sentence with its cause, from its own status. Pure.
import type { Application, Condition, OperationState, ResourceStatus } from '../../model/application.ts';
import { windowClosed } from '../../model/application.ts';
import { lockOf, lockText } from '../../policy/lock.ts';
import { failedResults, operationText, outsideText, resultText } from '../../policy/outside-text.ts';
import { count } from '../text.ts';
import { revisionOf } from './deploy.ts';

export interface Trouble {
  kind: 'sync' | 'degraded' | 'stuck' | 'unknown';
  /** RFC 3339. */
  since: string;
  /** Follows the name of the application. */
  says: string;
  /** Why, in the words of the cluster. */
  cause: string;
}

/** So long something may wait before people are told that it is stuck. */
const stuckMs = 10 * 60_000;

function nameOf({ kind, name }: { kind: string; name: string }): string {
  return `${kind}/${name}`;
}

function firstOf(told: string[], otherwise: string): string {
  const [first, ...more] = told;
  if (first === undefined) return otherwise;
  return more.length === 0 ? first : `${first}, and ${count(more.length, 'more object')}`;
}

/**
 * A later sync has succeeded, or Git and the cluster agree by now. That they agree says nothing of a hook: that ran for
 * no other commit.
 */
function isOver({ sync, history, reconciledAt }: NonNullable<Application['status']>, state: OperationState): boolean {
  const after = (time: string | undefined, than: string | undefined): boolean =>
    Date.parse(time ?? '') > Date.parse(than ?? '');
  if (after(history?.at(-1)?.deployedAt, state.finishedAt)) return true;
  if (sync?.status !== 'Synced' || failedResults(state).some((item) => item.hookType !== undefined)) return false;
  const tried = revisionOf(state.syncResult ?? {});
  return (tried !== '' && tried !== revisionOf(sync)) || after(reconciledAt, state.finishedAt);
}

function failedSync({ status, operation }: Application): Trouble | undefined {
  const state = status?.operationState;
  if (!state || operation || (state.phase !== 'Failed' && state.phase !== 'Error')) return undefined;
  // Of a sync of some objects alone whoever asked for it is told; the application may be well.
  if (state.operation.sync?.dryRun === true || (state.operation.sync?.resources ?? []).length > 0) return undefined;
  if (isOver(status, state)) return undefined;
  const told = failedResults(state).map((item) => `${nameOf(item)}: ${resultText(item)}`);
  return {
    kind: 'sync',
    since: state.startedAt,
    says: 'could not be synced',
    cause: firstOf(told, operationText(state)),
  };
}

/** A window that is closed, or a lock, is no failure: it goes on when that ends. */
function waitsForWindow(app: Application, { message }: OperationState): boolean {
  const lock = lockOf(app, 0);
  return message === windowClosed || (lock !== undefined && message === lockText(lock));
}

type Ill = readonly ResourceStatus[] | undefined;

function toldOf(ill: Ill, wanted: 'Degraded' | 'Progressing'): string[] {
  return (ill ?? [])
    .filter(({ health }) => health?.status === wanted)
    .map(
      (item) => `${nameOf(item)}${item.health?.message ? `: ${outsideText(item.health.message)}` : ` is ${wanted}`}`,
    );
}

function degraded(app: Application, ill: Ill): Trouble | undefined {
  const health = app.status?.health;
  if (health?.status !== 'Degraded') return undefined;
  return {
    kind: 'degraded',
    since: health.lastTransitionTime ?? '',
    says: 'is Degraded',
    cause: firstOf(toldOf(ill, 'Degraded'), outsideText(health.message ?? '')),
  };
}

const unknowns: ReadonlySet<Condition['type']> = new Set(['ComparisonError', 'InvalidSpecError', 'UnknownError']);

function unknown({ status }: Application): Trouble | undefined {
  const condition = status?.conditions?.find(({ type }) => unknowns.has(type));
  if (status?.sync?.status !== 'Unknown' || !condition) return undefined;
  return {
    kind: 'unknown',
    since: condition.lastTransitionTime ?? '',
    says: 'cannot be compared with Git: what is shown of it may be old',
    cause: outsideText(condition.message),
  };
}

function stuck(app: Application, now: number, ill: Ill): Trouble | undefined {
  const { operationState: state, health } = app.status ?? {};
  const long = (since: string | undefined): since is string => now - Date.parse(since ?? '') >= stuckMs;
  if (app.operation && state?.phase === 'Running' && !waitsForWindow(app, state) && long(state.startedAt))
    return { kind: 'stuck', since: state.startedAt, says: 'is stuck in its sync', cause: operationText(state) };
  if (health?.status !== 'Progressing' || !long(health.lastTransitionTime)) return undefined;
  return {
    kind: 'stuck',
    since: health.lastTransitionTime,
    says: 'has not become healthy',
    cause: firstOf(toldOf(ill, 'Progressing'), outsideText(health.message ?? '')),
  };
}

/** The worst of it; undefined when nothing is wrong. `ill`: objects that are not well, as far as they are known. */
export function troubleOf(app: Application, now: number, ill?: Ill): Trouble | undefined {
  return failedSync(app) ?? degraded(app, ill) ?? unknown(app) ?? stuck(app, now, ill);
}

/** When it may become stuck, in clock milliseconds; undefined while nothing is waited for. */
export function stuckAt(app: Application): number | undefined {
  const { operationState: state, health } = app.status ?? {};
  const since = app.operation
    ? state && !waitsForWindow(app, state)
      ? state.startedAt
      : undefined
    : health?.status === 'Progressing'
      ? health.lastTransitionTime
      : undefined;
  const at = Date.parse(since ?? '') + stuckMs;
  return Number.isFinite(at) ? at : undefined;
}
