// Asking the gate: gathers what policy/gate.ts decides from, for an operation and for the decision to write one.
import type { Application } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { Agreed, GateApproval, GateDecision, GateInput } from '../../policy/gate.ts';
import type { ApprovalDeps } from './round.ts';
import type { People } from './gate-people.ts';
import type { Assessment } from '../application/assess.ts';
import type { Compared, GateDeps, Moment } from './gate-subject.ts';
import { AppError } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';
import { isEmptyEffect } from '../../compare/effect/effect.ts';
import { decideGate, withHidden } from '../../policy/gate.ts';
import { effectivePolicy } from '../../policy/policy.ts';
import { isApprovalOf, isOpen, openApproval, tooLarge } from './approval.ts';
import { gatesAfter } from './gate-end.ts';
import { outdatedBy } from './changed-range.ts';
import { peopleNow } from './rights.ts';
import { policyInForce, lastPolicy } from '../application/gate-record.ts';
import { peopleOf } from './gate-people.ts';
import { stateOf, loosenedBy, isLastSynced } from './gate-subject.ts';

/** Whether people must agree to it: by its own policy, or for others whose gates it would loosen. */
export function isGated({ store }: GateDeps, found: Compared): boolean {
  const { app, project } = found.subject;
  return policyInForce(store, app, project).gated || loosenedBy(store, found).length > 0;
}

/**
 * Whether something waits for approval here: another state than the last synced one, or a gate that would be loosened.
 */
export function isWaiting(deps: GateDeps, found: Assessment): boolean {
  return isGated(deps, found) && (!isLastSynced(found) || loosenedBy(deps.store, found).length > 0);
}

/** The gate's answer, with whom it was found to concern. */
export type Verdict = GateDecision &
  Partial<Pick<People, 'change' | 'told' | 'unknown'>> & {
    /** Somebody has agreed, whoever they may be. */
    agreed: boolean;
    /** Those who agreed to what may be written, as they are at this moment. */
    by?: readonly Agreed[];
    /** It was rejected, or has expired, and a new commit asks for it again. */
    again?: boolean;
  };

/** Opens the Approval that the gate asks for. */
export async function askPeople(
  deps: GateDeps & ApprovalDeps,
  { subject: { app }, comparison, desired, last }: Assessment,
  effect: Effect,
  { policy, change, told, lost, again, because }: Verdict & { because?: string | undefined },
): Promise<string> {
  const from = last === undefined || last === 'gone' ? undefined : last.revisions[0];
  return openApproval(deps, {
    application: app,
    digest: effect.digest,
    revision: desired.revisions[0] ?? '',
    from,
    ranges: change?.ranges,
    made: told,
    destination: effect.destination,
    operations: effect.operations,
    policy: withHidden(policy, told?.unknown),
    again,
    gates: gatesAfter(deps.store, app, comparison),
    lost,
    because,
  });
}

/** As they are at this moment. */
function approvalsOf({ store }: GateDeps, app: Application): GateApproval[] {
  return store.approvals
    .of(applicationKey(app))
    .filter((approval) => isApprovalOf(approval, app))
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      digest: spec.digest,
      phase: status?.phase ?? 'Pending',
      message: status?.message ?? '',
      by: (status?.approvals ?? []).map(({ actor, teams }) => ({
        login: actor.login,
        id: actor.id,
        ...(teams && { teams }),
      })),
    }));
}

interface Asking {
  app: Application;
  moment: Moment;
}

/** An approval counts by what those who gave it may do now. */
async function decideNow(
  deps: GateDeps,
  { app, moment }: Asking,
  input: GateInput,
): Promise<GateDecision & Pick<Verdict, 'unknown' | 'by'>> {
  const decision = decideGate(input);
  const open =
    decision.rule === 'approved'
      ? deps.store.approvals.of(applicationKey(app)).find((item) => item.metadata.name === decision.approval)
      : undefined;
  if (!open) return decision;
  if (moment === 'look') {
    // Somebody who agreed did not count when it was to be written: another one agrees, or they do so again.
    const isLost = isOpen(open);
    return isLost
      ? { ...decision, do: 'ask', rule: 'approval-required', why: open.status?.message ?? decision.why }
      : decision;
  }
  try {
    const by = await peopleNow(deps, app, open);
    const approvals = input.approvals.map((item) => (item.name === open.metadata.name ? { ...item, by } : item));
    return { ...decideGate({ ...input, approvals }), by };
  } catch (unknown) {
    if (!(unknown instanceof AppError)) throw unknown;
    return { ...decision, do: 'ask', unknown };
  }
}

/**
 * The gate's answer for syncing what was found, whose effect is `effect`. Authors are only asked for where people must
 * agree.
 */
export async function askGate(
  deps: GateDeps,
  finding: Assessment,
  effect: Effect,
  { dryRun = false, moment, signal }: { dryRun?: boolean | undefined; moment: Moment; signal: AbortSignal },
): Promise<Verdict> {
  const { subject, desired, last } = finding;
  const { app, project } = subject;
  const input = {
    application: app.metadata.name,
    policy: effectivePolicy(app, project),
    lastPolicy: lastPolicy(deps.store, app),
    loosened: loosenedBy(deps.store, finding),
    dryRun,
    effect: {
      digest: effect.digest,
      empty: isEmptyEffect(effect) && effect.hooks.length === 0,
      tooLarge: tooLarge(effect.operations),
    },
    target: stateOf(desired),
    last: last === undefined || last === 'gone' ? undefined : stateOf(last),
    authors: undefined,
  };
  const again = await outdatedBy(deps, finding, effect.digest, signal);
  const approvals = (): GateApproval[] =>
    approvalsOf(deps, app).map((item) => (item.name === again ? { ...item, outdated: true } : item));
  const agreed = (): boolean => approvals().some((item) => item.digest === effect.digest && item.by.length > 0);
  const first = decideGate({ ...input, approvals: approvals() });
  if (first.rule !== 'approval-required') return { ...first, agreed: agreed() };
  const approved = again === undefined && agreed();
  let found = await peopleOf(deps, finding, { digest: effect.digest, agreed: approved, moment, signal });
  // Somebody may have agreed meanwhile: what is decided now is decided about what they did.
  if (!approved && again === undefined && agreed())
    found = await peopleOf(deps, finding, { digest: effect.digest, agreed: true, moment, signal });
  const { authors, policy, ...more } = found;
  return {
    ...more,
    ...(await decideNow(deps, { app, moment }, { ...input, policy, authors, approvals: approvals() })),
    agreed: again === undefined && agreed(),
    ...(again !== undefined && { again: true }),
  };
}
