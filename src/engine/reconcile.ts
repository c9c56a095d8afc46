// One pass over one application, top to bottom: spec, Git, cluster, operation, decision, status, drift. Everything is
// read afresh.
import type { Outcome } from '../base/queue.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Effect } from '../model/effect.ts';
import type { Application, Condition } from '../model/application.ts';
import type { Target } from './application/assess.ts';
import type { Decision } from './decide/decide.ts';
import type { ReconcileDeps } from './application/pass.ts';
import type { Known } from './application/memory.ts';
import type { Look, Pass } from './refresh.ts';
import { isStatus } from '../cluster/api-error.ts';
import { sameJson } from '../base/canonical.ts';
import { describeError, errorKind } from '../base/errors.ts';
import { argo } from '../model/annotations.ts';
import { applicationKey, isAutomated } from '../model/application.ts';
import { specConditions, specWarnings } from '../policy/project.ts';
import { trackingName } from '../render/document/tracking.ts';
import { expireApprovals } from './approval/approval.ts';
import { markApplied } from './approval/phase.ts';
import { supersedeOthers } from './approval/phase.ts';
import { effectOf, knownEffect } from './application/assess.ts';
import { decideOn } from './decide/decide-input.ts';
import { deleteApplication } from './delete/delete.ts';
import { driftedObjects } from './drift/drifted.ts';
import { endDrift, followDrift } from './drift/drift.ts';
import { healthWithout } from './application/health-without.ts';
import { comparedOf, look, subjectOf } from './refresh.ts';
import { operate, terminate } from './operate.ts';
import { stateOf } from './application/operation-state.ts';
import { nextName } from './application/others.ts';
import { appliedApproval, diffBase, keyThen } from './application/history.ts';
import {
  followPolicy,
  forgetRecord,
  isProven,
  isRecorded,
  policyInForce,
  rememberBase,
  rememberSync,
} from './application/sync-record.ts';
import { comparedStatus, withConditions } from './application/status.ts';
import { comparisonTypes, specTypes, write, writeFailure } from './application/status-writer.ts';

/** Milliseconds after which the application wants to be looked at again; undefined = only when something happens. */
type Next = number | undefined;

/**
 * A history that is not ours, such as Argo CD's, is believed once the cluster is as its newest entry says and no hook
 * is left out.
 */
async function confirmHistory(deps: ReconcileDeps, { subject, ...wanted }: Look, signal: AbortSignal): Promise<void> {
  const { app } = subject;
  const { desired, comparison } = wanted;
  const entry = app.status?.history?.at(-1);
  if (
    !entry ||
    comparison.status !== 'Synced' ||
    comparison.objects.some((item) => item.hook.isHook) ||
    isProven(deps.store, subject)
  )
    return;
  if ((await keyThen(deps.desiring, app, entry, { desired, signal })) !== desired.key) return;
  // Where it was synced before, an entry that nobody can prove may stand for ignored fields that nobody has approved.
  if (isRecorded(deps.store, app) && (await effectOf(subject, wanted, signal)).unwritten.length > 0) return;
  await rememberSync(deps.store, subject, entry);
}

/** As compared with what was last synced no more: removals are judged by the head alone. */
function withoutPrevious({ input: { previous: _previous, ...input }, objects, ...comparison }: Comparison): Comparison {
  return {
    ...comparison,
    input,
    objects: objects.map((item) => (item.previous ? { ...item, previous: undefined } : item)),
  };
}

/**
 * Where Git has caught up with live, drift and changes are told against that from now on. What the gate knows as last
 * synced stays.
 */
async function followLive(
  { store, clock }: ReconcileDeps,
  { subject, ...wanted }: Look,
  signal: AbortSignal,
): Promise<void> {
  const { app, known } = subject;
  const { desired, comparison, last } = wanted;
  if (comparison.status !== 'Synced' || last === undefined || app.operation || known.agreed === desired) return;
  const before = diffBase(known, last);
  const moved = before === 'gone' || (before?.key !== desired.key && !sameJson(before?.manifests, desired.manifests));
  if (moved) {
    const back = last !== 'gone' && last.key === desired.key;
    // Ignored fields that Git gave other values are not live: they are told, and asked about, until a sync writes them.
    if (!back && (await effectOf(subject, wanted, signal)).unwritten.length > 0) return;
    await rememberBase(store, subject, back ? undefined : { revisions: desired.revisions, at: clock.now() });
    known.comparison = withoutPrevious(comparison);
  }
  known.agreed = desired;
}

function evaluated(found: Look, decided: Decision, app: Application, at: number): Condition[] {
  const own = [...specWarnings(app, found.subject.project), ...found.comparison.conditions];
  const error: Condition[] =
    (decided.do === 'leave' || decided.do === 'ask') && decided.error
      ? [{ type: 'SyncError', message: decided.error }]
      : [];
  return withConditions(
    app.status?.conditions,
    [...comparisonTypes, ...specTypes, 'SyncError'],
    [...own, ...error],
    at,
  );
}

/** Tells drift from what waits on the branch; where a sync is about to come, nobody needs it. */
async function driftEffect(
  { signal }: Pick<Pass, 'signal'>,
  app: Application,
  { subject, ...wanted }: Look,
): Promise<Effect | undefined> {
  const { desired, comparison } = wanted;
  const last = diffBase(subject.known, wanted.last);
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
  const drifted = driftedObjects(
    found.desired,
    diffBase(subject.known, found.last),
    comparison,
    await driftEffect({ signal }, app, found),
  );
  const followed = await followDrift(deps, app, drifted, subject.known.drift);
  subject.known.drift = followed.seen;
  return followed.after;
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

/** What is being applied in this process was begun in time. */
function expire(deps: ReconcileDeps, app: Application): Promise<Next> {
  const { store, memory } = deps;
  const { expires = store.settings().approvalExpiresMs } = policyInForce(
    store,
    app,
    store.projects.get(`${store.namespace}/${app.spec.project}`),
  );
  const key = applicationKey(app);
  return expireApprovals(deps, key, { expiresMs: expires, applied: memory.get(key)?.admitted?.approval });
}

async function withSubject(pass: Pass): Promise<Round> {
  const { deps, app, signal } = pass;
  if (!deps.passive)
    await followPolicy(deps.store, app, deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`));
  const expiry = deps.passive ? undefined : await expire(deps, app);
  if (app.operation && !deps.passive) {
    const outcome = await operate(pass);
    if (outcome.ended) return { next: undefined, again: true };
    return {
      next: earliest(outcome.at === undefined ? undefined : outcome.at - deps.clock.now(), expiry),
      again: false,
      fetching: outcome.fetching,
    };
  }
  const { found, fetching } = await look(pass, subjectOf(pass));
  if (!found) return { next: expiry, again: false, fetching };
  const at = deps.clock.now();
  if (!deps.passive) {
    await confirmHistory(deps, found, signal);
    await followLive(deps, found, signal);
  }
  const { decided, unknown } = await decideOn(deps, found, signal);
  const status = { ...comparedStatus(app, comparedOf(found), at), conditions: evaluated(found, decided, app, at) };
  const written = await write(deps, app, status, {
    ...(decided.do === 'sync' && { operation: decided.operation }),
    refreshed: found.refreshed,
  });
  found.subject.known.moved = false;
  if (decided.do === 'sync')
    found.subject.log.info({ why: decided.why, revision: found.desired.revisions[0] }, 'sync started');
  const driftNext = await settle(pass, written, found);
  if (unknown && decided.do !== 'sync' && !fetching) throw unknown;
  const waitNext = decided.do === 'wait' ? decided.until - deps.clock.now() : undefined;
  return { next: earliest(driftNext, waitNext, expiry), again: decided.do === 'sync' && !deps.passive, fetching };
}

async function round(deps: ReconcileDeps, app: Application, refreshed: boolean, signal: AbortSignal): Promise<Round> {
  let target: Target | undefined;
  try {
    target = await deps.targetOf(app);
    if (target && !deps.passive && stateOf(app)?.phase === 'Terminating') {
      await terminate({ deps, app, target, refreshed, signal });
      return { next: undefined, again: true };
    }
    const project = deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`);
    const faults = specConditions({ app, project, cluster: target, controlNamespace: deps.store.namespace });
    if (faults.length > 0 || !target) {
      deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace)).failedAt = [];
      await writeFailure(deps, app, faults, { refreshed });
      return { next: undefined, again: false };
    }
    return await withSubject({ deps, app, target, refreshed, signal });
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
      return {};
    }
    if (app.metadata.annotations?.[argo.skipReconcile] === 'true') return {};
    if (app.metadata.deletionTimestamp) {
      const expiry = deps.passive ? undefined : await expire(deps, app);
      return outcomeOf(earliest(await deleteApplication(deps, app, signal), expiry));
    }
    const refreshed = app.metadata.annotations?.[argo.refresh] !== undefined;
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
  await forgetRecord(deps.store, key);
  const known: Known | undefined = deps.memory.delete(key);
  if (!known) return;
  for (const child of known.children) deps.holdings.delete(nextName(deps, child));
  deps.holdings.delete(known.tracking);
  deps.forgetTracking(known);
  deps.log.info({ app: key }, 'the application is gone');
}
