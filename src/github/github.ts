// The GitHub App: webhooks in, one comment, checks and deployments out, each found by its key and one in the end.
import type { Change } from '../change/change.ts';
import type { Clock } from '../base/clock.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../base/log.ts';
import type { PullRef, Request } from '../model/coxswain.ts';
import type { Store } from '../store/store.ts';

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

export interface GitHubOptions {
  /** Undefined: no App, only signed pushes are taken. */
  config: GitHubAppConfig | undefined;
  webhookSecret: string | undefined;
  store: Store;
  change: Change;
  onPush: (push: Push) => void;
  /** How people reach the web page. */
  publicUrl: string;
  clock: Clock;
  log: Logger;
  random?: () => number;
}

export interface OpenPull {
  owner: string;
  repo: string;
  base: string;
  head: string;
  title: string;
  body: string;
}

/** What chatops asks of GitHub. */
export interface GitHubForge {
  userId(login: string): Promise<number | undefined>;
  /** `org:team` of the teams that policy or annotations name and that the person is an active member of. */
  teams(login: string, owner: string): Promise<string[]>;
  repositoryOf(repoUrl: string): { owner: string; repo: string } | undefined;
  refreshPull(pull: PullRef): void;
  answer(request: Request, answer: { ok: boolean; text: string }): Promise<void>;
  openPull(pull: OpenPull): Promise<{ number: number; url: string; created: boolean }>;
  authorsBetween(repoUrl: string, from: string, to: string): Promise<{ id: number; login: string }[]>;
}

export interface GitHub {
  /** POST of a webhook delivery; mounted at /webhooks/github. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  forge: GitHubForge;
  /** Installation token for git, if the App is installed on that repository. */
  credentials(repoUrl: string, signal?: AbortSignal): Promise<{ username: string; password: string } | undefined>;
  start(): void;
  stop(): Promise<void>;
}
