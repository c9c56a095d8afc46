// One task of a sync: an object in a phase and wave, and the row that remembers how far it came.
import type { HookPhase, ResourceResult, SyncPhase } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Place } from '../base/errors.ts';
import type { HookInfo } from '../model/hooks.ts';
import { imagesOf } from '../model/images.ts';
import { keyText } from '../model/kube.ts';

export type TaskKind = 'apply' | 'prune' | 'hook' | 'namespace';

export interface Task {
  readonly kind: TaskKind;
  readonly key: ResourceKey;
  readonly version: string;
  phase: SyncPhase;
  wave: number;
  /** What is applied; undefined for a prune. */
  readonly object: KubeObject | undefined;
  /** Of the object that a prune deletes, as the plan saw it; undefined for anything else. */
  readonly uid: string | undefined;
  /** Manifest of the last sync, for removals. */
  readonly previous: KubeObject | undefined;
  readonly hook: HookInfo | undefined;
  /**
   * Of a hook, or of what the sync names: the manifest as it is shown to people, without the name and the mark of this
   * run.
   */
  readonly shown?: { key: ResourceKey; manifest: KubeObject };
  readonly manifestHash: string;
  /** Already dry-run, by the comparison. */
  readonly validated: boolean;
  /** Where Git has it. */
  readonly place?: Place;
  /** Not to be written again: Git and cluster agree. */
  readonly unchanged: boolean;
  /** Options of the object itself. */
  readonly options: ReadonlyMap<string, string>;
  /** Why it can never be applied. */
  readonly invalid: string | undefined;
  row: ResourceResult;
}

/** A task of which nothing is known but what it is about. */
export const bareTask = {
  wave: 0,
  object: undefined,
  uid: undefined,
  previous: undefined,
  hook: undefined,
  manifestHash: '',
  validated: false,
  unchanged: false,
  options: new Map<string, string>(),
  invalid: undefined,
} as const;

/** Before anything is done for it. */
export function rowOf(
  task: { key: ResourceKey; version: string; phase: SyncPhase; kind: TaskKind },
  object?: KubeObject,
): ResourceResult {
  const images = object ? imagesOf([object]) : [];
  return {
    group: task.key.group,
    version: task.version,
    kind: task.key.kind,
    namespace: task.key.namespace,
    name: task.key.name,
    syncPhase: task.phase,
    ...(task.kind === 'hook' && { hookType: task.phase }),
    ...(images.length > 0 && { images }),
  };
}

/** As they stand now. */
export function rowsIn(tasks: readonly Task[]): ResourceResult[] {
  return tasks.map((task) => task.row);
}

/** Names a task in syncResult: the same object may run as a hook in several phases. */
export function rowId(row: ResourceResult): string {
  return (
    `${row.syncPhase ?? 'Sync'}:` +
    keyText({ group: row.group, kind: row.kind, namespace: row.namespace, name: row.name })
  );
}

const unchangedMark = ' unchanged';
const pruneMark = 'to be pruned: ';

/**
 * What is known at the beginning is written into the row then: a resumed operation must not judge it anew from what it
 * did itself.
 */
export function markUnchanged(task: Task): void {
  task.row = { ...task.row, message: `${kubectlName(task.key)}${unchangedMark}` };
}

/** What `markUnchanged` left, as long as nothing else is known of it. */
export function isMarkedUnchanged(row: ResourceResult): boolean {
  return row.hookPhase === undefined && saysUnchanged(row);
}

/** In kubectl's words: the row of syncResult has no other place for it. */
export function saysUnchanged({ message }: ResourceResult): boolean {
  // eslint-disable-next-line no-restricted-syntax -- see above
  return message?.endsWith(unchangedMark) === true;
}

/** Only this very object is to be deleted, whatever has that name later. */
export function markPrune(task: Task): void {
  task.row = { ...task.row, message: `${pruneMark}${task.uid ?? ''}` };
}

/** The uid that `markPrune` left; undefined for rows of other tasks. */
export function markedUid(row: ResourceResult): string | undefined {
  // eslint-disable-next-line no-restricted-syntax -- the row of syncResult has no other place for it
  return row.hookPhase === undefined && row.message?.startsWith(pruneMark)
    ? row.message.slice(pruneMark.length)
    : undefined;
}

/** Of an object that is left to another application. */
export function movesMessage(application: string): string {
  return `ignored (moves to application ${application})`;
}

/** Not begun. */
export function isPending(task: Task): boolean {
  return task.row.hookPhase === undefined;
}

/** Begun, and not ended. */
export function isRunning(task: Task): boolean {
  return task.row.hookPhase === 'Running';
}

/** Ended, well or not. */
export function isCompleted(task: Task): boolean {
  return task.row.hookPhase !== undefined && task.row.hookPhase !== 'Running';
}

/** Ended otherwise than well. */
export function isFailed(task: Task): boolean {
  return isCompleted(task) && task.row.hookPhase !== 'Succeeded';
}

interface Outcome {
  status?: NonNullable<ResourceResult['status']>;
  hookPhase: HookPhase;
  message: string;
}

/** Rows are replaced, never changed: what was handed to `save` stays as it was. */
export function record(task: Task, outcome: Outcome): void {
  task.row = { ...task.row, ...outcome };
}

/** `deployment.apps/api`, as kubectl names it in its answers. */
export function kubectlName(key: ResourceKey): string {
  return `${key.kind.toLowerCase()}${key.group ? `.${key.group}` : ''}/${key.name}`;
}

/** `apps/Deployment/api`, as operation messages name it. */
export function titleOf(task: Task): string {
  return `${task.key.group}/${task.key.kind}/${task.key.name}`;
}
