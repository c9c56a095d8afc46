// One phase and wave: prunes, then what must go before a hook, then creates and updates, kind after kind.
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import type { Wait } from './wait.ts';
import { applyTask } from './apply.ts';
import { prepareHook } from './hooks.ts';
import { pruneTask } from './prune.ts';
import { isPending, record } from './task.ts';
import { definitionOf, isServed } from './validity.ts';
import { waitFor } from './wait.ts';

/** Milliseconds after which a kind whose definition was just applied is looked for again. */
const definitionMs = 200;

/** All at once, to the end; what has been recorded is persisted before the first error is thrown on. */
async function allOf(run: Run, tasks: readonly Task[], work: (task: Task) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(tasks.map((task) => work(task)));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return;
  await run.persist();
  throw failed.reason;
}

/** Kinds one after the other: what comes later may need what came before. */
function runsOfKind(tasks: readonly Task[]): Task[][] {
  const runs: Task[][] = [];
  for (const task of tasks) {
    const last = runs.at(-1);
    if (last?.[0] && last[0].key.kind === task.key.kind && last[0].key.group === task.key.group) last.push(task);
    else runs.push([task]);
  }
  return runs;
}

/** A definition that was just applied is served a moment later. */
async function kindMissing(run: Run, task: Task): Promise<Wait | undefined> {
  if (isServed(run, task) || run.dryRun) return undefined;
  await run.input.cluster.discovery.refresh(task.key.group, run.input.signal);
  const definition = definitionOf(run, task);
  if (isServed(run, task) || !definition) return undefined;
  return waitFor('healthy state of', [definition], run.input.clock.now() + definitionMs);
}

async function applyAll(run: Run, tasks: readonly Task[]): Promise<Wait | undefined> {
  for (const same of runsOfKind(tasks)) {
    const [first] = same;
    const missing = first ? await kindMissing(run, first) : undefined;
    if (missing) return missing;
    if (run.stopped !== undefined) return undefined;
    const held: Task[] = [];
    await allOf(run, same, async (task) => {
      if (!(await applyTask(run, task))) held.push(task);
    });
    if (held.length > 0) return waitFor('deletion of', held, run.input.clock.now() + 2_000);
  }
  return undefined;
}

/** undefined when every task of the group has its result. A failed object does not stop the others of its group. */
export async function runGroup(run: Run, group: readonly Task[]): Promise<Wait | undefined> {
  for (const task of group.filter((one) => one.unchanged)) {
    record(task, {
      status: 'Synced',
      hookPhase: run.dryRun ? 'Succeeded' : 'Running',
      message: task.row.message ?? '',
    });
  }
  await allOf(
    run,
    group.filter((task) => task.kind === 'prune' && isPending(task)),
    (task) => pruneTask(run, task),
  );
  if (run.stopped !== undefined) return undefined;
  const deleting: Task[] = [];
  await allOf(
    run,
    group.filter((task) => task.kind === 'hook' && isPending(task)),
    async (task) => {
      if ((await prepareHook(run, task)) === 'deleting') deleting.push(task);
    },
  );
  if (deleting.length > 0) return waitFor('deletion of', deleting, run.input.clock.now() + 2_000);
  return run.stopped === undefined ? applyAll(run, group.filter(isPending)) : undefined;
}
