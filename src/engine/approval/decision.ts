// What people decide about an Approval: they agree, reject it, or ask for it again.
import type { Actor, Approval } from '../../model/coxswain.ts';
import type { ObjectMeta } from '../../model/kube.ts';
import type { Store } from '../../store/store.ts';
import type { ApprovalDeps } from './round.ts';
import { rfc3339 } from '../../base/clock.ts';
import { becauseUnknown } from '../../policy/gate-text.ts';
import { keyOfApproval, endRound, formerRounds } from './round.ts';

/**
 * Takes a rejection back, or an end by time: it is asked for anew if that is still what a sync would do. Who said what
 * in that round stays on record.
 */
export async function reopenApproval(deps: ApprovalDeps, approval: Approval, actor: Actor): Promise<void> {
  const status = {
    phase: 'Superseded',
    message: `${actor.login} asks for it again`,
    approvals: [],
    rejectedBy: null,
    reason: null,
    reopenedBy: actor,
    former: formerRounds(approval.status),
    endedAt: rfc3339(deps.clock.now()),
  };
  await endRound(deps, await decided(deps, approval, status));
}

/** Under the version that the person saw: two who click at once do not overwrite each other. */
function decided(deps: ApprovalDeps, approval: Approval, status: Record<string, unknown>): Promise<Approval> {
  const { resourceVersion } = approval.metadata;
  return deps.store.approvals.patch(
    keyOfApproval(approval),
    { status },
    { subresource: 'status', ...(resourceVersion && { resourceVersion }) },
  );
}

/** When the last of those who agreed did so; '' where nobody has. Tells one agreement to an effect from the next. */
export function agreedAtOf(
  { approvals }: Pick<Store, 'approvals'>,
  app: { metadata: ObjectMeta & { name: string; namespace: string } },
  name: string,
): string {
  const found = approvals.get(`${app.metadata.namespace}/${name}`);
  return (found?.status?.approvals ?? []).reduce((last, { at }) => (at > last ? at : last), '');
}

/** Adds the person once and closes the Approval when enough have agreed. `needed` counts people. */
export async function recordApproval(
  deps: ApprovalDeps,
  approval: Approval,
  person: { actor: Actor; teams: string[] },
  needed: number,
): Promise<'counted' | 'complete' | 'already'> {
  const before = approval.status?.approvals ?? [];
  const others = before.filter((item) => item.actor.id !== person.actor.id);
  const last = Math.max(0, ...before.map(({ at }) => Date.parse(at)).filter(Number.isFinite));
  const approvals = [...others, { ...person, at: rfc3339(Math.max(deps.clock.now(), last + 1000)) }];
  const complete = approvals.length >= needed;
  // Whoever did not count when it was to be written may have got back what they lacked.
  if (others.length < before.length && !complete) return 'already';
  const names = approvals.map((item) => item.actor.login).join(', ');
  const status = {
    phase: complete ? 'Approved' : 'Pending',
    message: complete
      ? `approved by ${names}`
      : `${approvals.length} of ${needed} approvals${becauseUnknown(approval.spec.unknown ?? [])}`,
    approvals,
  };
  await decided(deps, approval, status);
  return complete ? 'complete' : 'counted';
}

/** The round ends; `reason` is shown as it is written. */
export async function recordRejection(
  deps: ApprovalDeps,
  approval: Approval,
  actor: Actor,
  reason: string,
): Promise<void> {
  const status = {
    phase: 'Rejected',
    message: `rejected by ${actor.login}${reason ? `: ${reason}` : ''}`,
    rejectedBy: actor,
    reason: reason || null,
    endedAt: rfc3339(deps.clock.now()),
  };
  await endRound(deps, await decided(deps, approval, status));
}
