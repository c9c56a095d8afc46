// Hooks: begun once an operation, judged by their health, deleted by their policy.
import type { Api, ObjectRef } from '../cluster/api.ts';
import type { OperationPhase } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argo, cox } from '../model/annotations.ts';
import { hookOf } from '../model/hooks.ts';
import { isAgreed, isGuarded, versionOf } from './judged.ts';
import { hookMark } from './plan.ts';
import { refOf } from './run.ts';
import { isCompleted, isPending, kubectlName, record } from './task.ts';

/** It keeps a hook's object until its result has been read. */
export function hasHookFinalizer(object: KubeObject): boolean {
  return object.metadata.finalizers?.includes(argo.hookFinalizer) ?? false;
}

/**
 * The object without it; undefined if it never had it or is gone. Throws E_API, transient, when somebody changed the
 * finalizers meanwhile.
 */
export async function dropHookFinalizer(
  api: Pick<Api, 'patch'>,
  ref: ObjectRef,
  object: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const at = object.metadata.finalizers?.indexOf(argo.hookFinalizer) ?? -1;
  if (at < 0) return undefined;
  const path = `/metadata/finalizers/${at}`;
  try {
    return await api.patch(ref, {
      type: 'json',
      patch: [
        { op: 'test', path, value: argo.hookFinalizer },
        { op: 'remove', path },
      ],
      signal,
    });
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    if (isStatus(error, 422))
      throw new AppError('E_API', `the finalizers of ${ref.kind} ${ref.name} were changed meanwhile`, {
        kind: 'transient',
        cause: error,
      });
    throw error;
  }
}

async function dropFinalizer(run: Run, task: Task, object: KubeObject): Promise<void> {
  const answer = await dropHookFinalizer(run.input.cluster.api, refOf(task), object, run.input.signal);
  // The answer to the patch that removes the last finalizer of a deleted object describes something that is gone.
  if (answer && answer.metadata.deletionTimestamp === undefined) run.accepted(task, answer);
}

async function deleteHook(run: Run, task: Task, object: KubeObject): Promise<void> {
  const uid = object.metadata.uid;
  if (object.metadata.deletionTimestamp === undefined) {
    await run.input.cluster.api.delete(refOf(task), {
      ...(run.input.judge ? versionOf(object) : uid && { uid }),
      propagationPolicy: 'Foreground',
      signal: run.input.signal,
    });
  }
  const rest = hasHookFinalizer(object) ? await run.read(task) : undefined;
  if (rest && rest.metadata.uid === uid) await dropFinalizer(run, task, rest);
}

/** Whether the object was made for this very task: a hook of two phases has the same name in both. */
function isOfTask({ state }: Run, { phase }: Task, object: KubeObject): boolean {
  return (
    object.metadata.annotations?.[cox.operation] ===
    hookMark(phase, { startedAt: Date.parse(state.startedAt), attempt: state.retryCount ?? 0 })
  );
}

/**
 * Whether this very operation made it, and has not let go of it yet. Rows and times are what somebody may have written
 * into the status: the finalizer goes when a hook's result has been read, and the object must not be another
 * application's.
 */
function isHeldFor(run: Run, task: Task, object: KubeObject): boolean {
  return isOfTask(run, task, object) && hasHookFinalizer(object) && run.input.heldBy?.(task.key) === undefined;
}

function isTaken(task: Task, why: string): 'begun' {
  record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: `${kubectlName(task.key)} exists, ${why}` });
  return 'begun';
}

async function mayGo(run: Run, task: Task): Promise<boolean> {
  return (await run.input.judge?.({ kind: 'prune', key: task.key, when: 'now' }))?.do === 'write';
}

/**
 * Before a hook is created: 'begun' if this attempt has created it already for this phase (whatever became of the
 * answer), 'deleting' while an earlier run's object is going, 'free' if it may be applied now. The API server is asked,
 * not the cache: a hook must not run twice.
 */
export async function prepareHook(run: Run, task: Task): Promise<'free' | 'begun' | 'deleting'> {
  if (run.dryRun) return 'free';
  const found = await run.read(task);
  if (!found) return 'free';
  if (isOfTask(run, task, found)) {
    run.accepted(task, found);
    record(task, { status: 'Synced', hookPhase: 'Running', message: `${kubectlName(task.key)} serverside-applied` });
    return 'begun';
  }
  if (!task.hook?.deletePolicies.includes('BeforeHookCreation'))
    return run.input.judge
      ? isTaken(task, 'and this hook has no policy BeforeHookCreation: under approval hooks are only created')
      : 'free';
  if (isGuarded(run, task, true) || !(await isAgreed(run, task))) return 'begun';
  // Under approval a hook clears away hooks alone, and what people agreed to see deleted.
  if (run.input.judge && !hookOf(found).isHook && !(await mayGo(run, task)))
    return isTaken(task, 'is no hook, and nobody has agreed to delete it for the hook of that name');
  await deleteHook(run, task, found);
  return (await run.read(task)) ? 'deleting' : 'free';
}

/**
 * At the end of an attempt: hooks go by their policy, the others lose our finalizer. What is gone already is passed
 * over.
 */
export async function releaseHooks(run: Run, phase: OperationPhase): Promise<void> {
  const hooks = run.tasks.filter((task) => task.kind === 'hook' && isCompleted(task));
  if (hooks.length === 0 || run.dryRun) return;
  // Results first: a hook that is gone must be known to have completed.
  await run.persist();
  const policy = phase === 'Succeeded' ? 'HookSucceeded' : 'HookFailed';
  await Promise.all(
    hooks.map(async (task) => {
      const found = await run.read(task);
      // Another object has that name by now: it is nobody's hook of this operation.
      if (!found || !isHeldFor(run, task, found)) return;
      if ((task.hook ?? hookOf(found)).deletePolicies.includes(policy)) await deleteHook(run, task, found);
      else await dropFinalizer(run, task, found);
    }),
  );
}

/** Deletes the hooks that run, also one of which nobody has written down yet that it was begun. */
export async function terminateHooks(run: Run): Promise<void> {
  for (const task of run.tasks.filter((one) => one.kind === 'hook' && !isCompleted(one))) {
    const found = await run.read(task);
    if (found && isHeldFor(run, task, found)) await deleteHook(run, task, found);
    else if (isPending(task)) continue;
    record(task, { hookPhase: 'Failed', message: 'Terminated' });
  }
  await releaseHooks(run, 'Failed');
}

/** Somebody deletes a hook that runs: it must be able to go. */
export async function letGo(run: Run, task: Task, object: KubeObject): Promise<void> {
  if (object.metadata.deletionTimestamp !== undefined) await dropFinalizer(run, task, object);
}
