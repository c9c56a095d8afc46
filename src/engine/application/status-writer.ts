// Writing an Application's status: one patch with only what differs.
import type { Application, ApplicationStatus, Condition, Health, Operation } from '../../model/application.ts';
import type { ReconcileDeps } from './pass.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { endedState } from './operation-state.ts';
import { statusPatch, withConditions, withHealth } from './status.ts';

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

/** What goes with the status in one patch: the operation, and the removal of the refresh annotation. */
interface Written {
  operation?: Operation | null;
  refreshed?: boolean;
}

/**
 * Writes what differs; an operation, its end, and the removal of the refresh annotation only count for the version that
 * was read.
 */
export async function write(
  deps: Pick<ReconcileDeps, 'store' | 'claim'>,
  app: Application,
  status: ApplicationStatus,
  { refreshed = false, ...more }: Written = {},
): Promise<Application> {
  const metadata = refreshed ? { metadata: { annotations: { [argo.refresh]: null } } } : {};
  const patch = statusPatch(app, status, { ...more, ...metadata });
  if (!patch) return app;
  deps.claim(applicationKey(app));
  // An operation is merged into one that somebody wrote meanwhile, and its end would take that one away.
  const version =
    refreshed || more.operation !== undefined
      ? { ...patch, metadata: { ...metadata.metadata, resourceVersion: app.metadata.resourceVersion } }
      : patch;
  return deps.store.applications.patch(applicationKey(app), version);
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

/** The same; an operation that waits for it, or runs, ends. */
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
