// The operator: builds the parts from the configuration, starts them in order, and stops them in the reverse order.
import { clock } from './parts.ts';
import type { Config } from './config.ts';
import type { Chatops } from '../chatops/chatops.ts';
import type { Git } from '../git/git.ts';
import type { GitHub } from '../github/github.ts';
import type { Listening } from './server.ts';
import type { Store } from '../store/store.ts';
import { createLogger } from '../base/log.ts';
import { describeError } from '../base/errors.ts';
import { createChange } from '../change/change.ts';
import { createChatops } from '../chatops/chatops.ts';
import { resourceViews } from '../engine/resource-view.ts';
import { sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { createGitHub } from '../github/github.ts';
import { listenForFaces, listenForHealth, stopServer } from './server.ts';
import type { Waiting } from './preconditions.ts';
import { requireDataFolder, requireTools, untilDone } from './preconditions.ts';
import { Started } from './shutdown.ts';
import { createMetrics } from '../web/metrics.ts';
import { createQueueMetrics } from '../web/queue-metrics.ts';
import { createWeb } from '../web/web.ts';
import { changeDeps } from './change-deps.ts';
import type { Base, Core } from './parts.ts';
import { openState } from './state.ts';
import { openCore, toolPaths } from './core.ts';
import type { Server } from 'node:http';
import type { SetupPages } from '../web/setup-page.ts';
import { githubOf, passWebhooksOn, setupPages } from './github-app.ts';

function openGitHub({ queues, config, log, store, schedules, permit, git, desiring, engine }: Core): Promise<GitHub> {
  return createGitHub({
    config: config.github,
    webhookSecret: config.webhookSecret,
    store,
    change: createChange(changeDeps({ store, git, desiring, engine, clock })),
    onPush: (push) =>
      void engine
        .onPush(push.repoUrl)
        .catch((error: unknown) =>
          log.warn({ repository: push.repoUrl, err: error }, 'fetch after a push failed; it is tried again'),
        ),
    publicUrl: config.publicUrl,
    hookUrl: config.webhookProxyUrl,
    every: schedules.every,
    queues: queues.of,
    clock,
    log,
    permit,
  });
}

function openChatops(
  { queues, config, log, signal, faces, store, guard, git, desiring, authors }: Core,
  github: GitHub,
): Chatops {
  return createChatops({
    store,
    git,
    authors,
    forge: config.github && github.forge,
    chat: () => faces.chat,
    doubt: (createdAt) => guard.doubt(createdAt, signal),
    inputsOf: async (application, revision) => {
      const { inputs } = await desiring.inputsAt(application, [revision], signal);
      const sources = sourcesOf(application.spec);
      return inputs
        .filter((_, index) => normaliseRepo(sources[index]?.repoURL ?? '') === normaliseRepo(sources[0]?.repoURL ?? ''))
        .flat();
    },
    queues: queues.of,
    clock,
    log,
  });
}

async function commitMessage(git: Git, store: Store, application: string, revision: string): Promise<string> {
  const app = store.applications.get(application);
  const [source] = app ? sourcesOf(app.spec) : [];
  return source ? (await git.repository(source.repoURL).commit(revision)).message : '';
}

/** Bolt is only loaded where Slack is configured: it costs memory. */
async function openSlack(
  { queues, config, log, faces, started, store, permit, git, engine }: Core,
  chatops: Chatops,
): Promise<void> {
  if (!config.slack) return;
  const { createSlack } = await import('../slack/slack.ts');
  const slack = createSlack({
    config: config.slack,
    store,
    effectOf: engine.effect,
    refusal: chatops.refusal,
    find: chatops.find,
    commitMessage: (application, revision) => commitMessage(git, store, application, revision),
    publicUrl: config.publicUrl,
    queues: queues.of,
    clock,
    log,
    permit,
  });
  faces.chat = slack;
  slack.start();
  started.add('slack', () => slack.stop());
}

function openWeb({ queues, cluster, store, schedules, guard, engine, faces, started }: Core, setup: SetupPages): void {
  const metrics = createMetrics({
    store,
    api: cluster.api,
    live: cluster.live,
    pending: () => engine.pending,
    forgeable: () => guard.fault !== undefined,
    upcoming: schedules.upcoming,
    queues,
  });
  const web = createWeb({
    store,
    resources: (application) => resourceViews(engine.comparison(application)),
    metrics: metrics.text,
    upcoming: schedules.upcoming,
    setup,
    notReady: () => {
      if (!cluster.live.settled) return 'the live cache is not complete yet';
      const refused = faces.github?.refused ?? faces.chat?.refused;
      return refused && describeError(refused);
    },
  });
  faces.page = web.page;
  faces.health = web.health;
  started.add('web', () => web.stop());
}

async function startFaces(core: Core, onSetUp: () => void): Promise<void> {
  const { config, cluster, log, signal, started, engine, faces } = core;
  const github = await openGitHub(core);
  faces.github = github;
  const chatops = openChatops(core, github);
  await openSlack(core, chatops);
  await engine.start();
  started.add('engine', () => engine.stop());
  chatops.start();
  started.add('chatops', () => chatops.stop());
  github.start();
  started.add('github', () => github.stop());
  openWeb(core, await setupPages({ config, api: cluster.api, github, log, signal, onSetUp }));
}

async function openProxy({ config, log, started }: Base, open: Server | undefined): Promise<void> {
  const address = open?.address();
  if (!config.webhookProxyUrl || typeof address !== 'object' || !address) return;
  started.add('webhook proxy', await passWebhooksOn(config.webhookProxyUrl, address.port, log));
}

/** Why it should be stopped. */
interface Ends {
  /** Another replica has the Lease. */
  lost: () => void;
  /** There is a GitHub App now: started again, it is part of everything. */
  setUp: () => void;
}

/** Starts everything; resolves when it works. `stop` resolves when nothing runs any more. */
export async function startOperator(config: Config, ends: Ends): Promise<{ stop(): Promise<void> }> {
  const log = createLogger({ level: config.logLevel });
  const abort = new AbortController();
  const base: Base = {
    config,
    log,
    signal: abort.signal,
    queues: createQueueMetrics(),
    started: new Started(),
    faces: { github: undefined, chat: undefined, page: undefined, health: undefined },
    starting: { why: 'starting: connects to the cluster' },
  };
  const { faces, starting } = base;
  const listening: Listening = {
    log,
    starting,
    handlers: { webhook: () => faces.github?.handle, page: () => faces.page, health: () => faces.health },
  };
  const waiting: Waiting = { starting, clock, log, signal: abort.signal };
  const first = await listenForHealth(config.listen, listening);
  const servers = [first, ...(await untilDone(() => listenForFaces(config.listen, listening), waiting))];
  base.started.add('servers', async () => void (await Promise.all(servers.map(stopServer))));
  await untilDone(() => requireDataFolder(config.dataDir), waiting);
  await untilDone(() => requireTools({ git: 'git', ...toolPaths(config) }), waiting);
  starting.why = 'starting: connects to the cluster';
  const state = await openState(base, ends.lost);
  const github = await untilDone(() => githubOf(config, state.cluster.api, abort.signal), waiting);
  starting.why = 'starting';
  await startFaces(await openCore({ ...base, config: { ...config, github } }, state), ends.setUp);
  await openProxy(base, servers[1]);
  log.info(
    {
      namespace: config.namespace,
      engine: config.engine,
      github: github !== undefined,
      slack: config.slack !== undefined,
    },
    'coxswain is running',
  );
  return {
    async stop() {
      await base.started.stop(log);
      abort.abort(new Error('coxswain stops'));
    },
  };
}
