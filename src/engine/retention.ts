// Finished Approvals, DriftEpisodes, Reports and Requests are kept 30 days and then deleted.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Approval, DriftEpisode, Request } from '../model/coxswain.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Report } from '../model/report.ts';
import type { Recurring } from '../store/schedules.ts';
import type { Collection, Store } from '../store/store.ts';

interface RetentionDeps {
  store: Pick<Store, 'applications' | 'approvals' | 'episodes' | 'reports' | 'requests' | 'foreign'>;
  every: Recurring;
  clock: Clock;
  log: Logger;
}

const keptMs = 30 * 24 * 3_600_000;

/** Clock ms at which it ended; undefined while it has not. What does not say when counts from its creation. */
function endOf({ metadata }: KubeObject, ended: boolean, at: string | undefined): number | undefined {
  if (!ended) return undefined;
  return Date.parse(at ?? '') || Date.parse(metadata.creationTimestamp ?? '') || undefined;
}

/** What was rejected must not be asked for again: that is remembered as long as the application is there. */
function approvalEnd({ applications }: Pick<Store, 'applications'>, approval: Approval): number | undefined {
  const rejected = approval.status?.phase === 'Rejected' && applications.get(approval.spec.application) === undefined;
  return endOf(
    approval,
    rejected || ['Superseded', 'Applied', 'Expired'].includes(approval.status?.phase ?? ''),
    approval.status?.endedAt,
  );
}

function episodeEnd(episode: DriftEpisode): number | undefined {
  return endOf(
    episode,
    ['Healed', 'Reverted', 'Adopted', 'Superseded'].includes(episode.status?.phase ?? ''),
    episode.status?.endedAt,
  );
}

function reportEnd(report: Report): number | undefined {
  return endOf(report, report.status !== undefined && report.status.phase !== 'Open', report.status?.endedAt);
}

function requestEnd(request: Request): number | undefined {
  return endOf(
    request,
    ['Done', 'Refused', 'Failed'].includes(request.status?.phase ?? ''),
    request.status?.finishedAt,
  );
}

async function drop<T extends KubeObject>(
  { clock, log }: RetentionDeps,
  collection: Collection<T>,
  ended: (object: T) => number | undefined,
): Promise<void> {
  const before = clock.now() - keptMs;
  for (const { metadata } of collection.list()) {
    const key = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
    const object = collection.get(key); // it may have been opened anew while others were deleted
    const at = object && ended(object);
    if (!object || at === undefined || at > before) continue;
    await collection.delete(key);
    log.info(
      { kind: object.kind, name: object.metadata.name, endedAt: new Date(at).toISOString() },
      'deleted: it ended 30 days ago',
    );
  }
}

/** What tells of no gate and is not as we wrote it, such as what a former version wrote, counts for nothing. */
async function dropForeign({ store, clock, log }: RetentionDeps): Promise<void> {
  const collections = { DriftEpisode: store.episodes, Report: store.reports };
  for (const { kind, metadata } of store.foreign()) {
    if (kind !== 'DriftEpisode' && kind !== 'Report') continue;
    const key = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
    const old = Date.parse(metadata.creationTimestamp ?? '') <= clock.now() - keptMs;
    if (!old || collections[kind].get(key)) continue;
    await collections[kind].delete(key);
    log.info({ kind, name: metadata.name }, 'deleted: Coxswain did not write it, and it is 30 days old');
  }
}

/**
 * Looks at once and then by the schedule; what fails is tried again at the next look. Returns what ends it, when the
 * present look is over.
 */
export function startRetention(deps: RetentionDeps): () => Promise<void> {
  const { store, log } = deps;
  const look = async (): Promise<void> => {
    try {
      await drop(deps, store.requests, requestEnd);
      await drop(deps, store.approvals, (approval) => approvalEnd(store, approval));
      await drop(deps, store.episodes, episodeEnd);
      await drop(deps, store.reports, reportEnd);
      await dropForeign(deps);
    } catch (error) {
      log.warn({ err: error }, 'retention failed; it is tried again');
    }
  };
  let looking = look();
  const end = deps.every('retention', () => (looking = looking.then(look)));
  return async () => {
    end();
    await looking;
  };
}
