// The GitHub App: webhooks in, one comment, checks and deployments out, each found by its key and one in the end.
import type { Application } from '../model/application.ts';
import type { Forge } from '../chatops/ports.ts';
import type { GitHubClient } from './client/client.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppStatus } from './setup/app-status.ts';
import type { Webhooks } from './webhook/webhook.ts';
import type { GitHubOptions, Parts } from './parts.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import { pullKey } from '../change/pull.ts';
import { app, pushOf } from './deliveries.ts';
import { appStatus } from './setup/app-status.ts';
import { readAppFile } from './setup/manifest.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import { foreignLog } from './client/foreign-log.ts';
import { Intake } from './pull/sweep.ts';
import { pullRecords } from './pull/pull-record.ts';
import { PullQueue } from './pull/pull-queue.ts';
import { createReceiver, webhookPath } from './webhook/webhook.ts';
import { forgeOf } from './forge.ts';

export interface GitHub {
  /** POST of a webhook delivery. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Undefined without an App. */
  forge: Forge | undefined;
  /** All that a pull request showed, see `pullRecords`; undefined without an App. */
  record: ReturnType<typeof pullRecords> | undefined;
  /** What works of the App and what does not; undefined without one. */
  status: (() => Promise<AppStatus>) | undefined;
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
    store.records.onChange((key, now, before) => {
      if (!sameJson([now?.spec.state, now?.spec.unverified], [before?.spec.state, before?.spec.unverified]))
        pulls.applicationChanged(key);
    }),
    store.requests.onChange((_key, now, before) => {
      const told = (request: typeof now): unknown => [request?.status?.phase, request?.status?.syncs];
      if (now?.spec.pull && !sameJson(told(now), told(before))) pulls.add(pullKey(now.spec.pull));
    }),
  ];
  return () => ends.forEach((end) => end());
}

function withApp(options: GitHubOptions, client: GitHubClient): Parts {
  const { store, change, publicUrl, every, queues, clock, log } = options;
  const { appId, host: api, installations } = client;
  const pulls: PullQueue = new PullQueue({
    appId,
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
  return { ...options, client, pulls, intake };
}

/** Whoever reaches the page may ask, so GitHub is not asked each time. */
const statusMs = 10_000;

function statusOf({ client, publicUrl, hookUrl, clock }: Parts): () => Promise<AppStatus> {
  const known = new TtlCache<AppStatus>({ clock, forMs: statusMs, keeps: () => true });
  const expected = hookUrl ?? `${publicUrl}${webhookPath}`;
  return () => known.get('', () => appStatus({ app: client.host.app, file: readAppFile(), hookUrl: expected }));
}

async function appWebhooks(parts: Parts): Promise<Webhooks> {
  const { createNodeMiddleware } = await import('probot');
  const { appId, host } = parts.client;
  const { probot } = host;
  const middleware = await createNodeMiddleware(app({ ...parts, appId }), { probot, webhooksPath: webhookPath });
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

/** Takes deliveries at once; works on them after `start`. */
export async function createGitHub(options: GitHubOptions): Promise<GitHub> {
  const { client, webhookSecret } = options;
  const parts = client && withApp(options, client);
  const webhooks = parts
    ? await appWebhooks(parts)
    : webhookSecret
      ? await pushWebhooks(webhookSecret, options)
      : undefined;
  let unfollow: () => void = () => undefined;
  return {
    handle: createReceiver(webhooks),
    forge: parts && forgeOf(parts),
    record: parts && pullRecords(parts.client, parts.clock),
    status: parts && statusOf(parts),
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
