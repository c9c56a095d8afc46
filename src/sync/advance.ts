// Runs the groups of a sync one after the other, as far as they go without waiting (Argo CD:
// gitops-engine/pkg/sync/sync_context.go Sync).
import type { OperationPhase } from '../model/application.ts';
import type { Stop } from './judged.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import type { Wait } from './wait.ts';
import { dryRunTask, isReplaced } from './apply.ts';
import { runGroup } from './group.ts';
import { letGo } from './hooks.ts';
import { makeNamespace } from './namespace.ts';
import { awaitsConfirmation, awaitsOthers, stillDeleting } from './prune.ts';
import { judgeRest } from './judged.ts';
import { isCompleted, isFailed, isPending, isRunning, record, titleOf } from './task.ts';
import { isServed } from './validity.ts';
import { waitFor, waitForOthers } from './wait.ts';

type Verdict = Wait | Stop | { phase: OperationPhase; message: string };

/** Milliseconds until an object whose events do not reach us is read again. */
const unseenMs = 2_000;

/** Milliseconds until it is asked again whether other applications have been read. */
const unreadMs = 500;

/** More than one phase or wave: then what has been applied must be healthy before the next group. */
function spansGroups(tasks: readonly Task[]): boolean {
  return new Set(tasks.map((task) => `${task.phase}/${task.wave}`)).size > 1;
}

/**
 * The last group is not waited for unless it has hooks (Argo CD: sync_context.go Sync). What was pruned before a
 * restart no longer tells its wave.
 */
function unwaited(main: readonly Task[]): (task: Task) => boolean {
  const last = main.findLast((task) => task.kind !== 'prune' || !isCompleted(task));
  const inLast = (task: Task): boolean => task.phase === last?.phase && task.wave === last.wave;
  return main.some((task) => task.kind === 'hook' && inLast(task)) ? () => false : inLast;
}

async function judge(run: Run, task: Task): Promise<void> {
  const object = run.live(task.key) ?? (await run.read(task));
  if (!object) {
    record(task, { hookPhase: 'Error', message: `Resource ${titleOf(task)} is missing, it might have been deleted` });
    return;
  }
  const health = await run.input.healthOf(object);
  const keep = task.row.message ?? '';
  const status = health?.status ?? 'Healthy';
  if (status === 'Healthy')
    record(task, { hookPhase: 'Succeeded', message: task.kind === 'hook' ? (health?.message ?? keep) : keep });
  else if (status === 'Degraded' || (task.kind === 'hook' && status === 'Unknown'))
    record(task, { hookPhase: 'Failed', message: health?.message ?? keep });
  else if (task.kind === 'hook') await letGo(run, task, object);
}

function failureOf(tasks: readonly Task[]): string {
  const messages = tasks.filter((task) => task.row.status === 'SyncFailed').map((task) => task.row.message ?? '');
  return messages.length > 0
    ? `one or more objects failed to apply, reason: ${messages.join(',')}`
    : 'one or more synchronization tasks completed unsuccessfully';
}

/**
 * Everything is tried before anything is stored. Argo CD's dry run is the client's; ours is the server's
 * (docs/compatibility.md).
 */
async function dryRunAll(run: Run): Promise<Verdict | undefined> {
  const actions = run.tasks.filter((task) => !task.unchanged && isPending(task));
  const begun =
    run.tasks.some(
      (task) =>
        isCompleted(task) &&
        task.kind !== 'namespace' &&
        task.row.status !== undefined &&
        task.row.status !== 'PruneSkipped',
    ) || run.tasks.some(isRunning);
  if (begun || run.dryRun) return undefined;
  // The comparison has tried what is there; whatever else is wrong with a single object keeps it from being stored.
  if (actions.length === 1 && actions.every((task) => run.live(task.key))) return undefined;
  const brought = new Set(
    run.tasks
      .filter(
        (task) =>
          task.key.group === '' &&
          task.key.kind === 'Namespace' &&
          task.kind === 'apply' &&
          isPending(task) &&
          !run.live(task.key),
      )
      .map((task) => task.key.name),
  );
  await Promise.all(
    actions
      .filter(
        (task) => (!task.validated || isReplaced(run, task)) && isServed(run, task) && !brought.has(task.key.namespace),
      )
      .map((task) => dryRunTask(run, task)),
  );
  const failed = actions.filter(isFailed);
  if (failed.length === 0) return undefined;
  const message = actions.length > 1 ? 'one or more objects failed to apply (dry run)' : failureOf(failed);
  return { phase: 'Failed', message };
}

/**
 * What runs ends first: a hook that is begun anew by the next attempt would be cut off in the middle of its work
 * (Argo CD: sync_context.go Sync).
 */
async function fail(run: Run, main: readonly Task[], onFailure: readonly Task[]): Promise<Verdict> {
  const message = failureOf(main.filter(isFailed));
  for (;;) {
    const running = [...main.filter((task) => task.kind === 'hook'), ...onFailure].filter(isRunning);
    if (running.length > 0) return waitFor('completion of hook', running, unseenAt(run, running));
    const pending = onFailure.filter(isPending);
    if (pending.length === 0) return { phase: 'Failed', message };
    const wait = await runConfirmed(
      run,
      pending.filter((task) => task.wave === pending[0]?.wave),
    );
    if (wait) return wait;
    await run.persist();
    await Promise.all(onFailure.filter(isRunning).map((task) => judge(run, task)));
  }
}

function unseenAt(run: Run, tasks: readonly Task[]): number | undefined {
  return tasks.some((task) => !run.input.live(task.key)) ? run.input.clock.now() + unseenMs : undefined;
}

async function makePlace(run: Run): Promise<Verdict | undefined> {
  const namespaces = run.tasks.filter((one) => one.kind === 'namespace' && isPending(one));
  await confirm(run, namespaces);
  if (run.stopped === undefined) for (const task of namespaces) await makeNamespace(run, task);
  return stopOf(run) ?? dryRunAll(run);
}

/** Before the first write of a phase and wave: those who agreed may have lost the right meanwhile. */
async function confirm(run: Run, group: readonly Task[]): Promise<void> {
  const writing = group.find((task) => !task.unchanged);
  if (writing && !run.dryRun) run.stopped ??= await run.input.confirm?.(`${writing.phase} ${writing.wave}`);
}

/** One phase and wave, unless nobody's agreement bears it any more. */
async function runConfirmed(run: Run, group: readonly Task[]): Promise<Verdict | undefined> {
  await confirm(run, group);
  return stopOf(run) ?? (await runGroup(run, group)) ?? stopOf(run);
}

function stopOf(run: Run): Stop | undefined {
  return run.stopped === undefined ? undefined : { stopped: run.stopped };
}

/** The end of the attempt, or what it waits for. Results are persisted group by group. */
export async function advance(run: Run): Promise<Verdict> {
  const refused = (await makePlace(run)) ?? (await judgeRest(run));
  if (refused) return refused;
  const onFailure = run.tasks.filter((task) => task.phase === 'SyncFail');
  const main = run.tasks.filter((task) => task.phase !== 'SyncFail');
  const several = spansGroups(main);
  const ends = unwaited(main);
  const awaited = (task: Task): boolean => isRunning(task) && (task.kind === 'hook' || (several && !ends(task)));
  for (;;) {
    await Promise.all([...main, ...onFailure].filter(awaited).map((task) => judge(run, task)));
    if (main.some(isFailed)) return fail(run, main, onFailure);
    const pending = main.filter(isPending);
    const running = main.filter(awaited);
    const hooks = running.filter((task) => task.kind === 'hook');
    if (running.length > 0)
      return hooks.length === 0
        ? { ...waitFor('healthy state of', running, unseenAt(run, running)), health: true }
        : waitFor('completion of hook', hooks, unseenAt(run, hooks));
    if (pending.length === 0)
      return {
        phase: 'Succeeded',
        message: `successfully synced (${main.some(ends) ? 'all tasks run' : 'no more tasks'})`,
      };
    const deleting = await stillDeleting(run);
    if (deleting.length > 0) return waitFor('deletion of', deleting, run.input.clock.now() + unseenMs);
    const group = pending.filter((task) => task.phase === pending[0]?.phase && task.wave === pending[0].wave);
    const unread = await awaitsOthers(run, group);
    if (unread.length > 0) return waitForOthers(unread, run.input.clock.now() + unreadMs);
    const unconfirmed = group.filter((task) => awaitsConfirmation(run, task));
    if (unconfirmed.length > 0) return waitFor('pruning confirmation of', unconfirmed);
    const wait = await runConfirmed(run, group);
    if (wait) return wait;
    const rest = pending.some((task) => task.kind === 'hook' || !group.includes(task));
    if (main.some(isFailed)) continue;
    if (!rest) return { phase: 'Succeeded', message: 'successfully synced (all tasks run)' };
    await run.persist();
  }
}
