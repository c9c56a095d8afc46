// What a pull request would do, who must agree, and what became of it; knows nothing of the forge it comes from.
import type { AppProject } from '../model/project.ts';
import type { Application } from '../model/application.ts';
import type { Approval } from '../model/coxswain.ts';
import type { Clock } from '../base/clock.ts';
import type { Effect } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import type { PullInput, PullPreview, PullProgress } from './pull.ts';

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
}

export interface EffectInput {
  app: Application;
  /** Manifests at the newest history entry (R0); undefined = never synced, or gone from Git (then `notes` says so). */
  last: KubeObject[] | undefined;
  /** Manifests at the branch head (R1). */
  branch: KubeObject[];
  /** Manifests of the merge result (R2). */
  target: KubeObject[];
  signal: AbortSignal;
}

/** Everything that the room needs from outside; main.ts passes it in. */
export interface ChangeDeps {
  applications: { get(key: string): Application | undefined; list(): Application[] };
  projects: { get(key: string): AppProject | undefined };
  approvals: { list(): Approval[] };
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
  effect(input: EffectInput): Promise<Effect>;
  /** Two URLs of one repository are equal. */
  sameRepository(a: string, b: string): boolean;
  clock: Clock;
  /** Applications worked on at the same time; default 8. */
  concurrency?: number;
}

export interface Change {
  /** What merging would do now. Rejects with the signal's reason when superseded. */
  preview(pull: PullInput, signal: AbortSignal): Promise<PullPreview>;
  /** How far the applications have followed a merged pull request. */
  progress(pull: PullInput, signal: AbortSignal): Promise<PullProgress>;
}
