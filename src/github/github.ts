// The GitHub App: webhooks in, one comment, checks and deployments out, each found by its key and one in the end.
import type { AppError } from '../base/errors.ts';
import type { Application } from '../model/application.ts';
import type { GitHubAppConfig, GitHubForge } from './forge.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { canonicalJson } from '../base/canonical.ts';
import { pullKey } from '../change/pull.ts';
import { app, pushOf } from './deliveries.ts';
import type { AppStatus } from './setup/app-status.ts';
import { appStatus } from './setup/app-status.ts';
import { readAppFile } from './setup/manifest.ts';
import { TtlCache } from './client/ttl-cache.ts';
import { foreignLog } from './client/foreign-log.ts';
import { Installations } from './client/installations.ts';
import { Intake } from './pull/sweep.ts';
import { PullQueue } from './pull/pull-queue.ts';
import type { Webhooks } from './webhook/webhook.ts';
import { createReceiver, webhookPath } from './webhook/webhook.ts';
import type { GitHubOptions, Parts } from './parts.ts';
import { forgeOf, noForge } from './app-forge.ts';

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
