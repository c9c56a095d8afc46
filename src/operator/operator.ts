// The operator: builds the parts from the configuration, starts them in order, and stops them in the reverse order.
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Chatops } from '../chatops/chatops.ts';
import type { Chat } from '../chatops/ports.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import type { Authors } from '../engine/application/pass.ts';
import type { Git } from '../git/git.ts';
import type { GitHub } from '../github/github.ts';
import type { Handler, Listening } from './server.ts';
import type { Guard } from '../store/guard.ts';
import type { Schedules } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { Worker } from '../base/worker.ts';
import { createLogger } from '../base/log.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { inClusterConfig } from '../cluster/cluster-config.ts';
import { loadKubeconfig } from '../cluster/kubeconfig.ts';
import { createAuthors } from '../engine/approval/authors.ts';
import { createChange } from '../change/change.ts';
import { createChatops } from '../chatops/chatops.ts';
import { standingOf } from '../chatops/standing.ts';
import { authorisers } from '../policy/rbac.ts';
import { createDesiring } from '../engine/application/desired.ts';
import { createEngine } from '../engine/engine.ts';
import { Lease } from './lease.ts';
import { createSources } from '../engine/application/sources.ts';
import { resourceViews } from '../engine/resource-view.ts';
import { openGit } from '../git/git.ts';
import { sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { createGitHub } from '../github/github.ts';
import { createRenderer } from '../render/render.ts';
import { listenForFaces, listenForHealth, stopServer } from './server.ts';
import type { Waiting } from './preconditions.ts';
import { requireDataFolder, requireNamespace, requireTools, untilDone } from './preconditions.ts';
import type { Starting } from './readiness.ts';
import { tellMissingKinds } from './readiness.ts';
import { Started } from './shutdown.ts';
import { credentialFor } from '../store/settings.ts';
import { adoptRecords } from '../store/adopt.ts';
import { createGuard } from '../store/guard.ts';
import { createSchedules } from '../store/schedules.ts';
import { openStore } from '../store/store.ts';
import { createMetrics } from '../web/metrics.ts';
import { createWeb } from '../web/web.ts';
import { changeDeps } from './change-deps.ts';
import type { Permit } from '../base/permit.ts';

/** Parts that are known to others before they exist. */
interface Faces {
  github: GitHub | undefined;
  chat: Chat | undefined;
  page: Handler | undefined;
  health: Handler | undefined;
}

interface Base {
  config: Config;
  log: Logger;
  signal: AbortSignal;
  started: Started;
  faces: Faces;
  starting: Starting;
}

/** What is remembered, and whether others could forge it. */
interface State {
  cluster: Cluster;
  store: Store;
  schedules: Schedules;
  guard: Guard;
  permit: Permit;
}

interface Core extends Base, State {
  worker: Worker;
  git: Git;
  desiring: Desiring;
  engine: Engine;
  authors: Authors;
}

const clock = systemClock;

async function home({ config, log, signal }: Base, permit: Permit): Promise<Cluster> {
  const own = config.kubeconfig ? undefined : await inClusterConfig();
  const found = own ?? (await loadKubeconfig({ env: { KUBECONFIG: config.kubeconfig } })).config;
  return connectCluster({ name: 'in-cluster', config: found, clock, log, permit }, signal);
}

function toolPaths(config: Config): { helm: string; kustomize: string; jsonnet: string; render: string } {
  const path = (name: string): string => (config.toolsDir ? join(config.toolsDir, name) : name);
  return { helm: path('helm'), kustomize: path('kustomize'), jsonnet: path('jsonnet'), render: path('render') };
}

function gitOf({ config, log, signal, faces }: Base, store: Store, worker: Worker): Git {
  return openGit({
    worker,
    dir: join(config.dataDir, 'git'),
    clock,
    log,
    signal,
    async credentials(repoUrl) {
      const known = credentialFor(store.settings(), repoUrl);
      return known ? { username: known.username, password: known.password } : faces.github?.credentials(repoUrl);
    },
  });
}

/** Without a GitHub App nobody can tell whose a commit is. */
function authorsBy(git: Git, faces: Faces): Authors {
  const forge = (): GitHub['forge'] | undefined => faces.github?.forge;
  return createAuthors(git, {
    authorsOf: async (...asked) => forge()?.authorsOf(...asked),
    moversOf: async (...asked) => forge()?.moversOf(...asked),
    reviewersOf: async (...asked) => forge()?.reviewersOf(...asked),
  });
}

/** Each once, and again when it comes back. */
function tellFaults(store: Store, log: Logger): () => void {
  let told: ReadonlySet<string> = new Set();
  const tell = (): void => {
    const { faults } = store.settings();
    for (const fault of faults) if (!told.has(fault)) log.warn({ fault }, 'a setting is wrong; its default stands in');
    told = new Set(faults);
  };
  tell();
  return store.onSettings(tell);
}

async function openState(base: Base, onLost: () => void): Promise<State> {
  const { config, log, signal, started, starting } = base;
  const held: { lease?: Lease } = {};
  const permit: Permit = async () => held.lease?.confirm();
  const waiting: Waiting = { starting, clock, log, signal };
  const cluster = await untilDone(() => home(base, permit), waiting);
  started.add('cluster', () => cluster.stop());
  await untilDone(() => requireNamespace(cluster.api, config.namespace, signal), waiting);
  const store = await openStore(cluster, config.namespace, signal).finally(tellMissingKinds(cluster, starting, log));
  started.add('store', () => store.stop());
  started.add('settings', tellFaults(store, log));
  const lease = new Lease({ api: cluster.api, namespace: config.namespace, clock, log, onLost });
  starting.why = 'starting: waits for the Lease that another replica holds';
  await untilDone(() => lease.acquire(signal), waiting);
  held.lease = lease;
  starting.why = 'starting';
  started.add('lease', () => lease.release());
  await adoptRecords(cluster, store, log, signal);
  const guard = createGuard({ api: cluster.api, namespace: config.namespace, clock, log });
  started.add('guard', () => guard.stop());
  await guard.start();
  const schedules = createSchedules(store, log);
  started.add('schedules', () => schedules.stop());
  return { cluster, store, schedules, guard, permit };
}

function forgeOf({ github }: Faces): GitHub['forge'] {
  if (!github) throw new AppError('E_GITHUB', 'GitHub is not asked yet', { kind: 'waiting' });
  return github.forge;
}

async function openCore(base: Base, state: State): Promise<Core> {
  const { cluster, store, schedules, permit } = state;
  const { config, log, started, faces } = base;
  const worker = new Worker({ path: toolPaths(config).render });
  started.add('worker', () => worker.stop());
  const git = gitOf(base, store, worker);
  started.add('git', () => git.stop());
  const renderer = await createRenderer({ tools: toolPaths(config), worker });
  const desiring = createDesiring({
    git,
    renderer,
    async clusterOf(app) {
      const target = await engine.clusters.targetOf(app);
      const { discovery } = target?.cluster ?? cluster;
      return { version: discovery.version, apiVersions: discovery.apiVersions() };
    },
  });
  const authorise = authorisers();
  const sources = createSources({ git, store, clock, log });
  const authors = authorsBy(git, faces);
  const standing: EngineOptions['standing'] = (actor, app) =>
    standingOf({ store, forge: config.github && forgeOf(faces), authorise }, actor, app);
  const engine: Engine = createEngine({
    home: cluster,
    store,
    desiring,
    worker,
    sources,
    authors,
    standing,
    every: schedules.every,
    clock,
    log,
    permit,
    mode: config.engine,
  });
  return { ...base, ...state, worker, git, desiring, engine, authors };
}

function openGitHub({ config, log, store, schedules, permit, git, desiring, engine }: Core): Promise<GitHub> {
  return createGitHub({
    config: config.github,
    webhookSecret: config.webhookSecret,
    store,
    change: createChange(changeDeps({ store, git, desiring, engine, clock })),
    onPush: (push) =>
      void engine
        .onPush(push.repoUrl)
        .catch((error: unknown) =>
          log.warn({ repository: push.repoUrl, err: error }, 'the push could not be followed yet'),
        ),
    publicUrl: config.publicUrl,
    every: schedules.every,
    clock,
    log,
    permit,
  });
}

function openChatops(
  { config, log, signal, faces, store, guard, git, desiring, authors }: Core,
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
  { config, log, faces, started, store, permit, git, engine }: Core,
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
    clock,
    log,
    permit,
  });
  faces.chat = slack;
  slack.start();
  started.add('slack', () => slack.stop());
}

function openWeb({ cluster, store, schedules, guard, engine, faces, started }: Core): void {
  const metrics = createMetrics({
    store,
    api: cluster.api,
    live: cluster.live,
    pending: () => engine.pending,
    forgeable: () => guard.fault !== undefined,
    upcoming: schedules.upcoming,
  });
  const web = createWeb({
    store,
    resources: (application) => resourceViews(engine.comparison(application)),
    metrics: metrics.text,
    upcoming: schedules.upcoming,
    notReady: () => (cluster.live.settled ? undefined : 'the live cache is not complete yet'),
  });
  faces.page = web.page;
  faces.health = web.health;
  started.add('web', () => web.stop());
}

async function startFaces(core: Core): Promise<void> {
  const { started, engine, faces } = core;
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
  openWeb(core);
}

/** Starts everything; resolves when it works. `stop` resolves when nothing runs any more. */
export async function startOperator(config: Config, onLost: () => void): Promise<{ stop(): Promise<void> }> {
  const log = createLogger({ level: config.logLevel });
  const abort = new AbortController();
  const base: Base = {
    config,
    log,
    signal: abort.signal,
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
  await startFaces(await openCore(base, await openState(base, onLost)));
  log.info(
    {
      namespace: config.namespace,
      engine: config.engine,
      github: config.github !== undefined,
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
