// One pass over one application, top to bottom: spec, Git, cluster, operation, decision, status, drift. Everything is read afresh.
import type { Comparison } from '../compare/compare.ts';
import type { Effect } from '../model/effect.ts';
import type { Application, ApplicationStatus, Condition, Health } from '../model/application.ts';
import type { Subject, Target } from './assess.ts';
import type { Decision } from './decide.ts';
import type { DesiredState } from './desired.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Known } from './known.ts';
import { isStatus } from '../cluster/api-error.ts';
import { AppError, describeError, errorKind } from '../base/errors.ts';
import { canonicalJson } from '../base/canonical.ts';
import { argo } from '../model/annotations.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { specConditions } from '../policy/project.ts';
import { trackingName } from '../render/tracking.ts';
import { markApplied, supersedeOthers } from './approval.ts';
import { assess, effectOf, healthOfAll, knownEffect } from './assess.ts';
import { decideOn } from './deciding.ts';
import { deleteApplication } from './delete.ts';
import { driftedObjects } from './drifted.ts';
import { endDrift, followDrift } from './episode.ts';
import { runOperation } from './operation.ts';
import { appliedApproval, keyThen, lastSynced } from './past.ts';
import { comparedStatus, comparedTo, withConditions } from './status.ts';
import { comparisonTypes, specTypes, write, writeFailure } from './write.ts';
import type { Compared } from './status.ts';

/** Milliseconds after which the application wants to be looked at again; undefined = only when something happens. */
export type Next = number | undefined;

/** One round of work on one application. */
interface Pass {
  deps: ReconcileDeps;
  app: Application;
  target: Target;
  /** A refresh was asked for: its annotation goes, and reconciledAt moves. */
  refreshed: boolean;
  signal: AbortSignal;
}

/** What one look at the application found. */
interface Look {
  subject: Subject;
  desired: DesiredState;
  comparison: Comparison;
  last: DesiredState | 'gone' | undefined;
  health: Health;
  /** A refresh was asked for: its annotation goes, and reconciledAt moves. */
  refreshed: boolean;
}

function unpinned(app: Application): undefined[] {
  return sourcesOf(app.spec).map(() => undefined);
}

/** Whether the status was written from other inputs than today's. */
async function hasMoved(deps: ReconcileDeps, app: Application, desired: DesiredState, signal: AbortSignal): Promise<boolean> {
  const sync = app.status?.sync;
  if (!sync?.comparedTo || canonicalJson(sync.comparedTo) !== canonicalJson(comparedTo(app))) return true;
  const { revision, revisions } = sync;
  const past = { ...sync.comparedTo, ...(revision !== undefined && { revision }), ...(revisions && { revisions }) };
  return (await keyThen(deps.desiring, app, past, { desired, signal })) !== desired.key;
}

/** Fetches what must be newer than the mirrors: at the first look of this process, for a refresh, and after a fetch that failed. */
async function freshen({ deps, app, refreshed, signal }: Pass, known: Known): Promise<void> {
  if (known.desired && !refreshed && known.wantsSince === undefined) return;
  known.wantsSince = Math.max(deps.startedAt, known.wantsSince ?? 0, refreshed ? (known.refreshSeen ?? deps.clock.now()) : 0);
  await deps.fetch(app, known.wantsSince, signal);
  known.wantsSince = undefined;
  if (refreshed) deps.memory.forgetDesired(applicationKey(app));
}

/** A revision that is not there may have been pushed since the last fetch. */
async function atHead(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<DesiredState> {
  try {
    return await deps.desiring.at(app, unpinned(app), signal);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_REVISION') throw error;
    await deps.fetch(app, deps.clock.now(), signal);
    return deps.desiring.at(app, unpinned(app), signal);
  }
}

/** The branch head, rendered; kept unless Git moved meanwhile. */
async function headOf(deps: ReconcileDeps, known: Known, app: Application, signal: AbortSignal): Promise<DesiredState> {
  const moves = known.gitMoves;
  const desired = await atHead(deps, app, signal);
  known.moved ||= await hasMoved(deps, app, desired, signal);
  if (known.gitMoves === moves) known.desired = desired;
  return desired;
}

async function look({ deps, app, target, refreshed, signal }: Pass): Promise<Look> {
  const project = deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`);
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  known.server = target.server;
  const subject: Subject = { app, project, target, known, log: deps.log.child({ app: applicationKey(app) }) };
  await freshen({ deps, app, target, refreshed, signal }, known);
  const desired = known.desired ?? (await headOf(deps, known, app, signal));
  let last: DesiredState | 'gone' | undefined;
  const previous = async (): Promise<DesiredState | undefined> => {
    last = await lastSynced(deps.desiring, known, app, { desired, signal });
    return last === 'gone' ? undefined : last;
  };
  const comparison = await assess(subject, desired, previous, signal);
  last ??= await lastSynced(deps.desiring, known, app, { desired, signal });
  return { subject, desired, comparison, last, health: healthOfAll(app, comparison), refreshed };
}

function comparedOf({ comparison, desired, health, refreshed, subject }: Look): Compared {
  return { comparison, desired, health, moved: refreshed || subject.known.moved };
}

function evaluated(found: Look, decided: Decision, app: Application, at: number): Condition[] {
  const own = found.comparison.conditions;
  const error: Condition[] = (decided.do === 'leave' || decided.do === 'ask') && decided.error ? [{ type: 'SyncError', message: decided.error }] : [];
  return withConditions(app.status?.conditions, [...comparisonTypes, ...specTypes, 'SyncError'], [...own, ...error], at);
}

/** Tells drift from what waits on the branch; where a sync is about to come, nobody needs it. */
async function driftEffect({ signal }: Pick<Pass, 'signal'>, app: Application, { subject, ...wanted }: Look): Promise<Effect | undefined> {
  const { last, desired, comparison } = wanted;
  const mixed = comparison.status === 'OutOfSync' && last !== undefined && last !== 'gone' && last.key !== desired.key;
  return mixed && !isAutomated(app.spec) ? effectOf(subject, wanted, signal) : knownEffect(subject, wanted);
}

async function settle({ deps, signal }: Pass, app: Application, found: Look): Promise<Next> {
  const { subject, comparison } = found;
  if (app.operation || deps.passive) return undefined;
  const approval = appliedApproval(app);
  if (approval) await markApplied(deps, applicationKey(app), approval, app.status?.operationState?.message ?? '');
  const heals = isAutomated(app.spec) && app.spec.syncPolicy?.automated?.selfHeal === true;
  // While it is put back, or cannot be read, nothing is known to have ended.
  if (comparison.status === 'Unknown' || (heals && comparison.status === 'OutOfSync')) return undefined;
  const drifted = driftedObjects(found.desired, found.last, comparison, await driftEffect({ signal }, app, found));
  const followed = await followDrift(deps, app, drifted, subject.known.drift);
  subject.known.drift = followed.seen;
  return followed.after;
}

function earliest(...times: Next[]): Next {
  const known = times.filter((item) => item !== undefined);
  return known.length > 0 ? Math.max(0, Math.min(...known)) : undefined;
}

async function withSubject(pass: Pass): Promise<{ next: Next; again: boolean }> {
  const { deps, app, refreshed, signal } = pass;
  const found = await look(pass);
  const at = deps.clock.now();
  if (app.operation && !deps.passive) {
    const blocked = found.comparison.conditions.find((item) => item.type === 'ComparisonError')?.message;
    const outcome = await runOperation(
      deps,
      {
        subject: found.subject,
        desired: found.desired,
        comparison: found.comparison,
        last: found.last,
        blocked,
        save: (status, done) => (done ? saveEnd(pass, found, status) : saveProgress(deps, found, status)),
      },
      signal,
    );
    if (outcome.ended) return { next: undefined, again: true };
    await saveMeanwhile(deps, found);
    return { next: outcome.at === undefined ? undefined : Math.max(0, outcome.at - deps.clock.now()), again: false };
  }
  const decided = await decideOn(deps, found, signal);
  const status = { ...comparedStatus(app, comparedOf(found), at), conditions: evaluated(found, decided, app, at) };
  const written = await write(deps, app, status, { ...(decided.do === 'sync' && { operation: decided.operation }), refreshed });
  found.subject.known.moved = false;
  if (decided.do === 'sync') found.subject.log.info({ why: decided.why, revision: found.desired.revisions[0] }, 'sync started');
  const driftNext = await settle(pass, written, found);
  const waitNext = decided.do === 'wait' ? decided.until - deps.clock.now() : undefined;
  return { next: earliest(driftNext, waitNext), again: decided.do === 'sync' && !deps.passive };
}

function current(deps: ReconcileDeps, found: Look): Application {
  const key = applicationKey(found.subject.app);
  const app = deps.store.applications.get(key);
  if (!app) throw new AppError('E_INTERNAL', `the application ${key} vanished during its operation`, { kind: 'transient' });
  return app;
}

/** While it runs, only operationState moves. */
async function saveProgress(deps: ReconcileDeps, found: Look, status: Partial<ApplicationStatus>): Promise<void> {
  const app = current(deps, found);
  const { operationState: state } = status;
  // Somebody may have asked to terminate while this step was at work.
  const terminates = state?.phase === 'Running' && app.status?.operationState?.phase === 'Terminating';
  await write(deps, app, { ...app.status, ...status, ...(terminates && { operationState: { ...state, phase: 'Terminating' } }) });
}

/** While an operation waits, people see what it waits for: verdict and health as this pass found them. */
async function saveMeanwhile(deps: ReconcileDeps, found: Look): Promise<void> {
  const app = current(deps, found);
  // Another request than the one that this pass has answered stays.
  const refreshed = found.refreshed && app.metadata.annotations?.[argo.refresh] === found.subject.app.metadata.annotations?.[argo.refresh];
  await write(deps, app, comparedStatus(app, comparedOf(found), deps.clock.now()), { refreshed });
  found.subject.known.moved = false;
}

/** At the end the fresh comparison, history and the removal of /operation go in one patch. */
async function saveEnd({ deps, signal }: Pass, found: Look, status: Partial<ApplicationStatus>): Promise<void> {
  const app = current(deps, found);
  const subject = { ...found.subject, app };
  for (const item of found.comparison.objects) subject.known.dirty.set(keyText(item.key), item.key);
  const comparison = await assess(subject, found.desired, () => Promise.resolve(found.last === 'gone' ? undefined : found.last), signal);
  const after: Look = { ...found, subject, comparison, health: healthOfAll(app, comparison) };
  subject.known.moved = true;
  await write(deps, app, { ...comparedStatus(app, comparedOf(after), deps.clock.now()), conditions: app.status?.conditions ?? [], ...status }, { operation: null });
  subject.known.moved = false;
  // What was last synced is another state now: removals are judged afresh.
  if (comparison.input.previous) subject.known.comparison = undefined;
}

async function round(deps: ReconcileDeps, app: Application, refreshed: boolean, signal: AbortSignal): Promise<{ next: Next; again: boolean }> {
  let target: Target | undefined;
  try {
    target = await deps.targetOf(app);
    const project = deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`);
    const faults = specConditions({ app, project, cluster: target, controlNamespace: deps.store.namespace });
    if (faults.length > 0 || !target) {
      await writeFailure(deps, app, faults, refreshed);
      return { next: undefined, again: false };
    }
    return await withSubject({ deps, app, target, refreshed, signal });
  } catch (error) {
    if (signal.aborted || isStatus(error, 409) || errorKind(error) !== 'terminal') throw error;
    await writeFailure(deps, app, [{ type: 'ComparisonError', message: describeError(error) }], refreshed);
    return { next: undefined, again: false };
  }
}

/** Brings one application as far as it can get now. Throws what is worth another try; the queue backs off. */
export async function reconcile(deps: ReconcileDeps, key: string, signal: AbortSignal): Promise<Next> {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const app = deps.store.applications.get(key);
    if (!app) {
      await forget(deps, key);
      return undefined;
    }
    if (app.metadata.annotations?.[argo.skipReconcile] === 'true') return undefined;
    if (app.metadata.deletionTimestamp) return deleteApplication(deps, app, signal);
    const refreshed = app.metadata.annotations?.[argo.refresh] !== undefined;
    const result = await round(deps, app, refreshed, signal);
    if (!result.again) return result.next;
  }
  return 0;
}

/** Nobody is asked any more about an application that is gone. */
async function forget(deps: ReconcileDeps, key: string): Promise<void> {
  await supersedeOthers(deps, key, { keep: undefined, why: 'the application is gone' });
  await endDrift(deps, key, 'the application is gone');
  const known: Known | undefined = deps.memory.delete(key);
  if (!known) return;
  deps.forgetTracking(known);
  deps.log.info({ app: key }, 'the application is gone');
}
