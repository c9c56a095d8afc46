// Deletes what Git no longer has: exactly the object that was seen, never one of the same name that came later.
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { errorMessage } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argo } from '../model/annotations.ts';
import { isGuarded, judgedly, versionOf } from './judged.ts';
import { mayPass, refOf } from './run.ts';
import { isPending, movesMessage, record } from './task.ts';

type Propagation = 'Foreground' | 'Background' | 'Orphan';

function propagation(run: Run, task: Task): Propagation {
  const words: Readonly<Record<string, Propagation>> = {
    foreground: 'Foreground',
    background: 'Background',
    orphan: 'Orphan',
  };
  return words[run.option(task, 'PrunePropagationPolicy') ?? ''] ?? 'Foreground';
}

/** Prune=confirm holds until the application's deletion-approved annotation is not older than the operation. */
export function awaitsConfirmation(run: Run, task: Task): boolean {
  if (task.kind !== 'prune' || run.option(task, 'Prune') !== 'confirm') return false;
  const approved = Date.parse(run.input.app.metadata.annotations?.[argo.deletionApproved] ?? '');
  return !(approved >= Date.parse(run.state.startedAt));
}

function recordSkipped(task: Task, why: string): void {
  record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: `ignored (${why})` });
}

function recordMoved(task: Task, other: string): void {
  record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: movesMessage(other) });
}

/** Under approval: the very object of the plan, as it was judged. */
async function pruneJudged(run: Run, task: Task): Promise<void> {
  const outcome = await judgedly(run, task, async ({ live }) => {
    if (live && live.metadata.uid !== task.uid) {
      recordSkipped(task, 'made anew since the sync began');
      return 'written';
    }
    const other = run.input.heldBy?.(task.key);
    if (live && other !== undefined) {
      recordMoved(task, other);
      return 'written';
    }
    if (live && live.metadata.deletionTimestamp === undefined) {
      await run.input.cluster.api.delete(refOf(task), {
        ...versionOf(live),
        propagationPolicy: propagation(run, task),
        signal: run.input.signal,
      });
    }
    record(task, { status: 'Pruned', hookPhase: 'Succeeded', message: 'pruned' });
    return 'written';
  });
  if (outcome !== 'left') return;
  const other = run.input.heldBy?.(task.key);
  if (other !== undefined) recordMoved(task, other);
  else if (await run.read(task)) recordSkipped(task, 'no longer extra');
  else record(task, { status: 'Pruned', hookPhase: 'Succeeded', message: 'pruned' });
}

/** Records the outcome; throws what may pass. */
export async function pruneTask(run: Run, task: Task): Promise<void> {
  try {
    if (run.input.judge && !run.dryRun) return await pruneJudged(run, task);
    const live = run.live(task.key) ?? (await run.read(task));
    const { uid } = task;
    if (live && live.metadata.uid !== uid) return recordSkipped(task, 'made anew since the sync began');
    const other = run.input.heldBy?.(task.key);
    if (live && other !== undefined) return recordMoved(task, other);
    if (live && isGuarded(run, task, true)) return;
    if (live && live.metadata.deletionTimestamp === undefined) {
      await run.input.cluster.api.delete(refOf(task), {
        ...(uid && { uid }),
        propagationPolicy: propagation(run, task),
        dryRun: run.dryRun,
        signal: run.input.signal,
      });
    }
    record(task, { status: 'Pruned', hookPhase: 'Succeeded', message: run.dryRun ? 'pruned (dry run)' : 'pruned' });
  } catch (error) {
    // Another object of that name: the cache is behind; look again.
    if (mayPass(error) && !isStatus(error, 404)) throw error;
    record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: errorMessage(error) });
  }
}

/** Before anything is pruned: who may hold it must have been read. */
export async function awaitsOthers(run: Run, tasks: readonly Task[]): Promise<string[]> {
  return tasks.some((task) => task.kind === 'prune' && isPending(task)) ? ((await run.input.unread?.()) ?? []) : [];
}

/** Pruned objects that are still going. Where the cache may be behind, the API server is asked. */
export async function stillDeleting(run: Run): Promise<Task[]> {
  if (run.dryRun) return [];
  const pruned = run.tasks.filter(
    (task) => task.kind === 'prune' && task.row.status === 'Pruned' && run.live(task.key),
  );
  const now = await Promise.all(
    pruned.map(async (task) =>
      run.live(task.key)?.metadata.deletionTimestamp === undefined ? await run.read(task) : run.live(task.key),
    ),
  );
  return pruned.filter((_, at) => now[at]?.metadata.deletionTimestamp !== undefined);
}
