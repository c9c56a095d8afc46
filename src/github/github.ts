// The GitHub App: webhooks in, one comment, checks and deployments out, each found by its key and one in the end.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Application } from '../model/application.ts';
import type { Change } from '../change/change.ts';
import type { Clock } from '../base/clock.ts';
import type { GitHubAppConfig, GitHubForge, OpenPull, Push } from './forge.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../base/log.ts';
import type { Recurring } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../base/errors.ts';
import { canonicalJson } from '../base/canonical.ts';
import { pullKey } from '../change/pull.ts';
import type { Host } from './client/probot.ts';
import { isGitHub } from './client/api.ts';
import { authorMemory, authorsOf, moversOf } from './client/authors.ts';
import { app, pushOf } from './deliveries.ts';
import type { AppStatus } from './setup/app-status.ts';
import { appStatus } from './setup/app-status.ts';
import { readAppFile } from './setup/manifest.ts';
import { TtlCache } from './client/ttl-cache.ts';
import { foreignLog } from './client/foreign-log.ts';
import { Installations } from './client/installations.ts';
import { Intake } from './pull/sweep.ts';
import { teamsFrom, userId } from './client/people.ts';
import { PullQueue } from './pull/pull-queue.ts';
import { readPull } from './client/read-pull.ts';
import { reviewersOf } from './client/reviewers.ts';
import type { Webhooks } from './webhook/webhook.ts';
import { createReceiver, webhookPath } from './webhook/webhook.ts';
import type { Permit } from '../base/permit.ts';

export interface GitHubOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  /** Undefined: no App, only signed pushes are taken. */
  config: GitHubAppConfig | undefined;
  webhookSecret: string | undefined;
  store: Store;
  change: Change;
  onPush: (push: Push) => void;
  /** How people reach the web page. */
  publicUrl: string;
  /** Where GitHub sends webhooks instead of there, in development. */
  hookUrl?: string | undefined;
  every: Recurring;
  clock: Clock;
  log: Logger;
  random?: () => number;
  /** Asked before each request that writes; default: nobody is asked. */
  permit?: Permit | undefined;
}

export interface GitHub {
  /** POST of a webhook delivery. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  forge: GitHubForge;
  /** Installation token for git, if the App is installed on that repository. */
  credentials(repoUrl: string): Promise<{ username: string; password: string } | undefined>;
  /** What works of the App and what does not; undefined without one. */
  status: (() => Promise<AppStatus>) | undefined;
  /** Why GitHub does not take us for the App, as far as is known. */
  readonly refused: AppError | undefined;
  /** Nothing waits and nothing runs; delayed passes may exist. */
  readonly idle: boolean;
  start(): void;
  stop(): Promise<void>;
}

interface Parts extends GitHubOptions {
  config: GitHubAppConfig;
  api: Host;
  installations: Installations;
  pulls: PullQueue;
  intake: Intake;
}

function openPull({ installations }: Parts): GitHubForge['openPull'] {
  return async ({ owner, repo, base, head, title, body }: OpenPull) => {
    const { octokit } = installations.client(owner, repo);
    const find = async (): Promise<{ number: number; url: string; created: boolean } | undefined> => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        head: `${owner}:${head}`,
        base,
        state: 'all',
        per_page: 30,
      });
      // One that somebody closed was answered: asking again is a new proposal.
      const standing = data.find((pull) => pull.state === 'open' || pull.merged_at !== null);
      return standing && { number: standing.number, url: standing.html_url, created: false };
    };
    const found = await find();
    if (found) return found;
    try {
      const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        base,
        head,
        title,
        body,
      });
      return { number: data.number, url: data.html_url, created: true };
    } catch (error) {
      const made = isGitHub(error, 422) ? await find() : undefined; // another pass was faster
      if (made) return made;
      throw error;
    }
  };
}

function mergeOf({ installations, change }: Parts): GitHubForge['mergeOf'] {
  return async ({ owner, repo, number }) => {
    const { pull, state } = await readPull(installations.client(owner, repo), number);
    if (pull.merged) {
      const base = await change.before(pull, pull.merged.sha);
      return { state: 'merged', sha: pull.merged.sha, ...(base !== undefined && { base }) };
    }
    return { state: state === 'open' ? 'open' : 'closed' };
  };
}

/** Branches of forks are a stranger's: nothing of them is rendered. */
function touchedBy({ installations, change }: Parts): GitHubForge['touchedBy'] {
  return async ({ owner, repo, number }, signal) => {
    const { pull, state } = await readPull(installations.client(owner, repo), number, signal);
    return pull.merged || (state === 'open' && !pull.fork) ? change.touched(pull, signal) : [];
  };
}

function forgeOf(parts: Parts): GitHubForge {
  const { installations, store, pulls, intake, clock } = parts;
  const memory = authorMemory(clock);
  const teams = teamsFrom(installations, store);
  const ready = async (): Promise<void> => {
    if (!installations.loaded) await installations.load();
  };
  return {
    ready,
    userId: async (login) => {
      await ready();
      return userId(installations, login);
    },
    teams: async (login, owner) => {
      await ready();
      return teams(login, owner);
    },
    repositoryOf: (repoUrl) => {
      const found = installations.at(repoUrl);
      return found && { owner: found.owner, repo: found.repo };
    },
    refreshPull: (pull) => pulls.add(pullKey(pull)),
    mergeOf: async (pull) => {
      await ready();
      return mergeOf(parts)(pull);
    },
    touchedBy: async (pull, signal) => {
      await ready();
      return touchedBy(parts)(pull, signal);
    },
    // The comment is looked at again, finds its Request ended, and gets its reaction: a crash in between loses nothing.
    answer({ spec }) {
      const { pull, origin } = spec;
      if (pull && origin.kind === 'comment') intake.comment(pull, origin.commentId);
      if (pull) pulls.add(pullKey(pull));
      return Promise.resolve();
    },
    openPull: async (pull) => {
      await ready();
      return openPull(parts)(pull);
    },
    async authorsOf(repoUrl, commits, history) {
      await ready();
      const found = installations.at(repoUrl);
      return found && authorsOf(installations.client(found.owner, found.repo), memory, commits, history);
    },
    async moversOf(repoUrl, { ref, from, to }, history) {
      await ready();
      const found = installations.at(repoUrl);
      return (
        found &&
        moversOf(
          installations.client(found.owner, found.repo),
          { ref: ref === 'HEAD' ? found.defaultBranch : ref, from, to },
          history,
        )
      );
    },
    async reviewersOf(repoUrl, environment) {
      await ready();
      const found = installations.at(repoUrl);
      return found && reviewersOf(installations.client(found.owner, found.repo), environment);
    },
  };
}

/** What a pull request shows of an application; nothing else needs a pass. */
function shownOf(app: Application | undefined): string {
  const { sync, health, operationState, history, conditions } = app?.status ?? {};
  const operation = operationState && [
    operationState.phase,
    operationState.message,
    operationState.startedAt,
    operationState.syncResult?.resources?.length,
  ];
  return canonicalJson([
    app?.spec,
    app?.metadata.annotations,
    app?.operation !== undefined,
    sync?.status,
    sync?.revision,
    health?.status,
    operation,
    history?.at(-1)?.id,
    conditions?.map((item) => item.message),
  ]);
}

/** Hints only: a pass reads everything afresh. */
function follow({ store, pulls }: Parts): () => void {
  const ends = [
    store.applications.onChange((key, now, before) => {
      if (shownOf(now) !== shownOf(before)) pulls.applicationChanged(key);
    }),
    store.approvals.onChange((_key, now, before) => {
      const application = (now ?? before)?.spec.application;
      if (
        application &&
        (now?.status?.phase !== before?.status?.phase || now?.status?.message !== before?.status?.message)
      )
        pulls.applicationChanged(application);
    }),
    store.requests.onChange((_key, now, before) => {
      if (now?.spec.pull && now.status?.phase !== before?.status?.phase) pulls.add(pullKey(now.spec.pull));
    }),
  ];
  return () => ends.forEach((end) => end());
}

/** Probot is only loaded where there is an App: it costs memory. */
async function withApp(options: GitHubOptions, config: GitHubAppConfig): Promise<Parts> {
  const { store, change, publicUrl, every, queues, clock, log, permit, random = Math.random } = options;
  const { openHost } = await import('./client/probot.ts');
  const api = await openHost({ ...config, clock, log, random, permit });
  const installations = new Installations(api, log);
  const pulls: PullQueue = new PullQueue({
    appId: config.appId,
    installations,
    store,
    change,
    publicUrl,
    queues,
    clock,
    log,
    onCommand: (pull, comment) => intake.comment(pull, comment.id),
  });
  const intake: Intake = new Intake({ api, installations, pulls, store, every, queues, clock, log });
  return { ...options, config, api, installations, pulls, intake };
}

/** Repositories elsewhere must not wait for GitHub: while it cannot be read, nobody has credentials of it. */
async function credentialsOf(
  { installations, api, log }: Parts,
  repoUrl: string,
): Promise<{ username: string; password: string } | undefined> {
  if (!installations.loaded)
    await installations
      .load()
      .catch((error: unknown) => log.warn({ err: error }, 'the installations of the GitHub App could not be read'));
  const found = installations.at(repoUrl);
  return found && { username: 'x-access-token', password: await api.installationToken(found.installation) };
}

function noApp(): AppError {
  return new AppError('E_GITHUB', 'no GitHub App is configured', { hint: 'Set COX_GITHUB_APP_ID and its key.' });
}

const noForge: GitHubForge = {
  ready: () => Promise.resolve(),
  userId: () => Promise.resolve(undefined),
  teams: () => Promise.resolve([]),
  repositoryOf: () => undefined,
  refreshPull: () => undefined,
  mergeOf: () => Promise.reject(noApp()),
  touchedBy: () => Promise.resolve([]),
  answer: () => Promise.resolve(),
  openPull: () => Promise.reject(noApp()),
  authorsOf: () => Promise.resolve(undefined),
  moversOf: () => Promise.resolve(undefined),
  reviewersOf: () => Promise.resolve(undefined),
};

/** Whoever reaches the page may ask, so GitHub is not asked each time. */
const statusMs = 10_000;

function statusOf({ api, publicUrl, hookUrl, clock }: Parts): () => Promise<AppStatus> {
  const known = new TtlCache<AppStatus>({ clock, forMs: statusMs, keeps: () => true });
  const expected = hookUrl ?? `${publicUrl}${webhookPath}`;
  return () => known.get('', () => appStatus({ app: api.app, file: readAppFile(), hookUrl: expected }));
}

async function appWebhooks(parts: Parts): Promise<Webhooks> {
  const { createNodeMiddleware } = await import('probot');
  const { probot } = parts.api;
  const hearing = { ...parts, appId: parts.config.appId };
  const middleware = await createNodeMiddleware(app(hearing), { probot, webhooksPath: webhookPath });
  const { verify, receive } = probot.webhooks;
  return { middleware, verify, receive };
}

/** Signed pushes, without an App. */
async function pushWebhooks(secret: string, { onPush, log }: GitHubOptions): Promise<Webhooks> {
  const library = await import('@octokit/webhooks');
  const webhooks = new library.Webhooks({ secret, log: foreignLog(log) });
  webhooks.on('push', ({ payload }) => onPush(pushOf(payload)));
  const middleware = library.createNodeMiddleware(webhooks, { path: webhookPath, log: foreignLog(log) });
  return { middleware, verify: webhooks.verify, receive: webhooks.receive };
}

/** Throws E_CONFIG when the App has no webhook secret. */
export async function createGitHub(options: GitHubOptions): Promise<GitHub> {
  const { config, webhookSecret } = options;
  const parts = config && (await withApp(options, config));
  const webhooks = parts
    ? await appWebhooks(parts)
    : webhookSecret
      ? await pushWebhooks(webhookSecret, options)
      : undefined;
  let unfollow: () => void = () => undefined;
  return {
    handle: createReceiver(webhooks),
    forge: parts ? forgeOf(parts) : noForge,
    credentials: async (repoUrl) => parts && credentialsOf(parts, repoUrl),
    status: parts && statusOf(parts),
    get refused() {
      return parts?.installations.refused;
    },
    get idle() {
      return !parts || (parts.pulls.idle && parts.intake.idle);
    },
    start() {
      if (!parts) return;
      unfollow = follow(parts);
      parts.pulls.start();
      parts.intake.start();
    },
    async stop() {
      unfollow();
      await Promise.all([parts?.intake.stop(), parts?.pulls.stop()]);
    },
  };
}
