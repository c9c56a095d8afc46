// Builds the tasks of a sync out of targets, and their order: phase, wave, kind, name (Argo CD:
// gitops-engine/pkg/sync/sync_tasks.go). Pure.
import type { SyncPhase } from '../model/application.ts';
import type { HookInfo } from '../model/hooks.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { SyncTarget } from './input.ts';
import type { Task } from './task.ts';
import { rfc3339 } from '../base/clock.ts';
import { argo, cox } from '../model/annotations.ts';
import { isApplication, isProject } from '../model/argo-kinds.ts';
import { hookOf, isPrunable, kindOrder, phaseOrder, resourceOptions, waveOf } from '../model/hooks.ts';
import { gvkOf, isObject, keyText } from '../model/kube.ts';
import { textAt } from '../model/read.ts';
import { bareTask, isPending, markPrune, markUnchanged, movesMessage, record, rowOf } from './task.ts';

interface PlanInput {
  targets: readonly SyncTarget[];
  /** The live object, for what is to be pruned and carries none. */
  live(key: ResourceKey): KubeObject | undefined;
  /** Of the operation. */
  options: ReadonlyMap<string, string>;
  prune: boolean;
  skipHooks: boolean;
  revision: string;
  /** Milliseconds since the epoch at which the operation began. */
  startedAt: number;
  /** Counts from 0. */
  attempt: number;
}

/** Marks the run of a hook: in one phase of one attempt of one operation. */
export function hookMark(phase: SyncPhase, { startedAt, attempt }: Pick<PlanInput, 'startedAt' | 'attempt'>): string {
  return `${rfc3339(startedAt)}/${attempt}/${phase}`;
}

function hookName(object: KubeObject, phase: SyncPhase, input: PlanInput): string {
  if (object.metadata.name) return object.metadata.name;
  const suffix = `${input.revision.slice(0, 7)}-${phase.toLowerCase()}-${Math.floor(input.startedAt / 1000)}`;
  return `${object.metadata.generateName ?? ''}${suffix}`.toLowerCase();
}

/** A hook as it is created: under this name, with the mark of its run, and held until its result has been read. */
export function madeHook(object: KubeObject, name: string, mark: string): KubeObject {
  const { generateName: _, ...metadata } = object.metadata;
  // The id of a manifest without a name ends where the name belongs.
  const id = metadata.annotations?.[argo.trackingId];
  return {
    ...object,
    metadata: {
      ...metadata,
      name,
      annotations: {
        ...metadata.annotations,
        ...(id?.endsWith('/') && { [argo.trackingId]: `${id}${name}` }),
        [cox.operation]: mark,
      },
      finalizers: [...new Set([...(metadata.finalizers ?? []), argo.hookFinalizer])],
    },
  };
}

function hookObject(object: KubeObject, phase: SyncPhase, input: PlanInput): KubeObject {
  return madeHook(object, hookName(object, phase, input), hookMark(phase, input));
}

/** What the sync makes anew under a name of its own: nothing live stands for it. People are shown what Git says. */
function madeTask(
  target: SyncTarget,
  { object, applied }: { object: KubeObject; applied: KubeObject },
  named: Pick<Task, 'kind' | 'key' | 'version' | 'phase'>,
  hook: HookInfo | undefined,
): Task {
  return {
    ...named,
    wave: waveOf(object),
    object: applied,
    uid: undefined,
    previous: undefined,
    hook,
    shown: { key: target.key, manifest: object },
    manifestHash: target.manifestHash,
    validated: false,
    unchanged: false,
    options: resourceOptions(object),
    invalid: target.invalid,
    ...(target.place && { place: target.place }),
    row: rowOf(named, applied),
  };
}

function hookTasks(target: SyncTarget, object: KubeObject, hook: HookInfo, input: PlanInput): Task[] {
  if (input.skipHooks) return [];
  return hook.phases.map((phase): Task => {
    const applied = hookObject(object, phase, input);
    const key = { ...target.key, name: applied.metadata.name ?? '' };
    const named = { kind: 'hook' as const, key, version: gvkOf(object).version, phase };
    return madeTask(target, { object, applied }, named, hook);
  });
}

function pruneTasks(target: SyncTarget, input: PlanInput): Task[] {
  const live = target.live ?? input.live(target.key);
  // Without its body nobody knows whether it may go; hooks of earlier syncs are not extra.
  if (!live || hookOf(live).isHook) return [];
  const named = { kind: 'prune' as const, key: target.key, version: gvkOf(live).version, phase: 'Sync' as const };
  const task: Task = {
    ...bareTask,
    ...named,
    wave: waveOf(live),
    uid: live.metadata.uid,
    options: resourceOptions(live),
    invalid: target.invalid,
    row: rowOf(named),
  };
  if (target.movesTo !== undefined)
    record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: movesMessage(target.movesTo) });
  else if (target.left !== undefined)
    record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: `ignored (${target.left})` });
  else if (!input.prune)
    record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: 'ignored (requires pruning)' });
  else if (!isPrunable(live, input.options))
    record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: 'ignored (no prune)' });
  else markPrune(task);
  return [task];
}

/** Named by the operation: whoever goes on with it, in whichever attempt, finds what it has made already. */
function generatedTask(target: SyncTarget, object: KubeObject, input: PlanInput): Task {
  const { generateName = '', ...metadata } = object.metadata;
  const revision = input.revision.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const number = target.key.name.slice(generateName.length + 1);
  const suffix = [revision.slice(0, 7), Math.floor(input.startedAt / 1000), number].filter(Boolean).join('-');
  // Kubernetes shortens it too: many kinds end up in labels.
  const name = `${generateName.slice(0, 63 - suffix.length)}${suffix}`;
  const mark = { [cox.operation]: `${rfc3339(input.startedAt)}/${target.key.name}` };
  const applied = { ...object, metadata: { ...metadata, name, annotations: { ...metadata.annotations, ...mark } } };
  const named = {
    kind: 'apply' as const,
    key: { ...target.key, name },
    version: gvkOf(object).version,
    phase: 'Sync' as const,
  };
  return madeTask(target, { object, applied }, named, undefined);
}

function tasksOf(target: SyncTarget, input: PlanInput): Task[] {
  const object = target.target;
  if (!object) return pruneTasks(target, input);
  const hook = hookOf(object);
  if (hook.isHook) return hookTasks(target, object, hook, input);
  if (target.generated) return [generatedTask(target, object, input)];
  const named = { kind: 'apply' as const, key: target.key, version: gvkOf(object).version, phase: 'Sync' as const };
  const unchanged = target.status === 'Synced';
  const task: Task = {
    ...named,
    wave: waveOf(object),
    object,
    uid: undefined,
    previous: target.previous,
    hook: undefined,
    manifestHash: target.manifestHash,
    validated: target.validated ?? false,
    unchanged,
    options: resourceOptions(object),
    invalid: target.invalid,
    ...(target.place && { place: target.place }),
    row: rowOf(named, object),
  };
  if (target.left !== undefined) record(task, { hookPhase: 'Succeeded', message: `not synced: ${target.left}` });
  return [task];
}

function compare(a: Task, b: Task): number {
  return (
    phaseOrder(a.phase) - phaseOrder(b.phase) ||
    a.wave - b.wave ||
    kindOrder(a.key.kind) - kindOrder(b.key.kind) ||
    (a.key.name < b.key.name ? -1 : a.key.name > b.key.name ? 1 : 0) ||
    (a.key.namespace < b.key.namespace ? -1 : 1)
  );
}

/** The kind that a CustomResourceDefinition brings, as `group/kind`. */
export function kindBrought(object: KubeObject | undefined): string | undefined {
  const spec = object?.kind === 'CustomResourceDefinition' ? object['spec'] : undefined;
  if (!isObject(spec) || !isObject(spec['names'])) return undefined;
  const { group } = spec;
  const { kind } = spec['names'];
  return typeof group === 'string' && typeof kind === 'string' ? `${group}/${kind}` : undefined;
}

/** A Namespace or CustomResourceDefinition that an earlier task needs takes that task's phase and wave. */
function pullUp(tasks: Task[]): void {
  const sorted = tasks.toSorted(compare);
  for (const task of tasks) {
    if (task.kind !== 'apply') continue;
    const brought = kindBrought(task.object);
    const needs = (other: Task): boolean =>
      other !== task &&
      other.kind !== 'prune' &&
      ((task.key.kind === 'Namespace' && task.key.group === '' && other.key.namespace === task.key.name) ||
        (brought !== undefined && `${other.key.group}/${other.key.kind}` === brought));
    const first = sorted.find(needs);
    if (!first || compare(task, first) < 0) continue;
    task.phase = first.phase;
    task.wave = first.wave;
    task.row = { ...task.row, syncPhase: first.phase };
  }
}

function reversePruneWaves(tasks: readonly Task[], options: ReadonlyMap<string, string>): void {
  const prunes = tasks.filter((task) => task.kind === 'prune');
  const waves = [...new Set(prunes.map((task) => task.wave))].sort((a, b) => a - b);
  for (const task of prunes) task.wave = waves[waves.length - 1 - waves.indexOf(task.wave)] ?? task.wave;
  const last = Math.max(0, ...tasks.filter((task) => task.phase === 'Sync').map((task) => task.wave)) + 1;
  for (const task of prunes)
    if (options.get('PruneLast') === 'true' || task.options.get('PruneLast') === 'true') task.wave = last;
}

/** An Application that is deleted still asks its AppProject what may go: the project goes after it. */
function projectsAfterApplications(tasks: readonly Task[], input: PlanInput): void {
  const prunes = tasks.filter((task) => task.kind === 'prune' && isPending(task));
  const live = new Map(input.targets.map((target) => [keyText(target.key), target.live ?? input.live(target.key)]));
  for (const task of prunes.filter(({ key }) => isProject(key))) {
    const users = prunes.filter(
      ({ key }) => isApplication(key) && textAt(live.get(keyText(key)), 'spec', 'project') === task.key.name,
    );
    task.wave = Math.max(task.wave, ...users.map(({ wave }) => wave + 1));
  }
}

/** All tasks in the order in which they run. */
export function planTasks(input: PlanInput): Task[] {
  const tasks = input.targets.flatMap((target) => tasksOf(target, input));
  pullUp(tasks);
  reversePruneWaves(tasks, input.options);
  projectsAfterApplications(tasks, input);
  for (const task of tasks) if (task.unchanged) markUnchanged(task);
  return tasks.sort(compare);
}

/** What an operation that begins runs of them: with ApplyOutOfSyncOnly=true nothing that is in sync. */
export function selectTasks(tasks: readonly Task[], options: ReadonlyMap<string, string>): Task[] {
  return tasks.filter((task) => !(task.unchanged && options.get('ApplyOutOfSyncOnly') === 'true'));
}
