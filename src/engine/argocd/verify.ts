// Whether a sync is what Argo CD reports: its history, its own comparison and our look must agree.
import type { Application, RevisionHistory } from '../../model/application.ts';
import type { Comparison } from '../../compare/compare.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Look, Pass } from '../application/refresh.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Store } from '../../store/store.ts';
import type { Subject } from '../application/assess.ts';
import { isSettled } from '../../compare/summary.ts';
import { clusterOf } from '../../store/settings.ts';
import { sameJson } from '../../base/canonical.ts';
import { applicationKey } from '../../model/application.ts';
import { keyTitle } from '../../model/kube.ts';
import { compareTo, isGoing } from '../application/assess.ts';
import { healthOfAll } from '../application/health.ts';
import { appliedApproval, lastSynced } from '../application/history.ts';
import { provenEntry } from '../application/gate-record.ts';
import { isRemembered, rememberDoubt, rememberSync } from '../application/sync-record.ts';
import { recordEnd } from '../approval/gate-end.ts';
import { markApplied } from '../approval/round.ts';

/** What is not as Git says, by our own look. */
function leftIn({ objects }: Comparison): ResourceKey[] {
  return objects
    .filter(
      (item) => item.status !== 'Synced' && !item.hook.isHook && !item.ignored && !item.generated && !isGoing(item),
    )
    .map(({ key }) => key);
}

/** Until our copy of these objects is what the cluster has: the end of an operation may be known before its objects. */
async function catchUp({ target }: Subject, keys: readonly ResourceKey[], signal: AbortSignal): Promise<void> {
  const { api, discovery, live } = target.cluster;
  for (const key of keys) {
    if (!discovery.resourceOf(key)) continue; // nothing of a kind that is not served
    const version = (await api.get(key, { signal }))?.metadata.resourceVersion;
    if (version !== undefined) await live.waitFor(key, version, signal);
    else await live.until(key, (object) => object === undefined, signal);
  }
}

/** The comparison of what the entry says, with nothing of it older than the end of its sync. */
async function comparedThen(
  subject: Subject,
  state: DesiredState,
  known: Comparison | undefined,
  signal: AbortSignal,
): Promise<Comparison> {
  const first = known ?? (await compareTo(subject, state, { previous: undefined }, signal));
  const left = leftIn(first);
  if (left.length === 0) return first;
  await catchUp(subject, left, signal);
  return subject.target.comparer.compareObjects(first, left, signal);
}

/**
 * What Argo CD's own comparison has left of it; undefined while that is older than the sync. Of another revision it
 * tells nothing.
 */
function leftByArgo({ status }: Application, entry: RevisionHistory): string[] | undefined {
  const { sync, operationState, reconciledAt, resources } = status ?? {};
  const same =
    entry.revisions && entry.revisions.length > 0
      ? sameJson(sync?.revisions, entry.revisions)
      : sync?.revision === entry.revision;
  if (!same || sync?.status === 'Synced') return [];
  // Times have whole seconds: one of the same second may be of before.
  if (Date.parse(reconciledAt ?? '') <= Date.parse(operationState?.finishedAt ?? '')) return undefined;
  // What Git gives no name is made anew by each sync, and out of sync for ever.
  const rows = (resources ?? []).filter((row) => row.status !== 'Synced' && row.hook !== true && row.name);
  return rows.map(({ group = '', kind, namespace = '', name }) => keyTitle({ group, kind, namespace, name }));
}

/** Hooks, and what Git gives no name, leave nothing to look at: that they ran is believed of what was approved. */
function mayBelieve(comparison: Comparison, approved: boolean): boolean {
  return approved || !comparison.objects.some((item) => item.hook.isHook || item.generated);
}

async function believe(
  deps: ReconcileDeps,
  subject: Subject,
  entry: RevisionHistory,
  { approval, fetched }: { approval: string | undefined; fetched: DesiredState['fetched'] },
): Promise<void> {
  const { app } = subject;
  const state = app.status?.operationState;
  if (state && approval !== undefined) await recordEnd(deps.store, subject, { state, approval, fetched });
  await rememberSync(deps.store, subject, entry, fetched);
  if (approval !== undefined) await markApplied(deps, applicationKey(app), approval, state?.message ?? '');
}

/** The Approval of the operation that made the entry, if it is one that this engine wrote. */
function approvalOf(deps: ReconcileDeps, app: Application, entry: RevisionHistory): string | undefined {
  const name = appliedApproval(app);
  const approval = deps.store.approvals.of(applicationKey(app)).find(({ metadata }) => metadata.name === name);
  const phase = approval?.status?.phase;
  if (phase !== 'Approved' && phase !== 'Applied') return undefined;
  return approval?.spec.revision === (entry.revisions?.[0] ?? entry.revision) ? name : undefined;
}

/** What is left of the newest sync in history; [] until it has been looked at; undefined once it is as reported. */
export function unverifiedOf(store: Store, app: Application): readonly string[] | undefined {
  const entry = app.status?.history?.at(-1);
  const server = clusterOf(store.settings(), app.spec.destination)?.server ?? '';
  if (!entry) return undefined;
  const { unverified } = store.records.get(applicationKey(app))?.spec ?? {};
  if (unverified?.history === entry.id) return unverified.agreed ? undefined : unverified.left;
  if (unverified) return [];
  const target = { server, identity: store.identities.known(server) };
  return isRemembered(store, { app, target }, entry) ? undefined : [];
}

/**
 * Believes the newest history entry once Argo CD's comparison and our own look say the same; until then it is kept what
 * is left. Answers what was found, as fresh as that took.
 */
export async function verify({ deps, signal }: Pass, found: Look): Promise<Look> {
  const { subject, desired } = found;
  const { app } = subject;
  const entry = app.status?.history?.at(-1);
  if (!entry) return found;
  const record = deps.store.records.get(applicationKey(app));
  if (isRemembered(deps.store, subject, entry) && !record?.spec.unverified) return found;
  const state = await lastSynced(deps.desiring, subject.known, app, { desired, signal, entry });
  if (state === undefined || state === 'gone') return found;
  const isHead = state.key === desired.key;
  const comparison = await comparedThen(subject, state, isHead ? found.comparison : undefined, signal);
  const own = leftIn(comparison);
  const theirs = leftByArgo(app, entry);
  const approval = approvalOf(deps, app, entry);
  if (own.length === 0 && isSettled(comparison) && mayBelieve(comparison, approval !== undefined))
    await believe(deps, subject, entry, { approval, fetched: state.fetched });
  const left = [...new Set([...own.map(keyTitle), ...(theirs ?? [])])];
  const agreed = own.length === 0 && comparison.status !== 'Unknown' && theirs?.length === 0;
  const settled = agreed && isRemembered(deps.store, subject, entry);
  await rememberDoubt(deps.store, app, settled ? undefined : { history: entry.id, left, agreed });
  const proven = provenEntry(deps.store, subject);
  const last = await lastSynced(deps.desiring, subject.known, app, { desired, signal, entry: proven });
  if (!isHead) return { ...found, last };
  subject.known.comparison = comparison;
  return { ...found, last, comparison, health: await healthOfAll(app, subject.target.healthOf, comparison) };
}
