// Carrying out status.operation: resolve it once, pass the gate, then step it until it has ended; killed anywhere, it
// goes on from status.
import type { Application, ApplicationStatus, OperationState } from '../../model/application.ts';
import type { StepInput, StepResult } from '../../sync/sync.ts';
import type { Assessment, Subject } from '../application/assess.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Leave } from '../application/memory.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { OperationDeps, OperationInput } from './wanted.ts';
import { AppError, describeError, errorKind } from '../../base/errors.ts';
import { applicationKey, windowClosed } from '../../model/application.ts';
import { cox } from '../../model/annotations.ts';
import { keyTitle } from '../../model/kube.ts';
import { lockOf, lockWindow } from '../../policy/lock.ts';
import { syncWindow } from '../../policy/window.ts';
import { makesHistory, withHistory } from '../../sync/history.ts';
import { waitsUntil } from '../../sync/retry.ts';
import { startTime, step } from '../../sync/sync.ts';
import { admitAgain } from '../approval/admission.ts';
import { compareTo, deniedTargets } from '../application/assess.ts';
import { guardOf } from '../application/met-gates.ts';
import { confirmOf } from '../approval/rights.ts';
import { judgeOf } from '../approval/judge.ts';
import { carries, endedState, sourceFields, stateOf } from '../application/operation-state.ts';
import { unread } from '../application/others.ts';
import { recordEnd } from '../approval/gate-end.ts';
import { gateRefusal } from './gate.ts';
import { newerCommit, operationFault, overridden, targetsOf, wantedOf } from './wanted.ts';

export type OperationOutcome = { ended: true } | { ended: false; at?: number };

function windowOf(deps: OperationDeps, { app, project }: Subject, running: boolean): ReturnType<typeof syncWindow> {
  return syncWindow(deps.worker, {
    windows: project?.spec.syncWindows ?? [],
    application: app.metadata.name,
    destination: app.spec.destination,
    manual: app.operation?.initiatedBy?.automated !== true,
    at: deps.clock.now(),
    running,
  });
}

/**
 * While a lock holds or the window is closed the operation stays where it is, says so, and goes on when that ends. A
 * lock keeps the next attempt from beginning, and lets pass what has begun and the sync that came with it.
 */
async function heldByWindow(
  deps: OperationDeps,
  { subject, save }: OperationInput,
  state: OperationState | undefined,
): Promise<OperationOutcome | undefined> {
  const { app } = subject;
  const begun = state?.syncResult !== undefined;
  const own = lockOf(app, 0)?.request ?? '';
  const passes = (begun && waitsUntil(state) === undefined) || (own !== '' && carries(app.operation, own));
  const lock = passes ? undefined : lockWindow(app, deps.clock.now());
  const window = lock ?? (await windowOf(deps, subject, begun));
  if (window.permitted) return undefined;
  const message = lock ? lock.why : windowClosed;
  const before: OperationState = state ?? {
    operation: app.operation ?? {},
    phase: 'Running',
    startedAt: startTime(app, deps.clock.now()),
  };
  // What waits for its next attempt says when that is.
  if (before.message !== message && before.finishedAt === undefined)
    await save({ operationState: { ...before, message } }, false);
  return { ended: false, ...(window.changesAt !== undefined && { at: window.changesAt }) };
}

function historyOf(app: Application, ended: OperationState): Partial<ApplicationStatus> {
  const history = withHistory(app.status?.history, ended, app.spec.revisionHistoryLimit);
  return history.length > 0 ? { history } : {};
}

/** History names what may be put back without approval: not what nobody has approved. */
function notRemembered(unapproved: NonNullable<Leave['unapproved']>): string {
  return (
    'what was last synced stays, for nobody has approved ignored fields: ' +
    `${unapproved.map(({ key, paths }) => `${keyTitle(key)} ${paths.join(', ')}`).join('; ')}`
  );
}

/** Git may say by now that another application holds it, and that one may have it already. */
function takenBy({ target, known, others }: Subject, key: ResourceKey): string | undefined {
  const owner = target.cluster.live.get(key)?.application;
  return others.heldBy(key) ?? (owner === known.tracking ? undefined : owner);
}

type Steps = Pick<
  StepInput,
  'state' | 'resolved' | 'targets' | 'signal' | 'blocked' | 'judge' | 'guardedBy' | 'confirm' | 'ends'
> & { fetched: DesiredState['fetched'] };

function takeStep(
  deps: OperationDeps,
  { subject, save }: OperationInput,
  { fetched, ...steps }: Steps,
): Promise<StepResult> {
  const { app, target, log, known } = subject;
  const { cluster, comparer, healthOf } = target;
  return step({
    ...steps,
    app,
    operation: app.operation ?? {},
    live: (key) => cluster.live.get(key)?.object,
    heldBy: (key) => takenBy(subject, key),
    unread: () => unread(deps, app, target, steps.signal),
    ...{ cluster, healthOf },
    // Of the step before, which may have been a moment ago.
    plan: (deps.store.applications.get(applicationKey(app)) ?? app).metadata.annotations?.[cox.plan],
    async save(now, done, plan) {
      if (!done) return save({ operationState: now }, false, plan ?? null);
      const { approval, unapproved } = known.admitted ?? {};
      if (unapproved && makesHistory(now))
        return save(
          { operationState: { ...now, message: `${now.message ?? ''}; ${notRemembered(unapproved)}` } },
          true,
        );
      await recordEnd(deps.store, subject, { state: now, approval, fetched, endsItself: true });
      return save({ operationState: now, ...historyOf(app, now) }, true);
    },
    accepted: (key, hash, object) => comparer.accept(key, hash, object),
    clock: deps.clock,
    log,
  });
}

function stepsOf(
  { subject }: OperationInput,
  { desired, comparison }: Assessment,
  state: OperationState | undefined,
): Omit<Steps, 'signal'> {
  const { app } = subject;
  const [revision = ''] = desired.revisions;
  const blocked = comparison.conditions.find((item) => item.type === 'ComparisonError')?.message;
  return {
    state,
    resolved: {
      revision,
      ...(desired.revisions.length > 1 && { revisions: desired.revisions }),
      ...sourceFields(overridden(app, app.operation ?? {})),
    },
    fetched: desired.fetched,
    targets: targetsOf(comparison, deniedTargets(subject, comparison)),
    ...(blocked && { blocked }),
  };
}

/** Ends an operation that has begun, telling how far it came. */
async function endHere(
  deps: OperationDeps,
  input: OperationInput,
  { state, wanted, message }: { state: OperationState; wanted: Assessment; message: string },
  signal: AbortSignal,
): Promise<OperationOutcome> {
  await takeStep(deps, input, { ...stepsOf(input, wanted, state), ends: message, signal });
  input.subject.known.admitted = undefined;
  return { ended: true };
}

/**
 * Something is no longer as people agreed to: unless it has passed by itself, the operation ends and people are asked
 * about the rest.
 */
async function askAboutRest(
  deps: OperationDeps,
  input: OperationInput,
  { state, wanted, why, because }: { state: OperationState; wanted: Assessment; why: string; because: string },
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { subject } = input;
  subject.known.admitted = undefined;
  const comparison = await compareTo(
    subject,
    wanted.desired,
    {
      previous: wanted.last === 'gone' ? undefined : wanted.last,
      syncOptions: subject.app.operation?.sync?.syncOptions ?? [],
    },
    signal,
  );
  const answer = await admitAgain(deps, { ...wanted, comparison, head: input.head?.desired, because }, signal);
  // What was in the way has passed by itself: it is looked at again.
  if (!('refused' in answer)) throw new AppError('E_API', why, { kind: 'transient' });
  return endHere(deps, input, { state, wanted, message: `${answer.refused}: ${why}` }, signal);
}

/** Ends the operation that somebody terminates. That needs nobody's leave, no Git and no spec that is in order. */
export async function terminateOperation(
  deps: OperationDeps,
  input: OperationInput,
  signal: AbortSignal,
): Promise<void> {
  const { app, known } = input.subject;
  const state = stateOf(app);
  if (state?.syncResult) {
    const { resources: _rows, ...resolved } = state.syncResult;
    await takeStep(deps, input, { state, resolved, targets: [], fetched: [], signal });
  } else {
    const revision = app.operation?.sync?.revision ?? known.desired?.revisions[0];
    await input.save(
      {
        operationState: endedState(app, 'Failed', 'Operation terminated', {
          now: deps.clock.now(),
          ...(revision && { revision }),
        }),
      },
      true,
    );
  }
  known.admitted = undefined;
}

type Ending = (
  phase: 'Failed' | 'Error',
  text: string,
  revision: string,
  waitsFor?: string,
) => Promise<OperationOutcome>;

/** Runs the application's operation as far as it goes now. Call again on events of its objects, and at `at`. */
export async function runOperation(
  deps: OperationDeps,
  input: OperationInput,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { subject } = input;
  const { app } = subject;
  const state = stateOf(app);
  const now = deps.clock.now();
  const end: Ending = async (phase, message, revision, waitsFor) => {
    await input.save({ operationState: endedState(app, phase, message, { now, revision, waitsFor }) }, true);
    return { ended: true };
  };
  if (!app.operation?.sync) {
    await input.save(
      { operationState: endedState(app, 'Error', 'Invalid operation request: no operation specified', { now }) },
      true,
    );
    return { ended: true };
  }
  const fault = operationFault(deps, subject);
  if (fault) return end(fault.phase, fault.message, input.head?.desired.revisions[0] ?? '');
  let wanted: Assessment;
  try {
    wanted = await wantedOf(deps, input, state, signal);
  } catch (error) {
    if (signal.aborted || errorKind(error) !== 'terminal') throw error;
    return end('Error', describeError(error), input.head?.desired.revisions[0] ?? '');
  }
  const refusal = await gateRefusal(deps, input, { state, wanted }, signal);
  if (refusal)
    return state?.syncResult
      ? endHere(deps, input, { state, wanted, message: refusal.refused }, signal)
      : end('Failed', refusal.refused, wanted.desired.revisions[0] ?? '', refusal.approval);
  const held = await heldByWindow(deps, input, state);
  if (held) return held;
  const { admitted } = subject.known;
  const judge = judgeOf(deps, { ...wanted, head: input.head?.desired }, admitted, signal);
  const guardedBy =
    admitted?.rule === 'not-gated'
      ? (key: ResourceKey, deletes: boolean) => guardOf(subject.others, key, { deletes, met: [] })
      : undefined;
  let lost: string | undefined;
  const confirmed = confirmOf(deps, subject, admitted);
  const confirm = async (group: string): Promise<string | undefined> => (lost = await confirmed(group));
  const result = await takeStep(deps, input, { ...stepsOf(input, wanted, state), judge, guardedBy, confirm, signal });
  if (result.stopped !== undefined) {
    const because = lost ?? `what would be applied has changed: ${result.stopped}`;
    return askAboutRest(deps, input, { state: result.state, wanted, why: result.stopped, because }, signal);
  }
  const newer = result.health && newerCommit(input, wanted.desired);
  if (newer) {
    const message = `superseded by ${newer} while waiting for health`;
    return endHere(deps, input, { state: result.state, wanted, message }, signal);
  }
  // What follows a failed attempt is planned afresh, and judged afresh.
  if (result.done || result.state.finishedAt !== undefined) subject.known.admitted = undefined;
  return result.done ? { ended: true } : { ended: false, ...(result.at !== undefined && { at: result.at }) };
}
