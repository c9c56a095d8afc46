// The tasks of an operation that has begun: its plan, as far as it came, and what is compared today may only narrow
// it.
import type { ResourceResult } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Task, TaskKind } from './task.ts';
import { bareTask, isMarkedUnchanged, isPending, kubectlName, markedUid, record, rowId } from './task.ts';

interface ResumeInput {
  rows: readonly ResourceResult[];
  /** As if the operation began now; also what is in sync. */
  planned: readonly Task[];
  /** The object as the API server has it now. */
  read(task: Task): Promise<KubeObject | undefined>;
  /** Name of the namespace that CreateNamespace=true makes; undefined for none. */
  namespace: string | undefined;
}

/** A row of which nothing is known today but what it says. */
function taskOf(row: ResourceResult, kind: TaskKind): Task {
  const key = { group: row.group, kind: row.kind, namespace: row.namespace, name: row.name };
  return { ...bareTask, kind, key, version: row.version, phase: row.syncPhase ?? 'Sync', row };
}

function kindOf(row: ResourceResult): TaskKind {
  if (row.hookType !== undefined) return 'hook';
  return markedUid(row) !== undefined || row.status === 'Pruned' || row.status === 'PruneSkipped' ? 'prune' : 'apply';
}

/** The tasks as their rows alone tell of them, to be ended. */
export function rowTasks(rows: readonly ResourceResult[]): Task[] {
  return rows.map((row) => taskOf(row, kindOf(row)));
}

/** Nothing is left to do for it: it has happened before this process began, or must not happen any more. */
async function passedOver(row: ResourceResult, read: ResumeInput['read']): Promise<Task> {
  const task = taskOf(row, kindOf(row));
  const uid = markedUid(row);
  if (uid === undefined)
    record(task, {
      status: 'Synced',
      hookPhase: 'Succeeded',
      message: `${kubectlName(task.key)} is no longer part of the sync`,
    });
  else if ((await read(task))?.metadata.uid === uid)
    record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: 'ignored (no longer extra)' });
  else record(task, { status: 'Pruned', hookPhase: 'Succeeded', message: 'pruned' });
  return task;
}

/**
 * A row that has no result yet. Deleted is only what the row planned to delete and today's comparison still calls
 * extra.
 */
async function pendingTask(row: ResourceResult, task: Task | undefined, read: ResumeInput['read']): Promise<Task> {
  const uid = markedUid(row);
  if (!task || (task.kind === 'prune') !== (uid !== undefined)) return passedOver(row, read);
  if (!isPending(task)) return task;
  return uid === undefined ? { ...task, row, unchanged: isMarkedUnchanged(row) } : { ...task, row, uid };
}

/**
 * `rows`: what the state of the operation remembers; `planned`: what would be done today. `read` asks for a live
 * object.
 */
export function resumeTasks({ rows, planned, read, namespace }: ResumeInput): Promise<Task[]> {
  const byId = new Map(planned.map((task) => [rowId(task.row), task]));
  return Promise.all(
    rows.map(async (row): Promise<Task> => {
      const task = byId.get(rowId(row));
      if (
        !task &&
        row.group === '' &&
        row.kind === 'Namespace' &&
        row.syncPhase === 'PreSync' &&
        row.name === namespace
      )
        return taskOf(row, 'namespace');
      if (row.hookPhase === undefined) return pendingTask(row, task, read);
      return task?.kind === kindOf(row) ? { ...task, row, unchanged: false } : taskOf(row, kindOf(row));
    }),
  );
}
