// Sync: makes the cluster match what an operation asks for, in small steps that can be cut off anywhere and begun
// again.
import type { Application, OperationPhase, OperationState, ResourceResult } from '../model/application.ts';
import type { StepInput, StepResult } from './input.ts';
import type { Task } from './task.ts';
import { rfc3339 } from '../base/clock.ts';
import { syncOptions } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { advance } from './advance.ts';
import { releaseHooks, terminateHooks } from './hooks.ts';
import { namespaceTask, namespaceToMake } from './namespace.ts';
import { planTasks, selectTasks } from './plan.ts';
import { doneRows, packPlan, rowsOf } from './planned.ts';
import { resumeTasks, rowTasks } from './resume.ts';
import { beginRetry, endAttempt, waitsUntil } from './retry.ts';
import { Run } from './run.ts';
import { isHeal, isSelected, skipsHooks } from './selection.ts';
import { isMarkedUnchanged, kubectlName, rowsIn, saysUnchanged } from './task.ts';
import { findInvalid } from './validity.ts';

export type { Judgement, StepInput, StepResult, SyncTarget, Write } from './input.ts';

/**
 * startedAt of an operation that begins now. Operations (and their hooks) are told apart by it, to the second: it is
 * always later than the last one's.
 */
export function startTime(app: Application, now: number): string {
  const last = Date.parse(app.status?.operationState?.startedAt ?? '');
  return rfc3339(last >= Math.floor(now / 1000) * 1000 ? last + 1000 : now);
}

function begin(input: StepInput): OperationState {
  return { operation: input.operation, phase: 'Running', startedAt: startTime(input.app, input.clock.now()) };
}

/** `begun`: with a plan, which says itself what is healed. */
function plan({ input, state }: Run, begun: boolean): Task[] {
  const { operation, targets } = input;
  const sync = operation.sync ?? {};
  return planTasks({
    targets: begun && isHeal(operation) ? targets : targets.filter((target) => isSelected(operation, target)),
    live: (key) => input.live(key),
    options: syncOptions(sync.syncOptions),
    prune: sync.prune === true,
    skipHooks: skipsHooks(operation),
    revision: input.resolved.revision,
    startedAt: Date.parse(state.startedAt),
    attempt: state.retryCount ?? 0,
  });
}

async function begins(run: Run): Promise<Task[]> {
  const planned = selectTasks(plan(run, false), run.options);
  const namespace = await namespaceTask(run);
  return namespace ? [namespace, ...planned] : planned;
}

/** Whoever took the plan away has it made anew: what was done stays. */
async function resume(run: Run): Promise<Task[]> {
  const known = run.rows();
  const rows = known ?? rowsOf(rowsIn(await begins(run)), doneRows(run.state));
  if (!known) run.plan = packPlan(run.state, rows);
  return resumeTasks({
    rows,
    planned: plan(run, known !== undefined),
    read: (task) => run.read(task),
    namespace: namespaceToMake(run.input),
  });
}

async function finish(run: Run, phase: OperationPhase, message: string, final = false): Promise<StepResult> {
  const state = endAttempt(run.snapshot(), { phase, message, at: run.input.clock.now(), final });
  const at = waitsUntil(state);
  await run.save(state, at === undefined);
  run.input.log.info(
    { application: run.input.app.metadata.name, phase: state.phase, message: state.message },
    'operation ended or waits for its next attempt',
  );
  return at === undefined
    ? { state, done: true, watch: [] }
    : { state, done: false, waitingFor: state.message ?? '', watch: [], at };
}

function sharedResource(input: StepInput): string | undefined {
  if (syncOptions(input.operation.sync?.syncOptions).get('FailOnSharedResource') !== 'true') return undefined;
  const shared = input.app.status?.conditions?.find((condition) => condition.type === 'SharedResourceWarning');
  return shared ? `Shared resource found: ${shared.message}` : undefined;
}

/** What it wrote down is all that it needs: Git and the manifests may be gone. */
async function terminate(run: Run): Promise<StepResult> {
  run.tasks = rowTasks(run.rows() ?? doneRows(run.state));
  await terminateHooks(run);
  return finish(run, 'Failed', 'Operation terminated', true);
}

const mostNamed = 10;

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `; ${what}: ${names.slice(0, mostNamed).join(', ')}${more}`;
}

/** Of an operation that ends half-way: what it has written, and what not. */
function howFar(rows: readonly ResourceResult[]): string {
  const written = rows.filter(
    (row) =>
      row.hookPhase !== undefined && row.status !== undefined && row.status !== 'PruneSkipped' && !saysUnchanged(row),
  );
  const left = rows.filter((row) => row.hookPhase === undefined && !isMarkedUnchanged(row));
  return `${listed('applied', written.map(kubectlName))}${listed('not applied', left.map(kubectlName))}`;
}

/** What was done stays told, and what was not; hooks that run are left to end by themselves. */
async function endHere(run: Run, message: string): Promise<StepResult> {
  run.tasks = rowTasks(run.rows() ?? doneRows(run.state));
  await releaseHooks(run, 'Failed');
  return finish(run, 'Failed', `${message}${howFar(rowsIn(run.tasks))}`, true);
}

/** Begins an attempt: the plan is persisted before anything is done, so that a resumed operation has the same tasks. */
async function prepare(run: Run): Promise<{ phase: OperationPhase; message: string } | undefined> {
  const { input } = run;
  if (input.blocked !== undefined) return { phase: 'Error', message: input.blocked };
  const shared = sharedResource(input);
  if (shared !== undefined) return { phase: 'Failed', message: shared };
  if (run.state.syncResult?.resources) {
    run.tasks = await resume(run);
    return undefined;
  }
  run.tasks = await begins(run);
  run.plan = packPlan(run.state, rowsIn(run.tasks));
  const invalid = await findInvalid(run);
  if (invalid !== undefined) return { phase: 'Failed', message: invalid };
  if (run.tasks.length > 0) await run.persist();
  return undefined;
}

/**
 * Does what can be done now, persists how far it came, and returns what it waits for; never sleeps. Level-triggered:
 * call it again after any event of `watch`, at `at`, and after a restart. Throws what may pass (API unreachable, 429,
 * 503, a conflict): step again.
 */
export async function step(input: StepInput): Promise<StepResult> {
  let state = input.state ?? begin(input);
  if (state.phase === 'Succeeded' || state.phase === 'Failed' || state.phase === 'Error')
    return { state, done: true, watch: [] };
  if (state.phase === 'Terminating') return terminate(new Run(input, state));
  if (input.ends !== undefined) return endHere(new Run(input, state), input.ends);
  const at = waitsUntil(state);
  if (at !== undefined && input.clock.now() < at)
    return { state, done: false, waitingFor: state.message ?? '', watch: [], at };
  if (at !== undefined) state = beginRetry(state);
  const run = new Run(input, state);
  const refused = await prepare(run);
  if (refused) return finish(run, refused.phase, refused.message);
  const verdict = await advance(run);
  if ('stopped' in verdict) {
    await run.persist();
    return { state: run.state, done: false, stopped: verdict.stopped, watch: [] };
  }
  if ('wait' in verdict) {
    await run.persist(verdict.wait);
    const watch = [...new Map(verdict.watch.map((key) => [keyText(key), key])).values()];
    return {
      state: run.state,
      done: false,
      waitingFor: verdict.wait,
      watch,
      ...(verdict.health && { health: true }),
      ...(verdict.at !== undefined && { at: verdict.at }),
    };
  }
  await releaseHooks(run, verdict.phase);
  return finish(run, verdict.phase, verdict.message);
}
