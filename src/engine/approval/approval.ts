// Approvals: opening one for today's effect, superseding older ones, and recording what people decide about it.
import type { Approval, GateAfter } from '../../model/coxswain.ts';
import type { CommitRange } from '../../model/history.ts';
import type { Effect, EffectOperation } from '../../model/effect.ts';
import type { ObjectMeta } from '../../model/kube.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { EffectivePolicy } from '../../policy/policy.ts';
import type { ApprovalDeps } from './round.ts';
import { digestVersion } from '../../compare/effect/effect.ts';
import { AppError } from '../../base/errors.ts';
import { sameJson } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { applicationLabel } from '../../base/name.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { approvalName } from '../../policy/gate.ts';
import { becauseUnknown } from '../../policy/gate-text.ts';
import { storedAt } from './expiry.ts';
import { formerRounds, withoutEnded, keyOfApproval, setPhase, supersedeOthers } from './round.ts';

interface WantedApproval {
  application: { metadata: ObjectMeta & { name: string; namespace: string } };
  digest: string;
  revision: string;
  from: string | undefined;
  /** Undefined while they cannot be told. */
  ranges: CommitRange[] | undefined;
  /** Who made it, and why others may have, whom nobody can ever tell; undefined while that is not known. */
  made: GateAuthors | undefined;
  destination: Effect['destination'];
  operations: EffectOperation[];
  /** As the gate applied it. */
  policy: EffectivePolicy;
  /** What stands after it of the gates that it ends or loosens. Default: it loosens none. */
  gates?: readonly GateAfter[];
  /** It was rejected, or has expired, and a new commit asks for it again. */
  again?: boolean | undefined;
  /** Why people who agreed do not count. */
  lost?: readonly string[] | undefined;
  /** Why what was agreed to before is void, if that is known better than by comparing the two. */
  because?: string | undefined;
}

/** The phase a person may still change. */
export function isOpen(approval: Approval): boolean {
  return (approval.status?.phase ?? 'Pending') === 'Pending';
}

/** Whether it was opened for this very Application: people agreed to nothing of another one that has its name. */
export function isApprovalOf({ metadata: { annotations } }: Approval, app: { metadata: ObjectMeta }): boolean {
  const uid = annotations?.[cox.applicationUid];
  return uid === undefined || uid === app.metadata.uid;
}

function newApproval(wanted: WantedApproval): Approval {
  const { namespace, name, uid } = wanted.application.metadata;
  return {
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Approval',
    metadata: {
      name: approvalName(name, wanted.digest),
      namespace,
      labels: { [cox.application]: applicationLabel(wanted.application.metadata) },
      ...(uid !== undefined && { annotations: { [cox.applicationUid]: uid } }),
    },
    spec: {
      application: applicationKey(wanted.application),
      digest: wanted.digest,
      digestVersion,
      destination: wanted.destination,
      revision: wanted.revision,
      operations: wanted.operations,
      policy: {
        approvals: wanted.policy.approvals,
        approvers: wanted.policy.approvers,
        reviewers: wanted.policy.reviewers ?? [],
      },
      ...(wanted.gates && wanted.gates.length > 0 && { gates: [...wanted.gates] }),
      ...(wanted.ranges && { ranges: wanted.ranges }),
      ...(wanted.made && { unknown: [...wanted.made.unknown], authors: [...wanted.made.people] }),
      ...(wanted.from && { from: wanted.from }),
    },
  };
}

/** Whether one Approval cannot hold them: etcd takes requests of 1.5 MiB. */
export function tooLarge(operations: readonly EffectOperation[]): boolean {
  return Buffer.byteLength(JSON.stringify(operations)) > 1_000_000;
}

/**
 * An effect that comes back may be made of other commits than the first time, and another gate may ask. What waits
 * stays as it was asked: the gate counts by today's.
 */
async function renewed(
  { store }: ApprovalDeps,
  key: string,
  { metadata: { annotations }, spec: { ranges, unknown, authors, policy, gates, from, revision } }: Approval,
): Promise<Approval> {
  const round = (store.approvals.get(key)?.spec.round ?? 0) + 1;
  return store.approvals.patch(key, {
    metadata: { annotations },
    spec: {
      ranges: ranges ?? null,
      unknown: unknown ?? null,
      authors: authors ?? null,
      policy,
      gates: gates ?? null,
      from: from ?? null,
      revision,
      round,
    },
  });
}

/**
 * Whose change it is may be known better than when it was asked for, and another gate may stand after it. What people
 * agreed to, the effect, stays the same; where somebody has agreed already, no looser gate stands after it than they
 * were shown.
 */
async function retold({ store }: ApprovalDeps, found: Approval, { spec: fresh }: Approval): Promise<Approval> {
  const { spec, status } = found;
  if (!isOpen(found)) return found;
  const made = ({ ranges, unknown, authors }: Approval['spec']): unknown => [
    ...[ranges, unknown],
    authors?.map(({ id }) => id).toSorted((a, b) => a - b),
  ];
  const whose = fresh.unknown !== undefined && !sameJson(made(spec), made(fresh));
  const after = (status?.approvals ?? []).length === 0 && !sameJson(spec.gates ?? [], fresh.gates ?? []);
  if (!whose && !after) return found;
  const { resourceVersion } = found.metadata; // somebody may agree at this moment, to what they were shown
  const told = {
    policy: fresh.policy,
    gates: fresh.gates ?? null,
    ...(whose && { ranges: fresh.ranges ?? null, unknown: fresh.unknown, authors: fresh.authors }),
  };
  return store.approvals.patch(
    keyOfApproval(found),
    { spec: told },
    resourceVersion === undefined ? {} : { resourceVersion },
  );
}

/** Whether a new round of it begins: what people said before, or of another application of that name, is over. */
function comesAnew(found: Approval, { application, again }: WantedApproval): boolean {
  const phase = found.status?.phase;
  const isOver = phase === 'Superseded' || phase === 'Applied';
  return (
    isOver || (again === true && (phase === 'Rejected' || phase === 'Expired')) || !isApprovalOf(found, application)
  );
}

/** Asks for it from now on; where only what is told of it has changed, who agreed and since when stay. */
function asked(
  { clock }: ApprovalDeps,
  { found, existing, ended }: { found: Approval; existing: Approval; ended: boolean },
  { spec: { policy, unknown = [] } }: Approval,
): Record<string, unknown> {
  const stands = ended ? undefined : found.status;
  const approvals = stands?.approvals ?? [];
  const because = becauseUnknown(unknown);
  return {
    phase: 'Pending',
    message:
      approvals.length === 0
        ? `waiting for approval${because}`
        : `${approvals.length} of ${policy?.approvals ?? 1} approvals${because}`,
    openedAt: stands?.openedAt ?? rfc3339(Math.min(clock.now(), storedAt(existing))),
    approvals,
    rejectedBy: null,
    reason: null,
    reopenedBy: null,
    begunAt: null,
    endedAt: null,
    former: stands ? (stands.former ?? []) : formerRounds(found.status),
    cards: withoutEnded(found.status?.cards),
  };
}

/** For one version: somebody may agree at this moment. */
async function putStatus({ store }: ApprovalDeps, approval: Approval, status: Record<string, unknown>): Promise<void> {
  const { resourceVersion } = approval.metadata;
  await store.approvals.patch(
    keyOfApproval(approval),
    { status },
    { subresource: 'status', ...(resourceVersion && { resourceVersion }) },
  );
}

/** Opens the Approval of this effect if there is none, and supersedes the application's other open ones. Idempotent. */
export async function openApproval(deps: ApprovalDeps, wanted: WantedApproval): Promise<string> {
  const fresh = newApproval(wanted);
  const key = keyOfApproval(fresh);
  const because = becauseUnknown(fresh.spec.unknown ?? []);
  const waiting = `waiting for approval${because}`;
  if (!deps.store.approvals.get(key)) await deps.store.approvals.create(fresh);
  const found = deps.store.approvals.get(key);
  if (!found) throw new AppError('E_API', `the Approval ${key} is gone again`, { kind: 'transient' });
  const ended = comesAnew(found, wanted);
  const existing = ended ? await renewed(deps, key, fresh) : await retold(deps, found, fresh);
  // An effect that comes back after it was superseded waits again; what was rejected stays so until a new commit.
  if (!existing.status || ended) {
    await putStatus(deps, existing, asked(deps, { found, existing, ended }, fresh));
  } else if (existing.status.phase === 'Approved') {
    // The gate asks for more than it did, or counts somebody no longer: others may agree again.
    await setPhase(
      deps,
      existing,
      'Pending',
      `${existing.status.approvals?.length ?? 0} agreed, and more ` +
        `must${wanted.lost ? `: ${wanted.lost.join('; ')}` : ''}${because}`,
    );
  } else if (
    isOpen(existing) &&
    fresh.spec.unknown &&
    (existing.status.approvals ?? []).length === 0 &&
    existing.status.message !== waiting
  ) {
    await putStatus(deps, existing, { message: waiting });
  }
  await supersedeOthers(deps, fresh.spec.application, {
    keep: fresh.metadata.name,
    operations: wanted.operations,
    destination: wanted.destination,
    because: wanted.because,
  });
  return fresh.metadata.name;
}
