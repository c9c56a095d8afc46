// Approvals have an end: what waits too long expires, but for what is being applied (docs/decisions/0022).
import type { Application } from '../../model/application.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { ApprovalDeps } from './round.ts';
import { fieldManager } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { policyInForce } from '../application/gate-record.ts';
import { projectOf } from '../application/ownership.ts';
import { setPhase } from './round.ts';

/**
 * When the API server last stored something that we wrote into it: whatever our clock said, nothing of it is of a later
 * time.
 */
export function storedAt({ metadata: { creationTimestamp, managedFields = [] } }: Approval): number {
  const own = managedFields.filter(({ manager }) => manager === fieldManager);
  const times = [creationTimestamp, ...own.map(({ time }) => time)].map((time) => Date.parse(time ?? ''));
  const known = times.filter(Number.isFinite);
  return known.length > 0 ? Math.max(...known) : Infinity;
}

/** Clock ms at which it expires; undefined when nobody's word can let it pass any more, or it was begun in time. */
function expiryOf(approval: Approval, expiresMs: number): number | undefined {
  const { metadata, status } = approval;
  const { phase = 'Pending', openedAt, approvals = [], begunAt } = status ?? {};
  if (phase !== 'Pending' && (phase !== 'Approved' || begunAt !== undefined)) return undefined;
  const times = [openedAt ?? metadata.creationTimestamp ?? '', ...approvals.map(({ at }) => at)]
    .map((time) => Date.parse(time))
    .filter(Number.isFinite);
  return times.length > 0 ? Math.min(Math.max(...times), storedAt(approval)) + expiresMs : undefined;
}

/**
 * Ends what has waited too long, but for the one that is being applied; milliseconds until the next of the
 * application's does.
 */
async function expireApprovals(
  deps: ApprovalDeps,
  application: string,
  { expiresMs, applied }: { expiresMs: number; applied: string | undefined },
): Promise<number | undefined> {
  let next: number | undefined;
  for (const approval of deps.store.approvals.of(application)) {
    const at = approval.metadata.name === applied ? undefined : expiryOf(approval, expiresMs);
    const left = at === undefined ? undefined : at - deps.clock.now();
    if (left !== undefined && left > 0) next = Math.min(next ?? left, left);
    const agreed = (approval.status?.approvals ?? []).map(({ actor }) => actor.login).join(', ');
    if (left !== undefined && left <= 0)
      await setPhase(
        deps,
        approval,
        'Expired',
        agreed === '' ? 'nobody decided in time' : `it was not applied in time after ${agreed} agreed`,
      );
  }
  return next;
}

/**
 * Ends what has waited too long by the policy that holds; milliseconds until the next does. `applied`: the Approval
 * under which an operation runs, for what is being applied was begun in time.
 */
export function expire(deps: ApprovalDeps, app: Application, applied: string | undefined): Promise<number | undefined> {
  const { store } = deps;
  const { expires = store.settings().approvalExpiresMs } = policyInForce(store, app, projectOf(store, app));
  return expireApprovals(deps, applicationKey(app), { expiresMs: expires, applied });
}
