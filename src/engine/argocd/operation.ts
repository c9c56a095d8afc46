// An operation that Argo CD is to carry out: asked of the gate as one of our own, then written in one patch.
import type { Application, Operation } from '../../model/application.ts';
import type { Store } from '../../store/store.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Look, Pass } from '../application/refresh.ts';
import type { Leave } from '../application/memory.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError, describeError, errorKind } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { policyInForce } from '../application/gate-record.ts';
import { lockOf, lockText } from '../../policy/lock.ts';
import { projectOf } from '../application/ownership.ts';
import { subjectOf } from '../application/refresh.ts';
import { admit } from '../approval/admission.ts';
import { keyTitle } from '../../model/kube.ts';
import { sealed, unsealed } from './seal.ts';
import { wantedOf } from '../operation/wanted.ts';

/**
 * Sources and revisions as they were judged: Argo CD takes those of the spec as it is when it begins, and a retry that
 * refreshes drops the revision.
 */
function pinned({ spec }: Application, operation: Operation, revisions: string[]): Operation {
  const { sync = {}, retry } = operation;
  const { revision: _revision, revisions: _revisions, ...rest } = sync;
  const [source] = sourcesOf(spec);
  const own = spec.sources && spec.sources.length > 0 ? { sources: spec.sources } : source ? { source } : {};
  return {
    ...operation,
    sync: {
      ...(rest.source === undefined && rest.sources === undefined && own),
      ...rest,
      ...(revisions.length > 1 ? { revisions } : { revision: revisions[0] ?? '' }),
    },
    ...(retry && { retry: { ...retry, refresh: false } }),
  };
}

type Answer = { refused: string } | { operation: Operation };

/** Nothing is out of sync, so nobody was asked, and Argo CD applies everything all the same. */
function appliesMore(unapproved: NonNullable<Leave['unapproved']>): string {
  const what = unapproved.map(({ key, paths }) => `${keyTitle(key)} ${paths.join(', ')}`.trim());
  return (
    `nothing is out of sync, but Argo CD would write what nobody has approved: ${what.join('; ')}. ` +
    'It comes with the next change; ApplyOutOfSyncOnly=true or RespectIgnoreDifferences=true leaves it as it is'
  );
}

/**
 * What the gate says of it, of Git and of the cluster as they are at this moment. What passes a gate is pinned to what
 * was judged.
 */
async function judgeOperation(pass: Pass, operation: Operation): Promise<Answer> {
  const { deps, signal } = pass;
  const { app } = pass.subject;
  const target = (await deps.targetOf(app, { sure: true })) ?? pass.subject.target;
  const subject = subjectOf(deps, { ...app, operation }, target);
  const unpinned = sourcesOf(app.spec).map(() => undefined);
  const wanted = await wantedOf(deps, { subject, head: undefined }, undefined, signal);
  const head = await deps.desiring.at(app, unpinned, signal);
  const answer = await admit(deps, { ...wanted, head }, signal);
  if ('refused' in answer) return answer;
  if (answer.unapproved) return { refused: appliesMore(answer.unapproved) };
  return { operation: answer.rule === 'not-gated' ? operation : pinned(app, operation, wanted.desired.revisions) };
}

/**
 * Writes the operation over the very version that was judged. Argo CD merges its state into the former one, and takes
 * what that one had applied for done: so it goes in the same patch (Argo CD: util/argo/argo.go SetAppOperation).
 * Throws what is worth another try.
 */
async function writeOperation(
  { applications, macKey }: Pick<Store, 'applications' | 'macKey'>,
  app: Application,
  operation: Operation,
): Promise<void> {
  const state = app.status?.operationState;
  try {
    await applications.jsonPatch(applicationKey(app), [
      { op: 'test', path: '/metadata/resourceVersion', value: app.metadata.resourceVersion },
      { op: 'test', path: '/operation', value: null },
      ...(state ? [{ op: 'remove' as const, path: '/status/operationState' }] : []),
      { op: 'add', path: '/operation', value: sealed(macKey, app, operation) },
    ]);
  } catch (cause) {
    if (!isStatus(cause, 422) && !isStatus(cause, 409)) throw cause;
    throw new AppError('E_API', 'the application was changed by somebody else meanwhile', { kind: 'transient', cause });
  }
}

/** Argo CD has done this very one: what is left of it is told, and not done again and again. */
function isDone({ status }: Application, operation: Operation): boolean {
  const { phase, operation: done } = status?.operationState ?? {};
  return (
    phase === 'Succeeded' &&
    done?.initiatedBy?.username === operation.initiatedBy?.username &&
    done?.sync?.revision === operation.sync?.revision &&
    sameJson([done?.sync?.revisions, done && unsealed(done).info], [operation.sync?.revisions, operation.info])
  );
}

/** What people agreed to is written once for each time that they agreed; the gate tells of the rest. */
export async function writeApproved(pass: Pass, { subject }: Look, operation: Operation): Promise<void> {
  const { deps } = pass;
  const { app } = subject;
  // What needs nobody's agreement is Argo CD's to begin.
  if (!operation.info || isDone(app, operation)) return;
  const answer = await judgeOperation(pass, operation);
  if ('refused' in answer) {
    subject.log.info({ why: answer.refused }, 'the approved operation is not written');
    return;
  }
  await writeOperation(deps.store, app, answer.operation);
  subject.log.info({ revision: answer.operation.sync?.revision }, 'an approved operation is handed to Argo CD');
}

/**
 * Whether a fault leaves the operation to Argo CD alone: nothing here needs approval, and what it would do is its own.
 */
function isOurs(deps: ReconcileDeps, app: Application, error: unknown): boolean {
  return errorKind(error) === 'terminal' && policyInForce(deps.store, app, projectOf(deps.store, app)).gated;
}

/** For a person: writes it, or says why not. Throws what is worth another try. */
export async function askedOperation(
  deps: ReconcileDeps,
  app: Application,
  operation: Operation,
  signal: AbortSignal,
): Promise<{ refused: string } | undefined> {
  const lock = lockOf(app, deps.clock.now());
  if (lock) return { refused: `it is ${lockText(lock)}` };
  const target = await deps.targetOf(app);
  if (!target) return { refused: 'no cluster is known for its destination' };
  let answer: Answer = { operation };
  try {
    answer = await judgeOperation({ deps, subject: subjectOf(deps, app, target), refreshed: false, signal }, operation);
  } catch (error) {
    if (isOurs(deps, app, error)) return { refused: `what it would do cannot be told: ${describeError(error)}` };
    if (errorKind(error) !== 'terminal') throw error;
  }
  if ('refused' in answer) return answer;
  await writeOperation(deps.store, app, answer.operation);
  return undefined;
}
