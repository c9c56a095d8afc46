// One look at an application: the branch head, its comparison with the cluster, what was last synced, and health.
import type { Comparison } from '../compare/compare.ts';
import type { Application, Health } from '../model/application.ts';
import type { Subject, Target } from './assess.ts';
import type { DesiredState } from './desired.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Known } from './known.ts';
import type { Compared } from './status.ts';
import { canonicalJson } from '../base/canonical.ts';
import { AppError } from '../base/errors.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { trackingName } from '../render/tracking.ts';
import { assess, healthOfAll } from './assess.ts';
import { keyThen, lastSynced } from './past.ts';
import { isProven } from './record.ts';
import { comparedTo } from './status.ts';

/** One round of work on one application. */
export interface Pass {
  deps: ReconcileDeps;
  app: Application;
  target: Target;
  /** A refresh was asked for: its annotation goes, and reconciledAt moves. */
  refreshed: boolean;
  signal: AbortSignal;
}

/** What one look at the application found. */
export interface Look {
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

export function subjectOf({ deps, app, target }: Pass): Subject {
  const project = deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`);
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  known.server = target.server;
  return { app, project, target, known, log: deps.log.child({ app: applicationKey(app) }) };
}

/** Throws what keeps the branch head from being fetched, rendered or compared. */
export async function look(pass: Pass, subject: Subject): Promise<Look> {
  const { deps, app, refreshed, signal } = pass;
  const { known } = subject;
  await freshen(pass, known);
  const desired = known.desired ?? (await headOf(deps, known, app, signal));
  const proven = deps.passive || isProven(deps.store, app, subject.project);
  let last: DesiredState | 'gone' | undefined;
  const previous = async (): Promise<DesiredState | undefined> => {
    last = await lastSynced(deps.desiring, known, app, { desired, signal, proven });
    return last === 'gone' ? undefined : last;
  };
  const comparison = await assess(subject, desired, previous, signal);
  last ??= await lastSynced(deps.desiring, known, app, { desired, signal, proven });
  return { subject, desired, comparison, last, health: healthOfAll(app, comparison), refreshed };
}

export function comparedOf({ comparison, desired, health, refreshed, subject }: Look): Compared {
  return { comparison, desired, health, moved: refreshed || subject.known.moved };
}
