// What this engine does for an application that Argo CD works on: looks, keeps Approvals and episodes, writes
// operations that were approved, and verifies what became of them. The status is Argo CD's.
import type { Application } from '../../model/application.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Look, Pass } from '../application/refresh.ts';
import { describeError } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { followLive } from '../application/catching-up.ts';
import { followPolicy, rememberEngine } from '../application/gate-record.ts';
import { projectOf } from '../application/ownership.ts';
import { look, subjectOf } from '../application/refresh.ts';
import { expire } from '../approval/expiry.ts';
import { supersedeOthers } from '../approval/round.ts';
import { decideOn } from '../decide/decide-input.ts';
import { settleDrift } from '../drift/drifted.ts';
import { againMs, noteDeletion, noteVanished, verifyDeletions } from './deletion.ts';
import { followHad } from '../application/had.ts';
import { catchUp } from './refresh.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { writeApproved } from './operation.ts';
import { verify } from './verify.ts';

/** `next`: milliseconds until it wants to be looked at again. `fetching`: what it waits for without a worker. */
interface Followed {
  next: number | undefined;
  fetching?: Promise<void> | undefined;
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((item) => item !== undefined);
  return known.length > 0 ? Math.max(0, Math.min(...known)) : undefined;
}

/** The Approval under which Argo CD is at work: what is being applied was begun in time. */
function underWay({ operation }: Application): string | undefined {
  return operation?.info?.find(({ name }) => name === cox.approvalInfo)?.value;
}

/** What is approved is written as an operation; what is automated Argo CD begins by itself. */
async function decided(pass: Pass, found: Look): Promise<number | undefined> {
  const { deps, signal } = pass;
  const { decided, unknown } = await decideOn(deps, found, signal);
  if (decided.do === 'sync' && decided.operation.initiatedBy?.automated !== true)
    await writeApproved(pass, found, decided.operation);
  if (unknown && decided.do !== 'sync') throw unknown;
  return decided.do === 'wait' ? decided.until - deps.clock.now() : undefined;
}

/** Passes go on while it lasts; whoever reads the log has been told. */
function warnOnce({ memory, store, log }: ReconcileDeps, app: Application, message: string, err: unknown): void {
  const key = applicationKey(app);
  const { warned } = memory.of(key, trackingName(app, store.namespace));
  const fault = describeError(err);
  log[warned.get(message) === fault ? 'debug' : 'warn']({ app: key, err }, message);
  warned.set(message, fault);
}

/** One of its name that nobody saw go; where Reports may not be kept, the log alone tells of it. */
async function noteFormer(deps: ReconcileDeps, app: Application): Promise<void> {
  const key = applicationKey(app);
  const uid = deps.store.records.get(key)?.spec.uid;
  if (uid === undefined || uid === app.metadata.uid) return;
  try {
    await noteVanished(deps, key);
  } catch (err) {
    if (!isStatus(err, 403) && !isStatus(err, 404)) throw err;
    warnOnce(deps, app, 'an application was deleted and made again, which could not be reported', err);
  }
}

/** What a former one of its name left; whatever keeps anybody from looking is no matter of the present one. */
async function former(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<number | undefined> {
  const key = applicationKey(app);
  try {
    return await verifyDeletions(deps, key, signal);
  } catch (err) {
    if (!signal.aborted) warnOnce(deps, app, 'the deletion of a former application could not be verified', err);
    return againMs;
  }
}

/** While Argo CD is at work, nothing is asked or decided: what becomes of it is looked at when it has ended. */
export async function followArgo(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<Followed> {
  await noteFormer(deps, app);
  await followPolicy(deps.store, app, projectOf(deps.store, app));
  await rememberEngine(deps.store, app, 'argocd');
  // Side by side: where nothing answers for the former one, the present one does not wait for that.
  const verified = former(deps, app, signal);
  const followed = await follow(deps, app, signal).finally(() => verified);
  return { ...followed, next: earliest(followed.next, await verified) };
}

async function follow(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<Followed> {
  const expiry = await expire(deps, app, underWay(app));
  // Also what was asked while it was our engine's to delete.
  if (app.metadata.deletionTimestamp && !app.operation)
    await supersedeOthers(deps, applicationKey(app), {
      keep: undefined,
      why: 'the application is being deleted, and Argo CD, which works on it, deletes without asking',
    });
  if (app.metadata.deletionTimestamp) await noteDeletion(deps, app);
  if (app.metadata.deletionTimestamp || app.operation) return { next: expiry };
  const target = await deps.targetOf(app);
  if (!target) return { next: expiry };
  const pass: Pass = { deps, subject: subjectOf(deps, app, target), refreshed: false, signal };
  const { found: first, fetching } = await look(pass);
  if (!first) return { next: expiry, fetching };
  const found = await verify(pass, first);
  await followHad(deps, found);
  await followLive(deps, found, signal);
  const wait = await decided(pass, found);
  const telling = fetching ? undefined : await catchUp(deps, app, found.desired, signal);
  found.subject.known.moved = false;
  const drift = found.comparison.status === 'Unknown' ? undefined : await settleDrift(deps, app, found, signal);
  return { next: earliest(expiry, wait, drift, telling), fetching };
}
