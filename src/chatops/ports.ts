// What the command room asks of others: the forge, the chat, and the answers that they show.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { HandOver } from '../engine/request.ts';
import type { Authors } from '../engine/application/pass.ts';
import type { Git } from '../git/git.ts';
import type { Application } from '../model/application.ts';
import type { Followed, PullRef, Request } from '../model/coxswain.ts';
import type { Turn } from '../policy/engine.ts';
import type { Store } from '../store/store.ts';

export interface Answer {
  ok: boolean;
  /** Plain text, a few lines; names and reasons may hold a stranger's words: whoever shows it escapes it. */
  text: string;
  /** What came of it, e.g. `pull` → URL. */
  result?: Record<string, string>;
  /** What was begun by it. */
  syncs?: Followed[];
  /** It is told later: how that has ended. */
  ended?: true;
}

/** Who people are, as the forge knows them; github/client/ fits it. */
export interface People {
  /** Resolves when `repositoryOf` can be believed. */
  ready(): Promise<void>;
  userId(login: string): Promise<number | undefined>;
  /** `org/team` of every team the person is an active member of and that a policy names. */
  teams(login: string, owner: string): Promise<string[]>;
  repositoryOf(repoUrl: string): { owner: string; repo: string } | undefined;
}

/** What we ask of the forge; github/ fits it. */
export interface Forge extends People {
  refreshPull(pull: PullRef): void;
  /** `sha`: the last commit that the base branch got, `base`: the one before the first; none where there was none. */
  mergeOf(pull: PullRef): Promise<{ state: 'open' | 'closed' } | { state: 'merged'; sha: string; base?: string }>;
  /** `namespace/name` of the applications that an open pull request touches, or that a merged one touched. */
  touchedBy(pull: PullRef, signal: AbortSignal): Promise<string[]>;
  answer(request: Request, answer: Answer): Promise<void>;
  openPull(pull: {
    owner: string;
    repo: string;
    base: string;
    head: string;
    title: string;
    body: string;
  }): Promise<{ number: number; url: string; created: boolean }>;
}

/** What we ask of the chat; slack/ fits it. */
export interface Chat {
  answer(request: Request, answer: Answer): Promise<void>;
}

/**
 * Paths that an application's manifests depend on, by source, at a revision of each; undefined: as the source is now.
 */
type PullInputs = (app: Application, revisions: readonly (string | undefined)[]) => Promise<string[][]>;

export interface ChatopsOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  store: Store;
  git: Git;
  inputsOf: PullInputs;
  authors: Authors;
  /** Where Argo CD carries operations out. */
  handOver?: HandOver | undefined;
  /** Which engine works on the application now. Default: ours. */
  turn?: (app: Application) => Turn;
  /** Fingerprint of the drift as it was last seen; undefined while that is not known. Default: it never is. */
  driftNow?: (application: string) => string | undefined;
  /** undefined without a GitHub App. */
  forge: Forge | undefined;
  /**
   * Why somebody else may have made what came from a terminal at that time; undefined when nobody could. Default:
   * nothing is taken from there.
   */
  doubt?: (createdAt: string) => Promise<string | undefined>;
  clock: Clock;
  log: Logger;
}
