// What of an Application's history and operation is a deploy: a sync of the whole of it to another revision. Pure.
import type { Application, OperationState, RevisionHistory } from '../../model/application.ts';

export interface Deploy {
  /** RFC 3339: when its sync began. */
  since: string;
  revision: string;
  from?: string;
  by?: string;
}

/** Older ones are no news: nobody is told of them when Slack is connected, or after a long outage. */
export const newsMs = 3_600_000;

/** Of several sources the first tells which commit it is. */
export function revisionOf({ revision, revisions }: { revision?: string; revisions?: string[] }): string {
  return revisions?.[0] ?? revision ?? '';
}

/** One that ended before it touched anything deployed nothing: the gate refused it, or it could not be made. */
function isWhole({ operation: { sync }, syncResult, finishedAt }: OperationState): boolean {
  const began = syncResult !== undefined && (finishedAt === undefined || (syncResult.resources ?? []).length > 0);
  return began && sync !== undefined && sync.dryRun !== true && (sync.resources ?? []).length === 0;
}

function nameOf(by: RevisionHistory['initiatedBy']): string | undefined {
  return by?.automated === true || by?.username === 'coxswain' ? undefined : by?.username;
}

type Synced = Pick<Deploy, 'since' | 'revision' | 'by'> & { id: number };

function syncsOf({ status }: Application): Synced[] {
  const past = (status?.history ?? []).map((entry): Synced => {
    const by = nameOf(entry.initiatedBy);
    return {
      since: entry.deployStartedAt ?? entry.deployedAt,
      revision: revisionOf(entry),
      id: entry.id,
      ...(by && { by }),
    };
  });
  const state = status?.operationState;
  if (!state || !isWhole(state) || past.some(({ since }) => since === state.startedAt)) return past;
  const by = nameOf(state.operation.initiatedBy);
  const revision = revisionOf(state.syncResult ?? {});
  return [...past, { since: state.startedAt, revision, id: (past.at(-1)?.id ?? -1) + 1, ...(by && { by }) }];
}

/** Oldest first; what is no news any more is left out. */
export function deploysOf(app: Application, now: number): Deploy[] {
  const syncs = syncsOf(app);
  return syncs.flatMap(({ since, revision, by, id }, at) => {
    const before = syncs[at - 1];
    // What was before the oldest that history keeps is not known.
    const moved = before ? before.revision !== revision : id === 0;
    if (!moved || revision === '' || now - Date.parse(since) > newsMs) return [];
    return [{ since, revision, ...(before && { from: before.revision }), ...(by && { by }) }];
  });
}

/** When it was live and healthy; undefined while it is not. */
export function isLive(
  { status, operation }: Application,
  { revision, since }: Pick<Deploy, 'revision' | 'since'>,
): { at: string } | undefined {
  const entry = status?.history?.at(-1);
  if (operation || !entry || revisionOf(entry) !== revision) return undefined;
  if (Date.parse(entry.deployStartedAt ?? entry.deployedAt) < Date.parse(since)) return undefined;
  const { status: health, lastTransitionTime = '' } = status?.health ?? {};
  if (health !== 'Healthy' && health !== 'Suspended') return undefined;
  return { at: Date.parse(lastTransitionTime) > Date.parse(entry.deployedAt) ? lastTransitionTime : entry.deployedAt };
}
