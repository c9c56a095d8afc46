// One function for each thing a person may ask of the engine; whoever asks, it goes through the Application and our own
// resources.
import type { Clock } from '../base/clock.ts';
import type { Application, Operation, SyncOperation } from '../model/application.ts';
import type { Actor, Approval } from '../model/coxswain.ts';
import type { Lock } from '../policy/lock.ts';
import type { Store } from '../store/store.ts';
import type { Authors } from './application/pass.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argo, cox } from '../model/annotations.ts';
import { applicationKey } from '../model/application.ts';
import { mayApprove, unknownAuthors, withHidden } from '../policy/gate.ts';
import { lockOf, lockText, lockValue } from '../policy/lock.ts';
import { closedText, becauseUnknown } from '../policy/gate-text.ts';
import { stricter } from '../policy/policy.ts';
import { isApprovalOf, isOpen } from './approval/approval.ts';
import { recordApproval, recordRejection, reopenApproval } from './approval/decision.ts';
import { withReviewers } from './approval/authors.ts';
import { carries } from './application/operation-state.ts';
import { policyInForce } from './application/gate-record.ts';
import { projectOf } from './application/ownership.ts';

/**
 * Asks the gate, and writes the operation that Argo CD is to carry out; or why not. Throws what is worth another try.
 * undefined where this engine carries it out.
 */
export type HandOver = (
  app: Application,
) => ((operation: Operation) => Promise<{ refused: string } | undefined>) | undefined;

export interface RequestDeps {
  store: Store;
  clock: Clock;
  authors: Authors;
  /** Where Argo CD carries operations out. Default: whoever carries it out asks the gate. */
  handOver?: HandOver | undefined;
}

export interface Outcome {
  done: boolean;
  /** One sentence for the person. */
  message: string;
}

interface SyncRequest {
  /** `namespace/name`. */
  application: string;
  /** Name of the Request; an operation that carries it is not written twice. */
  request: string;
  actor: Actor;
  /** When the person asked (clock ms); for a sync of the whole application, which history tells of. */
  since?: number;
  /** What to sync, and how; what it leaves out is as the spec says. */
  what?: SyncOperation;
  /** Beside the Request, what the operation carries. */
  info?: NonNullable<Operation['info']>;
  /** Comes with it, and lets this very sync pass. */
  lock?: Lock;
}

/**
 * A later operation may have taken the place of the one that the Request asked for: history tells who began which sync,
 * and when.
 */
export function isInHistory({ status }: Application, { actor, since }: Pick<SyncRequest, 'actor' | 'since'>): boolean {
  if (since === undefined) return false;
  return (
    status?.history?.some(
      (entry) =>
        entry.initiatedBy?.username === actor.login &&
        Date.parse(entry.deployStartedAt ?? '') >= Math.floor(since / 1000) * 1000,
    ) ?? false
  );
}

function operationOf(app: Application, wanted: SyncRequest): Operation {
  const sync: SyncOperation = {
    prune: app.spec.syncPolicy?.automated?.prune ?? false,
    ...(app.spec.syncPolicy?.syncOptions && { syncOptions: app.spec.syncPolicy.syncOptions }),
    ...wanted.what,
  };
  const retry = app.spec.syncPolicy?.retry;
  // A revision that somebody names is the one that is tried again, whatever comes meanwhile.
  const isNamed = sync.revision !== undefined || sync.revisions !== undefined;
  return {
    sync,
    initiatedBy: { username: wanted.actor.login },
    info: [...(wanted.info ?? []), { name: cox.requestInfo, value: wanted.request }],
    ...(retry && { retry: isNamed ? { ...retry, refresh: false } : retry }),
  };
}

/** Over the version that was looked at where it has no annotation yet, for the first one makes the map. */
function locking({ metadata }: Application, lock: Lock): Parameters<Store['applications']['jsonPatch']>[1] {
  const { annotations, resourceVersion } = metadata;
  const value = lockValue(lock);
  return annotations
    ? [{ op: 'add', path: `/metadata/annotations/${cox.lock.replace('/', '~1')}`, value }]
    : [
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'add', path: '/metadata/annotations', value: { [cox.lock]: value } },
      ];
}

/**
 * Writes `operation` unless one is there: JSON patch `test null` + `add`, so that two writers never overwrite each
 * other.
 */
export async function requestSync(deps: RequestDeps, wanted: SyncRequest): Promise<Outcome> {
  const app = deps.store.applications.get(wanted.application);
  if (!app) return { done: false, message: `there is no application ${wanted.application}` };
  if (
    carries(app.operation, wanted.request) ||
    carries(app.status?.operationState?.operation, wanted.request) ||
    isInHistory(app, wanted)
  ) {
    return { done: true, message: 'the sync was asked for already' };
  }
  const busy = { done: false, message: 'another operation is in progress; try again when it has ended' };
  if (app.operation) return busy;
  const handOver = deps.handOver?.(app);
  if (handOver) return handedOver(deps.store, app, await handOver(operationOf(app, wanted)));
  try {
    await deps.store.applications.jsonPatch(wanted.application, [
      { op: 'test', path: '/operation', value: null },
      { op: 'add', path: '/operation', value: operationOf(app, wanted) },
      ...(wanted.lock ? locking(app, wanted.lock) : []),
    ]);
    return { done: true, message: 'sync started' };
  } catch (error) {
    if (isStatus(error, 422) || isStatus(error, 409)) return busy;
    throw error;
  }
}

function handedOver(store: Store, app: Application, answer: { refused: string } | undefined): Outcome {
  if (!answer) return { done: true, message: 'Argo CD is asked to sync it' };
  const waits = waitingApproval(store, applicationKey(app));
  const next = waits ? `; it syncs by itself once approved: \`/cox approve ${app.metadata.name}\`` : '';
  return { done: false, message: `${answer.refused}${next}` };
}

/** Asks for a fresh comparison with the newest commit. */
export async function refresh(deps: Pick<RequestDeps, 'store'>, application: string): Promise<void> {
  await deps.store.applications.patch(application, { metadata: { annotations: { [argo.refresh]: 'normal' } } });
}

/** The application's Approval that waits for a decision; with a digest, the one of that digest. */
export function waitingApproval(store: Store, application: string, digest?: string): Approval | undefined {
  return store.approvals.of(application).find((item) => (digest ? item.spec.digest === digest : isOpen(item)));
}

interface ApprovalRequest {
  application: string;
  /** The digest that the person was shown; without it, the one that waits now. */
  digest?: string;
  actor: Actor;
  /** The actor's teams, `org/team`. */
  teams: string[];
}

/** The application's newest Approval that was rejected or has expired; with a digest, the one of that. */
function closedApproval(store: Store, application: string, digest?: string): Approval | undefined {
  const closed = store.approvals
    .of(application)
    .filter(
      ({ spec, status }) =>
        (status?.phase === 'Rejected' || status?.phase === 'Expired') &&
        (digest === undefined || spec.digest.startsWith(digest)),
    );
  return closed.toSorted((a, b) => Date.parse(b.status?.endedAt ?? '') - Date.parse(a.status?.endedAt ?? ''))[0];
}

/** Why nothing waits although something was asked: what became of it, and how it is asked for again. */
export function closedNote(
  store: Store,
  application: string,
  found = closedApproval(store, application),
): string | undefined {
  const { phase, message = '' } = found?.status ?? {};
  if (!found || (phase !== 'Rejected' && phase !== 'Expired')) return undefined;
  return closedText(application.split('/').at(-1) ?? '', { name: found.metadata.name, phase, message });
}

function closedMessage(store: Store, application: string, found: Approval | undefined): string {
  if (!found) return closedNote(store, application) ?? 'nothing waits for approval';
  const newer = waitingApproval(store, application);
  if (newer) return `the effect has changed since: now ${newer.metadata.name} waits`;
  const closed = closedNote(store, application, found);
  if (closed !== undefined) return closed;
  return (
    `${found.metadata.name} is ${(found.status?.phase ?? 'Pending').toLowerCase()} ` +
    `already${found.status?.message ? ` (${found.status.message})` : ''}`
  );
}

/** The same when a request is carried out a second time because its answer was not stored: the person asked once. */
function countedMessage(complete: boolean, unknown: readonly string[], held?: string): string {
  const then = held === undefined ? 'it syncs now' : `it syncs when its lock ends: it is ${held}`;
  return complete ? `approved; ${then}` : `your approval counts; more are needed${becauseUnknown(unknown)}`;
}

/** What is said between its spec and its status would be taken for nothing: in a moment it waits. */
function requireAsked({ metadata, status }: Approval): void {
  if (!status) throw new AppError('E_API', `${metadata.name} is just being asked for`, { kind: 'transient' });
}

function hasAgreed({ status }: Approval, { id }: Actor): boolean {
  return status?.approvals?.some(({ actor }) => actor.id === id) ?? false;
}

/**
 * Counts the person's approval of exactly this effect. The right `approve` is the caller's to check; who may not, the
 * policy says.
 */
export async function approve(deps: RequestDeps, wanted: ApprovalRequest): Promise<Outcome> {
  const app = deps.store.applications.get(wanted.application);
  const approval = waitingApproval(deps.store, wanted.application, wanted.digest);
  const lock = app && lockOf(app, deps.clock.now());
  const held = lock && lockText(lock);
  if (app && approval && !isOpen(approval) && hasAgreed(approval, wanted.actor))
    return { done: true, message: countedMessage(true, approval.spec.unknown ?? [], held) };
  if (!app || !approval || !isOpen(approval) || !isApprovalOf(approval, app))
    return { done: false, message: closedMessage(deps.store, wanted.application, approval) };
  requireAsked(approval);
  const project = projectOf(deps.store, app);
  const now = policyInForce(deps.store, app, project);
  // The change may loosen gates of other applications: theirs count too.
  const policy = await withReviewers(
    deps.authors,
    app,
    approval.spec.policy ? stricter(now, { ...now, ...approval.spec.policy }) : now,
  );
  const { ranges, unknown = [] } = approval.spec;
  const authors = ranges && (await deps.authors.authorsOf({ ranges, unknown }, app));
  const verdict = mayApprove({ login: wanted.actor.login, id: wanted.actor.id, teams: wanted.teams }, policy, authors);
  if (!verdict.ok) return { done: false, message: verdict.why };
  const counted = await recordApproval(
    deps,
    approval,
    { actor: wanted.actor, teams: wanted.teams },
    withHidden({ ...policy, gated: true }, authors && unknownAuthors(authors)).approvals,
  );
  return { done: true, message: countedMessage(counted === 'complete', authors ? unknownAuthors(authors) : [], held) };
}

/** What it blocks, and the ways on. */
function rejectedMessage(application: string): string {
  const name = application.split('/').at(-1) ?? '';
  return (
    `rejected; nothing is applied: ${name} stays as it is, though Git has the change, and a sync of it is refused. ` +
    `\`/cox reopen ${name}\` asks for it again, and so does a new commit`
  );
}

/** Of what Git says now, if that was rejected or has expired: why a sync of it is refused. */
export function closedNow(store: Store, app: Application): string | undefined {
  const key = applicationKey(app);
  const closed = closedApproval(store, key);
  const isNow = closed !== undefined && closed.spec.revision === app.status?.sync?.revision;
  return isNow && app.status?.sync?.status === 'OutOfSync' ? closedNote(store, key, closed) : undefined;
}

/** Answers what a person is told; rejecting twice is rejecting once. */
export async function reject(deps: RequestDeps, wanted: ApprovalRequest & { reason: string }): Promise<Outcome> {
  const approval = waitingApproval(deps.store, wanted.application, wanted.digest);
  if (approval?.status?.phase === 'Rejected' && approval.status.rejectedBy?.id === wanted.actor.id)
    return { done: true, message: approval.status.message ?? 'rejected' };
  if (!approval || !isOpen(approval))
    return { done: false, message: closedMessage(deps.store, wanted.application, approval) };
  requireAsked(approval);
  await recordRejection(deps, approval, wanted.actor, wanted.reason);
  return { done: true, message: rejectedMessage(wanted.application) };
}

/**
 * Asks anew for what was rejected, or has expired: the engine opens it again if it is still what a sync would do. The
 * right is the caller's to check.
 */
export async function reopen(
  deps: RequestDeps,
  { application, digest, actor }: Omit<ApprovalRequest, 'teams'>,
): Promise<Outcome> {
  const closed = closedApproval(deps.store, application, digest);
  if (closed) await reopenApproval(deps, closed, actor);
  const asked = closed ?? deps.store.approvals.of(application).find((item) => item.status?.reopenedBy?.id === actor.id);
  if (asked) return { done: true, message: 'it is asked for again, if that is still what Git says' };
  return waitingApproval(deps.store, application)
    ? { done: true, message: 'it waits for approval' }
    : { done: false, message: 'nothing of it was rejected or has expired' };
}
