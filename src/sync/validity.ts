// What makes an operation impossible before it begins: kinds that the cluster does not serve and objects that are not
// permitted.
import { kindBrought } from './plan.ts';
import { remedy } from './unserved.ts';
import type { Run } from './run.ts';
import { record } from './task.ts';
import type { Task } from './task.ts';

/** The task that brings this task's kind, if it is part of the same sync. */
export function definitionOf(run: Run, task: Task): Task | undefined {
  const kind = `${task.key.group}/${task.key.kind}`;
  return run.tasks.find((other) => other.kind !== 'prune' && kindBrought(other.object) === kind);
}

/** In the version that the manifest names, where it names one. */
export function isServed(run: Run, task: Task): boolean {
  return (
    run.input.cluster.discovery.resourceOf({
      group: task.key.group,
      kind: task.key.kind,
      ...(task.version && { version: task.version }),
    }) !== undefined
  );
}

async function reasonAgainst(run: Run, task: Task): Promise<string | undefined> {
  if (task.invalid !== undefined) return task.invalid;
  if (
    task.kind === 'prune' ||
    isServed(run, task) ||
    definitionOf(run, task) ||
    run.option(task, 'SkipDryRunOnMissingResource') === 'true'
  )
    return undefined;
  await run.input.cluster.discovery.refresh(task.key.group, run.input.signal);
  if (isServed(run, task)) return undefined;
  const { group, kind, namespace, name } = task.key;
  return (
    `The Kubernetes API could not find ${group}/${kind} for requested resource ${namespace}/${name}. ` +
    `${await remedy(run, task)}`
  );
}

/** Argo CD's message if any task can never be applied; its rows say why. */
export async function findInvalid(run: Run): Promise<string | undefined> {
  const reasons: string[] = [];
  for (const task of run.tasks) {
    const reason = await reasonAgainst(run, task);
    if (reason === undefined) continue;
    record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: reason });
    reasons.push(reason);
  }
  return reasons.length > 0 ? `one or more synchronization tasks are not valid: ${reasons.join(', ')}` : undefined;
}
