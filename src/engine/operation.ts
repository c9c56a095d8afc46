// Carrying out status.operation: resolve it once, pass the gate, then step it until it has ended; killed anywhere, it goes on from status.
import type { Clock } from '../base/clock.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Application, ApplicationSource, ApplicationStatus, Operation, OperationState } from '../model/application.ts';
import type { StepResult, SyncTarget } from '../sync/sync.ts';
import type { Subject } from './assess.ts';
import type { DesiredState, Desiring } from './desired.ts';
import type { GateDeps } from './gating.ts';
import { canonicalJson } from '../base/canonical.ts';
import { describeError } from '../base/errors.ts';
import { keyText } from '../model/kube.ts';
import { approvalRequired } from '../policy/gate.ts';
import { syncWindow } from '../policy/window.ts';
import { withHistory } from '../sync/history.ts';
import { startTime, step } from '../sync/sync.ts';
import { openApproval } from './approval.ts';
import { compareTo, deniedTargets, effectOf } from './assess.ts';
import { askGate, isGated } from './gating.ts';

export interface OperationDeps extends GateDeps {
  clock: Clock;
  desiring: Desiring;
}

export interface OperationInput {
  subject: Subject;
  /** The branch head and its comparison; an operation for the same manifests uses them. */
  desired: DesiredState;
  comparison: Comparison;
  last: DesiredState | 'gone' | undefined;
  /** Why nothing may run now (ComparisonError, InvalidSpecError). */
  blocked: string | undefined;
  /** Writes status (and, at the end, the removal of /operation) in one patch. */
  save(status: Partial<ApplicationStatus>, done: boolean): Promise<void>;
}

export type OperationOutcome = { ended: true } | { ended: false; at?: number };

/** The state belongs to this operation when it holds it and has not ended; while a retry waits, finishedAt is set but the phase is Running. */
function stateOf(app: Application): OperationState | undefined {
  const state = app.status?.operationState;
  const going = state && (state.phase === 'Running' || state.phase === 'Terminating');
  return going && canonicalJson(state.operation) === canonicalJson(app.operation) ? state : undefined;
}

function overridden(app: Application, operation: Operation): Application {
  const { source, sources } = operation.sync ?? {};
  if (!source && !sources) return app;
  const { source: _source, sources: _sources, ...spec } = app.spec;
  return { ...app, spec: { ...spec, ...(source && { source }), ...(sources && { sources }) } };
}

function wantedRevisions(operation: Operation, state: OperationState | undefined): (string | undefined)[] {
  const { revision, revisions } = state?.syncResult ?? operation.sync ?? {};
  if (revisions && revisions.length > 0) return revisions;
  return [revision || undefined];
}

async function wantedState(deps: OperationDeps, input: OperationInput, state: OperationState | undefined, signal: AbortSignal): Promise<DesiredState> {
  const { app } = input.subject;
  const operation = app.operation ?? {};
  const revisions = wantedRevisions(operation, state);
  const pinned = revisions.filter((item) => item !== undefined);
  const headFits = pinned.length === 0 || pinned.join() === input.desired.revisions.join();
  if (!operation.sync?.source && !operation.sync?.sources && headFits) return input.desired;
  return deps.desiring.at(overridden(app, operation), revisions, signal);
}

function targetsOf(comparison: Comparison, denied: Map<string, string>): SyncTarget[] {
  return comparison.objects
    .filter((item) => !item.ignored || item.target !== undefined || item.requiresPruning)
    .map((item) => {
      const invalid = denied.get(keyText(item.key)) ?? item.error?.message;
      return {
        key: item.key,
        target: item.target,
        status: item.status,
        manifestHash: item.manifestHash,
        validated: item.validated,
        ...(invalid && { invalid }),
        ...(item.previous && { previous: item.previous }),
      };
    });
}

function ending(app: Application, phase: 'Failed' | 'Error', message: string, at: { now: number; wanted: DesiredState }): Partial<ApplicationStatus> {
  const time = startTime(app, at.now);
  const state: OperationState = {
    operation: app.operation ?? {},
    phase,
    message,
    startedAt: time,
    finishedAt: time,
    syncResult: { revision: at.wanted.revisions[0] ?? '', ...sourceFields(app) },
  };
  return { operationState: state };
}

function sourceFields(app: Application): { source?: ApplicationSource; sources?: ApplicationSource[] } {
  const { source, sources } = app.spec;
  return sources && sources.length > 0 ? { sources } : source ? { source } : {};
}

/** The gate, asked before the first step. Answers the message with which the operation ends, or nothing. */
async function gateMessage(deps: OperationDeps, input: OperationInput, wanted: { state: DesiredState; comparison: Comparison }, signal: AbortSignal): Promise<string | undefined> {
  const { subject, last } = input;
  const { app, project } = subject;
  const gateSubject = { app, project, comparison: wanted.comparison, wanted: wanted.state, last };
  if (!isGated(deps, gateSubject)) return undefined;
  const effect = await effectOf(subject, { comparison: wanted.comparison, desired: wanted.state, last }, signal);
  const decision = await askGate(deps, gateSubject, effect, app.operation?.sync?.dryRun);
  if (decision.do === 'go') return undefined;
  if (decision.do === 'refuse' || !decision.approval) return decision.why;
  const from = last === undefined || last === 'gone' ? undefined : last.revisions[0];
  await openApproval(deps, { application: app, digest: effect.digest, revision: wanted.state.revisions[0] ?? '', from, operations: effect.operations });
  return approvalRequired(decision.approval);
}

function windowOf(deps: OperationDeps, { app, project }: Subject, running: boolean): ReturnType<typeof syncWindow> {
  return syncWindow({
    windows: project?.spec.syncWindows ?? [],
    application: app.metadata.name,
    destination: app.spec.destination,
    manual: app.operation?.initiatedBy?.automated !== true,
    at: deps.clock.now(),
    running,
  });
}

function stepped(deps: OperationDeps, input: OperationInput, wanted: { state: DesiredState; comparison: Comparison }, state: OperationState | undefined): (signal: AbortSignal) => Promise<StepResult> {
  const { subject } = input;
  const { app, target, log } = subject;
  const { cluster, comparer } = target;
  const operationApp = overridden(app, app.operation ?? {});
  const [revision = ''] = wanted.state.revisions;
  return (signal) =>
    step({
      app,
      operation: app.operation ?? {},
      state,
      resolved: { revision, ...(wanted.state.revisions.length > 1 && { revisions: wanted.state.revisions }), ...sourceFields(operationApp) },
      targets: targetsOf(wanted.comparison, deniedTargets(subject, wanted.comparison)),
      live: (key) => cluster.live.get(key)?.object,
      cluster,
      save: (now, done) => input.save({ operationState: now, ...(done && { history: withHistory(app.status?.history, now, app.spec.revisionHistoryLimit) }) }, done),
      accepted: (key, hash, object) => comparer.accept(key, hash, object),
      clock: deps.clock,
      log,
      signal,
      ...(input.blocked && { blocked: input.blocked }),
    });
}

/** Runs the application's operation as far as it goes now. Call again on events of its objects, and at `at`. */
export async function runOperation(deps: OperationDeps, input: OperationInput, signal: AbortSignal): Promise<OperationOutcome> {
  const { subject } = input;
  const { app } = subject;
  const state = stateOf(app);
  const now = deps.clock.now();
  let wanted: { state: DesiredState; comparison: Comparison };
  try {
    const desired = await wantedState(deps, input, state, signal);
    const last = input.last === 'gone' ? undefined : input.last;
    wanted = { state: desired, comparison: desired.manifests === input.comparison.input.manifests ? input.comparison : await compareTo(subject, desired, last, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    await input.save(ending(app, 'Error', describeError(error), { now, wanted: input.desired }), true);
    return { ended: true };
  }
  // Only a first step writes syncResult: an operation that waits for its sync window has not passed the gate yet.
  if (!state?.syncResult) {
    const refused = await gateMessage(deps, input, wanted, signal);
    if (refused) {
      await input.save(ending(app, 'Failed', refused, { now, wanted: wanted.state }), true);
      return { ended: true };
    }
  }
  const window = windowOf(deps, subject, state?.syncResult !== undefined);
  if (!window.permitted) {
    if (!state) await input.save({ operationState: { operation: app.operation ?? {}, phase: 'Running', message: 'Sync operation blocked by sync window', startedAt: startTime(app, now) } }, false);
    return { ended: false, ...(window.changesAt !== undefined && { at: window.changesAt }) };
  }
  const result = await stepped(deps, input, wanted, state)(signal);
  return result.done ? { ended: true } : { ended: false, ...(result.at !== undefined && { at: result.at }) };
}
