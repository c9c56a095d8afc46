// The rounds of an Approval: its phases after it was asked for, the end of a round, and what it keeps of former ones
// when the same effect comes a second time. A DriftEpisode has such rounds too.
import type { Approval, ApprovalPhase, CardState } from '../../model/coxswain.ts';
import type { Destination, EffectOperation } from '../../model/effect.ts';
import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../store/store.ts';
import { digestVersion, effectDifference } from '../../compare/object/digest.ts';
import { sameJson } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';

export interface ApprovalDeps {
  store: Store;
  clock: Clock;
}

interface Today {
  /** Name of the Approval that stays. */
  keep: string | undefined;
  /** Today's effect. */
  operations?: EffectOperation[];
  destination?: Destination;
  because?: string | undefined;
  /** The newest revision in history. */
  synced?: string | undefined;
  /** Why there is no effect. */
  why?: string;
}

/** `namespace/name`. */
export function keyOfApproval(approval: Approval): string {
  return `${approval.metadata.namespace}/${approval.metadata.name}`;
}

/** Writes nothing where phase and message stand already; every phase but Pending ends the round. */
export async function setPhase(
  { store, clock }: ApprovalDeps,
  approval: Approval,
  phase: ApprovalPhase,
  message: string,
): Promise<void> {
  if (approval.status?.phase === phase && approval.status.message === message) return;
  await endRound(
    { store },
    await store.approvals.patch(
      keyOfApproval(approval),
      { status: { phase, message, endedAt: phase === 'Pending' ? null : rfc3339(clock.now()) } },
      { subresource: 'status' },
    ),
  );
}

/** Why what was agreed to for one place says nothing of another; undefined: it is the same. */
function elsewhereText(then: Destination | undefined, now: Destination): string | undefined {
  if (!then || sameJson(then, now)) return undefined;
  if (then.server !== now.server)
    return `it was asked for ${then.server}, and the application deploys to ${now.server}`;
  if (then.namespace !== now.namespace)
    return `it was asked for namespace ${then.namespace}, and the application deploys to ${now.namespace}`;
  return `it was asked for another cluster than the one that answers at ${now.server} now`;
}

/** Why an approval is void: which object and field differ from what was asked. */
function voidMessage(approval: Approval, { operations: now, destination, because, why }: Today): string {
  if (!now) return why ?? 'nothing is left to approve';
  if (because !== undefined) return because;
  if (approval.spec.digestVersion !== digestVersion)
    return 'asked anew: digests are made otherwise since Coxswain was updated';
  const elsewhere = destination && elsewhereText(approval.spec.destination, destination);
  if (elsewhere !== undefined) return elsewhere;
  const differences = effectDifference(approval.spec.operations, now);
  const more = differences.length > 3 ? `; and ${differences.length - 3} more` : '';
  return `what would be applied has changed: ${differences.slice(0, 3).join('; ')}${more}`;
}

/** Whatever waits for another effect of this application waits in vain. */
export async function supersedeOthers(deps: ApprovalDeps, application: string, today: Today): Promise<void> {
  for (const approval of deps.store.approvals.of(application)) {
    const phase = approval.status?.phase ?? 'Pending';
    // a crash may have come between its end and this
    if (phase !== 'Pending' && phase !== 'Approved') await endRound(deps, approval);
    if (approval.metadata.name === today.keep || (phase !== 'Pending' && phase !== 'Approved')) continue;
    const isDeletion = approval.status?.begunAt !== undefined;
    if (phase === 'Approved' && !isDeletion && today.synced === approval.spec.revision) {
      await setPhase(deps, approval, 'Applied', 'applied by another operation'); // somebody was quicker than the engine
      continue;
    }
    await setPhase(deps, approval, 'Superseded', voidMessage(approval, today));
  }
}

/** Only of one that is approved; of any other nothing changes. */
export async function markApplied(
  deps: ApprovalDeps,
  application: string,
  name: string,
  message: string,
): Promise<void> {
  const approval = deps.store.approvals.of(application).find((item) => item.metadata.name === name);
  if (approval?.status?.phase === 'Approved') await setPhase(deps, approval, 'Applied', message);
}

/**
 * After that nothing that was written while it was open fits it any more: nobody brings what people agreed to back,
 * with its MAC.
 */
export async function endRound(
  { store }: Pick<ApprovalDeps, 'store'>,
  { metadata, spec, status }: Approval,
): Promise<void> {
  const ended = status !== undefined && status.phase !== 'Pending' && status.phase !== 'Approved';
  if (!ended || status.observedGeneration !== metadata.generation) return;
  await store.approvals.patch(`${metadata.namespace}/${metadata.name}`, { spec: { round: (spec.round ?? 0) + 1 } });
}

type Status = NonNullable<Approval['status']>;

/** Former rounds that are kept. */
const mostFormer = 20;

/**
 * As a merge patch: a card that has told its story to the end stays as it is, and the new round gets one of its own.
 */
export function withoutEnded(cards: Record<string, CardState> | undefined): Record<string, null> {
  return Object.fromEntries(
    Object.entries(cards ?? {}).flatMap(([channel, card]) => (card.final === true ? [[channel, null]] : [])),
  );
}

/** Who agreed to the effect, or rejected it, in earlier rounds, this last one included. */
export function formerRounds(status: Status | undefined): NonNullable<Status['former']> {
  const { phase, message, approvals = [], endedAt, former = [] } = status ?? {};
  if (phase === undefined || (approvals.length === 0 && phase !== 'Rejected')) return former;
  return [
    ...former,
    { phase, approvals, ...(message !== undefined && { message }), ...(endedAt !== undefined && { endedAt }) },
  ].slice(-mostFormer);
}
