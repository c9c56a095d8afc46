// Writing an Application's status: one patch with only what differs, and nothing where Argo CD writes it.
import type { Application, ApplicationStatus, Condition, Operation } from '../model/application.ts';
import type { ReconcileDeps } from './deps.ts';
import { rfc3339 } from '../base/clock.ts';
import { argo } from '../model/annotations.ts';
import { applicationKey } from '../model/application.ts';
import { statusPatch, withConditions, withHealth } from './status.ts';

/** Conditions that a comparison evaluates. */
export const comparisonTypes = ['ComparisonError', 'SharedResourceWarning', 'RepeatedResourceWarning', 'ExcludedResourceWarning'] as const;
/** Conditions that the check of the spec evaluates. */
export const specTypes = ['InvalidSpecError', 'UnknownError'] as const;

/** What goes with the status in one patch: the operation, and the removal of the refresh annotation. */
export interface Written {
  operation?: Operation | null;
  refreshed?: boolean;
}

/** Writes what differs; the removal of the refresh annotation only counts for the version that was read. */
export async function write(deps: ReconcileDeps, app: Application, status: ApplicationStatus, { refreshed = false, ...more }: Written = {}): Promise<Application> {
  if (deps.passive) return app;
  const metadata = refreshed ? { metadata: { annotations: { [argo.refresh]: null } } } : {};
  const patch = statusPatch(app, status, { ...more, ...metadata });
  if (!patch) return app;
  const version = refreshed ? { ...patch, metadata: { ...metadata.metadata, resourceVersion: app.metadata.resourceVersion } } : patch;
  return deps.store.applications.patch(applicationKey(app), version);
}

/** What cannot be looked at: the old resources stay, the reason is a condition, the verdict is Unknown. */
export async function writeFailure(deps: ReconcileDeps, app: Application, conditions: Condition[], refreshed: boolean): Promise<void> {
  const at = deps.clock.now();
  const status: ApplicationStatus = {
    ...app.status,
    sync: { ...app.status?.sync, status: 'Unknown' },
    health: withHealth(app.status?.health, { status: 'Unknown' }, at),
    conditions: withConditions(app.status?.conditions, [...comparisonTypes, ...specTypes], conditions, at),
    ...(app.operation && endedBySpec(app, conditions, at)),
  };
  await write(deps, app, status, { ...(app.operation && { operation: null }), refreshed });
}

function endedBySpec(app: Application, conditions: Condition[], at: number): Partial<ApplicationStatus> {
  const time = rfc3339(at);
  const message = conditions.map((item) => `${item.type}: ${item.message}`).join('; ');
  return { operationState: { operation: app.operation ?? {}, phase: 'Error', message, startedAt: app.status?.operationState?.startedAt ?? time, finishedAt: time } };
}
