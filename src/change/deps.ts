// What the room asks of others: rendered manifests, comparison and what the cluster remembers.
import type { AppProject } from '../model/project.ts';
import type { Application, ApplicationSource, Condition } from '../model/application.ts';
import type { Approval } from '../model/coxswain.ts';
import type { Clock } from '../base/clock.ts';
import type { Effect } from '../model/effect.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { GateAuthors } from '../policy/gate.ts';
import type { Git } from '../git/git.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { NamedCluster } from '../policy/project.ts';
import type { Past } from '../model/history.ts';
import type { Place } from '../base/errors.ts';

export interface Desired {
  manifests: readonly KubeObject[];
  /** Resolved commits by source. */
  revisions: string[];
  /** Equal keys have equal manifests (docs/decisions/0006). */
  key: string;
  placeOf?: (manifest: KubeObject) => Place | undefined;
  /** By source, the paths that count. Default: nobody asks who made it. */
  reads?: readonly (readonly string[])[];
  /** By source, the paths that make that manifest what it is. */
  definedBy?: (manifest: KubeObject) => readonly (readonly string[])[];
  /** What people should know of the rendering. */
  warnings?: readonly Condition[];
}

/** What was rendered at a time, and from which sources. */
export interface Read {
  sources: ApplicationSource[];
  revisions: readonly string[];
  reads: readonly (readonly string[])[];
}

/** What would be read, and what was read when it was synced last. */
export interface Reading {
  now: Read;
  past: Read | undefined;
}

/** By tracking name. */
export type Held = ReadonlyMap<string, { server: string; keys: readonly ResourceKey[] }>;

/** Beside what a revision stands that nobody has merged: it fetches nothing that this does not fetch. */
export interface Unmerged {
  /** undefined: the pull request brings the application. */
  merged: Application | undefined;
  revisions: (string | undefined)[];
  /** Of the pull request. */
  repoUrl: string;
}

interface EffectInput {
  app: Application;
  /** R0: manifests at the newest history entry; undefined = never synced. */
  last: readonly KubeObject[] | undefined;
  /** There is a history, but its revision cannot be read any more. */
  lastGone: boolean;
  /** R1: manifests at the branch head; undefined = the same as `target`. */
  branch: readonly KubeObject[] | undefined;
  /** R2: manifests of the merge result. */
  target: readonly KubeObject[];
  /** Whether the sync would delete what is no longer in Git. */
  prune: boolean;
  /** What the touched applications would hold after the merge. */
  held: Held;
  /** Of the rendering of `target`, as far as the pull request brings them. */
  warnings?: readonly Condition[];
  placeOf?: (manifest: KubeObject) => Place | undefined;
}

/** Everything that the room needs from outside; main.ts passes it in. */
export interface ChangeDeps {
  applications: { get(key: string): Application | undefined; list(): Application[] };
  projects: { get(key: string): AppProject | undefined; list(): AppProject[] };
  /** What was stricter before somebody loosened an application's gate without approval, and holds still. */
  formerPolicy(app: KubeObject): EffectivePolicy | undefined;
  /**
   * What was synced last, or what Git and the cluster were found to agree on since, with what was fetched then;
   * undefined: nothing was.
   */
  lastSynced(app: Application): Past | undefined;
  /** Where Argo CD syncs: what is left of the newest sync in history (see `judge`). */
  unverified?(app: Application): readonly string[] | undefined;
  /** Where Argo CD syncs: what the gate does not hold of it, and who has gone past it. */
  told?(app: Application): string[];
  /** By application (`namespace/name`). */
  approvals: { of(application: string): Approval[] };
  /** Namespace of the AppProjects. */
  namespace: string;
  git: Pick<Git, 'repository'>;
  /** Server and name of the destination; undefined if no such cluster is known. Asks nobody. */
  clusterOf(app: Application): NamedCluster | undefined;
  /** Whether that URL leads to the cluster of the control plane. */
  isHome(server: string): boolean;
  /**
   * Key of the application's inputs with the sources pinned (undefined = the source's own targetRevision), without
   * rendering.
   * Equal keys = the pull request does not touch it. Without `unmerged` what is asked for is merged.
   */
  inputsKey(
    app: Application,
    revisions: (string | undefined)[],
    signal: AbortSignal,
    unmerged?: Unmerged,
  ): Promise<string>;
  /**
   * What the application was last rendered from: by source, its commit and the paths that count. undefined = not known.
   * Saves a look at applications that lie far from what a pull request changes.
   */
  rendered(application: string): { revisions: string[]; inputs: string[][] } | undefined;
  /** Rendered manifests with the sources pinned; throws AppErrors with place. */
  desired(
    app: Application,
    revisions: (string | undefined)[],
    signal: AbortSignal,
    how?: { unmerged?: Unmerged | undefined; pinned?: Past['fetched'] },
  ): Promise<Desired>;
  /**
   * What a sync would do, its three facts and its digest; Secrets are masked. Nothing is read of objects that the
   * project does not permit: those of the target are among the errors. Throws transient errors.
   */
  effect(input: EffectInput, signal: AbortSignal): Promise<Effect>;
  /**
   * The objects that the manifests name, with their namespaces, as far as the project permits them. Throws transient
   * errors.
   */
  keysOf(app: Application, desired: Desired): Promise<readonly ResourceKey[]>;
  /**
   * Who made what is read anew; `result` is a merge of base and head that nobody else has, `fork` their newest common
   * commit. Throws while that cannot be asked. Default: nobody is named.
   */
  authorsOf?(
    readings: readonly Reading[],
    merge: { base: string; head: string; fork: string | undefined; result: string },
  ): Promise<GateAuthors>;
  clock: Clock;
  /** Applications worked on at the same time; default 8. */
  concurrency?: number;
}
