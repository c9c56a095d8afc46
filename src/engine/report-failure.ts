// What keeps failing is shown on the Application: a ComparisonError, sync status Unknown, health of what is live,
// everything else as it was.
import type { ApplicationStatus } from '../model/application.ts';
import type { ReconcileDeps } from './application/pass.ts';
import { describeError } from '../base/errors.ts';
import { healthWithout } from './application/health.ts';
import { statusPatch, withConditions, withHealth } from './application/status.ts';

/** Never throws: the reason is logged by the caller already, and the next pass writes the truth. */
export async function reportFailure(
  deps: ReconcileDeps,
  key: string,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const seen = deps.store.applications.get(key);
  if (!seen || deps.turn(seen).by !== 'coxswain') return;
  try {
    const target = await deps.targetOf(seen).catch(() => undefined);
    const judged = await healthWithout(seen, target, signal);
    const app = deps.store.applications.get(key);
    if (!app) return;
    const at = deps.clock.now();
    const conditions = withConditions(
      app.status?.conditions,
      ['ComparisonError'],
      [{ type: 'ComparisonError', message: describeError(error) }],
      at,
    );
    const status: ApplicationStatus = {
      ...app.status,
      sync: { ...app.status?.sync, status: 'Unknown' },
      health: withHealth(app.status?.health, judged, at),
      conditions,
    };
    const patch = statusPatch(app, status);
    if (!patch) return;
    deps.claim(key);
    await deps.store.events.tell(app, status, at);
    await deps.store.applications.patch(key, patch);
  } catch (cause) {
    deps.log.debug({ app: key, err: cause }, 'the failure could not be reported');
  }
}
