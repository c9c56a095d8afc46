// The words of this room: what is compared, what comes of it, and what its parts share.
import type { Application, Condition, ResourceStatus, SyncStatusCode } from '../../model/application.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { ComparisonSettings } from '../../model/comparison-settings.ts';
import type { Effect, EffectOperation, FieldChange, FieldPath, ObjectError } from '../../model/effect.ts';
import type { HookInfo } from '../../model/hooks.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { EffectivePolicy, LoosenedGate } from '../../policy/policy.ts';
import type { Place } from '../../base/errors.ts';
import type { Prepared, PreparedObject } from './prepare.ts';
import type { Jq } from './jq.ts';
import type { ByArgo } from './argo-apply.ts';
import type { Worker } from '../../base/worker.ts';
import type { ThreeWay } from './three-way.ts';
import type { Verdicts } from './verdicts.ts';

/** What the comparer asks of a cluster: `connectCluster`'s answer fits. */
export type CompareCluster = Pick<Cluster, 'name' | 'server' | 'api' | 'discovery' | 'live'>;

export interface ComparerOptions {
  cluster: CompareCluster;
  /** Key of the digests' MACs (a Secret keeps it). */
  macKey: Buffer;
  /** URL under which settings know the cluster: whatever an Application calls it, digests name this. */
  server: string;
  /** Tells the cluster from another one that comes to be behind that URL; digests name it too. */
  identity?: string | undefined;
  /** Reads the jq expressions of ignoreDifferences. */
  jq: Jq;
  /** Makes the patches of client-side applies; needed as soon as one asks of what Argo CD syncs (`byArgo`). */
  threeWay?: ThreeWay | undefined;
  /** Tells what fields mean that `knownTypeFields` of the settings names; without one they are compared as they are. */
  worker?: Worker | undefined;
  /** What argocd-cm says now; default: nothing. */
  settings?: () => ComparisonSettings;
  /** Requests in flight for one comparison; default 16. */
  concurrency?: number;
}

/**
 * The rendered manifests of one application, as they came from the renderer; the list and its objects are never
 * modified.
 */
export interface CompareInput {
  app: Application;
  /** Application part of the tracking id: `<name>`, or `<namespace>_<name>` outside the control namespace. */
  tracking: string;
  manifests: readonly KubeObject[];
  /**
   * Manifests of the newest history entry when they are not `manifests` themselves: what they had and `manifests` lacks
   * is then removed even where another tool's update took the field over (docs/decisions/0011). undefined = the same,
   * or never synced.
   */
  previous?: readonly KubeObject[];
  /** Of the rendering: they become conditions. */
  warnings?: readonly Condition[];
  /** Of the sync whose targets are asked for; default the spec's. */
  syncOptions?: readonly string[];
  /** Where a manifest object stands, by identity. */
  placeOf?: (manifest: KubeObject) => Place | undefined;
  /**
   * Live objects that the project does not permit are left out (Argo CD: IsLiveResourcePermitted). Default: all are
   * permitted.
   */
  permitted?: (object: ResourceKey, namespaced: boolean) => boolean;
  /**
   * Of those that are not permitted: their kind is forbidden wherever it stands, and reads Unknown (Argo CD). Default:
   * none is.
   */
  forbidden?: (object: ResourceKey, namespaced: boolean) => boolean;
  /** Default: there are none. */
  others?: Others;
  /** Argo CD syncs it: what is applied is predicted as Argo CD applies it. */
  byArgo?: boolean;
}

/** A gated application. */
export interface Owner {
  /** `namespace/name`. */
  application: string;
  policy: EffectivePolicy;
}

/** One Application that goes with a deletion. */
export interface Gone {
  /** `namespace/name`. */
  application: string;
  uid: string;
  environment: string | undefined;
  /** What goes with it. */
  objects: readonly ResourceKey[];
  /** Under which its going needs approval. */
  gates: readonly LoosenedGate[];
}

/** The other applications of the cluster, by their tracking names. */
export interface Others {
  /** Gated ones to which the object belongs: they track it, or their desired state holds it. */
  ownersOf(key: ResourceKey): readonly Owner[];
  /** Gated ones of whose objects some go when this one goes: a Namespace, a definition, or what owns them. */
  takenAlong(key: ResourceKey): readonly Owner[];
  /** Applications that go when the object goes, itself if it is one, and to any depth all that they take along. */
  goesWith(key: ResourceKey): readonly Gone[];
  /**
   * Whose desired state holds the object now; undefined: nobody's. What this application leaves is then theirs, and
   * never pruned.
   */
  heldBy(key: ResourceKey): string | undefined;
  /** That application is known to hold it no more. */
  hasLeft(tracking: string, key: ResourceKey): boolean;
}

/**
 * One object of an application: its manifest, what is live, and the verdict. Raw: pass only `changes` and `error` on to
 * people.
 */
export interface ComparedObject {
  key: ResourceKey;
  /** API version without the group, e.g. `v1`. */
  version: string;
  /**
   * Ready to be applied: namespace set, tracked, stringData folded; over a live object and with
   * RespectIgnoreDifferences=true, the ignored fields as they are live. undefined = only live.
   */
  target: KubeObject | undefined;
  /** Hash of `target`; '' without one. Give it back in `accept`. */
  manifestHash: string;
  live: KubeObject | undefined;
  /**
   * What applying `target` would make of `live`, removals included; `live` itself when in sync; undefined when not
   * asked or refused.
   */
  predicted: KubeObject | undefined;
  /** Hooks: 'OutOfSync' (always to be run), not counted. */
  status: SyncStatusCode;
  hook: HookInfo;
  wave: number;
  /** Live only, and to be removed by a sync with prune. */
  requiresPruning: boolean;
  /** An extra object that does not make the application OutOfSync (IgnoreExtraneous, or it moves). */
  ignored: boolean;
  /** Live only, and held by that other application's desired state: it takes the object over. */
  movesTo?: string;
  /** The server dry-ran this very manifest over this live object and took it. */
  validated: boolean;
  /** live → predicted, Secret values masked; empty unless both exist and differ. */
  changes: FieldChange[];
  /** The last synced manifest of this object, if it differs: for removals in the sync. */
  previous: KubeObject | undefined;
  error?: ObjectError;
  /** The server failed at this object, e.g. at a webhook for it: 'Unknown' for now, and judged again by itself. */
  unanswered?: true;
  /**
   * Which rule of ignoreDifferences for it cannot be evaluated, and why: 'Unknown', and nothing writes or deletes it.
   */
  unruled?: string;
  /** Each sync makes another one (metadata.generateName): always 'OutOfSync', never drift. */
  generated?: true;
  place?: Place;
}

/** A whole application against its cluster. Immutable: `compareObjects` returns a new one. */
export interface Comparison {
  input: CompareInput;
  /** Sorted by group, kind, namespace and name; hooks of the manifests included. */
  objects: readonly ComparedObject[];
  status: SyncStatusCode;
  /** In Argo CD's form, without health: the application's status.resources. */
  resources: ResourceStatus[];
  /** Images of the live (else target) pod templates, sorted, each once. */
  images: string[];
  /**
   * Warnings, ComparisonError when a manifest cannot be read by the server, UnknownError for what it failed at. Without
   * lastTransitionTime.
   */
  conditions: Condition[];
  /** Masked. */
  errors: ObjectError[];
}

export interface EffectInput {
  app: Application;
  tracking: string;
  /** R0: manifests of the newest history entry. undefined = never synced: everything waits. */
  last?: readonly KubeObject[] | undefined;
  /** There is a history, but its revision cannot be read any more: `branch` stands in for R0, and a note says so. */
  lastGone?: boolean;
  /** R1: manifests of the branch head. undefined = no pull request is asked about: the same as `target`. */
  branch?: readonly KubeObject[] | undefined;
  /** R2: what would be synced. */
  target: readonly KubeObject[];
  /** Whether the sync deletes what is no longer in Git. Gated applications: true. */
  prune: boolean;
  /** Effective sync options; default the spec's. */
  syncOptions?: readonly string[];
  /** Of the rendering of `target`, without those that are known from before: they become notes. */
  warnings?: readonly Condition[];
  placeOf?: (manifest: KubeObject) => Place | undefined;
  /**
   * Why the project does not permit an object; undefined = it does. Nothing is read or tried of such an object: one of
   * the target is an error, any other is left out. Default: all are permitted.
   */
  denied?: (object: ResourceKey, namespaced: boolean) => string | undefined;
  /** Default: there are none. */
  others?: Others;
  /** As in `CompareInput`. */
  byArgo?: boolean;
}

/** What writing one object would do, as it is live now. */
export interface Judged {
  /** undefined: nothing, or nothing that counts. */
  operation: EffectOperation | undefined;
  /**
   * The very object of which this is said; undefined: nothing is live. A write that carries its uid and version does
   * just this.
   */
  live: KubeObject | undefined;
  /** What is sent; undefined for a deletion. */
  target: KubeObject | undefined;
  /** Of `target`, to be given back in `accept`. */
  manifestHash: string;
  /** What the apply leaves behind and may be taken out then. */
  removed: readonly FieldPath[];
  error: ObjectError | undefined;
}

/** Compares the applications of one cluster; keeps verdicts, so that an unchanged object costs no request. */
export interface Comparer {
  /** Throws transient errors of the API (look again later); what is wrong with one object is in the answer. */
  compare(input: CompareInput, signal: AbortSignal): Promise<Comparison>;
  /**
   * The same with these objects looked at afresh: at most one dry run each. Keys that are new or gone are added or
   * dropped.
   */
  compareObjects(comparison: Comparison, keys: readonly ResourceKey[], signal: AbortSignal): Promise<Comparison>;
  /** What a sync would do, its three facts and its digest (docs/decisions/0005). Secrets are masked. */
  effect(input: EffectInput, signal: AbortSignal): Promise<Effect>;
  /** What runs when the application is deleted; asks nobody. */
  deleteHooks(input: Pick<CompareInput, 'app' | 'tracking' | 'manifests' | 'placeOf'>): readonly PreparedObject[];
  /** What the manifests hold, hooks that have a name included; asks nobody. */
  keysOf(input: CompareInput): ResourceKey[];
  /**
   * The same of one object, or of the namespace that the sync makes: at most one dry run. `exact`: it is about to be
   * written.
   */
  judge(input: EffectInput, { key, exact }: { key: ResourceKey; exact: boolean }, signal: AbortSignal): Promise<Judged>;
  /** What the creation of a hook in that phase counts as, which looks at nothing live. */
  judgeHook(input: EffectInput, hook: { key: ResourceKey; manifest: KubeObject; phase: string }): EffectOperation;
  /**
   * The answer to an own apply of the manifest with that hash: it goes into the live cache and sets the verdict, so
   * that its echo costs nothing.
   */
  accept(key: ResourceKey, manifestHash: string, object: KubeObject): void;
  /** Asks the server anew about each object of the application at the next comparison. */
  doubt(tracking: string): void;
  /** Drops what is kept for an application that is gone. */
  forget(tracking: string): void;
  /** Hash of the settings by which it compares now. */
  readonly basis: string;
  /** Verdicts answered without and with a request since the start. */
  readonly stats: { readonly hits: number; readonly asked: number };
  /** Live objects of which verdicts are kept. */
  readonly kept: number;
}

/** What the parts of this room share. */
export interface CompareContext {
  cluster: CompareCluster;
  jq: Jq;
  settings: ComparisonSettings;
  worker: Worker | undefined;
  threeWay: ThreeWay | undefined;
  verdicts: Verdicts;
  concurrency: number;
  signal: AbortSignal;
  /** Of the sync that is asked about. */
  syncOptions?: ReadonlyMap<string, string>;
  /** Where Argo CD syncs, the rules by which it applies. */
  byArgo?: ByArgo | undefined;
  /** Only what the server said of the present version counts: the object is about to be written. */
  exact?: boolean;
  /** Nothing else tells of the key: it is judged once more in a while. */
  again(key: ResourceKey): void;
  prepared(input: Pick<CompareInput, 'app' | 'tracking' | 'placeOf'>, manifests: readonly KubeObject[]): Prepared;
}
