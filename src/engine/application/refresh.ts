// One look at an application: the branch head, its comparison with the cluster, what was last synced, and health.
import type { Application, Health } from '../../model/application.ts';
import type { Assessment, Subject, Target } from './assess.ts';
import type { DesiredState } from './desired.ts';
import type { ReconcileDeps } from './pass.ts';
import type { Compared } from './status.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError, asError, errorKind } from '../../base/errors.ts';
import { applicationKey, isHardRefresh, sourcesOf } from '../../model/application.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { assess } from './assess.ts';
import { healthOfAll } from './health.ts';
import { projectOf } from './ownership.ts';
import { othersOf, takeDown } from './others.ts';
import { diffBase, followBase, keyThen, lastSynced } from './history.ts';
import { provenEntry } from './gate-record.ts';
import { comparedTo } from './status.ts';

/** One round of work on one application. */
export interface Pass {
  deps: ReconcileDeps;
  subject: Subject;
  /** A refresh was asked for. */
  refreshed: boolean;
  signal: AbortSignal;
}

/** What one look at the application found. */
export interface Look extends Assessment {
  health: Health;
  /** A refresh was asked for and this answers it: its annotation goes, and reconciledAt moves. */
  refreshed: boolean;
}

function unpinned(app: Application): undefined[] {
  return sourcesOf(app.spec).map(() => undefined);
}

/** Whether the status was written from other inputs than today's. */
async function hasMoved(
  deps: ReconcileDeps,
  app: Application,
  desired: DesiredState,
  signal: AbortSignal,
): Promise<boolean> {
  const sync = app.status?.sync;
  if (!sync?.comparedTo || !sameJson(sync.comparedTo, comparedTo(app))) return true;
  const { revision, revisions } = sync;
  const past = { ...sync.comparedTo, ...(revision !== undefined && { revision }), ...(revisions && { revisions }) };
  return (await keyThen(deps.desiring, app, past, { desired, signal })) !== desired.key;
}

/**
 * What must be newer than the mirrors is fetched: at the first look of this process, for a refresh, and after a fetch
 * that failed.
 * Answers the fetch under way, which never rejects: nobody holds a worker for it, and the next pass tells what came of
 * it.
 */
function freshen({ deps, subject, refreshed, signal }: Pass): Promise<void> | undefined {
  const { app, known } = subject;
  const { fetchFault } = known;
  known.fetchFault = undefined;
  if (fetchFault !== undefined) throw fetchFault;
  if (known.desired && !refreshed && known.wantsSince === undefined) return undefined;
  if (refreshed) known.refreshSeen ??= deps.clock.now();
  known.wantsSince = Math.max(deps.startedAt, known.wantsSince ?? 0, refreshed ? (known.refreshSeen ?? 0) : 0);
  const fetching = deps.fetch(app, known.wantsSince, signal);
  if (fetching) return fetching.catch((error: unknown) => void (known.fetchFault = asError(error)));
  known.wantsSince = undefined;
  // Whoever waited for the mirror waited for what it has now.
  deps.memory.forgetDesired(applicationKey(app));
  return undefined;
}

/** The branch head, rendered; kept unless Git moved meanwhile. */
async function headOf({ deps, subject, signal }: Pass): Promise<DesiredState> {
  const { app, known } = subject;
  const moves = known.gitMoves;
  const heads = await deps.sources.heads(app);
  const desired = await deps.desiring.at(app, unpinned(app), signal).catch((error: unknown) => {
    if (!signal.aborted && errorKind(error) === 'terminal') known.failedAt = heads;
    throw error;
  });
  known.sought = false;
  known.moved ||= await hasMoved(deps, app, desired, signal);
  if (known.gitMoves === moves) known.desired = desired;
  return desired;
}

interface Head {
  desired: DesiredState | undefined;
  fetching: Promise<void> | undefined;
}

/** While a fetch is under way, live objects that changed are compared with what is known of the head. */
async function freshHead(pass: Pass): Promise<Head> {
  const { known } = pass.subject;
  const fetching = freshen(pass);
  if (fetching) return { desired: known.dirty.size > 0 ? known.desired : undefined, fetching };
  if (known.desired) return { desired: known.desired, fetching };
  try {
    return { desired: await headOf(pass), fetching };
  } catch (error) {
    // A revision that is not there may have been pushed since the last fetch.
    known.sought = error instanceof AppError && error.code === 'E_REVISION' && !known.sought;
    if (!known.sought) throw error;
    known.wantsSince = pass.deps.clock.now();
    return { desired: undefined, fetching: freshen(pass) ?? Promise.resolve() };
  }
}

/** Gathered once for a pass: whatever follows from the application as it stands at its beginning. */
export function subjectOf(deps: ReconcileDeps, app: Application, target: Target): Subject {
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  known.server = target.server;
  return {
    app,
    project: projectOf(deps.store, app),
    target,
    known,
    others: othersOf(deps, target, known.tracking),
    byArgo: deps.turn(app).by === 'argocd',
    log: deps.log.child({ app: applicationKey(app) }),
  };
}

/**
 * `fetching`: look again when it has ended; `found` is undefined when nothing can be said before. Throws what keeps the
 * branch head from being fetched, rendered or compared.
 */
export async function look(pass: Pass): Promise<{ found: Look | undefined; fetching: Promise<void> | undefined }> {
  const { desired, fetching } = await freshHead(pass);
  return { found: desired && (await lookAt(pass, desired, pass.refreshed && !fetching)), fetching };
}

async function lookAt({ deps, subject, signal }: Pass, desired: DesiredState, refreshed: boolean): Promise<Look> {
  const { app, known } = subject;
  takeDown(deps, subject, desired);
  known.failedAt = undefined;
  const entry = provenEntry(deps.store, subject);
  let last: DesiredState | 'gone' | undefined;
  const previous = async (): Promise<DesiredState | undefined> => {
    last = await lastSynced(deps.desiring, known, app, { desired, signal, entry });
    const base = diffBase(known, last);
    return base === 'gone' ? undefined : base;
  };
  await followBase(deps, subject, { desired, signal });
  if (refreshed && isHardRefresh(app)) {
    known.comparison = undefined;
    subject.target.comparer.doubt(known.tracking);
  }
  const comparison = await assess(subject, desired, previous, signal);
  last ??= await lastSynced(deps.desiring, known, app, { desired, signal, entry });
  return {
    subject,
    desired,
    comparison,
    last,
    health: await healthOfAll(app, subject.target.healthOf, comparison),
    refreshed,
  };
}

/** What of a look goes into the status; `moved`: its revision and time are written anew. */
export function comparedOf({ comparison, desired, health, refreshed, subject }: Look): Compared {
  return { comparison, desired, health, moved: refreshed || subject.known.moved };
}
