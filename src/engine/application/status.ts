// The status of an Application as Argo CD writes it: conditions, times that move only with their meaning, and one patch
// with only what differs.
import type { Comparison } from '../../compare/compare.ts';
import type {
  Application,
  ApplicationStatus,
  ComparedTo,
  Condition,
  ConditionType,
  Health,
  Operation,
} from '../../model/application.ts';
import type { DesiredState } from './desired.ts';
import type { ReconcileDeps } from './pass.ts';
import { rfc3339 } from '../../base/clock.ts';
import { externalUrlsOf, linksOf } from '../../model/external-urls.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { cox } from '../../model/annotations.ts';
import { diffMergePatch } from '../../base/merge-patch.ts';
import { applicationKey, refreshRequests } from '../../model/application.ts';
import { carries, endedState } from './operation-state.ts';
import { lockOf } from '../../policy/lock.ts';

/**
 * Replaces the conditions of the evaluated types; an unchanged message keeps its time; sorted by type, then message
 * (Argo CD: pkg/apis/application/v1alpha1/types.go SetConditions).
 */
export function withConditions(
  before: Condition[] | undefined,
  evaluated: ConditionType[],
  now: Condition[],
  at: number,
): Condition[] {
  const kept = (before ?? []).filter((item) => !evaluated.includes(item.type));
  const timed = now.map((item) => {
    const same = before?.find((old) => old.type === item.type && old.message === item.message);
    return { ...item, lastTransitionTime: same?.lastTransitionTime ?? rfc3339(at) };
  });
  return [...kept, ...timed].sort((a, b) => (`${a.type}\n${a.message}` < `${b.type}\n${b.message}` ? -1 : 1));
}

/** lastTransitionTime moves only when the status does. */
export function withHealth(before: Health | undefined, now: Health, at: number): Health {
  const since = before?.status === now.status ? before.lastTransitionTime : undefined;
  return { status: now.status, ...(now.message && { message: now.message }), lastTransitionTime: since ?? rfc3339(at) };
}

/**
 * One merge patch that brings status (and, where given, operation and annotations) to the wanted values; undefined when
 * nothing differs.
 */
export function statusPatch(
  app: Application,
  status: ApplicationStatus,
  more: Record<string, unknown> = {},
): Record<string, unknown> | undefined {
  const patch = diffMergePatch(app.status, status);
  if (!patch && Object.keys(more).length === 0) return undefined;
  return { ...(patch && { status: patch }), ...more };
}

export interface Compared {
  comparison: Comparison;
  desired: DesiredState;
  health: Health;
  /** A refresh was asked for, or the inputs changed: then revision and reconciledAt move. */
  moved: boolean;
}

/** What the comparison rests on, as status.sync.comparedTo has it. */
export function comparedTo({ spec }: Application): ComparedTo {
  const sources =
    spec.sources && spec.sources.length > 0 ? { sources: spec.sources } : { source: spec.source ?? { repoURL: '' } };
  return {
    destination: spec.destination,
    ...sources,
    ...(spec.ignoreDifferences && { ignoreDifferences: spec.ignoreDifferences }),
  };
}

function revisionFields(revisions: string[]): { revision: string } | { revisions: string[] } {
  return revisions.length > 1 ? { revisions } : { revision: revisions[0] ?? '' };
}

/**
 * The status after a comparison. An application whose inputs did not change keeps its revision and time
 * (docs/compatibility.md).
 */
export function comparedStatus(
  app: Application,
  { comparison, desired, health, moved }: Compared,
  at: number,
): ApplicationStatus {
  const { sourceType: _type, sourceTypes: _types, ...before } = app.status ?? {};
  const moves = moved || before.sync?.status !== comparison.status || before.reconciledAt === undefined;
  const urls = comparison.objects.flatMap(({ live }) => (live ? externalUrlsOf(live) : []));
  const externalURLs = [...new Set([...urls, ...linksOf(app)])].sort();
  const { status: _status, comparedTo: _compared, ...revision } = before.sync ?? { status: 'Unknown' };
  return {
    ...before,
    sync: {
      status: comparison.status,
      comparedTo: comparedTo(app),
      ...(moves ? revisionFields(desired.revisions) : revision),
    },
    resources: comparison.resources,
    health: withHealth(before.health, health, at),
    ...(moves && { reconciledAt: rfc3339(at) }),
    ...(desired.sourceTypes.length > 1
      ? { sourceTypes: desired.sourceTypes }
      : { sourceType: desired.sourceTypes[0] ?? 'Directory' }),
    summary: {
      ...(externalURLs.length > 0 && { externalURLs }),
      ...(comparison.images.length > 0 && { images: comparison.images }),
      ...(comparison.objects.some(({ key }) => isApplication(key)) && { isAppOfApps: true }),
    },
    resourceHealthSource: 'appTree',
    controllerNamespace: app.metadata.namespace,
  };
}

/** Conditions that a comparison evaluates. */
export const comparisonTypes = [
  'ComparisonError',
  'SharedResourceWarning',
  'RepeatedResourceWarning',
  'RepeatedKeyWarning',
  'UnmatchedPatchWarning',
  'ExcludedResourceWarning',
  'MovingResourceWarning',
  'IgnoredFieldWarning',
  'InvalidGateWarning',
] as const;
/** Conditions that the check of the spec evaluates. */
export const specTypes = ['InvalidSpecError', 'UnknownError'] as const;

/** What goes with the status in one patch: the operation and its plan, and the removal of the refresh annotation. */
interface Written {
  operation?: Operation | null;
  /** None outlives its operation. */
  plan?: string | null;
  refreshed?: boolean;
  /** All that it has from now on; undefined: they stay. */
  finalizers?: readonly string[] | undefined;
}

/** The lock that came with an operation keeps nothing where that ended before anything of it was applied. */
function isLockVain(app: Application, { operationState: state }: ApplicationStatus): boolean {
  const request = lockOf(app, 0)?.request ?? '';
  const failed = state?.phase === 'Failed' || state?.phase === 'Error';
  return request !== '' && failed && carries(app.operation, request) && !state.syncResult?.resources?.length;
}

function annotationChanges(
  app: Application,
  { refreshed, plan, unlock }: { refreshed: boolean; plan: string | null | undefined; unlock: boolean },
): Record<string, string | null> | undefined {
  const requests = refreshed ? refreshRequests(app) : [];
  const before = app.metadata.annotations?.[cox.plan] ?? null;
  const changes = {
    ...Object.fromEntries(requests.map(([name]) => [name, null])),
    ...(plan !== undefined && plan !== before && { [cox.plan]: plan }),
    ...(unlock && { [cox.lock]: null }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}

async function patch(
  deps: Pick<ReconcileDeps, 'store' | 'claim' | 'view' | 'clock'>,
  app: Application,
  status: ApplicationStatus,
  { refreshed = false, plan, finalizers, ...more }: Written,
): Promise<Application> {
  const ends = more.operation === null;
  const unlock = ends && isLockVain(app, status);
  const annotations = annotationChanges(app, { refreshed, plan: ends ? null : plan, unlock });
  const metadata = (annotations || finalizers) && {
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
  };
  const changes = statusPatch(app, status, { ...more, ...(metadata && { metadata }) });
  if (!changes) return app;
  deps.claim(applicationKey(app));
  await deps.store.events.tell(app, status, deps.clock.now());
  deps.claim(applicationKey(app));
  // An operation is merged into one that somebody wrote meanwhile, and its end would take that one away.
  const version =
    refreshed || finalizers !== undefined || more.operation !== undefined
      ? { ...changes, metadata: { ...metadata, resourceVersion: app.metadata.resourceVersion } }
      : changes;
  return deps.store.applications.patch(applicationKey(app), version);
}

/**
 * Writes what differs; an operation, its end, and the removal of the refresh annotations only count for the version
 * that was read. Who asked for a refresh looks as soon as they are gone.
 */
export async function write(
  deps: Pick<ReconcileDeps, 'store' | 'claim' | 'view' | 'clock'>,
  app: Application,
  status: ApplicationStatus,
  written: Written = {},
): Promise<Application> {
  const key = applicationKey(app);
  if (written.refreshed) await deps.view?.shown(key);
  try {
    return await patch(deps, app, status, written);
  } finally {
    deps.view?.look(key);
  }
}

/**
 * What cannot be looked at: the old resources stay, the reason is a condition, the verdict is Unknown. `health`: of
 * what is live all the same.
 */
export function failedStatus(
  app: Application,
  conditions: Condition[],
  at: number,
  health: Health = { status: 'Unknown' },
): ApplicationStatus {
  return {
    ...app.status,
    sync: { ...app.status?.sync, status: 'Unknown' },
    health: withHealth(app.status?.health, health, at),
    conditions: withConditions(app.status?.conditions, [...comparisonTypes, ...specTypes], conditions, at),
  };
}

/** Writes `failedStatus`; an operation that waits for it, or runs, ends as Error with the conditions as its message. */
export async function writeFailure(
  deps: ReconcileDeps,
  app: Application,
  conditions: Condition[],
  { refreshed, health }: { refreshed: boolean; health?: Health },
): Promise<void> {
  const at = deps.clock.now();
  const failed = failedStatus(app, conditions, at, health);
  if (!app.operation) return void (await write(deps, app, failed, { refreshed }));
  const message = conditions.map((item) => `${item.type}: ${item.message}`).join('; ');
  await write(
    deps,
    app,
    { ...failed, operationState: endedState(app, 'Error', message, { now: at }) },
    { operation: null, refreshed },
  );
}
