// The state of one application after a merge, judged from its Application and Approvals. Pure.
import type { Application, OperationState } from '../model/application.ts';
import type { Approval } from '../model/coxswain.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { ProgressState } from './pull.ts';
import { cox } from '../model/annotations.ts';
import { isAutomated } from '../model/application.ts';
import { operationText, outsideText } from '../policy/outside-text.ts';
import { plannedTasks } from '../sync/planned.ts';

const room = { most: 1000, lines: true };

export interface JudgeInput {
  /** Undefined: the Application is not in the cluster. */
  app: Application | undefined;
  /** The pull request removes the Application itself. */
  removed: boolean;
  /** Name of the application whose manifests hold it, when the pull request changes the Application itself. */
  parent?: string;
  policy: EffectivePolicy;
  approvals: Approval[];
  /** Index of the source that follows the branch. */
  source: number;
  /** The commit that the branch got. */
  merged: string;
  /** Is it that commit or a later one? */
  contains: (revision: string) => boolean;
  /** The application's inputs at that later commit are those of the merge. */
  sameInputs: (revision: string) => boolean;
  /**
   * Where Argo CD syncs: what is left of the newest sync in history by its own comparison or by our look, [] until both
   * have been made since; undefined once both agree with it.
   */
  unverified?: readonly string[] | undefined;
}

interface Judgement {
  state: ProgressState;
  message: string;
  revision: string;
  approval?: Approval;
  steps?: { done: number; all: number };
}

function at(revisions: string[] | undefined, revision: string | undefined, source: number): string {
  return (revisions?.length ? revisions[source] : revision) ?? '';
}

/** The revision that an operation has or wants. */
function operationRevision(state: OperationState | undefined, source: number): string {
  const { syncResult, operation } = state ?? {};
  return (
    at(syncResult?.revisions, syncResult?.revision, source) ||
    at(operation?.sync?.revisions, operation?.sync?.revision, source)
  );
}

/** Revisions that `judge` asks about; the caller finds out beforehand which contain the merge. */
export function revisionsOf(app: Application | undefined, approvals: Approval[], source: number): string[] {
  const { history, operationState, sync } = app?.status ?? {};
  const newest = history?.at(-1);
  const all = [
    at(newest?.revisions, newest?.revision, source),
    operationRevision(operationState, source),
    at(sync?.revisions, sync?.revision, source),
    ...approvals.map((approval) => approval.spec.revision),
  ];
  return [...new Set(all)].filter(Boolean);
}

/** Of this merge, or of a later one that brings it along. */
function concerned({ approvals, contains }: JudgeInput): Approval[] {
  return approvals.filter((approval) => contains(approval.spec.revision));
}

/** Who agreed to what is live now, as an end of the sentence. */
function agreed({ approvals }: JudgeInput, revision: string): string {
  const found = approvals.find(
    ({ spec, status }) => spec.revision === revision && (status?.phase === 'Applied' || status?.phase === 'Approved'),
  );
  const by = (found?.status?.approvals ?? []).map(({ actor }) => actor.login);
  return by.length > 0 ? `, approved by ${by.join(' and ')}` : '';
}

function applied(input: JudgeInput, app: Application, revision: string): Judgement {
  const { health } = app.status ?? {};
  if (revision !== input.merged && !input.sameInputs(revision))
    return { state: 'superseded', message: 'applied as part of a later commit', revision };
  if (health?.status === 'Degraded')
    return {
      state: 'failure',
      message: health.message ? `Degraded: ${outsideText(health.message, room)}` : 'synced, but Degraded',
      revision,
    };
  if (health?.status === 'Progressing' || health?.status === 'Missing')
    return {
      state: 'progressing',
      message: health.message ? `${health.status}: ${outsideText(health.message, room)}` : `synced, ${health.status}`,
      revision,
    };
  // Synced is what it was made: what is still going, drifts or waits on the branch now is no part of this rollout.
  return { state: 'success', message: `Synced, ${health?.status ?? 'Unknown'}${agreed(input, revision)}`, revision };
}

const mostLeft = 5;

/** A history that nobody else confirms is no rollout. */
function doubted({ unverified = [] }: JudgeInput, revision: string): Judgement {
  if (unverified.length === 0)
    return { state: 'progressing', message: 'Argo CD reports it synced; that is being verified', revision };
  const more = unverified.length > mostLeft ? ` and ${unverified.length - mostLeft} more` : '';
  return {
    state: 'failure',
    message: `Argo CD reports it synced, and this is left: ${unverified.slice(0, mostLeft).join(', ')}${more}`,
    revision,
  };
}

function running(app: Application, state: OperationState, revision: string): Judgement {
  const resources = state.syncResult?.resources ?? [];
  const all = plannedTasks(app) ?? resources.length;
  const done = resources.filter(
    (item) => item.status === 'Synced' || item.status === 'Pruned' || item.hookPhase === 'Succeeded',
  ).length;
  return {
    state: 'syncing',
    message: operationText(state, room) || 'the sync is running',
    revision,
    ...(all > 0 && { steps: { done, all } }),
  };
}

function asked(input: JudgeInput): { pending?: Judgement; decided?: Judgement } {
  const of = (phase: string): Approval | undefined =>
    concerned(input).find((approval) => (approval.status?.phase ?? 'Pending') === phase);
  const pending = of('Pending');
  if (pending) {
    const needed = Math.max(input.policy.approvals, pending.spec.policy?.approvals ?? 1);
    const count = `${pending.status?.approvals?.length ?? 0} of ${needed} ${needed === 1 ? 'approval' : 'approvals'}`;
    return { pending: { state: 'waiting', message: count, revision: '', approval: pending } };
  }
  const approved = of('Approved');
  if (approved)
    return {
      decided: {
        state: 'queued',
        message: approved.status?.message ?? 'approved; the sync follows',
        revision: '',
        approval: approved,
      },
    };
  const rejected = of('Rejected') ?? of('Expired');
  return rejected
    ? {
        decided: {
          state: 'rejected',
          message: rejected.status?.message ?? 'rejected',
          revision: '',
          approval: rejected,
        },
      }
    : {};
}

/**
 * A gated application's operation, or one that would loosen another's gate, failed for good only if an Approval stood
 * behind it: without one the gate ended it.
 */
function failed(input: JudgeInput, app: Application): Judgement | undefined {
  const state = app.status?.operationState;
  if (!state || (state.phase !== 'Failed' && state.phase !== 'Error')) return undefined;
  const revision = operationRevision(state, input.source);
  const approved = state.operation.info?.some((item) => item.name === cox.approvalInfo) ?? false;
  if (!input.contains(revision) || ((input.policy.gated || concerned(input).length > 0) && !approved)) return undefined;
  return { state: 'failure', message: operationText(state, room) || 'the sync failed', revision };
}

function notYet(input: JudgeInput, app: Application): Judgement {
  const { pending, decided } = asked(input);
  const known = pending ?? failed(input, app) ?? decided;
  if (known) return known;
  const condition = app.status?.conditions?.find(
    (item) => item.type === 'ComparisonError' || item.type === 'InvalidSpecError' || item.type === 'SyncError',
  );
  if (condition) return { state: 'failure', message: outsideText(condition.message, room), revision: '' };
  if (input.policy.gated) return { state: 'queued', message: 'its approval is being prepared', revision: '' };
  return {
    state: 'queued',
    message: isAutomated(app.spec) ? 'the sync follows' : `waits for /cox sync ${app.metadata.name}`,
    revision: '',
  };
}

/** Where one application stands; pure. */
export function judge(input: JudgeInput): Judgement {
  const { app, source, contains } = input;
  if (!app)
    return input.removed
      ? { state: 'success', message: 'removed', revision: '' }
      : { state: 'queued', message: 'the Application is not there yet', revision: '' };
  if (input.removed && app.metadata.deletionTimestamp)
    return { state: 'progressing', message: 'is being removed', revision: '' };
  if (input.removed)
    return {
      state: 'queued',
      message: input.parent ? `is removed when ${input.parent} syncs` : 'is to be removed',
      revision: '',
    };
  const { history, operationState, sync } = app.status ?? {};
  const newest = history?.at(-1);
  const synced = at(newest?.revisions, newest?.revision, source);
  if (
    operationState &&
    (operationState.phase === 'Running' || operationState.phase === 'Terminating') &&
    app.operation
  ) {
    const revision = operationRevision(operationState, source);
    if (contains(revision) && !(synced && contains(synced))) return running(app, operationState, revision);
  }
  if (synced && contains(synced)) return input.unverified ? doubted(input, synced) : applied(input, app, synced);
  const compared = at(sync?.revisions, sync?.revision, source);
  if (sync?.status === 'Synced' && compared && contains(compared))
    return { ...applied(input, app, compared), message: 'nothing had to be applied' };
  return notYet(input, app);
}
