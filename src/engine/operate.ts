// An operation within a pass: it goes on at its own revision whatever becomes of the branch head, and people see
// meanwhile what the pass found.
import type { Subject } from './application/assess.ts';
import type { Look, Pass } from './application/refresh.ts';
import type { OperationOutcome } from './operation/operation.ts';
import type { Application, ApplicationStatus } from '../model/application.ts';
import type { ReconcileDeps } from './application/pass.ts';
import type { OperationInput } from './operation/wanted.ts';
import { AppError, asError, describeError, errorKind } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { sameJson } from '../base/canonical.ts';
import { applicationKey, refreshRequests } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { assess } from './application/assess.ts';
import { healthOfAll, healthWithout } from './application/health.ts';
import { comparedOf, look } from './application/refresh.ts';
import { stateOf } from './application/operation-state.ts';
import { finalizersFor } from './delete/finalizers.ts';
import { runOperation, terminateOperation } from './operation/operation.ts';
import { hasOwnRevision } from './operation/wanted.ts';
import { unknownTold } from './approval/gate-people.ts';
import { diffBase } from './application/history.ts';
import { comparedStatus, withConditions, failedStatus, write } from './application/status.ts';

/** The branch head as this pass found it, or why it could not be looked at: a fault, or a fetch under way. */
interface Head {
  found: Look | undefined;
  fetching?: Promise<void> | undefined;
  fault?: Error;
}

async function headOf(pass: Pass): Promise<Head> {
  try {
    return await look(pass);
  } catch (fault) {
    if (pass.signal.aborted || isStatus(fault, 409) || !hasOwnRevision(pass.subject.app)) throw fault;
    return { found: undefined, fault: asError(fault) };
  }
}

function current(deps: ReconcileDeps, { app: { metadata } }: Subject): Application {
  const key = applicationKey({ metadata });
  const app = deps.store.applications.get(key);
  if (!app)
    throw new AppError('E_INTERNAL', `the application ${key} vanished during its operation`, { kind: 'transient' });
  return app;
}

/** While it runs, only operationState moves. */
async function saveProgress(
  deps: ReconcileDeps,
  subject: Subject,
  status: Partial<ApplicationStatus>,
  plan?: string | null,
): Promise<void> {
  const app = current(deps, subject);
  const { operationState: state } = status;
  // Somebody may have asked to terminate while this step was at work.
  const terminates = state?.phase === 'Running' && app.status?.operationState?.phase === 'Terminating';
  await write(
    deps,
    app,
    { ...app.status, ...status, ...(terminates && { operationState: { ...state, phase: 'Terminating' } }) },
    { ...(plan !== undefined && { plan }) },
  );
}

/** While an operation waits, people see what it waits for: verdict and health as this pass found them. */
async function saveMeanwhile({ deps, subject, refreshed, signal }: Pass, head: Head): Promise<void> {
  const app = current(deps, subject);
  const now = deps.clock.now();
  // Another request than the one that this pass has answered stays.
  const answered = refreshed && !head.fetching && sameJson(refreshRequests(app), refreshRequests(subject.app));
  if (head.found) {
    await write(deps, app, comparedStatus(app, comparedOf(head.found), now), { refreshed: answered });
    subject.known.moved = false;
    return;
  }
  if (head.fault === undefined) return;
  // the head is looked at again with backoff, the operation with it
  if (errorKind(head.fault) !== 'terminal') throw head.fault;
  await write(
    deps,
    app,
    failedStatus(
      app,
      [{ type: 'ComparisonError', message: describeError(head.fault) }],
      now,
      await healthWithout(app, subject.target, signal),
    ),
    { refreshed: answered },
  );
}

/** At the end the fresh comparison, history and the removal of /operation go in one patch. */
async function saveEnd(
  { deps, subject, signal }: Pass,
  found: Look | undefined,
  status: Partial<ApplicationStatus>,
): Promise<void> {
  const app = current(deps, subject);
  const { known } = subject;
  if (!found) {
    known.comparison = undefined;
    await write(deps, app, { ...app.status, ...status }, { operation: null });
    return;
  }
  const now = { ...subject, app };
  const base = diffBase(known, found.last);
  for (const item of found.comparison.objects) known.dirty.set(keyText(item.key), item.key);
  const comparison = await assess(
    now,
    found.desired,
    () => Promise.resolve(base === 'gone' ? undefined : base),
    signal,
  );
  const after: Look = {
    ...found,
    subject: now,
    comparison,
    health: await healthOfAll(app, subject.target.healthOf, comparison),
  };
  known.moved = true;
  await write(
    deps,
    app,
    {
      ...comparedStatus(app, comparedOf(after), deps.clock.now()),
      conditions: app.status?.conditions ?? [],
      ...status,
    },
    { operation: null, finalizers: finalizersFor(app, subject.target.comparer.deleteHooks(comparison.input)) },
  );
  known.moved = false;
  // What was last synced is another state now: removals are judged afresh.
  if (comparison.input.previous) known.comparison = undefined;
}

/** An operation that the gate cannot judge stays, and says why where people must do something about it. */
async function saveWaiting(deps: ReconcileDeps, subject: Subject, error: unknown): Promise<void> {
  const message = unknownTold(error);
  if (message === undefined) return;
  const app = current(deps, subject);
  await write(deps, app, {
    ...app.status,
    conditions: withConditions(
      app.status?.conditions,
      ['SyncError'],
      [{ type: 'SyncError', message }],
      deps.clock.now(),
    ),
  });
}

/** Ends the operation that somebody terminates, whatever may be wrong with the application. */
export async function terminate(pass: Pass): Promise<void> {
  const { deps, subject } = pass;
  const save: OperationInput['save'] = (status, done, plan) =>
    done ? saveEnd(pass, undefined, status) : saveProgress(deps, subject, status, plan);
  await terminateOperation(deps, { subject, head: undefined, save }, pass.signal);
}

/**
 * Brings the application's operation as far as it goes now; `at`: clock ms at which it wants to go on. Throws what is
 * worth another try.
 */
export async function operate(pass: Pass): Promise<OperationOutcome & { fetching?: Promise<void> | undefined }> {
  const { deps, subject, signal } = pass;
  const head = await headOf(pass);
  // One that has begun has been judged: it does not wait for Git.
  if (head.fetching && !head.found && !stateOf(subject.app)?.syncResult)
    return { ended: false, fetching: head.fetching };
  const save: OperationInput['save'] = (status, done, plan) =>
    done ? saveEnd(pass, head.found, status) : saveProgress(deps, subject, status, plan);
  const outcome = await runOperation(deps, { subject, head: head.found, save }, signal).catch(
    async (error: unknown) => {
      await saveWaiting(deps, subject, error);
      throw error;
    },
  );
  if (!outcome.ended) await saveMeanwhile(pass, head);
  return { ...outcome, fetching: head.fetching };
}
