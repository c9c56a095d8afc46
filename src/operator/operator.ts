// The operator: builds the parts from the configuration, starts them in order, and stops them in the reverse order.
import type { Config } from './config.ts';
import type { Chatops } from '../chatops/chatops.ts';
import type { GitHub } from '../github/github.ts';
import type { Slack } from '../slack/slack.ts';
import type { AppError } from '../base/errors.ts';
import type { Port } from './server.ts';
import type { Waiting } from './preconditions.ts';
import type { Web } from '../web/web.ts';
import type { Base, Core } from './parts.ts';
import type { SetupPages } from '../web/setup-page.ts';
import { flushCompileCache } from 'node:module';
import { clock } from './parts.ts';
import { createLogger } from '../base/log.ts';
import { describeError } from '../base/errors.ts';
import { createChange } from '../change/change.ts';
import { createChatops } from '../chatops/chatops.ts';
import { orphansSeen } from '../engine/orphans.ts';
import { illResources, resourceViewing } from '../engine/resource-view.ts';
import { createGitHub } from '../github/github.ts';
import { listenForHealth, listenForPeople, stopPort } from './server.ts';
import { requireDataFolder, requireTools, untilDone } from './preconditions.ts';
import { commitAuthors, commitMessage } from '../git/git.ts';
import { Started } from './shutdown.ts';
import { createMetrics } from '../web/metrics.ts';
import { createQueueMetrics } from '../web/queue-metrics.ts';
import { createWeb } from '../web/web.ts';
import { lackingText } from '../store/dispensable.ts';
import { changeDeps } from './change-deps.ts';
import { openState } from './state.ts';
import { openCore, toolPaths } from './core.ts';
import { githubOf, passWebhooksOn, setupPages } from './github-app.ts';
import { ownInstallation } from './own-installation.ts';

function openGitHub({
  queues,
  config,
  log,
  github,
  store,
  schedules,
  git,
  previewing,
  authors,
  engine,
}: Core): Promise<GitHub> {
  return createGitHub({
    client: github,
    webhookSecret: config.webhookSecret,
    store,
    change: createChange(changeDeps({ store, git, desiring: previewing, authors, engine, clock })),
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
  });
}

function openChatops(
  { queues, log, signal, store, guard, git, desiring, authors, engine }: Core,
  { forge }: GitHub,
): Chatops {
  return createChatops({
    store,
    turn: engine.turn,
    git,
    authors,
    handOver: engine.handOver,
    driftNow: engine.drift,
    forge,
    doubt: (createdAt) => guard.doubt(createdAt, signal),
    inputsOf: async (app, revisions) => (await desiring.inputsAt(app, revisions, signal)).inputs,
    queues: queues.of,
    clock,
    log,
  });
}

/** Bolt is only loaded where Slack is configured: it costs memory. */
async function openSlack(
  { queues, config, log, started, store, permit, git, engine, scripts }: Core,
  chatops: Chatops,
): Promise<Slack | undefined> {
  if (!config.slack) return undefined;
  const { createSlack } = await import('../slack/slack.ts');
  const slack = createSlack({
    config: config.slack,
    store,
    effectOf: engine.effect,
    beside: engine,
    driftNow: engine.drift,
    illOf: (application) => illResources(engine.comparison(application), scripts.healthOf),
    refusal: chatops.refusal,
    find: chatops.find,
    commitMessage: (repoUrl, revision) => commitMessage(git, repoUrl, revision),
    commitAuthors: (repoUrl, range) => commitAuthors(git, repoUrl, range),
    publicUrl: config.publicUrl,
    queues: queues.of,
    clock,
    log,
    permit,
  });
  slack.start();
  started.add('slack', () => slack.stop());
  return slack;
}

interface Shown {
  setup: SetupPages;
  record: GitHub['record'];
  /** Why one of the outside services does not take us, as far as is known. */
  refused: () => AppError | undefined;
}

function openWeb(
  { queues, cluster, store, schedules, guard, engine, view, scripts, started, signal }: Core,
  { setup, record, refused }: Shown,
): Web {
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
    ...resourceViewing(store, engine, scripts.healthOf, signal),
    told: engine.told,
    orphans: (app) => orphansSeen(store, app, engine),
    metrics: metrics.text,
    upcoming: schedules.upcoming,
    setup,
    record,
    turn: engine.turn,
    held: () => engine.held && describeError(engine.held),
    onHeld: engine.onHeld,
    lacking: () => {
      const all = [lackingText(store.lacking()), view?.fault && describeError(view.fault)];
      return all.filter((each) => each !== undefined).join('; ') || undefined;
    },
    notReady: () => {
      if (engine.held) return describeError(engine.held);
      if (!cluster.live.settled) return 'the live cache is not complete yet';
      const why = refused();
      return why && describeError(why);
    },
  });
  started.add('web', () => web.stop());
  return web;
}

/** Whom people and forges speak with. */
async function openRest(core: Core, ports: Ports, onSetUp: () => void): Promise<void> {
  const { config, cluster, log, signal, started, engine } = core;
  const github = await openGitHub(core);
  ports.webhook.serve(github.handle);
  const chatops = openChatops(core, github);
  const slack = await openSlack(core, chatops);
  // All code is loaded: writing it takes a while, in which nothing waits yet.
  flushCompileCache();
  await engine.start();
  started.add('engine', () => engine.stop());
  chatops.start(slack);
  started.add('chatops', () => chatops.stop());
  github.start();
  started.add('github', () => github.stop());
  const installation = ownInstallation(core, { status: github.status, socket: () => slack?.finding });
  const setup = await setupPages({ config, api: cluster.api, github, log, signal, onSetUp, installation });
  const { record } = github;
  const web = openWeb(core, { setup, record, refused: () => core.github?.refused ?? slack?.refused });
  ports.page.serve(web.page);
  ports.health.serve(web.health);
}

async function openProxy({ config, log, started }: Base, { server }: Port): Promise<void> {
  const address = server.address();
  if (!config.webhookProxyUrl || typeof address !== 'object' || !address) return;
  started.add('webhook proxy', await passWebhooksOn(config.webhookProxyUrl, address.port, log));
}

interface Ports {
  health: Port;
  webhook: Port;
  page: Port;
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
    starting: { why: 'starting: connects to the cluster' },
  };
  const { starting } = base;
  const waiting: Waiting = { starting, clock, log, signal: abort.signal };
  const health = await listenForHealth(config.listen, base);
  const ports: Ports = { health, ...(await untilDone(() => listenForPeople(config.listen, base), waiting)) };
  base.started.add('ports', async () => void (await Promise.all(Object.values(ports).map(stopPort))));
  await untilDone(() => requireDataFolder(config.dataDir), waiting);
  await untilDone(() => requireTools({ git: 'git', ...toolPaths(config) }), waiting);
  starting.why = 'starting: connects to the cluster';
  const state = await openState(base, ends.lost);
  const github = await untilDone(() => githubOf(config, state.cluster.api, abort.signal), waiting);
  starting.why = 'starting';
  await openRest(await openCore({ ...base, config: { ...config, github } }, state), ports, ends.setUp);
  await openProxy(base, ports.webhook);
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
