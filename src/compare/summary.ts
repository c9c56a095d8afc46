// From the objects of an application to its sync status, its resource rows and its conditions, in Argo CD's words
// (Argo CD: controller/state.go CompareAppState).
import type { CompareCluster, CompareInput, ComparedObject, Comparison } from './object/comparison.ts';
import type { Condition, ResourceStatus, SyncStatusCode } from '../model/application.ts';
import type { Prepared } from './object/prepare.ts';
import { textAt } from '../base/errors.ts';
import { hookTarget } from './object/compare-object.ts';
import { keyTitle } from '../model/kube.ts';
import { imagesOf } from '../model/images.ts';
import { resourceOptions } from '../model/hooks.ts';

function row(object: ComparedObject): ResourceStatus {
  const { key, version, wave, hook, live } = object;
  const confirm = live && ['Prune', 'Delete'].some((option) => resourceOptions(live).get(option) === 'confirm');
  return {
    ...(key.group && { group: key.group }),
    version,
    kind: key.kind,
    ...(key.namespace && { namespace: key.namespace }),
    name: key.name,
    ...(hook.isHook ? { hook: true } : { status: object.status }),
    ...(object.requiresPruning && { requiresPruning: true }),
    ...(confirm && { requiresDeletionConfirmation: true }),
    ...(wave !== 0 && { syncWave: wave }),
  };
}

function shared(cluster: CompareCluster, input: CompareInput, objects: readonly ComparedObject[]): Condition[] {
  return objects
    .filter(({ target }) => target !== undefined)
    .flatMap(({ key }): Condition[] => {
      const other = cluster.live.get(key)?.application;
      // What the other one has left is taken over, not shared.
      if (other === undefined || other === input.tracking || input.others?.hasLeft(other, key)) return [];
      return [
        {
          type: 'SharedResourceWarning',
          message: `${key.kind}/${key.name} is part of applications ${input.tracking} and ${other}`,
        },
      ];
    });
}

/** It stays as it is, and counts as in sync, until the other application has it. */
function moving(objects: readonly ComparedObject[]): Condition[] {
  return objects.flatMap(({ key, movesTo }): Condition[] =>
    movesTo === undefined
      ? []
      : [
          {
            type: 'MovingResourceWarning',
            message: `${keyTitle(key)} moves to application ${movesTo}, which has not taken it yet`,
          },
        ],
  );
}

/**
 * What keeps the whole from being judged. A manifest that the server refuses differs from whatever is live: it is out
 * of sync, and a sync of it fails with the reason, as Argo CD's does.
 */
function faults(objects: readonly ComparedObject[]): Condition[] {
  const unreadable = objects.filter(
    ({ error, status, unanswered, unruled }) => error && !unanswered && !unruled && status === 'Unknown',
  );
  return unreadable.map((object) => ({ type: 'ComparisonError', message: errorText(object) }));
}

/**
 * No ComparisonError: what the rules do not concern is compared and synced. `unread`: what is wrong with rules that
 * concern nothing here, too.
 */
function ruleWarnings(objects: readonly ComparedObject[], unread: readonly string[]): Condition[] {
  const left = Map.groupBy(
    objects.filter(({ unruled }) => unruled),
    ({ error }) => error?.message ?? '',
  );
  const told = [...left].map(([message, [first, ...more]]) => {
    const named = first ? keyTitle(first.key) : '';
    return `${named}${more.length > 0 ? ` and ${more.length} more` : ''}: ${message}`;
  });
  const untold = unread.filter((text) => !objects.some(({ unruled }) => unruled === text));
  return [...told, ...untold].map((message) => ({ type: 'IgnoredFieldWarning', message }));
}

/** What can be put right comes before what nobody can tell: a sync of it is worth while. */
function statusOf(objects: readonly ComparedObject[]): SyncStatusCode {
  const counted = objects.filter(({ ignored, status }) => !ignored && status !== 'Synced');
  if (counted.some(({ unruled }) => !unruled)) return 'OutOfSync';
  return counted.length > 0 ? 'Unknown' : 'Synced';
}

/** As Git says, but for what each sync makes anew, which is out of sync for ever. */
export function isSettled({ status, objects }: Pick<Comparison, 'status' | 'objects'>): boolean {
  const left = objects.filter((item) => !item.ignored && !item.hook.isHook && item.status !== 'Synced');
  return status === 'Synced' || (status === 'OutOfSync' && left.every(({ generated }) => generated));
}

/** No ComparisonError: an operation goes on, and its own requests decide. */
function unknowns(objects: readonly ComparedObject[]): Condition[] {
  return objects
    .filter(({ unanswered }) => unanswered)
    .map((object) => ({ type: 'UnknownError', message: errorText(object) }));
}

function errorText({ key, error }: ComparedObject): string {
  return `${keyTitle(key)}: ${textAt(error?.message ?? '', error?.place)}`;
}

/** `objects`: everything compared, no hook targets; sorted. `unread`: of ignoreDifferences, what nobody can read. */
export function summarise(
  cluster: CompareCluster,
  input: CompareInput,
  prepared: Prepared,
  { objects, unread }: { objects: readonly ComparedObject[]; unread: readonly string[] },
): Comparison {
  const broken = [...faults(objects), ...unknowns(objects)];
  const status = broken.length > 0 ? 'Unknown' : statusOf(objects);
  return {
    input,
    objects: [...objects, ...prepared.hooks.map(hookTarget)],
    status,
    resources: objects.map(row),
    images: imagesOf(objects.map(({ live, target }) => live ?? target ?? {})),
    conditions: [
      ...(input.warnings ?? []),
      ...ruleWarnings(objects, unread),
      ...prepared.conditions,
      ...shared(cluster, input, objects),
      ...moving(objects),
      ...broken,
    ],
    errors: objects.map(({ error }) => error).filter((error) => error !== undefined),
  };
}
