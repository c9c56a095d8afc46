// What waits for approval where no engine works on the application: after a while it is void, for nobody could act on
// what people agree to (docs/decisions/0032).
import type { Application } from '../../model/application.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { applicationKey } from '../../model/application.ts';
import { supersedeOthers } from './round.ts';

/**
 * Milliseconds until it is void; undefined: nothing waits, or nothing ends it. An engine that is away for a moment, or
 * a process that begins, voids nothing. What of an operation was let pass is asked about again.
 */
export async function voidIdle(deps: ReconcileDeps, app: Application): Promise<number | undefined> {
  const key = applicationKey(app);
  const since = deps.idleSince(app);
  const waits = deps.store.approvals
    .of(key)
    .some(({ status }) => ['Pending', 'Approved'].includes(status?.phase ?? 'Pending'));
  if (since === undefined || !waits) return undefined;
  const left = since + deps.idleMs - deps.clock.now();
  if (left > 0) return left;
  const known = deps.memory.get(key);
  if (known) known.admitted = undefined;
  await supersedeOthers(deps, key, {
    keep: undefined,
    synced: app.status?.history?.at(-1)?.revision,
    why: `${deps.turn(app).why}. It is asked about anew once an engine works on it`,
  });
  return undefined;
}
