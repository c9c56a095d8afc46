// Writes under approval: each is judged over the object as it is, carries that it is still so, and is judged again when
// it is not.
import type { KubeObject } from '../model/kube.ts';
import type { Permit, Write } from './input.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isPending, kubectlName, record } from './task.ts';

/** Nothing more is written before the gate has been asked again. */
export interface Stop {
  stopped: string;
}

/**
 * What is in the way of a creation is refused: no object has this version, and the server compares before it creates
 * (Kubernetes API).
 */
const noVersion = '1';

/** The very version of an object, as preconditions of its deletion (Kubernetes API: DeleteOptions). */
export function versionOf({ metadata: { uid, resourceVersion } }: KubeObject): {
  uid?: string;
  resourceVersion?: string;
} {
  return { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
}

/**
 * The object as a body that the server takes only over `live`. Both are needed: a version alone creates anew what was
 * deleted.
 */
export function bound(object: KubeObject, live: KubeObject | undefined): KubeObject {
  return { ...object, metadata: { ...object.metadata, ...(live ? versionOf(live) : { resourceVersion: noVersion }) } };
}

/** Somebody was quicker: another version, another object of that name, or the value that a removal tests. */
function isRaced(error: unknown): boolean {
  if (isStatus(error, 409)) return true;
  if (isStatus(error, 422)) return error.causes.some(({ field }) => field === 'metadata.uid');
  return (
    error instanceof AppError &&
    error.kind === 'transient' &&
    (isStatus(error.cause, 409) || isStatus(error.cause, 422))
  );
}

/** So often in one step; then the queue tries again, with its backoff. */
const attempts = 5;

function writeOf({ kind, key, phase, shown }: Task, when: Write['when']): Write {
  return { kind, key, when, ...(shown && { hook: { ...shown, phase } }) };
}

/**
 * Whether people have agreed to this hook, in this phase; asked before anything is deleted for it, and again before it
 * is created.
 */
export async function isAgreed(run: Run, task: Task): Promise<boolean> {
  const judged = await run.input.judge?.(writeOf(task, 'now'));
  if (judged?.do === 'stop') run.stopped ??= judged.why;
  if (judged?.do === 'refused') record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: judged.message });
  return judged === undefined || judged.do === 'write';
}

/**
 * `left`: nothing is left to do. `stopped`: nobody has agreed to what it would do now. `failed`: recorded in the row.
 * `write` answers
 * `again` when what it did must be judged anew.
 */
export async function judgedly<T extends string>(
  run: Run,
  task: Task,
  write: (judged: Permit) => Promise<T | 'again'>,
): Promise<T | 'left' | 'stopped' | 'failed'> {
  let raced: unknown;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const judged = await run.input.judge?.(writeOf(task, attempt === 0 ? 'now' : 'raced'));
    if (!judged) throw new AppError('E_INTERNAL', `nobody judges ${kubectlName(task.key)}`);
    if (judged.do === 'leave') return 'left';
    if (judged.do === 'stop') {
      run.stopped ??= judged.why;
      return 'stopped';
    }
    if (judged.do === 'refused') {
      record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: judged.message });
      return 'failed';
    }
    try {
      const outcome = await write(judged);
      if (outcome !== 'again') return outcome;
    } catch (error) {
      if (!isRaced(error)) throw error;
      raced = error;
    }
  }
  throw new AppError('E_API', `${kubectlName(task.key)} changes faster than it can be judged`, {
    kind: 'transient',
    cause: raced,
  });
}

/** Whether somebody must be asked about it who was not when the operation began: then nothing more is written. */
export function isGuarded(run: Run, { key }: Task, deletes: boolean): boolean {
  const why = run.dryRun ? undefined : run.input.guardedBy?.(key, deletes);
  if (why !== undefined) run.stopped ??= why;
  return why !== undefined;
}

/**
 * All that is left, before anything more is done for it: a hook is not run for a sync that stops at its next object.
 */
export async function judgeRest(run: Run): Promise<Stop | undefined> {
  if (!run.input.judge || run.dryRun) return undefined;
  const left = run.tasks.filter((task) => isPending(task) && !task.unchanged).map((task) => writeOf(task, 'ahead'));
  const judged = await Promise.all(left.map(async (write) => run.input.judge?.(write)));
  const stop = judged.find((each) => each?.do === 'stop');
  return stop && { stopped: stop.why };
}
