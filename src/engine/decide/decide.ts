// What to do about an application that was just compared: leave it, wait, ask somebody, or sync it — each with the
// reason. Pure.
import type { Application, Operation, ResourceStatus, SyncResourceRef } from '../../model/application.ts';
import type { Attempt, Desired } from '../application/history.ts';
import { cox } from '../../model/annotations.ts';
import { isAutomated } from '../../model/application.ts';

/**
 * The Approval that allows today's effect ('' when nothing is left to approve) and whether that effect deletes
 * anything; or why not.
 */
export type Approved =
  { go: true; name: string; agreedAt: string; deletes: boolean } | { go: false; why: string; error?: string };

export interface DecideInput {
  app: Application;
  /** Rows of status.resources as just compared. */
  resources: ResourceStatus[];
  outOfSync: boolean;
  /** What self-heal would put right of them: no hooks, and nothing that is being deleted already. */
  healable: SyncResourceRef[];
  /**
   * A namespace that is being deleted and in which objects are missing: nothing can be made there before it is gone.
   */
  vanishing: string | undefined;
  desired: Desired;
  /** The last operation that ended, whatever became of it. */
  attempt: Attempt | undefined;
  /** The newest history entry; undefined before the first sync. */
  synced: Desired | undefined;
  gated: boolean;
  /** Objects that drifted from what was last synced, while Git's newer state waits for approval. */
  drifted: SyncResourceRef[];
  /** The gate's answer about what waits; undefined when nothing waits for approval. */
  approved: Approved | undefined;
  window: { permitted: boolean; why: string; changesAt?: number };
  now: number;
}

export type Decision =
  | { do: 'leave'; why: string; error?: string }
  | { do: 'wait'; why: string; until: number }
  | { do: 'ask'; why: string; error?: string }
  | { do: 'sync'; why: string; operation: Operation };

/**
 * Self-heal waits 0, 2, 6, 18 … s after its former attempts, at most 300. Argo CD: controller/appcontroller.go
 * selfHealRemainingBackoff.
 */
export function healDelayMs(attempts: number): number {
  return attempts === 0 ? 0 : Math.min(2000 * 3 ** (attempts - 1), 300_000);
}

function sameDesired(a: Desired, b: Desired): boolean {
  return a.manifests !== '' && a.manifests === b.manifests;
}

function baseOperation(input: DecideInput): Operation {
  const { spec } = input.app;
  const [first] = input.desired.revisions;
  return {
    sync: {
      ...input.desired.sources,
      ...(input.desired.revisions.length > 1 ? { revisions: input.desired.revisions } : { revision: first ?? '' }),
      ...(spec.syncPolicy?.syncOptions && { syncOptions: spec.syncPolicy.syncOptions }),
    },
    retry: spec.syncPolicy?.retry ?? { limit: 5 },
  };
}

function automatedOperation(input: DecideInput): Operation {
  const base = baseOperation(input);
  const prune = input.app.spec.syncPolicy?.automated?.prune ?? false;
  return { ...base, sync: { ...base.sync, prune }, initiatedBy: { automated: true } };
}

function failureOf(attempt: Attempt): string {
  return `Failed last sync attempt to ${attempt.revisions.join(', ')}: ${attempt.message}`;
}

function failed(attempt: Attempt, why: string): Decision {
  return { do: 'leave', why, error: failureOf(attempt) };
}

/** So often is looked whether a namespace is gone. */
const vanishingMs = 1000;

/** Restores `resources` to a revision that was synced already: nothing new is applied, so no approval is needed. */
function heal(input: DecideInput, to: Desired, resources: SyncResourceRef[]): Decision {
  if (resources.length === 0) return { do: 'leave', why: 'only what is being deleted is left' };
  if (input.attempt && !input.attempt.succeeded && sameDesired(input.attempt, to))
    return failed(input.attempt, 'the last attempt failed');
  if (input.vanishing !== undefined)
    return { do: 'wait', why: `the namespace ${input.vanishing} is being deleted`, until: input.now + vanishingMs };
  const attempts = input.attempt?.healAttempts ?? 0;
  const until = (input.attempt?.finishedAt ?? 0) + healDelayMs(attempts);
  if (attempts > 0 && until > input.now)
    return { do: 'wait', why: `self-heal attempt ${attempts + 1} waits for its backoff`, until };
  const operation = automatedOperation({ ...input, desired: to });
  return {
    do: 'sync',
    why: 'live objects differ from the synced revision',
    operation: { ...operation, sync: { ...operation.sync, resources, autoHealAttemptsCount: attempts + 1 } },
  };
}

/** While something waits for approval, what drifted from the last sync is put back all the same. */
function askingDecision(input: DecideInput, asked: Extract<Approved, { go: false }>): Decision {
  const { synced, attempt } = input;
  if (heals(input) && synced && input.drifted.length > 0) return heal(input, synced, input.drifted);
  if (asked.error !== undefined) return { do: 'leave', why: asked.why, error: asked.error };
  // What is left of an approved sync that failed half-way is another effect: it is asked about, and the failure stays
  // told.
  const halfWay =
    attempt && !attempt.succeeded && attempt.approval !== undefined && sameDesired(attempt, input.desired);
  return { do: 'ask', why: asked.why, ...(halfWay && { error: failureOf(attempt) }) };
}

function approvedDecision(input: DecideInput, approved: Extract<Approved, { go: true }>): Decision {
  const { attempt } = input;
  const tried =
    attempt !== undefined &&
    (attempt.approval ?? '') === approved.name &&
    (attempt.agreedAt ?? '') === approved.agreedAt &&
    (approved.name !== '' || sameDesired(attempt, input.desired));
  if (tried && !attempt.succeeded) return failed(attempt, 'the approved sync failed');
  const base = baseOperation(input);
  return {
    do: 'sync',
    why: approved.name ? `Approval/${approved.name}` : 'nothing is left to approve',
    operation: {
      ...base,
      sync: { ...base.sync, prune: approved.deletes },
      initiatedBy: { username: 'coxswain' },
      ...(approved.name && {
        info: [
          { name: cox.approvalInfo, value: approved.name },
          { name: cox.agreedInfo, value: approved.agreedAt },
        ],
      }),
    },
  };
}

function heals({ app: { spec } }: DecideInput): boolean {
  return isAutomated(spec) && spec.syncPolicy?.automated?.selfHeal === true;
}

function gatedDecision(input: DecideInput): Decision {
  const { approved, synced } = input;
  if (approved?.go) return approvedDecision(input, approved);
  if (approved) return askingDecision(input, approved);
  return heals(input) && synced
    ? heal(input, synced, input.healable)
    : { do: 'leave', why: 'drifted; nobody asked to revert it' };
}

function automatedDecision(input: DecideInput): Decision {
  const automated = input.app.spec.syncPolicy?.automated ?? {};
  const counted = input.resources.filter((item) => !item.hook);
  const changed = counted.filter((item) => item.status !== 'Synced');
  if (!automated.prune && changed.every((item) => item.requiresPruning))
    return { do: 'leave', why: 'only prunes are left and pruning is off' };
  if (automated.prune && !automated.allowEmpty && counted.length > 0 && counted.every((item) => item.requiresPruning)) {
    return {
      do: 'leave',
      why: 'everything would be pruned',
      error: 'Skipping sync attempt: auto-sync will wipe out all resources',
    };
  }
  const { attempt } = input;
  if (!attempt || !sameDesired(attempt, input.desired))
    return { do: 'sync', why: 'Git changed', operation: automatedOperation(input) };
  if (!attempt.succeeded) return failed(attempt, 'the last attempt failed');
  return automated.selfHeal
    ? heal(input, input.desired, input.healable)
    : { do: 'leave', why: 'drifted and self-heal is off' };
}

/** Pure. `why` is for the log alone: nothing is decided by its text. */
export function decide(input: DecideInput): Decision {
  const { app } = input;
  if (!input.outOfSync) return { do: 'leave', why: 'in sync' };
  if (app.operation) return { do: 'leave', why: 'an operation is running' };
  if (app.metadata.deletionTimestamp) return { do: 'leave', why: 'the application is being deleted' };
  if (!input.gated && !isAutomated(app.spec)) return { do: 'leave', why: 'automated sync is off' };
  const decision = input.gated ? gatedDecision(input) : automatedDecision(input);
  if (decision.do !== 'sync' || input.window.permitted) return decision;
  return input.window.changesAt === undefined
    ? { do: 'leave', why: input.window.why }
    : { do: 'wait', why: input.window.why, until: input.window.changesAt };
}
