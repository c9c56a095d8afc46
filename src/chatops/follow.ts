// What became of the syncs that a Request began: its answer says so in the end, whoever else asked for something since.
import type { Application, OperationState } from '../model/application.ts';
import type { Followed, Request } from '../model/coxswain.ts';
import type { Store } from '../store/store.ts';
import type { Answer } from './ports.ts';
import type { CarryOutDeps } from './task.ts';
import { seconds } from './target.ts';
import { rfc3339 } from '../base/clock.ts';
import { cox } from '../model/annotations.ts';
import { applicationName, shortRevision } from '../model/application.ts';
import { carries } from '../engine/application/operation-state.ts';
import { isInHistory } from '../engine/request.ts';
import { failedResults, operationText, outsideText } from '../policy/outside-text.ts';

type End = NonNullable<Followed['ended']>;

/** So long an application may take to become healthy after its sync before that itself is told. */
const patienceMs = 3_600_000;

/** Some of its syncs have not ended yet, as far as it was told. */
export function isFollowing({ status }: Request): boolean {
  return status?.phase === 'Done' && (status.syncs ?? []).some(({ ended }) => ended === undefined);
}

function revisionOf({ syncResult }: OperationState): string {
  return shortRevision(syncResult?.revisions?.[0] ?? syncResult?.revision ?? '');
}

/**
 * Times have whole seconds: with Argo CD a comparison of the same second may be of before. Our own engine writes both
 * at once.
 */
function isComparedSince({ status }: Application, { finishedAt }: OperationState, byArgo: boolean): boolean {
  const [compared, ended] = [seconds(status?.reconciledAt), seconds(finishedAt)];
  return byArgo ? compared > ended : compared >= ended;
}

/** Undefined while it may still become well. */
function afterSync(deps: CarryOutDeps, app: Application, state: OperationState): End | undefined {
  const { health, sync } = app.status ?? {};
  const byArgo = deps.turn?.(app).by === 'argocd';
  // Compared again since: the verdict before it says nothing of it.
  if (sync?.status !== 'Synced' && !isComparedSince(app, state, byArgo)) return undefined;
  const reported = byArgo ? 'Argo CD reports it ' : '';
  const word = sync?.status === 'OutOfSync' ? 'synced, but still OutOfSync' : reported === '' ? 'Synced' : 'synced';
  const done = `${reported}${word} at ${revisionOf(state)}`;
  const why = health?.message ? `: ${outsideText(health.message)}` : '';
  if (health?.status === 'Degraded') return { ok: false, message: `${done}, but Degraded${why}` };
  if (health?.status === 'Progressing' || health?.status === 'Missing') {
    const late = deps.clock.now() - Date.parse(state.finishedAt ?? '') > patienceMs;
    return late ? { ok: false, message: `${done}, but ${health.status} for more than an hour${why}` } : undefined;
  }
  return { ok: sync?.status !== 'OutOfSync', message: `${done}, ${health?.status ?? 'Unknown'}` };
}

function failure(state: OperationState): string {
  const [failed] = failedResults(state);
  const first = failed ? ` (first: ${failed.kind} ${failed.name})` : '';
  return `the sync failed: ${operationText(state) || 'no reason is given'}${first}`;
}

function endOfOperation(deps: CarryOutDeps, app: Application, state: OperationState): End | undefined {
  if (state.phase === 'Failed' || state.phase === 'Error') return { ok: false, message: failure(state) };
  return state.phase === 'Succeeded' ? afterSync(deps, app, state) : undefined;
}

function endOfRequest(deps: CarryOutDeps, request: Request, app: Application): End | undefined {
  const { name } = request.metadata;
  const state = app.status?.operationState;
  if (carries(app.operation, name)) return undefined;
  if (state && carries(state.operation, name)) return endOfOperation(deps, app, state);
  const { actor, createdAt } = request.spec;
  if (isInHistory(app, { actor, since: Date.parse(createdAt) }))
    return { ok: true, message: 'synced; another operation has come since' };
  const later = state && Date.parse(state.startedAt) > Date.parse(request.status?.finishedAt ?? '');
  return later
    ? { ok: false, message: 'another operation came in between; what became of this one is not known' }
    : undefined;
}

function endOfApproval(deps: CarryOutDeps, { spec }: Request, app: Application, approval: string): End | undefined {
  const found = deps.store.approvals.get(`${app.metadata.namespace}/${approval}`);
  if (!found) return { ok: false, message: `${approval} is gone` };
  const { phase = 'Pending', message = '' } = found.status ?? {};
  if (phase === 'Superseded' || phase === 'Rejected' || phase === 'Expired')
    return { ok: false, message: `${phase.toLowerCase()}: ${message}` };
  const state = app.status?.operationState;
  // The same effect may have been approved, and have failed, before.
  const since = seconds(state?.startedAt) >= seconds(spec.createdAt);
  const ours =
    since && state?.operation.info?.some(({ name, value }) => name === cox.approvalInfo && value === approval);
  if (state && ours && phase !== 'Pending' && !app.operation) return endOfOperation(deps, app, state);
  return phase === 'Applied' && !ours ? { ok: true, message: 'applied' } : undefined;
}

/** What was approved may have been its deletion; that is `Applied` before it is gone, but seen in any order. */
function endOfGone(deps: CarryOutDeps, { application, approval }: Followed): End {
  const [namespace = ''] = application.split('/');
  const status = approval === undefined ? undefined : deps.store.approvals.get(`${namespace}/${approval}`)?.status;
  if (status?.phase === 'Applied') return { ok: true, message: outsideText(status.message ?? '') || 'applied' };
  if (status?.phase === 'Approved' && status.begunAt !== undefined) return { ok: true, message: 'deleted' };
  return { ok: false, message: `there is no application ${applicationName(application)} any more` };
}

function endOf(deps: CarryOutDeps, request: Request, followed: Followed): End | undefined {
  const { application, approval } = followed;
  const app = deps.store.applications.get(application);
  if (!app) return endOfGone(deps, followed);
  return approval === undefined ? endOfRequest(deps, request, app) : endOfApproval(deps, request, app, approval);
}

/** Writes what has ended since; what was told once stays. Answers whether something goes on. */
export async function follow(deps: CarryOutDeps, key: string, request: Request): Promise<boolean> {
  const before = request.status?.syncs ?? [];
  const syncs = before.map((each): Followed => {
    if (each.ended) return each;
    const ended = endOf(deps, request, each);
    return ended ? { ...each, ended: { ...ended, at: rfc3339(deps.clock.now()) } } : each;
  });
  if (syncs.some(({ ended }, at) => ended && !before[at]?.ended))
    await deps.store.requests.patch(key, { status: { syncs } }, { subresource: 'status' });
  return syncs.some(({ ended }) => ended === undefined);
}

/** More lines than this nobody reads in a chat. */
const mostLines = 20;

/** How the syncs of a Request have ended, those that failed first; undefined while one has not, or there are none. */
export function endAnswer({ status }: Request): Answer | undefined {
  const syncs = status?.syncs ?? [];
  const ends = syncs.flatMap(({ application, ended }) => (ended ? [{ application, ...ended }] : []));
  if (ends.length === 0 || ends.length < syncs.length) return undefined;
  const lines = [...ends.filter(({ ok }) => !ok), ...ends.filter(({ ok }) => ok)].map(
    ({ application, message }) => `${applicationName(application)}: ${message}`,
  );
  const more = lines.length > mostLines ? [`and ${lines.length - mostLines} more`] : [];
  return { ok: ends.every(({ ok }) => ok), ended: true, text: [...lines.slice(0, mostLines), ...more].join('\n') };
}

/** Clock ms at which the last of them ended. */
export function endedAt({ status }: Request): number {
  return Math.max(...(status?.syncs ?? []).map(({ ended }) => Date.parse(ended?.at ?? '') || 0));
}

/** Tells the keys of Requests of whose syncs something may have changed. */
export function watchSyncs(store: Store, changed: (request: string) => void): () => void {
  const look = (application: string): void => {
    for (const request of store.requests.list())
      if (isFollowing(request) && request.status?.syncs?.some((each) => each.application === application))
        changed(`${request.metadata.namespace}/${request.metadata.name}`);
  };
  const ends = [
    store.applications.onChange((key) => look(key)),
    store.approvals.onChange((_key, now, before) => look((now ?? before)?.spec.application ?? '')),
  ];
  return () => ends.forEach((end) => end());
}
