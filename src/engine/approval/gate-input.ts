// Asking the gate: gathers what policy/gate.ts decides from, for an operation and for the decision to write one.
import type { Application } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { AppProject } from '../../model/project.ts';
import type { Comparison } from '../../compare/compare.ts';
import type { Logger } from '../../base/log.ts';
import type { Agreed, GateApproval, GateAuthors, GateDecision, GateInput, SyncedState } from '../../policy/gate.ts';
import type { EffectivePolicy, LoosenedGate } from '../../policy/policy.ts';
import type { Store } from '../../store/store.ts';
import type { DesiredState, Desiring } from '../application/desired.ts';
import type { Authors, Change, ReconcileDeps } from '../application/pass.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError, describeError, errorKind } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication, isProject } from '../../model/argo-kinds.ts';
import type { ApprovalDeps } from './approval.ts';
import { isEmptyEffect } from '../../compare/effect/effect.ts';
import { decideGate, unknownAuthors, withHidden } from '../../policy/gate.ts';
import { effectivePolicy, loosenedGates, stricter } from '../../policy/policy.ts';
import { isApprovalOf, isOpen, openApproval, tooLarge } from './approval.ts';
import { withReviewers } from './authors.ts';
import { gatesAfter } from './gate-end.ts';
import { metGates } from '../application/met-gates.ts';
import { changeOf, outdatedBy } from './changed-range.ts';
import { peopleNow } from './rights.ts';
import { lastPolicy, policyInForce } from '../application/sync-record.ts';

export interface GateDeps {
  store: Store;
  desiring: Desiring;
  authors: Authors;
  standing?: ReconcileDeps['standing'];
  log: Logger;
}

export interface GateSubject {
  app: Application;
  project: AppProject | undefined;
  comparison: Comparison;
  /** What the operation would apply. */
  wanted: DesiredState;
  /** What was last synced. */
  last: DesiredState | 'gone' | undefined;
}

/** Content decides: a commit that changes nothing here is the same state, and one that was reverted is the old one. */
function stateOf(desired: DesiredState): SyncedState {
  return { revisions: [desired.key], sources: '' };
}

/** Gates of other applications that syncing this one would weaken, delete or write past. */
function loosenedBy(store: Store, { app, comparison }: Pick<GateSubject, 'app' | 'comparison'>): LoosenedGate[] {
  const met = metGates(app, comparison);
  const pairs = comparison.objects
    .filter(
      (item) =>
        (isApplication(item.key) || isProject(item.key)) && item.status === 'OutOfSync' && item.movesTo === undefined,
    )
    .map((item) => ({ live: item.live, target: item.target }));
  if (pairs.length === 0) return met;
  return [
    ...loosenedGates(pairs, new Map(store.projects.list().map((project) => [project.metadata.name, project])), (each) =>
      lastPolicy(store, each),
    ),
    ...met,
  ];
}

export function isGated(
  { store }: GateDeps,
  { app, project, comparison }: Pick<GateSubject, 'app' | 'project' | 'comparison'>,
): boolean {
  return policyInForce(store, app, project).gated || loosenedBy(store, { app, comparison }).length > 0;
}

export function isLastSynced({ wanted, last }: Pick<GateSubject, 'wanted' | 'last'>): boolean {
  return last !== undefined && last !== 'gone' && last.key === wanted.key;
}

/**
 * Whether something waits for approval here: another state than the last synced one, or a gate that would be loosened.
 */
export function isWaiting(deps: GateDeps, subject: GateSubject): boolean {
  return isGated(deps, subject) && (!isLastSynced(subject) || loosenedBy(deps.store, subject).length > 0);
}

/** Who made the change. */
interface People {
  change?: Change;
  /**
   * Undefined while they are not known, or where nobody has agreed yet and it is told already what cannot be known of
   * them.
   */
  authors: GateAuthors | undefined;
  /** What nobody can ever tell of its authors; undefined while that is not known. */
  hidden?: readonly string[];
  policy: EffectivePolicy;
  /**
   * Why nobody's agreement counts yet: throw it to ask again later. Its cause is terminal if people must do something
   * about it.
   */
  unknown?: AppError;
}

const unknownText = 'the authors of the change are not known yet';

/** What an Approval of the same commits tells already: while nobody has agreed, the forge need not be asked again. */
function toldOf(
  { store }: GateDeps,
  app: Application,
  { digest, change }: { digest: string; change: Change },
): readonly string[] | undefined {
  const found = store.approvals.of(applicationKey(app)).find(({ spec }) => spec.digest === digest);
  return found && isOpen(found) && isApprovalOf(found, app) && sameJson(found.spec.ranges, change.ranges)
    ? found.spec.unknown
    : undefined;
}

/** The reviewers are asked for only when somebody has agreed, and something is about to be written. */
async function peopleOf(
  deps: GateDeps,
  { app, project, comparison, wanted, last }: GateSubject,
  { digest, agreed, moment, signal }: { digest: string; agreed: boolean; moment: Moment; signal: AbortSignal },
): Promise<People> {
  // Whoever former gates, and those that it would loosen, ask for must agree too.
  const gates = [
    policyInForce(deps.store, app, project),
    ...loosenedBy(deps.store, { app, comparison }).map(({ before }) => before),
  ];
  const { reviewers = [] } = gates.reduce((all, each) => (each.gated ? stricter(all, each) : all));
  const policy = { ...effectivePolicy(app, project), reviewers };
  let change: Change | undefined;
  try {
    change = await changeOf(deps, app, { wanted, last }, signal);
    const told = agreed ? undefined : toldOf(deps, app, { digest, change });
    if (told) return { change, authors: undefined, hidden: told, policy };
    const authors = await deps.authors.authorsOf(change);
    return {
      change,
      authors,
      hidden: unknownAuthors(authors),
      policy: agreed && moment === 'write' ? await withReviewers(deps.authors, app, policy) : policy,
    };
  } catch (cause) {
    if (signal.aborted) throw cause;
    const text =
      errorKind(cause) === 'terminal'
        ? `no approval counts, for the authors of the change, or its reviewers, cannot be known: ${describeError(cause)}`
        : unknownText;
    return {
      ...(change && { change }),
      authors: undefined,
      policy,
      unknown: new AppError('E_GITHUB', text, { kind: 'waiting', cause }),
    };
  }
}

/** What people should be told of it; undefined when it may pass by itself. */
export function unknownTold(error: unknown): string | undefined {
  return error instanceof AppError &&
    error.kind === 'waiting' &&
    error.cause !== undefined &&
    errorKind(error.cause) === 'terminal'
    ? error.message
    : undefined;
}

/** The gate's answer, with whom it was found to concern. */
export type Verdict = GateDecision &
  Partial<Pick<People, 'change' | 'hidden' | 'unknown'>> & {
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
  { app, comparison, wanted, last }: GateSubject,
  effect: Effect,
  { policy, change, hidden, lost, again, because }: Verdict & { because?: string | undefined },
): Promise<string> {
  const from = last === undefined || last === 'gone' ? undefined : last.revisions[0];
  return openApproval(deps, {
    application: app,
    digest: effect.digest,
    revision: wanted.revisions[0] ?? '',
    from,
    ranges: change?.ranges,
    unknown: hidden,
    destination: effect.destination,
    operations: effect.operations,
    policy: withHidden(policy, hidden),
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

/** A click was judged when it came; that those who agreed may do so still is asked where something is written. */
type Moment = 'look' | 'write';

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
 * The gate's answer for syncing `wanted`, whose effect is `effect`. Authors are only asked for where people must agree.
 */
export async function askGate(
  deps: GateDeps,
  subject: GateSubject,
  effect: Effect,
  { dryRun = false, moment, signal }: { dryRun?: boolean | undefined; moment: Moment; signal: AbortSignal },
): Promise<Verdict> {
  const { app, project, wanted, last } = subject;
  const input = {
    application: app.metadata.name,
    policy: effectivePolicy(app, project),
    lastPolicy: lastPolicy(deps.store, app),
    loosened: loosenedBy(deps.store, subject),
    dryRun,
    effect: {
      digest: effect.digest,
      empty: isEmptyEffect(effect) && effect.hooks.length === 0,
      tooLarge: tooLarge(effect.operations),
    },
    target: stateOf(wanted),
    last: last === undefined || last === 'gone' ? undefined : stateOf(last),
    authors: undefined,
  };
  const again = await outdatedBy(deps, app, { wanted, last, digest: effect.digest }, signal);
  const approvals = (): GateApproval[] =>
    approvalsOf(deps, app).map((item) => (item.name === again ? { ...item, outdated: true } : item));
  const agreed = (): boolean => approvals().some((item) => item.digest === effect.digest && item.by.length > 0);
  const first = decideGate({ ...input, approvals: approvals() });
  if (first.rule !== 'approval-required') return { ...first, agreed: agreed() };
  const approved = again === undefined && agreed();
  let found = await peopleOf(deps, subject, { digest: effect.digest, agreed: approved, moment, signal });
  // Somebody may have agreed meanwhile: what is decided now is decided about what they did.
  if (!approved && again === undefined && agreed())
    found = await peopleOf(deps, subject, { digest: effect.digest, agreed: true, moment, signal });
  const { authors, policy, ...more } = found;
  return {
    ...more,
    ...(await decideNow(deps, { app, moment }, { ...input, policy, authors, approvals: approvals() })),
    agreed: again === undefined && agreed(),
    ...(again !== undefined && { again: true }),
  };
}
