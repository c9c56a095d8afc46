// What this engine does for an application that Argo CD works on: looks, keeps Approvals and episodes, writes
// operations that were approved, and verifies what became of them. The status is Argo CD's.
import type { Application } from '../../model/application.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Look, Pass } from '../application/refresh.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { followLive } from '../application/catching-up.ts';
import { followPolicy } from '../application/gate-record.ts';
import { projectOf } from '../application/ownership.ts';
import { look, subjectOf } from '../application/refresh.ts';
import { expire } from '../approval/expiry.ts';
import { supersedeOthers } from '../approval/round.ts';
import { decideOn } from '../decide/decide-input.ts';
import { settleDrift } from '../drift/drifted.ts';
import { noteDeletion, verifyDeletions } from './deletion.ts';
import { catchUp } from './refresh.ts';
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

/** While Argo CD is at work, nothing is asked or decided: what becomes of it is looked at when it has ended. */
export async function followArgo(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<Followed> {
  await followPolicy(deps.store, app, projectOf(deps.store, app));
  const expiry = await expire(deps, app, underWay(app));
  await verifyDeletions(deps, applicationKey(app), signal); // of a former one of its name
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
  await followLive(deps, found, signal);
  const wait = await decided(pass, found);
  const telling = fetching ? undefined : await catchUp(deps, app, found.desired, signal);
  found.subject.known.moved = false;
  const drift = found.comparison.status === 'Unknown' ? undefined : await settleDrift(deps, app, found, signal);
  return { next: earliest(expiry, wait, drift, telling), fetching };
}
