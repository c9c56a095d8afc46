// The one gate that every operation passes at its start, whoever wrote it: go, ask for an approval, or refuse; with why
// (docs/security/gate.md).
import type { ApprovalPhase, Author } from '../model/coxswain.ts';
import type { EffectivePolicy, LoosenedGate } from './policy.ts';
import { hashedName } from '../base/name.ts';
import { loosens, stricter } from './policy.ts';
import { becauseUnknown, closedText, metText } from './gate-text.ts';

export interface Person {
  /** GitHub login, any case. */
  login: string;
  /** GitHub user id. */
  id: number;
  /** As `org/team`. */
  teams?: string[];
}

/** What a set of manifests was made from. */
export interface SyncedState {
  revisions: string[];
  /** Hash of the effective sources. */
  sources: string;
  /** Hash of all rendered manifests, where known: then it counts too. */
  manifests?: string;
}

/** Somebody who agreed. */
export interface Agreed extends Person {
  /** Why they may not approve any more, as of now. */
  refused?: string;
}

export interface GateApproval {
  name: string;
  digest: string;
  phase: ApprovalPhase;
  /** What became of it. */
  message?: string;
  by: Agreed[];
  /** A commit has come since that touched what is read: where it has ended, it is asked for anew. */
  outdated?: boolean;
}

/** Who made a change, as far as anybody can ever tell. */
export interface GateAuthors {
  people: readonly Author[];
  /** Why others may have, whom nobody can tell; two people must agree then, for one of them may be such a one. */
  unknown: readonly string[];
}

export interface GateInput {
  /** metadata.name of the Application. */
  application: string;
  /** As live now. */
  policy: EffectivePolicy;
  /** Under which it was last synced, if that is remembered. */
  lastPolicy?: EffectivePolicy | undefined;
  /** Gates of other applications that this operation would weaken (the application of applications). */
  loosened: readonly LoosenedGate[];
  dryRun?: boolean;
  effect: {
    /** '' if it could not be computed. */
    digest: string;
    /** No operations at all. */
    empty: boolean;
    /** An Approval could not hold it. Default false. */
    tooLarge?: boolean;
  };
  /** What the operation would apply. */
  target: SyncedState;
  /** What was last synced; undefined: nothing yet. */
  last: SyncedState | undefined;
  approvals: readonly GateApproval[];
  /** `undefined`: not known yet, and then nobody's agreement counts. */
  authors: GateAuthors | undefined;
}

export type GateRule =
  | 'not-gated'
  | 'dry-run'
  | 'nothing'
  | 'last-synced'
  | 'approved'
  | 'approval-required'
  | 'rejected'
  | 'expired'
  | 'no-digest'
  | 'too-large';

export interface GateDecision {
  do: 'go' | 'ask' | 'refuse';
  /** One sentence. */
  why: string;
  rule: GateRule;
  /** The Approval that is asked for, or that allowed it. */
  approval?: string;
  /** Why people who agreed do not count. */
  lost?: string[];
  /** People who must still agree. */
  missing?: number;
  /** The policy that was applied: the strictest of all that bear on this operation. */
  policy: EffectivePolicy;
}

/** `<application>-<first 12 of the digest>`, a long name cut: one Approval per application and digest. */
export function approvalName(application: string, digest: string): string {
  return hashedName(application, digest);
}

/** Message of an operation that ended because its effect is not approved. */
export function approvalRequired(name: string): string {
  return `approval required: Approval/${name}`;
}

function sameState(a: SyncedState, b: SyncedState): boolean {
  const sameManifests = a.manifests === undefined || b.manifests === undefined || a.manifests === b.manifests;
  return (
    a.sources === b.sources &&
    a.revisions.length === b.revisions.length &&
    a.revisions.every((revision, at) => revision === b.revisions[at]) &&
    sameManifests
  );
}

function standsIn(person: Person, list: readonly string[]): boolean {
  const teams = (person.teams ?? []).map((team) => `@${team.toLowerCase()}`);
  return list.some((entry) => entry === person.login.toLowerCase() || teams.includes(entry));
}

/**
 * Whether this person's agreement counts: not an author, and on every list of approvers. The right `approve` is asked
 * apart (RBAC).
 */
export function mayApprove(
  person: Person,
  policy: EffectivePolicy,
  authors: GateAuthors | undefined,
): { ok: boolean; why: string } {
  if (authors === undefined) return { ok: false, why: 'the authors of this change are not known yet' };
  // Nobody could tell whether it is an author's: authors are compared by id.
  if (person.id === 0) return { ok: false, why: `GitHub has no account ${person.login}` };
  const own = authors.people.find((author) => author.id === person.id);
  if (own)
    return {
      ok: false,
      why: `${person.login} is an author of this change (${own.did}), and somebody else must approve it`,
    };
  const missed = policy.approvers.find((list) => !standsIn(person, list));
  if (missed) return { ok: false, why: `${person.login} is not among the approvers (${missed.join(', ')})` };
  return { ok: true, why: `${person.login} may approve` };
}

/** Somebody made every change: where nobody is found, nobody is known. */
export function unknownAuthors({ people, unknown }: GateAuthors): readonly string[] {
  return people.length === 0 && unknown.length === 0 ? ['no commit tells of anybody'] : unknown;
}

/**
 * A change that may be anybody's needs two people: one of them did not make it. `hidden`: what nobody can tell of its
 * authors.
 */
export function withHidden(policy: EffectivePolicy, hidden: readonly string[] = []): EffectivePolicy {
  return hidden.length > 0 && policy.gated ? { ...policy, approvals: Math.max(policy.approvals, 2) } : policy;
}

function effectiveGate(input: GateInput): EffectivePolicy {
  const inherited = [input.lastPolicy, ...input.loosened.map((gate) => gate.before)].filter(
    (policy) => policy !== undefined,
  );
  const policy = inherited.reduce((all, each) => (each.gated ? stricter(all, each) : all), input.policy);
  return withHidden(policy, input.authors && unknownAuthors(input.authors));
}

/** Pure; asked at the start of every operation and again immediately before it applies. */
export function decideGate(input: GateInput): GateDecision {
  const policy = effectiveGate(input);
  const go = (rule: GateRule, why: string): GateDecision => ({ do: 'go', rule, why, policy });
  if (!policy.gated) return go('not-gated', 'no approval is asked for');
  if (input.dryRun) return go('dry-run', 'a dry run applies nothing');
  // Loosening is decided by the effect alone: a revision that was synced under a looser gate must not reopen it.
  if (input.loosened.length === 0 && input.last && sameState(input.target, input.last)) {
    return go('last-synced', 'it applies what was last synced');
  }
  if (input.effect.digest === '')
    return { do: 'refuse', rule: 'no-digest', why: 'what it would do could not be computed', policy };
  if (input.effect.empty) return go('nothing', 'it would change nothing');
  const decision = decideApproval(input, policy);
  if (decision.do === 'ask' && input.effect.tooLarge)
    return {
      do: 'refuse',
      rule: 'too-large',
      why: `${reasonOf(input)}, and this change is too large for one: bring it in parts, or split the application`,
      policy,
    };
  return decision;
}

function reasonOf({ loosened, policy, lastPolicy }: GateInput): string {
  if (loosened.length > 0) return `it would ${metText(loosened)}`;
  return lastPolicy && loosens(lastPolicy, policy)
    ? 'the gate was loosened, and the former one holds until something is approved under it'
    : 'production changes need approval here';
}

function decideApproval(input: GateInput, policy: EffectivePolicy): GateDecision {
  const name = approvalName(input.application, input.effect.digest);
  const reason = reasonOf(input);
  const because = input.authors ? becauseUnknown(unknownAuthors(input.authors)) : '';
  const ask = (why: string, missing: number): GateDecision => ({
    do: 'ask',
    rule: 'approval-required',
    why: `${why}${because}`,
    approval: name,
    missing,
    policy,
  });
  const found = input.approvals.filter((approval) => approval.digest === input.effect.digest);
  const closed = found.find(({ phase, outdated }) => !outdated && (phase === 'Rejected' || phase === 'Expired'));
  if (closed)
    return {
      do: 'refuse',
      rule: closed.phase === 'Rejected' ? 'rejected' : 'expired',
      why: closedText(input.application, closed),
      approval: closed.name,
      policy,
    };
  const open = found.find((approval) => approval.phase === 'Approved' || approval.phase === 'Pending');
  if (!open) return ask(`${reason}; nobody has approved this effect`, policy.approvals);
  const judged = open.by.map((person) => ({
    person,
    ...(person.refused === undefined ? mayApprove(person, policy, input.authors) : { ok: false, why: person.refused }),
  }));
  const counted = new Set(judged.filter(({ ok }) => ok).map(({ person }) => person.id));
  const missing = policy.approvals - counted.size;
  const lost = judged.flatMap(({ ok, why }) => (ok ? [] : [why]));
  if (missing > 0)
    return {
      ...ask(
        `${reason}; ${counted.size} of ${policy.approvals} approvals${lost.length > 0 ? ` (${lost.join('; ')})` : ''}`,
        missing,
      ),
      ...(lost.length > 0 && { lost }),
    };
  return { do: 'go', rule: 'approved', why: `Approval/${open.name}`, approval: open.name, policy };
}
