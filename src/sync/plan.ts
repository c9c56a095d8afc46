// Builds the tasks of a sync out of targets, and their order: phase, wave, kind, name (argocd.md §2.5). Pure.
import { rfc3339 } from '../base/clock.ts';
import type { ResourceResult, SyncPhase } from '../model/application.ts';
import { argo, cox } from '../model/annotations.ts';
import { hookOf, kindOrder, phaseOrder, resourceOptions, waveOf } from '../model/hooks.ts';
import type { HookInfo } from '../model/hooks.ts';
import { gvkOf, isObject } from '../model/kube.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { SyncTarget } from './input.ts';
import { kubectlName, record, rowId, rowOf } from './task.ts';
import type { Task } from './task.ts';

export interface PlanInput {
  targets: readonly SyncTarget[];
  /** The live object, for what is to be pruned. */
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

/** Marks the hooks of one attempt of one operation. */
export function attemptId(startedAt: number, attempt: number): string {
  return attempt === 0 ? rfc3339(startedAt) : `${rfc3339(startedAt)}/${attempt}`;
}

function hookName(object: KubeObject, phase: SyncPhase, input: PlanInput): string {
  if (object.metadata.name) return object.metadata.name;
  const suffix = `${input.revision.slice(0, 7)}-${phase.toLowerCase()}-${Math.floor(input.startedAt / 1000)}`;
  return `${object.metadata.generateName ?? ''}${suffix}`.toLowerCase();
}

function hookObject(object: KubeObject, phase: SyncPhase, input: PlanInput): KubeObject {
  const { generateName: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      name: hookName(object, phase, input),
      annotations: { ...metadata.annotations, [cox.operation]: attemptId(input.startedAt, input.attempt) },
      finalizers: [...new Set([...(metadata.finalizers ?? []), argo.hookFinalizer])],
    },
  };
}

function hookTasks(target: SyncTarget, object: KubeObject, hook: HookInfo, input: PlanInput): Task[] {
  if (input.skipHooks) return [];
  return hook.phases.map((phase): Task => {
    const applied = hookObject(object, phase, input);
    const key = { ...target.key, name: applied.metadata.name ?? '' };
    const named = { kind: 'hook' as const, key, version: gvkOf(object).version, phase };
    return { ...named, wave: waveOf(object), object: applied, previous: undefined, hook, manifestHash: target.manifestHash, validated: false, unchanged: false, options: resourceOptions(object), invalid: target.invalid, row: rowOf(named) };
  });
}

function taskOf(target: SyncTarget, input: PlanInput): Task[] {
  const object = target.target;
  if (object) {
    const hook = hookOf(object);
    if (hook.isHook) return hookTasks(target, object, hook, input);
  }
  const live = object ? undefined : input.live(target.key);
  const shown = object ?? live;
  if (!object && live && hookOf(live).isHook) return []; // hooks of earlier syncs are not extra
  const named = { kind: object ? 'apply' as const : 'prune' as const, key: target.key, version: shown ? gvkOf(shown).version : '', phase: 'Sync' as const };
  const unchanged = object !== undefined && target.status === 'Synced';
  if (unchanged && input.options.get('ApplyOutOfSyncOnly') === 'true') return [];
  const options = shown ? resourceOptions(shown) : new Map<string, string>();
  return [{ ...named, wave: shown ? waveOf(shown) : 0, object, previous: target.previous, hook: undefined, manifestHash: target.manifestHash, validated: target.validated ?? false, unchanged, options, invalid: target.invalid, row: rowOf(named) }];
}

function compare(a: Task, b: Task): number {
  return phaseOrder(a.phase) - phaseOrder(b.phase) || a.wave - b.wave || kindOrder(a.key.kind) - kindOrder(b.key.kind)
    || (a.key.name < b.key.name ? -1 : a.key.name > b.key.name ? 1 : 0) || (a.key.namespace < b.key.namespace ? -1 : 1);
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
    const needs = (other: Task): boolean => other !== task && other.kind !== 'prune'
      && ((task.key.kind === 'Namespace' && task.key.group === '' && other.key.namespace === task.key.name) || (brought !== undefined && `${other.key.group}/${other.key.kind}` === brought));
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
  for (const task of prunes) if (options.get('PruneLast') === 'true' || task.options.get('PruneLast') === 'true') task.wave = last;
}

/** What is known at the beginning is written into the row then: a resumed operation must not judge it anew from what it did itself. */
function settle(task: Task, input: PlanInput): void {
  if (task.unchanged) task.row = { ...task.row, message: `${kubectlName(task.key)}${unchangedMark}` };
  if (task.kind !== 'prune') return;
  if (!input.prune) record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: 'ignored (requires pruning)' });
  else if ((task.options.get('Prune') ?? input.options.get('Prune')) === 'false') record(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: 'ignored (no prune)' });
}

const unchangedMark = ' unchanged';

/**
 * The tasks of an operation that has begun: the rows of its syncResult are the plan, in their order. What has been pruned already is
 * no target any more; its row becomes a task that finds nothing to delete.
 */
export function restoreTasks(rows: readonly ResourceResult[], planned: readonly Task[]): Task[] {
  const byId = new Map(planned.map((task) => [rowId(task.row), task]));
  return rows.map((row): Task => {
    const task = byId.get(rowId(row));
    if (task) return { ...task, row, unchanged: row.hookPhase === undefined && row.message?.endsWith(unchangedMark) === true };
    const key = { group: row.group, kind: row.kind, namespace: row.namespace, name: row.name };
    const kind = row.hookType !== undefined ? 'hook' : key.kind === 'Namespace' && row.syncPhase === 'PreSync' ? 'namespace' : 'prune';
    return { kind, key, version: row.version, phase: row.syncPhase ?? 'Sync', wave: 0, object: undefined, previous: undefined, hook: undefined, manifestHash: '', validated: false, unchanged: false, options: new Map(), invalid: undefined, row };
  });
}

/** All tasks in the order in which they run. */
export function planTasks(input: PlanInput): Task[] {
  const tasks = input.targets.flatMap((target) => taskOf(target, input));
  pullUp(tasks);
  reversePruneWaves(tasks, input.options);
  for (const task of tasks) settle(task, input);
  return tasks.sort(compare);
}
