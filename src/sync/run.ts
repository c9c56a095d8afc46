// One step of one operation while it runs: its tasks, what it has just seen, and the state it persists.
import type { ObjectRef } from '../cluster/api.ts';
import type { OperationState, ResourceResult } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { StepInput } from './input.ts';
import type { Task } from './task.ts';
import { canonicalJson } from '../base/canonical.ts';
import { errorKind } from '../base/errors.ts';
import { ApiError } from '../cluster/api-error.ts';
import { syncOptions } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { doneRows, rowsOf, unpackPlan } from './planned.ts';
import { isPending, rowsIn } from './task.ts';

/** Lives for one step: what outlasts it is in `state`, which is persisted. */
export class Run {
  readonly input: StepInput;
  readonly options: ReadonlyMap<string, string>;
  /** As saved last, or as given. */
  state: OperationState;
  tasks: Task[] = [];
  /** Nothing more is to be written: why. */
  stopped: string | undefined;
  /** Of this attempt, as it is persisted. */
  plan: string | undefined;
  #saved: string;
  /** Answers of this step: the watch may be behind them. */
  readonly #answers = new Map<string, KubeObject>();

  constructor(input: StepInput, state: OperationState) {
    this.input = input;
    this.state = state;
    this.plan = input.plan;
    this.options = syncOptions(input.operation.sync?.syncOptions);
    this.#saved = input.state ? canonicalJson(input.state) : '';
  }

  get dryRun(): boolean {
    return this.input.operation.sync?.dryRun === true;
  }

  /** An option of the object, else of the operation. */
  option(task: Task, name: string): string | undefined {
    return task.options.get(name) ?? this.options.get(name);
  }

  /** What the plan of this attempt says, as far as it has come; undefined where nobody has written it down. */
  rows(): ResourceResult[] | undefined {
    const planned = unpackPlan(this.plan, this.state);
    return planned && rowsOf(planned, doneRows(this.state));
  }

  /** The state with the rows of what was worked on as they stand now. */
  snapshot(): OperationState {
    if (this.tasks.length === 0)
      return {
        ...this.state,
        syncResult: { ...this.input.resolved, resources: doneRows(this.state) },
      };
    const resources = rowsIn(this.tasks.filter((task) => !isPending(task)));
    return { ...this.state, syncResult: { ...this.input.resolved, resources } };
  }

  /** Persists the rows; costs nothing when nothing changed. `message` replaces the operation's. */
  async persist(message?: string): Promise<void> {
    const { message: _, ...rest } = this.snapshot();
    const before = this.state.message;
    await this.save(
      message === undefined && before === undefined ? rest : { ...rest, message: message ?? before ?? '' },
      false,
    );
  }

  async save(state: OperationState, done: boolean): Promise<void> {
    const text = canonicalJson(state);
    if (text === this.#saved && !done) return;
    // The next attempt is planned afresh.
    await this.input.save(state, done, state.finishedAt === undefined ? this.plan : undefined);
    this.#saved = text;
    this.state = state;
  }

  /** Newest known live object: the answer to our own request, or what the watch has brought since. */
  live(key: ResourceKey): KubeObject | undefined {
    const answer = this.#answers.get(keyText(key));
    const cached = this.input.live(key);
    if (!answer || !cached) return cached ?? answer;
    return Number(cached.metadata.resourceVersion ?? 0) >= Number(answer.metadata.resourceVersion ?? 0)
      ? cached
      : answer;
  }

  /** The object as the API server has it now. */
  read(task: { key: ResourceKey; version: string }): Promise<KubeObject | undefined> {
    return this.input.cluster.api.get(refOf(task), { signal: this.input.signal });
  }

  accepted(task: Task, object: KubeObject, manifestHash = task.manifestHash): void {
    this.#answers.set(keyText(task.key), object);
    this.input.accepted(task.key, manifestHash, object);
  }
}

/** With the version that the manifest names, where it names one. */
export function refOf(task: { key: ResourceKey; version: string }): ObjectRef {
  return task.version ? { ...task.key, version: task.version } : task.key;
}

/**
 * True for what may pass by itself: then nothing is recorded and the step is begun again. An answer about the object
 * itself never is.
 */
export function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return [401, 408, 409, 429, 503, 504].includes(error.status);
  return errorKind(error) !== 'terminal';
}
