// What the cluster holds right now, as far as it concerns us: slim records of everything, whole objects of what is
// managed.
import type { Gvk, KubeObject, ResourceKey } from '../model/kube.ts';
import type { Tracking } from '../model/tracking.ts';

/** What is kept of every object of the cluster. */
export interface LiveRecord {
  readonly key: ResourceKey;
  readonly uid: string;
  /** Of the version that we watch, e.g. `apps/v1`. */
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  /** Changes exactly when something that Git could want changes; not with the status (docs/decisions/0006). */
  readonly fingerprint: string;
  /**
   * The application part of the tracking id (`<app>` or `<namespace>_<app>`), if that id describes this very object;
   * undefined otherwise.
   */
  readonly application: string | undefined;
  /** True if the object has no owner references: only such objects are roots of an application (Argo CD). */
  readonly root: boolean;
  readonly ownerUids: readonly string[];
  /** A deletionTimestamp is set. */
  readonly deleting: boolean;
  /** What `Describing` says of it; undefined where nobody asked for notes. */
  readonly note?: string | undefined;
}

/** For whoever shows objects whose bodies are not kept: a short text of each. */
export interface Describing {
  /** Kinds of which a note needs the whole body. */
  wants(kind: { group: string; kind: string }): boolean;
  /** `whole`: not only its metadata is there. */
  note(object: KubeObject, whole: boolean): string;
}

/** A record, and the whole object (with managedFields) where it is kept: roots of applications and wanted keys. */
export interface LiveObject extends LiveRecord {
  /** Parsed from its text on first use; undefined if only the record is kept. Not to be modified. */
  readonly object: KubeObject | undefined;
}

export interface LiveChange {
  readonly key: ResourceKey;
  /** Undefined if the object is new. Both are what is live now when the key is told again. */
  readonly before: LiveRecord | undefined;
  /** Undefined if the object is gone. */
  readonly after: LiveRecord | undefined;
  /** The new object, if its body is kept. */
  readonly object: KubeObject | undefined;
  /** True for new and gone objects too. */
  readonly fingerprintChanged: boolean;
  /** Tracking names of the applications that track the object (before or after) or want its key. */
  readonly applications: readonly string[];
  /**
   * `own` if it came as the answer to a request of ours (`accept`), `watch` otherwise. Its echo on the watch is not
   * reported again.
   */
  readonly origin: 'watch' | 'own';
}

/** What the settings say of what is live. */
export interface LiveSettings {
  tracking: Tracking;
  /** Kinds that are not watched. */
  excludes(kind: { group: string; kind: string }): boolean;
}

/** The live cache of one cluster: one watch per kind. All reads are synchronous look-ups by key or index. */
export interface Live {
  /**
   * Starts watching every kind that can be watched and is not excluded; resolves when all kinds that answered are
   * complete.
   */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * From now on; default: Argo CD's. What is no longer watched is as if gone, and all is listed anew where objects tell
   * by something else to whom they belong: until then they are whose they were.
   */
  configure(settings: LiveSettings): void;
  /** Every kind has been listed, or cannot be: then `problemOf` says why, and the rest works without it. */
  readonly settled: boolean;
  get(key: ResourceKey): LiveObject | undefined;
  /**
   * Keys of the root objects that the application tracks. `application` is the tracking name, as in
   * `LiveRecord.application`.
   */
  keysOf(application: string): ResourceKey[];
  /** Objects with an owner reference to that uid. */
  childrenOf(uid: string): LiveRecord[];
  /** Objects of that namespace without owner references; whoever asks once has them followed from then on. */
  rootsIn(namespace: string): Iterable<LiveRecord>;
  /** All objects, or those of one kind. */
  records(kind?: { group: string; kind: string }): Iterable<LiveRecord>;
  /**
   * Says which keys an application's manifests have (replacing what it said before), so that their bodies are kept even
   * untracked, and waits until they can be read: their kinds are watched whole and complete. Kinds that the cluster
   * does not serve are passed over.
   */
  want(application: string, keys: readonly ResourceKey[], signal?: AbortSignal): Promise<void>;
  /** The application wants nothing any more. */
  forget(application: string): void;
  /**
   * Tells the application of the key once more after so many ms, as of a change that changed nothing: for whoever could
   * not judge it now.
   */
  again(application: string, key: ResourceKey, ms: number): void;
  /**
   * Starts the watches of these kinds if needed, with whole bodies, and waits until they are complete. Kinds not served
   * or excluded are passed over.
   */
  ensureKinds(kinds: readonly { group: string; kind: string }[], signal?: AbortSignal): Promise<void>;
  /**
   * Why a kind cannot be read now (its watch is failing, or its kind is excluded); undefined if all is well. Such a
   * kind must never be pruned.
   */
  problemOf(kind: { group: string; kind: string }): Error | undefined;
  /** Resolves when the watch has reached that version of the object, or a newer one, or has seen it gone since. */
  waitFor(key: ResourceKey, resourceVersion: string, signal?: AbortSignal): Promise<void>;
  /** Resolves with the object (or its absence) as soon as `test` is true of it. */
  until(
    key: ResourceKey,
    test: (object: LiveObject | undefined) => boolean,
    signal?: AbortSignal,
  ): Promise<LiveObject | undefined>;
  /** Puts the answer to an own write into the cache, if it is newer. Never pass an answer to a dry run. */
  accept(object: KubeObject): void;
  /** Called for every change in order; must return at once. Returns what ends the subscription. */
  onChange(fn: (change: LiveChange) => void): () => void;
  /** Told when kinds come or go (custom resource definitions). */
  onKinds(fn: (kinds: readonly Gvk[]) => void): () => void;
  readonly stats: LiveStats;
}

export interface LiveStats {
  readonly kinds: number;
  readonly objects: number;
  /** Objects whose whole body is kept. */
  readonly bodies: number;
  /** Watch events taken in since the start. */
  readonly events: number;
  readonly relists: number;
}
