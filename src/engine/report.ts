// What keeps failing is shown on the Application: a ComparisonError, sync status Unknown, everything else as it was.
import type { ReconcileDeps } from './deps.ts';
import { describeError } from '../base/errors.ts';
import { statusPatch, withConditions } from './status.ts';

/** Never throws: the reason is logged by the caller already, and the next pass writes the truth. */
export async function reportFailure(deps: ReconcileDeps, key: string, error: unknown): Promise<void> {
  const app = deps.store.applications.get(key);
  if (!app || deps.passive) return;
  const conditions = withConditions(app.status?.conditions, ['ComparisonError'], [{ type: 'ComparisonError', message: describeError(error) }], deps.clock.now());
  const patch = statusPatch(app, { ...app.status, sync: { ...app.status?.sync, status: 'Unknown' }, conditions });
  try {
    if (patch) await deps.store.applications.patch(key, patch);
  } catch (cause) {
    deps.log.debug({ app: key, err: cause }, 'the failure could not be reported');
  }
}
