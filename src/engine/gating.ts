// Asking the gate: gathers what policy/gate.ts decides from, for an operation and for the decision to write one.
import type { Application } from '../model/application.ts';
import type { Effect } from '../model/effect.ts';
import type { Actor, Approval } from '../model/coxswain.ts';
import type { AppProject } from '../model/project.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Logger } from '../base/log.ts';
import type { Agreed, GateDecision, GateInput, SyncedState } from '../policy/gate.ts';
import type { EffectivePolicy, LoosenedGate } from '../policy/policy.ts';
import type { Store } from '../store/store.ts';
import type { DesiredState } from './desired.ts';
import type { Authors } from './authors.ts';
import { AppError, describeError, errorKind } from '../base/errors.ts';
import { applicationKey } from '../model/application.ts';
import { isApplication, isProject } from '../model/argo-kinds.ts';
import type { ApprovalDeps } from './approval.ts';
import { isEmptyEffect } from '../compare/effect.ts';
import { decideGate } from '../policy/gate.ts';
import { effectivePolicy, loosenedGates, stricter } from '../policy/policy.ts';
import { isApprovalOf, openApproval, tooLarge } from './approval.ts';
import { authorsOfRanges, changeRanges, withReviewers } from './authors.ts';
import { metGates } from './met.ts';
import { lastPolicy, policyInForce } from './record.ts';

/** What somebody may do now, who agreed before. */
export interface Standing {
  /** As `org/team`. */
  teams: string[];
  /** Why they may not approve any more. */
  refused?: string;
}

export interface GateDeps {
  store: Store;
  authors: Authors;
  /** Rights and teams of an approver as of now; throws while nobody can tell. Default: what was true when they agreed. */
  standing?: ((actor: Actor, app: Application) => Promise<Standing>) | undefined;
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
export function loosenedBy(store: Store, { app, comparison }: Pick<GateSubject, 'app' | 'comparison'>): LoosenedGate[] {
  const met = metGates(app, comparison);
  const pairs = comparison.objects
    .filter((item) => (isApplication(item.key) || isProject(item.key)) && item.status === 'OutOfSync' && item.movesTo === undefined)
    .map((item) => ({ live: item.live, target: item.target }));
  if (pairs.length === 0) return met;
  return [...loosenedGates(pairs, new Map(store.projects.list().map((project) => [project.metadata.name, project])), (each) => lastPolicy(store, each)), ...met];
}

export function isGated({ store }: GateDeps, { app, project, comparison }: Pick<GateSubject, 'app' | 'project' | 'comparison'>): boolean {
  return policyInForce(store, app, project).gated || loosenedBy(store, { app, comparison }).length > 0;
}

export function isLastSynced({ wanted, last }: Pick<GateSubject, 'wanted' | 'last'>): boolean {
  return last !== undefined && last !== 'gone' && last.key === wanted.key;
}

/** Whether something waits for approval here: another state than the last synced one, or a gate that would be loosened. */
export function isWaiting(deps: GateDeps, subject: GateSubject): boolean {
  return isGated(deps, subject) && (!isLastSynced(subject) || loosenedBy(deps.store, subject).length > 0);
}

interface People {
  authors: Awaited<ReturnType<Authors['authorsBetween']>>;
  policy: EffectivePolicy;
  /** Why nobody's agreement counts yet: throw it to ask again later. Its cause is terminal if people must do something about it. */
  unknown?: AppError;
}

const unknownText = 'the authors of the change are not known yet';

/** Authors are undefined while they or the reviewers cannot be known. */
async function peopleOf(deps: GateDeps, { app, project, comparison, wanted, last }: GateSubject): Promise<People> {
  // Whoever former gates, and those that it would loosen, ask for must agree too.
  const gates = [policyInForce(deps.store, app, project), ...loosenedBy(deps.store, { app, comparison }).map(({ before }) => before)];
  const { reviewers = [] } = gates.reduce((all, each) => (each.gated ? stricter(all, each) : all));
  const policy = { ...effectivePolicy(app, project), reviewers };
  try {
    const authors = await authorsOfRanges(deps.authors, changeRanges(deps.store, app, { wanted, last }));
    if (!authors) return { authors, policy, unknown: new AppError('E_GITHUB', unknownText, { kind: 'waiting' }) };
    return { authors, policy: await withReviewers(deps.authors, app, policy) };
  } catch (cause) {
    const text = errorKind(cause) === 'terminal' ? `no approval counts, for the authors of the change, or its reviewers, cannot be known: ${describeError(cause)}` : unknownText;
    return { authors: undefined, policy, unknown: new AppError('E_GITHUB', text, { kind: 'waiting', cause }) };
  }
}

/** What people should be told of it; undefined when it may pass by itself. */
export function unknownTold(error: unknown): string | undefined {
  return error instanceof AppError && error.kind === 'waiting' && error.cause !== undefined && errorKind(error.cause) === 'terminal' ? error.message : undefined;
}

/** Opens the Approval that the gate asks for. */
export async function askPeople(deps: GateDeps & ApprovalDeps, { app, wanted, last }: GateSubject, effect: Effect, { policy, lost, because }: Pick<GateDecision, 'policy' | 'lost'> & { because?: string | undefined }): Promise<string> {
  const from = last === undefined || last === 'gone' ? undefined : last.revisions[0];
  const ranges = changeRanges(deps.store, app, { wanted, last });
  return openApproval(deps, { application: app, digest: effect.digest, revision: wanted.revisions[0] ?? '', from, ranges, destination: effect.destination, operations: effect.operations, policy, lost, because });
}

/** Whoever has left the team, or lost the right, since they agreed does not count when it is applied. */
export async function asOfNow({ standing }: Pick<GateDeps, 'standing'>, app: Application, { status }: Approval): Promise<Agreed[]> {
  return Promise.all((status?.approvals ?? []).map(async ({ actor, teams = [] }) => {
    const now = standing ? await standing(actor, app) : { teams };
    return { login: actor.login, id: actor.id, ...now };
  }));
}

/** The gate's answer for syncing `wanted`, whose effect is `effect`. Authors are only asked for when somebody has approved. */
export async function askGate(deps: GateDeps, subject: GateSubject, effect: Effect, dryRun = false): Promise<GateDecision & Pick<People, 'unknown'>> {
  const { app, project, wanted, last } = subject;
  const approvals = deps.store.approvals.of(applicationKey(app)).filter((approval) => isApprovalOf(approval, app)).map((approval) => ({
    name: approval.metadata.name,
    digest: approval.spec.digest,
    phase: approval.status?.phase ?? ('Pending' as const),
    message: approval.status?.message ?? '',
    by: (approval.status?.approvals ?? []).map(({ actor, teams }) => ({ login: actor.login, id: actor.id, ...(teams && { teams }) })),
  }));
  const approved = approvals.some((item) => item.digest === effect.digest && item.by.length > 0);
  const { authors, policy, unknown }: People = approved ? await peopleOf(deps, subject) : { authors: [], policy: effectivePolicy(app, project) };
  const input: GateInput = {
    application: app.metadata.name,
    policy,
    lastPolicy: lastPolicy(deps.store, app),
    loosened: loosenedBy(deps.store, subject),
    dryRun,
    effect: { digest: effect.digest, empty: isEmptyEffect(effect) && effect.hooks.length === 0, tooLarge: tooLarge(effect.operations) },
    target: stateOf(wanted),
    last: last === undefined || last === 'gone' ? undefined : stateOf(last),
    approvals,
    authors,
  };
  const decision = decideGate(input);
  const open = decision.rule === 'approved' ? deps.store.approvals.of(applicationKey(app)).find((item) => item.metadata.name === decision.approval) : undefined;
  if (!open) return { ...decision, ...(unknown && { unknown }) };
  try {
    const by = await asOfNow(deps, app, open);
    return decideGate({ ...input, approvals: approvals.map((item) => (item.name === open.metadata.name ? { ...item, by } : item)) });
  } catch (cause) {
    const text = `whether those who agreed may still approve is not known yet${errorKind(cause) === 'terminal' ? `: ${describeError(cause)}` : ''}`;
    return { ...decision, do: 'ask', unknown: new AppError('E_GITHUB', text, { kind: 'waiting', cause }) };
  }
}
