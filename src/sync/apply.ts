// Writes one object: dry run, takeover of older managers, server-side apply, removals; replace and force by option.
import type { FieldValidation } from '../cluster/api.ts';
import type { FieldPath } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Permit } from './input.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { sameJson } from '../base/canonical.ts';
import { AppError, errorMessage, textAt } from '../base/errors.ts';
import { isInternal, isStatus, refusedFields } from '../cluster/api-error.ts';
import { leftBehind } from '../diff/given-up.ts';
import { removalPatch, removals } from '../diff/removals.ts';
import { foldStringData } from '../diff/secret-data.ts';
import { takeover } from '../diff/takeover.ts';
import { cox } from '../model/annotations.ts';
import { isApplication } from '../model/argo-kinds.ts';
import { renewed } from './last-applied.ts';
import { bound, isAgreed, isGuarded, judgedly, versionOf } from './judged.ts';
import { mayPass, refOf } from './run.ts';
import { isForced } from './selection.ts';
import { kubectlName, record } from './task.ts';
import { isServed } from './validity.ts';

function validation(run: Run, task: Task): FieldValidation {
  return run.option(task, 'Validate') === 'false' ? 'Ignore' : 'Strict';
}

function forced(run: Run, task: Task): boolean {
  return isForced(run.input.operation, task.options, run.options);
}

/** Sent whole, by PUT; hooks are new objects and always applied. */
export function isReplaced(run: Run, task: Task): boolean {
  return task.kind === 'apply' && !task.shown && run.option(task, 'Replace') === 'true';
}

/** What is only ever created is tried under another name: its own may be taken by the run before. */
function rehearsal(object: KubeObject): KubeObject {
  const { name, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, generateName: `${name ?? 'hook'}-` } };
}

/** Nothing is stored. Records a failure in the task's row; throws what may pass. */
export async function dryRunTask(run: Run, task: Task): Promise<void> {
  if (!task.object) return;
  const { api } = run.input.cluster;
  const object = foldStringData(task.object);
  const options = { dryRun: true, fieldValidation: validation(run, task), signal: run.input.signal };
  try {
    if (task.shown) await api.create(rehearsal(object), options);
    else if (isReplaced(run, task))
      await replace(run, { task, object, live: run.live(task.key) ?? (await run.read(task)), dryRun: true });
    else await api.apply(object, options);
  } catch (error) {
    // The server failed, as at a webhook that may be part of this very sync: the apply in its turn decides.
    if (isInternal(error)) return;
    // An immutable field is no obstacle to what will be deleted first.
    if (isStatus(error, 422) && forced(run, task)) return;
    recordFailure(task, error);
  }
}

function recordFailure(task: Task, error: unknown): void {
  // Nothing of this sync brings the kind (that is waited for before): only another attempt may find it.
  const unknownKind = error instanceof AppError && error.code === 'E_KIND_UNKNOWN';
  if (mayPass(error) && !unknownKind) throw error;
  const isManifest = error instanceof AppError && error.code === 'E_MANIFEST';
  const message = isManifest ? textAt(error.message, task.place) : errorMessage(error);
  record(task, { status: 'SyncFailed', hookPhase: 'Failed', message });
}

async function patchUnlessRaced(run: Run, task: Task, patch: unknown): Promise<KubeObject> {
  try {
    return await run.input.cluster.api.patch(refOf(task), { type: 'json', patch, signal: run.input.signal });
  } catch (error) {
    // A failed `test` means that somebody wrote in between: read and do it again.
    if (isStatus(error, 422) || isStatus(error, 409))
      throw new AppError('E_API', `${kubectlName(task.key)} was changed by somebody else meanwhile`, {
        kind: 'transient',
        cause: error,
      });
    throw error;
  }
}

/**
 * `judged`: nothing but what it says is written. The takeover moves the version on: what is ours, not what anybody
 * sees.
 */
async function serverSideApply(
  run: Run,
  task: Task,
  { manifest, found, judged }: { manifest: KubeObject; found: KubeObject | undefined; judged?: Permit },
): Promise<KubeObject> {
  let live = found;
  // Where Argo CD would apply on the server's side, it leaves the annotation to whoever wrote it.
  const object = run.option(task, 'ServerSideApply') === 'true' ? manifest : renewed(manifest, found);
  const apply = (): Promise<KubeObject> =>
    run.input.cluster.api.apply(judged ? bound(object, live) : object, {
      fieldValidation: validation(run, task),
      signal: run.input.signal,
    });
  const takeOver = async (named: readonly FieldPath[]): Promise<void> => {
    const handover = live && takeover(live, { target: object, previous: task.previous, named });
    if (handover) live = await patchUnlessRaced(run, task, handover);
  };
  await takeOver([]);
  const applied = await apply().catch(async (refused: unknown) => {
    // The preview was told the same, and went on as follows.
    const named = live ? leftBehind(refusedFields(refused), live, object) : [];
    if (named.length === 0) throw refused;
    await takeOver(named);
    return apply();
  });
  if (!live) return applied;
  const { remove } = removals({ live, applied, target: object, ...(task.previous && { previous: task.previous }) });
  const agreed = judged ? remove.filter((path) => judged.removed.some((each) => sameJson(each, path))) : remove;
  return agreed.length > 0 ? patchUnlessRaced(run, task, removalPatch(applied, agreed, judged !== undefined)) : applied;
}

async function replace(
  run: Run,
  {
    task,
    object,
    live,
    dryRun = false,
  }: { task: Task; object: KubeObject; live: KubeObject | undefined; dryRun?: boolean },
): Promise<KubeObject> {
  const options = { dryRun, fieldValidation: validation(run, task), signal: run.input.signal };
  if (!live) return run.input.cluster.api.create(object, options);
  const resourceVersion = live.metadata.resourceVersion;
  return run.input.cluster.api.replace(
    { ...object, metadata: { ...object.metadata, ...(resourceVersion && { resourceVersion }) } },
    options,
  );
}

/** Deletes and creates anew. undefined while finalizers still hold the old one. */
async function recreate(run: Run, task: Task, object: KubeObject, live: KubeObject): Promise<KubeObject | undefined> {
  const uid = live.metadata.uid;
  if (live.metadata.deletionTimestamp === undefined) {
    await run.input.cluster.api.delete(refOf(task), {
      ...(uid && { uid }),
      propagationPolicy: 'Background',
      signal: run.input.signal,
    });
  }
  if (await run.read(task)) return undefined;
  return run.input.cluster.api.apply(object, { fieldValidation: validation(run, task), signal: run.input.signal });
}

async function write(run: Run, task: Task, object: KubeObject): Promise<KubeObject | undefined> {
  const live = run.live(task.key);
  const force = forced(run, task);
  if (force && live?.metadata.deletionTimestamp !== undefined) return recreate(run, task, object, live);
  try {
    return isReplaced(run, task)
      ? await replace(run, { task, object, live: live ?? (await run.read(task)) })
      : await serverSideApply(run, task, { manifest: object, found: live });
  } catch (error) {
    const old = force && isStatus(error, 422) ? (live ?? (await run.read(task))) : undefined;
    if (!old) throw error;
    return recreate(run, task, object, old);
  }
}

/** Deletes what cannot be changed in place; it is made anew when it is gone, which is judged again. */
async function makeWay(run: Run, task: Task, live: KubeObject): Promise<'held' | 'again'> {
  if (live.metadata.deletionTimestamp === undefined)
    await run.input.cluster.api.delete(refOf(task), {
      ...versionOf(live),
      propagationPolicy: 'Background',
      signal: run.input.signal,
    });
  return (await run.read(task)) ? 'held' : 'again';
}

/** The same under approval, object by object: only what was agreed to, over what it was judged over. */
async function writeJudged(run: Run, task: Task): Promise<boolean> {
  const { api } = run.input.cluster;
  const options = { fieldValidation: validation(run, task), signal: run.input.signal };
  const written = await judgedly(run, task, async (judged) => {
    const { live, target, recreate: anew } = judged;
    if (!target) return 'left';
    if (live && (anew || (forced(run, task) && live.metadata.deletionTimestamp !== undefined)))
      return makeWay(run, task, live);
    const replaces = live !== undefined && isReplaced(run, task);
    const object = replaces
      ? await api.replace(bound(target, live), options)
      : await serverSideApply(run, task, { manifest: target, found: live, judged });
    run.accepted(task, object, judged.manifestHash);
    record(task, {
      status: 'Synced',
      hookPhase: 'Running',
      message:
        `${kubectlName(task.key)} ` +
        `${replaces ? 'replaced' : isReplaced(run, task) ? 'created' : 'serverside-applied'}`,
    });
    return 'written';
  });
  if (written === 'left')
    record(task, { status: 'Synced', hookPhase: 'Running', message: `${kubectlName(task.key)} unchanged` });
  return written !== 'held';
}

/** A hook is only ever created: what has its name by now is not its to change. */
async function createHook(run: Run, task: Task, object: KubeObject): Promise<void> {
  if (!(await isAgreed(run, task))) return;
  run.accepted(
    task,
    await run.input.cluster.api.apply(bound(object, undefined), {
      fieldValidation: validation(run, task),
      signal: run.input.signal,
    }),
  );
  record(task, { status: 'Synced', hookPhase: 'Running', message: `${kubectlName(task.key)} serverside-applied` });
}

/** One for each operation, of which the mark tells: this process, or one before it, may have made it already. */
async function createGenerated(run: Run, task: Task, object: KubeObject): Promise<void> {
  const name = kubectlName(task.key);
  const found = await run.read(task);
  if (!found && (isGuarded(run, task, false) || (run.input.judge && !(await isAgreed(run, task))))) return;
  const mark = object.metadata.annotations?.[cox.operation];
  if (found && found.metadata.annotations?.[cox.operation] !== mark) {
    record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: `${name} exists, and is not of this sync` });
    return;
  }
  const options = { fieldValidation: validation(run, task), signal: run.input.signal };
  run.accepted(task, found ?? (await run.input.cluster.api.apply(bound(object, undefined), options)));
  record(task, { status: 'Synced', hookPhase: 'Running', message: `${name} created` });
}

/**
 * Applies the task's object and records the outcome. False: an object of that name is still being deleted. Throws what
 * may pass.
 */
export async function applyTask(run: Run, task: Task): Promise<boolean> {
  if (!task.object) return true;
  if (run.dryRun) {
    if (isServed(run, task)) await dryRunTask(run, task);
    else
      record(task, {
        status: 'Synced',
        hookPhase: 'Succeeded',
        message: `${kubectlName(task.key)} not tried: its kind is not served yet (server dry run)`,
      });
    if (task.row.hookPhase === undefined)
      record(task, {
        status: 'Synced',
        hookPhase: 'Succeeded',
        message: `${kubectlName(task.key)} serverside-applied (server dry run)`,
      });
    return true;
  }
  try {
    if (task.kind !== 'hook' && task.shown) {
      await createGenerated(run, task, foldStringData(task.object));
      return true;
    }
    if (run.input.judge) {
      if (task.kind !== 'hook') return await writeJudged(run, task);
      await createHook(run, task, foldStringData(task.object));
      return true;
    }
    // An Application has no field that cannot be changed: none is made anew.
    const clears = task.kind === 'hook' || (forced(run, task) && !isApplication(task.key));
    if (isGuarded(run, task, clears)) return true;
    const existed = run.live(task.key) !== undefined;
    const object = await write(run, task, foldStringData(task.object));
    if (!object) return false;
    run.accepted(task, object);
    const verb = !isReplaced(run, task) ? 'serverside-applied' : existed ? 'replaced' : 'created';
    record(task, { status: 'Synced', hookPhase: 'Running', message: `${kubectlName(task.key)} ${verb}` });
  } catch (error) {
    recordFailure(task, error);
  }
  return true;
}
