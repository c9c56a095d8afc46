// What a step of a sync is given and what it answers.
import type { Place } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type {
  Application,
  ApplicationSource,
  Health,
  Operation,
  OperationState,
  SyncStatusCode,
} from '../model/application.ts';
import type { FieldPath } from '../model/effect.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { TaskKind } from './task.ts';

export interface SyncTarget {
  key: ResourceKey;
  /** Rendered manifest, tracked and with its namespace set; hooks are targets too. undefined: what is live is extra. */
  target: KubeObject | undefined;
  /** Of what is extra: the object as the comparison saw it. */
  live?: KubeObject;
  /** Verdict of the comparison: what is Synced is not applied again. Hooks: any. */
  status: SyncStatusCode;
  /** Handed back through `accepted`. */
  manifestHash: string;
  /** This very manifest was dry-run over the present live object: no second dry run. */
  validated?: boolean;
  /** The sync names it: another one each time, and nothing live is it. */
  generated?: true;
  /** Where Git has it. */
  place?: Place;
  /** Not permitted: fails the operation before anything is applied, with this message. */
  invalid?: string;
  /** Why it is neither written nor deleted; nothing else waits for it. */
  left?: string;
  /** Another application's desired state holds it: it is left to that one. */
  movesTo?: string;
  /** Manifest of the last sync: fields that it had and the target lacks are taken out (docs/decisions/0011). */
  previous?: KubeObject;
}

/** What is about to be written. */
export interface Write {
  kind: TaskKind;
  key: ResourceKey;
  /** Of a hook, or of what the sync names: in which phase it is created, and from what. */
  hook?: { key: ResourceKey; manifest: KubeObject; phase: string };
  /** `ahead`: it is not its turn yet. `raced`: somebody was quicker than the write that was judged last. */
  when: 'ahead' | 'now' | 'raced';
}

/** `live`: of which this is said; a write carries its uid and version, or creates and nothing else. */
export interface Permit {
  do: 'write';
  live: KubeObject | undefined;
  /** What is sent; undefined for a deletion. */
  target: KubeObject | undefined;
  manifestHash: string;
  /** What may be taken out after the apply. */
  removed: readonly FieldPath[];
  /** The object is deleted and made anew. */
  recreate: boolean;
}

/** `leave`: nothing is left to do. `refused`: the API server would not take it. `stop`: nobody has agreed to it. */
export type Judgement = Permit | { do: 'leave' } | { do: 'refused'; message: string } | { do: 'stop'; why: string };

export interface StepInput {
  app: Application;
  /** As written on the Application. */
  operation: Operation;
  /** status.operationState if it belongs to this operation; undefined begins. With `plan` it is a sync's memory. */
  state: OperationState | undefined;
  /** What `save` was given as the plan of that state. */
  plan?: string | undefined;
  /** What the operation's revision and source were resolved to when it began. */
  resolved: { revision: string; revisions?: string[]; source?: ApplicationSource; sources?: ApplicationSource[] };
  /** Every object of the application at that revision, its hooks, and its extra live objects; as compared just now. */
  targets: readonly SyncTarget[];
  /** Whole live object out of the watch cache. */
  live(key: ResourceKey): KubeObject | undefined;
  /**
   * Of what is to be pruned: the other application to which it belongs, or whose desired state holds it. Default:
   * nobody's.
   */
  heldBy?(key: ResourceKey): string | undefined;
  /** Applications of which nobody can tell yet what they hold: nothing is pruned before. Default: none. */
  unread?(): Promise<string[]>;
  cluster: Pick<Cluster, 'api' | 'discovery'>;
  /** undefined: its kind has none, which counts as fine. */
  healthOf(object: KubeObject): Promise<Health | undefined>;
  /**
   * Persists status.operationState and the plan beside it; undefined: there is none. When `done`, `/operation` is
   * removed in the same patch. Throws to stop the step: nothing is lost.
   */
  save(state: OperationState, done: boolean, plan: string | undefined): Promise<void>;
  /** Told of every accepted write at once; `object` is the API's answer. */
  accepted(key: ResourceKey, manifestHash: string, object: KubeObject): void;
  /** Under approval: asked immediately before each write, about the object as it is then. */
  judge?: ((write: Write) => Promise<Judgement>) | undefined;
  /**
   * Where nobody was asked: whose gate bears on the object by now, as a clause; asked immediately before it is written
   * or deleted. Default: nobody's.
   */
  guardedBy?: ((key: ResourceKey, deletes: boolean) => string | undefined) | undefined;
  /**
   * Under approval: asked before a phase and wave writes; why nothing more is written before the gate is asked again.
   */
  confirm?: ((group: string) => Promise<string | undefined>) | undefined;
  /** Why the operation ends here, whatever is left of it. */
  ends?: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /**
   * Why the application cannot be synced at all (ComparisonError, InvalidSpecError): ends the operation with phase
   * Error.
   */
  blocked?: string;
}

export interface StepResult {
  /** As saved last. */
  state: OperationState;
  done: boolean;
  /** Nothing more is written before the gate has been asked about what is left: why. */
  stopped?: string;
  /** The message of the operation while it waits. */
  waitingFor?: string;
  /** Nothing but the health of what is applied is waited for. */
  health?: true;
  /** Keys whose next event should bring the next step. */
  watch: ResourceKey[];
  /** Milliseconds since the epoch at which to step again even without an event. */
  at?: number;
}
