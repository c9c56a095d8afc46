// The words that others use to speak with the GitHub App: configuration, pushes, and what chatops asks of a forge.
import type { CommitAuthors } from '../engine/application/pass.ts';
import type { PullRef, Request } from '../model/coxswain.ts';

export interface GitHubAppConfig {
  appId: number;
  privateKey: string;
  webhookSecret: string;
  /** REST base without a trailing slash. */
  apiUrl: string;
}

/** A push as a hint: read Git afresh. `after` is 40 zeros when the ref was deleted. */
export interface Push {
  repoUrl: string;
  ref: string;
  before: string;
  after: string;
  /** Undefined when the payload does not list them all. */
  changedPaths: string[] | undefined;
}

export interface OpenPull {
  owner: string;
  repo: string;
  base: string;
  head: string;
  title: string;
  body: string;
}

/** What chatops and the engine ask of GitHub. */
export interface GitHubForge {
  /** Resolves when it is known where the App is installed; until then `repositoryOf` knows nothing. */
  ready(): Promise<void>;
  userId(login: string): Promise<number | undefined>;
  /** `org:team` of the teams that policy or annotations name and that the person is an active member of. */
  teams(login: string, owner: string): Promise<string[]>;
  repositoryOf(repoUrl: string): { owner: string; repo: string } | undefined;
  refreshPull(pull: PullRef): void;
  /** `sha`: the last commit that the base branch got, `base`: the one before the first; none where there was none. */
  mergeOf(pull: PullRef): Promise<{ state: 'open' | 'closed' } | { state: 'merged'; sha: string; base?: string }>;
  /** `namespace/name` of the applications that an open pull request touches, or that a merged one touched. */
  touchedBy(pull: PullRef, signal: AbortSignal): Promise<string[]>;
  /** A reaction on the comment that asked; the text stands in the living comment. */
  answer(request: Request, answer: { ok: boolean; text: string }): Promise<void>;
  openPull(pull: OpenPull): Promise<{ number: number; url: string; created: boolean }>;
  authorsOf: CommitAuthors['authorsOf'];
  moversOf: CommitAuthors['moversOf'];
  /** Logins of the required reviewers of that repository's environment; undefined when nobody is asked. */
  reviewersOf(repoUrl: string, environment: string): Promise<string[] | undefined>;
}
