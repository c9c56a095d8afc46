// What the room asks of the others: Git, rendered manifests, comparison and what the cluster remembers.
import type { AppProject } from '../model/project.ts';
import type { Application } from '../model/application.ts';
import type { Approval } from '../model/coxswain.ts';
import type { Clock } from '../base/clock.ts';
import type { Effect } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Place } from '../base/errors.ts';

/** What this room asks of Git; every answer is of now: what is missing is fetched first. */
export interface PullGit {
  /** Commit of a branch, tag or SHA. Throws E_REVISION. */
  resolve(repoUrl: string, revision: string, signal: AbortSignal): Promise<string>;
  /** The head as the forge names it; makes sure that the commit is in the mirror. `number` finds a fork's head. */
  fetchHead(repoUrl: string, head: { sha: string; ref: string; number: number }, signal: AbortSignal): Promise<void>;
  /** A commit of head merged into base, made in the mirror and never pushed; or the files in conflict. */
  testMerge(repoUrl: string, base: string, head: string, signal: AbortSignal): Promise<{ commit: string } | { conflicts: string[] }>;
  /** First parent; undefined for a root commit. */
  parent(repoUrl: string, commit: string, signal: AbortSignal): Promise<string | undefined>;
  isAncestor(repoUrl: string, ancestor: string, descendant: string, signal: AbortSignal): Promise<boolean>;
}

export interface Desired {
  manifests: KubeObject[];
  /** Resolved commits by source. */
  revisions: string[];
  /** Equal keys have equal manifests (design decision 5). */
  key: string;
  placeOf?: (manifest: KubeObject) => Place | undefined;
}

export interface EffectInput {
  app: Application;
  /** R0: manifests at the newest history entry; undefined = never synced. */
  last: KubeObject[] | undefined;
  /** There is a history, but its revision cannot be read any more. */
  lastGone: boolean;
  /** R1: manifests at the branch head; undefined = the same as `target`. */
  branch: KubeObject[] | undefined;
  /** R2: manifests of the merge result. */
  target: KubeObject[];
  /** Whether the sync would delete what is no longer in Git. */
  prune: boolean;
  placeOf?: (manifest: KubeObject) => Place | undefined;
}

/** Everything that the room needs from outside; main.ts passes it in. */
export interface ChangeDeps {
  applications: { get(key: string): Application | undefined; list(): Application[] };
  projects: { get(key: string): AppProject | undefined };
  /** By application (`namespace/name`). */
  approvals: { of(application: string): Approval[] };
  /** Namespace of the AppProjects. */
  namespace: string;
  git: PullGit;
  /**
   * Key of the application's inputs with the sources pinned (undefined = the source's own targetRevision), without rendering.
   * Equal keys = the pull request does not touch it.
   */
  inputsKey(app: Application, revisions: (string | undefined)[], signal: AbortSignal): Promise<string>;
  /** Rendered manifests with the sources pinned; throws AppErrors with place. */
  desired(app: Application, revisions: (string | undefined)[], signal: AbortSignal): Promise<Desired>;
  /** What a sync would do, its three facts and its digest; Secrets are masked. Throws transient errors. */
  effect(input: EffectInput, signal: AbortSignal): Promise<Effect>;
  /** Two URLs of one repository are equal. */
  sameRepository(a: string, b: string): boolean;
  clock: Clock;
  /** Applications worked on at the same time; default 8. */
  concurrency?: number;
}
