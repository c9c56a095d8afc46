// How an application stands, in one line: what needs somebody first, why, and the words by which it is filtered. Pure.
import type { Application, Health } from '../model/application.ts';
import type { Approval, DriftEpisode } from '../model/coxswain.ts';
import { waitedFor } from '../engine/application/operation-state.ts';
import { count } from './parts.ts';

export interface Standing {
  /** 0 is broken, 4 is as it should be. */
  rank: 0 | 1 | 2 | 3 | 4;
  /** Filters of the list that it belongs to. */
  tags: Tag[];
  /** The most important sentence; '' when all is well. */
  note: string;
  /** The note tells of something wrong. */
  bad: boolean;
}

/** In the order of the filters, with what they are called. */
export const tagNames = {
  failing: 'Failing',
  approval: 'Waiting for approval',
  drift: 'Drifted',
  outofsync: 'Out of sync',
  progressing: 'In progress',
  healthy: 'In sync and healthy',
} as const;

export type Tag = keyof typeof tagNames;

const drifting: ReadonlySet<string> = new Set(['Open', 'Reverting', 'Snoozed']);

/** Undefined when nobody is asked. */
export function waitingApproval(approvals: readonly Approval[]): Approval | undefined {
  return approvals.find((item) => (item.status?.phase ?? 'Pending') === 'Pending');
}

/** What was decided last, if that was a refusal, and nothing has asked again since. */
export function lastRejection(app: Application, approvals: readonly Approval[]): Approval | undefined {
  if (app.status?.sync?.status !== 'OutOfSync' || waitingApproval(approvals)) return undefined;
  const newest = approvals.toSorted(
    (a, b) => Date.parse(b.metadata.creationTimestamp ?? '') - Date.parse(a.metadata.creationTimestamp ?? ''),
  )[0];
  return newest?.status?.phase === 'Rejected' ? newest : undefined;
}

/** Drift that has not ended. */
export function openEpisodes(episodes: readonly DriftEpisode[]): DriftEpisode[] {
  return episodes.filter((item) => drifting.has(item.status?.phase ?? 'Open'));
}

interface Fact {
  tag: Tag;
  rank: Standing['rank'];
  note: string;
}

/** The message names the objects that make it so; Argo CD writes none. */
function whereOf({ message }: Health): string {
  return message || 'see its objects';
}

function failure(app: Application): string | undefined {
  const { conditions = [], health, operationState } = app.status ?? {};
  const condition = conditions.find((item) => item.type.endsWith('Error'));
  if (condition) return `${condition.type}: ${condition.message}`;
  if (health?.status === 'Degraded') return `degraded: ${whereOf(health)}`;
  const failed = operationState?.phase === 'Failed' || operationState?.phase === 'Error';
  return failed && !app.operation
    ? `last sync ${operationState.phase.toLowerCase()}: ${operationState.message ?? ''}`
    : undefined;
}

function progress(app: Application): string | undefined {
  if (app.operation)
    return app.status?.operationState?.phase === 'Running'
      ? (app.status.operationState.message ?? 'syncing')
      : 'a sync was asked for';
  if (!app.status?.sync) return 'not compared yet';
  return app.status.health?.status === 'Progressing' ? `becoming ready: ${whereOf(app.status.health)}` : undefined;
}

interface Judged {
  app: Application;
  approvals: readonly Approval[];
  episodes: readonly DriftEpisode[];
  /** Why no engine works on it as it was asked. */
  turn?: string | undefined;
}

function facts({ app, approvals, episodes, turn }: Judged): Fact[] {
  const approval = waitingApproval(approvals);
  const rejection = lastRejection(app, approvals);
  const standing = openEpisodes(episodes);
  const drifted = standing.reduce(
    (sum, item) => sum + (item.status?.objects.length ?? 0) + (item.status?.left ?? 0),
    0,
  );
  const snoozed = standing.every(({ status }) => status?.phase === 'Snoozed');
  // A refused sync that waits for its approval is no failure.
  const failing = approval && waitedFor(app) === approval.metadata.name ? undefined : failure(app);
  const going = progress(app);
  const outOfSync = app.status?.sync?.status === 'OutOfSync';
  const missing = app.status?.health?.status === 'Missing';
  return [
    ...(turn === undefined ? [] : [{ tag: 'failing', rank: 0, note: turn } as const]),
    ...(failing === undefined ? [] : [{ tag: 'failing', rank: 0, note: failing } as const]),
    ...(approval
      ? [
          {
            tag: 'approval',
            rank: 1,
            note: `waits for approval of ${count(approval.spec.operations.length, 'change')}`,
          } as const,
        ]
      : []),
    ...(drifted > 0
      ? [
          {
            tag: 'drift',
            rank: snoozed ? 2 : 1,
            note: `${count(drifted, 'object')} changed in the cluster, not in Git${snoozed ? ' (snoozed)' : ''}`,
          } as const,
        ]
      : []),
    ...(rejection ? [{ tag: 'outofsync', rank: 1, note: rejection.status?.message ?? 'rejected' } as const] : []),
    ...(outOfSync ? [{ tag: 'outofsync', rank: 2, note: '' } as const] : []),
    ...(going === undefined ? [] : [{ tag: 'progressing', rank: 3, note: going } as const]),
    ...(missing ? [{ tag: 'outofsync', rank: 2, note: 'objects are missing in the cluster' } as const] : []),
  ];
}

/** Healthy when nothing has to be told; `note` is of the first fact that has one. */
export function standingOf(judged: Judged): Standing {
  const found = facts(judged);
  if (found.length === 0) return { rank: 4, tags: ['healthy'], note: '', bad: false };
  const told = found.find((item) => item.note !== '');
  const rank = found.reduce<Standing['rank']>((least, item) => (item.rank < least ? item.rank : least), 4);
  return {
    rank,
    tags: [...new Set(found.map((item) => item.tag))],
    note: told?.note ?? '',
    bad: told?.tag === 'failing',
  };
}
