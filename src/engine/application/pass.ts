// What a pass over an application works with.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Worker } from '../../base/worker.ts';
import type { Describing, LiveChange } from '../../cluster/live.ts';
import type { Repository } from '../../git/repository.ts';
import type { Application } from '../../model/application.ts';
import type { Actor } from '../../model/coxswain.ts';
import type { CommitRange } from '../../model/history.ts';
import type { Turn } from '../../policy/engine.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { Store } from '../../store/store.ts';
import type { Target } from './assess.ts';
import type { Desiring } from './desired.ts';
import type { Memory } from './memory.ts';
import type { Holdings } from './holdings.ts';
import type { Sources } from './sources.ts';

/** What a change is made of, as far as anybody can tell. */
export interface Change {
  ranges: CommitRange[];
  /** What was done to it without a commit. */
  unknown: string[];
}

/** What the forge may ask about the commits that it tells of. */
type History = Pick<Repository, 'has' | 'isAncestor' | 'commitsBetween'>;

/** A ref that no longer holds what it held. */
interface RefMove {
  /** As the source names it. */
  ref: string;
  from: string;
  to: string;
}

/**
 * What the forge tells of commits. Both throw while it cannot be asked, and answer undefined where a repository is none
 * of its own.
 */
export interface CommitAuthors {
  authorsOf(repoUrl: string, commits: readonly string[], history: History): Promise<GateAuthors | undefined>;
  /** Who moved the ref away from a commit. */
  moversOf(repoUrl: string, move: RefMove, history: History): Promise<GateAuthors | undefined>;
  /** Logins whom the forge's environment of that name requires as reviewers; undefined when it asks nobody. */
  reviewersOf?(repoUrl: string, environment: string): Promise<string[] | undefined>;
}

export interface Authors {
  /** Throws while they are not known yet. `app`: whose change it is; its repositories are read as it reads them. */
  authorsOf(change: Change, app?: Application): Promise<GateAuthors>;
  reviewersOf?: CommitAuthors['reviewersOf'];
  /** Whether any commit of these ranges touched their paths. */
  hasCommits?(ranges: readonly CommitRange[], app: Application): Promise<boolean>;
}

/** What somebody may do now, who agreed before. */
export interface Standing {
  /** As `org/team`. */
  teams: string[];
  /** Why they may not approve any more. */
  refused?: string;
}

/**
 * Whoever shows what the engine finds, to others than its own pages. Only keys travel: what there is to see is read
 * when it is shown.
 */
export interface View {
  /** What the live caches keep for it. */
  describing: Describing;
  /** There may be something else to see of the application. */
  look(application: string): void;
  /** The same, for somebody who waits: resolves when it is shown, or in a second where that cannot be. */
  shown(application: string): Promise<void>;
  /** Something happened in the cluster behind that URL. */
  onLive(server: string, change: LiveChange): void;
}

export interface ReconcileDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  desiring: Desiring;
  /** Knows the schedules of sync windows. */
  worker: Worker;
  authors: Authors;
  /**
   * Rights and teams of an approver as of now; throws while nobody can tell. Default: what was true when they agreed.
   */
  standing?: ((actor: Actor, app: Application) => Promise<Standing>) | undefined;
  memory: Memory;
  holdings: Holdings;
  /** Looks at an application, by key, as soon as somebody can. */
  enqueue(key: string): void;
  sources: Pick<Sources, 'behind' | 'heads'>;
  /**
   * The cluster of a destination; undefined when no Secret names it. `sure`: that it is still the same one is asked,
   * before anything is written. Throws when it cannot be reached.
   */
  targetOf(app: Application, options?: { sure?: boolean }): Promise<Target | undefined>;
  /** The same, if it is connected already; asks nobody. */
  connectedTo(app: Application): Target | undefined;
  /** When this process began to work (clock ms): older mirrors are not read. */
  startedAt: number;
  /**
   * Brings the mirrors of the application's repositories up to what the remotes had at `since` (clock ms) or later;
   * undefined when they are.
   */
  fetch(app: Application, since: number, signal: AbortSignal): Promise<void> | undefined;
  /** Drops what the application's cluster keeps for it. */
  forgetTracking(known: { tracking: string; server: string }): void;
  /** Whose turn the application is, as of now; where it is Argo CD's, a pass is that of `engine/argocd`. */
  turn(app: Application): Turn;
  /** Since when (clock ms) no engine works on it, though one should; undefined: one does, or it is switched off. */
  idleSince(app: Application): number | undefined;
  /** How long (ms) that lasts before what waits for approval is void. */
  idleMs: number;
  /** Throws (waiting) unless our engine may write to the application, by key, at this moment. */
  claim(application: string): void;
  /** Who shows the application elsewhere; default: nobody. */
  view?: Pick<View, 'look' | 'shown'> | undefined;
}
