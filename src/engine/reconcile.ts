// One pass over one application, top to bottom: spec, Git, cluster, operation, decision, status, drift. Everything is
// read afresh.
import type { Outcome } from '../base/queue.ts';
import type { Application, Condition } from '../model/application.ts';
import type { Target } from './application/assess.ts';
import type { Decision } from './decide/decide.ts';
import type { ReconcileDeps } from './application/pass.ts';
import type { Known } from './application/memory.ts';
import type { Look, Pass } from './application/refresh.ts';
import { isStatus } from '../cluster/api-error.ts';
import { describeError, errorKind } from '../base/errors.ts';
import { applicationKey, isAutomated, refreshRequests } from '../model/application.ts';
import { specConditions, specWarnings } from '../policy/project.ts';
import { trackingName } from '../render/document/tracking.ts';
import { expire } from './approval/expiry.ts';
import { voidIdle } from './approval/idle.ts';
import { markApplied, supersedeOthers } from './approval/round.ts';
import { decideOn } from './decide/decide-input.ts';
import { deleteApplication } from './delete/delete.ts';
import { finalizersFor } from './delete/finalizers.ts';
import { settleDrift } from './drift/drifted.ts';
import { endDrift } from './drift/drift.ts';
import { followArgo } from './argocd/argocd.ts';
import { noteVanished, verifyDeletions } from './argocd/deletion.ts';
import { healthWithout } from './application/health.ts';
import { comparedOf, look, subjectOf } from './application/refresh.ts';
import { operate, terminate } from './operate.ts';
import { isApplicationName, orphanConditions, orphanPlace, orphansOf } from './orphans.ts';
import { stateOf } from './application/operation-state.ts';
import { nextName } from './application/others.ts';
import { projectOf } from './application/ownership.ts';
import { appliedApproval } from './application/history.ts';
import { followPolicy, forgetRecord, rememberEngine } from './application/gate-record.ts';
import { followHad } from './application/had.ts';
import {
  comparedStatus,
  withConditions,
  comparisonTypes,
  specTypes,
  write,
  writeFailure,
} from './application/status.ts';
import { confirmHistory, followLive } from './application/catching-up.ts';
import { isGated } from './approval/gate-input.ts';

/** Milliseconds after which the application wants to be looked at again; undefined = only when something happens. */
type Next = number | undefined;

/** As the hooks at its deletion ask for. */
function finalizersOf({ subject: { app, target }, comparison }: Look): string[] | undefined {
  return finalizersFor(app, target.comparer.deleteHooks(comparison.input));
}

/** From now on it hears of orphans that come and go. */
function orphanedOf(deps: ReconcileDeps, { subject: { app, project, target }, comparison }: Look): Condition[] {
  deps.memory.watch(applicationKey(app), orphanPlace(app, project));
  const own = comparison.objects.map(({ key }) => key);
  const isOfAnother = (name: string): boolean => isApplicationName(deps.store, name);
  const { live } = target.cluster;
  return orphanConditions(project, orphansOf({ live, app, project, own, isApplication: isOfAnother }));
}

function evaluated(deps: ReconcileDeps, found: Look, decided: Decision, app: Application): Condition[] {
  const orphaned = orphanedOf(deps, found);
  const own = [...specWarnings(app, found.subject.project), ...found.comparison.conditions, ...orphaned];
  const error: Condition[] =
    (decided.do === 'leave' || decided.do === 'ask') && decided.error
      ? [{ type: 'SyncError', message: decided.error }]
      : [];
  return withConditions(
    app.status?.conditions,
    [...comparisonTypes, ...specTypes, 'SyncError', 'OrphanedResourceWarning'],
    [...own, ...error],
    deps.clock.now(),
  );
}

/** What each sync makes anew is out of sync for ever. */
function isDrifting({ objects }: Look['comparison']): boolean {
  return objects.some((item) => item.status === 'OutOfSync' && !item.hook.isHook && !item.ignored && !item.generated);
}

async function settle({ deps, signal }: Pass, app: Application, found: Look): Promise<Next> {
  const { comparison } = found;
  if (app.operation) return undefined;
  const approval = appliedApproval(app);
  if (approval) await markApplied(deps, applicationKey(app), approval, app.status?.operationState?.message ?? '');
  const heals = isAutomated(app.spec) && app.spec.syncPolicy?.automated?.selfHeal === true;
  // While it is put back, or cannot be read, nothing is known to have ended.
  if (comparison.status === 'Unknown' || (heals && isDrifting(comparison))) return undefined;
  return settleDrift(deps, app, found, signal);
}

function earliest(...times: Next[]): Next {
  const known = times.filter((item) => item !== undefined);
  return known.length > 0 ? Math.max(0, Math.min(...known)) : undefined;
}

/** `fetching`: what the application waits for without a worker. */
interface Round {
  next: Next;
  again: boolean;
  fetching?: Promise<void> | undefined;
}

/** What is being applied in this process was begun in time; what waits for a window or a lock has not begun. */
function expiryOf(deps: ReconcileDeps, app: Application): Promise<Next> {
  const isBegun = stateOf(app)?.syncResult !== undefined;
  return expire(deps, app, isBegun ? deps.memory.get(applicationKey(app))?.admitted?.approval : undefined);
}

async function withSubject(pass: Pass): Promise<Round> {
  const { deps, subject, signal } = pass;
  const { app, known } = subject;
  // Gates and Approvals, as they are today.
  await followPolicy(deps.store, app, subject.project);
  await rememberEngine(deps.store, app, 'coxswain');
  const expiry = await expiryOf(deps, app);
  // What was asked for goes first, and looks at the application itself.
  if (app.operation) {
    const outcome = await operate(pass);
    if (outcome.ended) return { next: undefined, again: true };
    return {
      next: earliest(outcome.at === undefined ? undefined : outcome.at - deps.clock.now(), expiry),
      again: false,
      fetching: outcome.fetching,
    };
  }
  // Fetch, render, compare.
  const { found, fetching } = await look(pass);
  if (!found) return { next: expiry, again: false, fetching };
  const at = deps.clock.now();
  await confirmHistory(deps, found, signal);
  await followHad(deps, found);
  // For each revision an automated sync makes anew what Git gives no name: it follows.
  if (found.comparison.status === 'Synced' || !isAutomated(app.spec) || isGated(deps, found))
    await followLive(deps, found, signal);
  // Decide.
  const { decided, unknown } = await decideOn(deps, found, signal);
  // Write.
  const status = { ...comparedStatus(app, comparedOf(found), at), conditions: evaluated(deps, found, decided, app) };
  const written = await write(deps, app, status, {
    ...(decided.do === 'sync' && { operation: decided.operation }),
    refreshed: found.refreshed,
    finalizers: finalizersOf(found),
  });
  known.moved = false;
  if (decided.do === 'sync')
    subject.log.info({ why: decided.why, revision: found.desired.revisions[0] }, 'sync started');
  // Drift, once it is known that no sync puts it back.
  const driftNext = await settle(pass, written, found);
  if (unknown && decided.do !== 'sync' && !fetching) throw unknown;
  const waitNext = decided.do === 'wait' ? decided.until - deps.clock.now() : undefined;
  return { next: earliest(driftNext, waitNext, expiry), again: decided.do === 'sync', fetching };
}

async function round(deps: ReconcileDeps, app: Application, refreshed: boolean, signal: AbortSignal): Promise<Round> {
  let target: Target | undefined;
  try {
    target = await deps.targetOf(app, { sure: app.operation !== undefined });
    if (target && stateOf(app)?.phase === 'Terminating') {
      await terminate({ deps, subject: subjectOf(deps, app, target), refreshed, signal });
      return { next: undefined, again: true };
    }
    const project = projectOf(deps.store, app);
    const faults = specConditions({ app, project, cluster: target, controlNamespace: deps.store.namespace });
    if (faults.length > 0 || !target) {
      deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace)).failedAt = [];
      await writeFailure(deps, app, faults, { refreshed });
      return { next: undefined, again: false };
    }
    return await withSubject({ deps, subject: subjectOf(deps, app, target), refreshed, signal });
  } catch (error) {
    if (signal.aborted || isStatus(error, 409) || errorKind(error) !== 'terminal') throw error;
    await writeFailure(deps, app, [{ type: 'ComparisonError', message: describeError(error) }], {
      refreshed,
      health: await healthWithout(app, target, signal),
    });
    return { next: undefined, again: false };
  }
}

/** Brings one application as far as it can get now. Throws what is worth another try; the queue backs off. */
export async function reconcile(deps: ReconcileDeps, key: string, signal: AbortSignal): Promise<Outcome> {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const app = deps.store.applications.get(key);
    if (!app) {
      await forget(deps, key);
      return outcomeOf(await verifyDeletions(deps, key, signal));
    }
    const { by } = deps.turn(app);
    if (by === 'nobody') return outcomeOf(await voidIdle(deps, app));
    if (by === 'argocd') {
      const { next, fetching } = await followArgo(deps, app, signal);
      return { ...outcomeOf(next), ...(fetching && { until: fetching }) };
    }
    if (app.metadata.deletionTimestamp) {
      const expiry = await expiryOf(deps, app);
      return outcomeOf(earliest(await deleteApplication(deps, app, signal), expiry));
    }
    const refreshed = refreshRequests(app).length > 0;
    const result = await round(deps, app, refreshed, signal);
    if (!result.again) return { ...outcomeOf(result.next), ...(result.fetching && { until: result.fetching }) };
  }
  return { after: 0 };
}

function outcomeOf(next: Next): Outcome {
  return next === undefined ? {} : { after: next };
}

/** Nobody is asked any more about an application that is gone. */
async function forget(deps: ReconcileDeps, key: string): Promise<void> {
  await supersedeOthers(deps, key, { keep: undefined, why: 'the application is gone' });
  await endDrift(deps, key, 'the application is gone');
  await noteVanished(deps, key);
  await forgetRecord(deps.store, key);
  deps.view?.look(key);
  const known: Known | undefined = deps.memory.delete(key);
  if (!known) return;
  for (const child of known.children) deps.holdings.delete(nextName(deps, child));
  deps.holdings.delete(known.tracking);
  deps.forgetTracking(known);
  deps.log.info({ app: key }, 'the application is gone');
}
