// What an application's history and last operation mean in today's terms: as manifests, named by content.
import type { Past } from '../../model/history.ts';
import type { Application, ApplicationSource, RevisionHistory, SyncOperation } from '../../model/application.ts';
import type { DesiredState, Desiring } from './desired.ts';
import type { Known } from './memory.ts';
import type { Store } from '../../store/store.ts';
import { applicationAt } from '../../model/history.ts';
import { canonicalJson, sameJson } from '../../base/canonical.ts';
import { errorKind } from '../../base/errors.ts';
import { cox } from '../../model/annotations.ts';
import { sourcesOf } from '../../model/application.ts';
import { baseOf } from './sync-record.ts';

/** What one set of manifests is: where it came from and, by `manifests`, what it says. */
export interface Desired {
  revisions: string[];
  /** Key of everything that was rendered; equal keys mean that a commit changed nothing here. '' = not known. */
  manifests: string;
  /** As of then, where the spec says something else by now. */
  sources?: Pick<SyncOperation, 'source' | 'sources'>;
}

export interface Attempt extends Desired {
  succeeded: boolean;
  message: string;
  finishedAt: number;
  healAttempts: number;
  /** The Approval under which it ran. */
  approval?: string;
  /** When the last of those who had agreed to that did so. */
  agreedAt?: string;
}

/** What was last synced, by the history entry that can be believed; 'gone' when Git no longer has it. */
export async function lastSynced(
  desiring: Desiring,
  known: Pick<Known, 'last'>,
  app: Application,
  { desired, signal, entry }: Today & { entry: (RevisionHistory & Past) | undefined },
): Promise<DesiredState | 'gone' | undefined> {
  if (!entry) return undefined;
  known.last = await kept(desiring, known.last, { app, past: entry }, { desired, signal });
  return known.last.state;
}

interface Based {
  app: Application;
  target: { server: string; identity: string };
  known: Pick<Known, 'base'>;
}

/** Works out what `diffBase` answers. */
export async function followBase(
  { desiring, store }: { desiring: Desiring; store: Pick<Store, 'records'> },
  { app, target, known }: Based,
  today: Today,
): Promise<void> {
  const past = baseOf(store, { app, target });
  known.base = past && (await kept(desiring, known.base, { app, past: sourcesThen(past) }, today));
}

/**
 * What drift and changes are told against: what was last synced, or what Git and the cluster were found to agree on
 * since.
 */
export function diffBase(
  known: Pick<Known, 'base'>,
  last: DesiredState | 'gone' | undefined,
): DesiredState | 'gone' | undefined {
  return last && (known.base?.state ?? last);
}

/** As a history entry names them. */
function sourcesThen({
  revisions,
  sources,
  fetched,
}: {
  revisions: string[];
  sources: ApplicationSource[];
  fetched?: Record<string, string>;
}): Past {
  const [source] = sources;
  const pins = fetched && { fetched };
  return sources.length === 1 && source
    ? { revision: revisions[0] ?? '', source, ...pins }
    : { revisions, sources, ...pins };
}

type Kept = NonNullable<Known['last']>;

async function kept(
  desiring: Desiring,
  before: Kept | undefined,
  { app, past }: { app: Application; past: Past },
  { desired, signal }: Today,
): Promise<Kept> {
  const { revision, revisions, source, sources, fetched } = past;
  const entry = canonicalJson({ revision, revisions, source, sources, fetched, destination: app.spec.destination });
  if (before?.entry === entry && before.head === desired) return before;
  return { entry, head: desired, state: await stateThen(desiring, app, past, { desired, signal }) };
}

/** The branch head to compare with. */
interface Today {
  desired: DesiredState;
  signal: AbortSignal;
}

/** 'gone' when Git no longer has it, or it can no longer be rendered. */
async function orGone(read: () => Promise<DesiredState>, signal: AbortSignal): Promise<DesiredState | 'gone'> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted || errorKind(error) === 'transient') throw error;
    return 'gone';
  }
}

/** What the application was by that entry. */
export async function stateAt(
  desiring: Desiring,
  app: Application,
  entry: Past,
  signal: AbortSignal,
): Promise<DesiredState | 'gone'> {
  const past = applicationAt(app, entry);
  return orGone(() => desiring.at(past.app, past.revisions, signal, { pinned: entry.fetched }), signal);
}

async function stateThen(
  desiring: Desiring,
  app: Application,
  entry: Past,
  { desired, signal }: Today,
): Promise<DesiredState | 'gone'> {
  const past = applicationAt(app, entry);
  const revisions = past.revisions.map((item) => item ?? '');
  const scope = { pinned: entry.fetched };
  return orGone(async () => {
    if ((await desiring.inputsAt(past.app, past.revisions, signal, scope)).key === desired.key)
      return { ...desired, revisions };
    return desiring.at(past.app, past.revisions, signal, scope);
  }, signal);
}

/**
 * Key of what the last operation applied, or of what the status was compared to; undefined when it cannot be read any
 * more.
 */
export async function keyThen(
  desiring: Desiring,
  app: Application,
  past: Past | undefined,
  { desired, signal }: Today,
): Promise<string | undefined> {
  if (!past) return undefined;
  const before = applicationAt(app, past);
  const same =
    before.revisions.join() === desired.revisions.join() && sameJson(sourcesOf(before.app.spec), sourcesOf(app.spec));
  const { fetched: pinned } = past;
  if (same && desired.fetched.every(({ what, is }) => (pinned?.[what] ?? is) === is)) return desired.key;
  try {
    return (await desiring.inputsAt(before.app, before.revisions, signal, { pinned })).key;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined; // gone from Git: then it is not what Git says now
  }
}

/** That live came to be as Git says without a sync counts as one that succeeded: what differs later has drifted. */
export function agreedAttempt(store: Pick<Store, 'records'>, { app, target, known }: Based): Attempt | undefined {
  const base = baseOf(store, { app, target });
  const finishedAt = Date.parse(base?.at ?? '');
  const state = known.base?.state;
  if (!state || state === 'gone' || finishedAt < Date.parse(app.status?.operationState?.finishedAt ?? ''))
    return undefined; // in the same second the sync came first: history names it
  return {
    revisions: state.revisions,
    manifests: state.key,
    succeeded: true,
    message: '',
    finishedAt,
    healAttempts: 0,
  };
}

/** `key`: of what the last operation synced, as it renders today; undefined where that is not known. */
export function lastAttempt(app: Application, key: string | undefined): Attempt | undefined {
  const state = app.status?.operationState;
  // a dry run has tried nothing
  if (!state?.finishedAt || state.phase === 'Running' || state.operation.sync?.dryRun) return undefined;
  const infoOf = (name: string): string | undefined => state.operation.info?.find((item) => item.name === name)?.value;
  const [approval, agreedAt] = [infoOf(cox.approvalInfo), infoOf(cox.agreedInfo)];
  return {
    revisions: state.syncResult?.revisions ?? [state.syncResult?.revision ?? ''],
    manifests: key ?? '',
    succeeded: state.phase === 'Succeeded',
    message: state.message ?? '',
    finishedAt: Date.parse(state.finishedAt),
    healAttempts: state.operation.sync?.autoHealAttemptsCount ?? 0,
    ...(approval && { approval }),
    ...(agreedAt && { agreedAt }),
  };
}

/** Where the spec has other sources by now, what an operation must say to sync those of a history entry. */
export function formerSources(
  { spec }: Application,
  { source, sources }: Past,
): Pick<SyncOperation, 'source' | 'sources'> {
  const own = sources && sources.length > 0 ? { sources } : source ? { source } : {};
  const now = spec.sources && spec.sources.length > 0 ? { sources: spec.sources } : { source: spec.source };
  return Object.keys(own).length === 0 || sameJson(own, now) ? {} : own;
}

/** The newest sync in history, for an application whose last operation tells nothing: it was a dry run. */
export function historyAttempt({ status }: Application, last: DesiredState | 'gone' | undefined): Attempt | undefined {
  const entry = status?.history?.at(-1);
  if (!entry || !status?.operationState?.operation.sync?.dryRun || last === undefined || last === 'gone')
    return undefined;
  return {
    revisions: last.revisions,
    manifests: last.key,
    succeeded: true,
    message: '',
    finishedAt: Date.parse(entry.deployedAt),
    healAttempts: 0,
  };
}

/** The Approval under which the last operation succeeded. */
export function appliedApproval(app: Application): string | undefined {
  const state = app.status?.operationState;
  return state?.phase === 'Succeeded'
    ? state.operation.info?.find((item) => item.name === cox.approvalInfo)?.value
    : undefined;
}
