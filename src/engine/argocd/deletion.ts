// A deletion by Argo CD, which asks nobody: noted while it goes on, verified once the Application is gone, and told.
import type { Application } from '../../model/application.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { Report } from '../../model/report.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { hashOf } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { applicationLabel, hashedName } from '../../base/name.ts';
import { argo, cox } from '../../model/annotations.ts';
import { applicationKey, syncOptions } from '../../model/application.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { policyInForce, rememberGone } from '../application/gate-record.ts';
import { projectOf } from '../application/ownership.ts';
import { agreedDeletion } from './agreed.ts';
import { hadBy } from '../application/had.ts';
import { lookAt, outcome } from './remains.ts';

type Deps = Pick<ReconcileDeps, 'store' | 'clock' | 'log' | 'targetOf'>;

/** Milliseconds after which what is not settled is looked at again, and after which it is told as it is. */
export const againMs = 5_000;
const mostMs = 10 * 60_000;

type Noted = Omit<Report['spec'], 'about' | 'uid'> & { uid: string };

function goesOf({ application, uid, since, created = '' }: Noted): Parameters<typeof agreedDeletion>[1] {
  return { application, uid, since: Date.parse(since), created: Date.parse(created) };
}

function nameOf({ application, uid }: Noted): string {
  return hashedName(application.slice(application.indexOf('/') + 1), hashOf(['deletion', uid]));
}

/** Once for each Application; its first status may be missing after a crash. */
async function note({ store, log }: Deps, spec: Noted, approval: string | undefined): Promise<void> {
  const [namespace = '', application = ''] = spec.application.split('/');
  const name = nameOf(spec);
  const key = `${namespace}/${name}`;
  if (store.reports.get(key)?.status) return;
  if (!store.reports.get(key)) {
    await store.reports.create({
      apiVersion: `${coxGroup}/${coxVersion}`,
      kind: 'Report',
      metadata: { name, namespace, labels: { [cox.application]: applicationLabel({ namespace, name: application }) } },
      spec: { about: 'deletion', ...spec },
    });
    log.warn({ app: spec.application, approval }, 'Argo CD deletes a gated application');
  }
  await store.reports.patch(key, { status: { phase: 'Open', approval: approval ?? null } }, { subresource: 'status' });
}

/** Keeps what goes, so that it can be verified when nothing tells of it any more. Its own gate must be there. */
export async function noteDeletion(deps: Deps, app: Application): Promise<void> {
  const { store } = deps;
  const { uid = '', deletionTimestamp: since = '', creationTimestamp: created, finalizers = [] } = app.metadata;
  if (!policyInForce(store, app, projectOf(store, app)).gated) return;
  const application = applicationKey(app);
  const had = hadBy(store, app);
  const spec = {
    ...{ application, uid, since, ...(created && { created }) },
    // What the application's own options keep was never to go.
    cascades:
      finalizers.some((each) => each.startsWith(argo.resourcesFinalizer)) &&
      syncOptions(app.spec.syncPolicy?.syncOptions).get('Delete') !== 'false',
    ...(had && { had }),
  };
  await note(deps, spec, agreedDeletion(store, goesOf(spec)));
}

/**
 * Of one that is gone, though another may have its name by now, and told nothing while it went: without a finalizer, or
 * while nobody looked. Who worked on it, and what it had, is as it was kept.
 */
export async function noteVanished(deps: Deps, application: string): Promise<void> {
  const { store, clock } = deps;
  const record = store.records.get(application)?.spec;
  if (!record?.policy.gated || record.uid === '' || record.engine !== 'argocd') return;
  // Whoever agreed to it learns from the Approval that it is gone.
  const goes = { application, uid: record.uid, since: clock.now(), created: NaN, vanished: true };
  if (agreedDeletion(store, goes) !== undefined) return;
  const { had } = record;
  const spec = { application, uid: record.uid, since: rfc3339(clock.now()), ...(had && { had }) };
  await note(deps, spec, undefined);
}

/** Milliseconds after which to look again; undefined when all is told. */
async function verified(deps: Deps, report: Report, signal: AbortSignal): Promise<number | undefined> {
  const { store, clock, log } = deps;
  const { application, uid = '' } = report.spec;
  const key = `${report.metadata.namespace}/${report.metadata.name}`;
  const end = async (phase: string, status: Record<string, unknown>): Promise<undefined> => {
    const endedAt = rfc3339(clock.now());
    await store.reports.patch(key, { status: { phase, endedAt, ...status } }, { subresource: 'status' });
  };
  const now = clock.now();
  const { approval: kept, unreadSince } = report.status ?? {};
  const again = store.applications.get(application) !== undefined;
  const found = await lookAt(deps, report, signal);
  const since = Date.parse(report.spec.since);
  // Of one that was made anew since, its objects may be the new one's.
  if (found && found.going.length > 0 && !again && now - since < mostMs) return againMs;
  if (found && found.unread.length > 0 && (unreadSince === undefined || now - Date.parse(unreadSince) < mostMs)) {
    if (unreadSince === undefined)
      await store.reports.patch(key, { status: { unreadSince: rfc3339(now) } }, { subresource: 'status' });
    return againMs;
  }
  const approval = kept ?? agreedDeletion(store, goesOf({ ...report.spec, uid }));
  // Our engine went on with it, under its gate.
  const isOurs = ({ status }: Approval): boolean =>
    status?.phase === 'Applied' && status.begunAt !== undefined && Date.parse(status.endedAt ?? '') + 1_000 >= since;
  if (approval === undefined && store.approvals.of(application).some(isOurs))
    return end('Superseded', { message: 'was deleted by Coxswain, as people have agreed' });
  const left = found ? found.there.length + found.going.length : undefined;
  const message = outcome(report, approval, found);
  await end('Deleted', { message, approval: approval ?? null, ...(spares(report) && left && { left }) });
  log.warn({ app: application, approval, left }, 'a gated application was deleted by Argo CD');
  return undefined;
}

/** Whether its objects were to go. */
function spares({ spec }: Report): boolean {
  return spec.cascades === true;
}

/** Of those of that name that are gone. Milliseconds after which to look again; undefined when all is told. */
export async function verifyDeletions(
  deps: Deps,
  application: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { store } = deps;
  const uid = store.applications.get(application)?.metadata.uid;
  let after: number | undefined;
  for (const report of store.reports.of(application)) {
    const { spec, status } = report;
    if (spec.about !== 'deletion' || spec.uid === uid || (status && status.phase !== 'Open')) continue;
    after = (await verified(deps, report, signal)) ?? after;
  }
  // It was told of, and a Report is not kept for ever.
  if (uid === undefined && after === undefined) await rememberGone(store, application);
  return after;
}
