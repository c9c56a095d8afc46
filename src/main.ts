// Builds the parts, starts them, and stops them in the reverse order.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Git } from './git/git.ts';
import type { Store } from './store/store.ts';
import type { Logger } from './base/log.ts';
import type { Engine } from './engine/engine.ts';
import { systemClock } from './base/clock.ts';
import { describeError } from './base/errors.ts';
import { createLogger } from './base/log.ts';
import { connectCluster } from './cluster/cluster.ts';
import { loadKubeconfig, inClusterConfig } from './cluster/kubeconfig.ts';
import { createChange } from './change/change.ts';
import { createChatops } from './chatops/chatops.ts';
import type { Chat } from './chatops/ports.ts';
import { readConfig } from './config.ts';
import { createDesiring } from './engine/desired.ts';
import { createEngine } from './engine/engine.ts';
import type { Authors } from './engine/request.ts';
import { Lease } from './engine/lease.ts';
import { createSources } from './engine/sources.ts';
import { resourceViews } from './engine/view.ts';
import { openGit } from './git/git.ts';
import { createGitHub } from './github/github.ts';
import type { GitHub } from './github/github.ts';
import { createRenderer } from './render/render.ts';
import { credentialFor } from './store/settings.ts';
import { openStore } from './store/store.ts';
import { createMetrics } from './web/metrics.ts';
import { createWeb } from './web/web.ts';
import { changeDeps } from './wiring.ts';

/** What has been started, in order; stopped from the last to the first, each within the deadline of the whole. */
class Started {
  readonly #stops: [string, () => Promise<void> | void][] = [];

  add(name: string, stop: () => Promise<void> | void): void {
    this.#stops.push([name, stop]);
  }

  async stop(log: Logger): Promise<void> {
    for (const [name, stop] of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        log.warn({ part: name, err: error }, 'a part did not stop cleanly');
      }
    }
  }
}

async function home(config: Config, log: Logger, signal: AbortSignal): Promise<Cluster> {
  const own = config.kubeconfig ? undefined : await inClusterConfig();
  const found = own ?? (await loadKubeconfig(config.kubeconfig ? { path: config.kubeconfig } : {})).config;
  return connectCluster({ name: 'in-cluster', config: found, clock: systemClock, log }, signal);
}

function toolPaths(config: Config): { helm: string; kustomize: string; jsonnet: string } {
  const path = (name: string): string => (config.toolsDir ? join(config.toolsDir, name) : name);
  return { helm: path('helm'), kustomize: path('kustomize'), jsonnet: path('jsonnet') };
}

function gitOf(config: Config, store: Store, log: Logger, parts: { github: () => GitHub | undefined; signal: AbortSignal }): Git {
  return openGit({
    dir: join(config.dataDir, 'git'),
    clock: systemClock,
    log,
    signal: parts.signal,
    async credentials(repoUrl) {
      const known = credentialFor(store.settings(), repoUrl);
      return known ? { username: known.username, password: known.password } : parts.github()?.credentials(repoUrl);
    },
  });
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** One port for everything: webhooks, page, health and metrics. */
function serve(config: Config, log: Logger, routes: { webhook: () => Handler | undefined; rest: () => Handler | undefined }): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    const webhook = path === '/webhooks/github' || path === '/api/webhook';
    const handler = webhook ? routes.webhook() : routes.rest();
    if (!handler) {
      response.writeHead(path === '/healthz' ? 200 : 503, { 'content-type': 'text/plain' }).end(path === '/healthz' ? 'ok\n' : 'starting\n');
      return;
    }
    handler(request, response).catch((error: unknown) => {
      log.error({ path, err: error }, 'a request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('internal error\n');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => resolve(server));
  });
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Starts everything; resolves when it works. `stop` resolves when nothing runs any more. */
export async function start(config: Config, onLost: () => void): Promise<{ stop(): Promise<void>; port: number; engine: Engine }> {
  const log = createLogger({ level: config.logLevel });
  const clock = systemClock;
  const abort = new AbortController();
  const { signal } = abort;
  const started = new Started();
  let github: GitHub | undefined;
  let chat: Chat | undefined;
  let rest: Handler | undefined;
  const server = await serve(config, log, { webhook: () => github?.handle, rest: () => rest });
  started.add('server', () => stopServer(server));
  const cluster = await home(config, log, signal);
  started.add('cluster', () => cluster.stop());
  const store = await openStore(cluster, config.namespace, signal);
  started.add('store', () => store.stop());
  for (const fault of store.settings().faults) log.warn({ fault }, 'a setting is wrong; its default stands in');
  const lease = new Lease({ api: cluster.api, namespace: config.namespace, clock, log, onLost });
  await lease.acquire(signal);
  started.add('lease', () => lease.release());
  const git = gitOf(config, store, log, { github: () => github, signal });
  started.add('git', () => git.stop());
  const renderer = await createRenderer({ tools: toolPaths(config) });
  const desiring = createDesiring({
    git,
    renderer,
    async clusterOf(app) {
      const target = await engine.clusters.targetOf(app);
      const { discovery } = target?.cluster ?? cluster;
      return { version: discovery.version, apiVersions: discovery.apiVersions() };
    },
  });
  const sources = createSources({ git, store, clock, log });
  const authors = { authorsBetween: async (repoUrl: string, from: string | undefined, to: string) => authorsOf(git, config.github && github, repoUrl, { from, to }) };
  const engine: Engine = createEngine({ home: cluster, store, desiring, sources, authors, clock, log, mode: config.engine });
  const change = createChange(changeDeps({ store, git, desiring, engine, clock }));
  const app = config.github && { appId: config.github.appId, privateKey: config.github.privateKey, webhookSecret: config.github.webhookSecret, apiUrl: config.github.apiUrl };
  github = createGitHub({
    config: app,
    webhookSecret: config.webhookSecret,
    store,
    change,
    onPush: (push) => void engine.onPush(push.repoUrl).catch((error: unknown) => log.warn({ repository: push.repoUrl, err: error }, 'the push could not be followed yet')),
    publicUrl: config.publicUrl,
    clock,
    log,
  });
  const forge = config.github && { ...github.forge, authorsBetween: authors.authorsBetween };
  const chatops = createChatops({ store, git, forge, chat: () => chat, inputsOf: async (application, revision) => (await desiring.inputsAt(application, [revision], signal)).inputs, clock, log });
  if (config.slack) {
    const { createSlack } = await import('./slack/slack.ts');
    const slack = createSlack({ config: config.slack, store, effectOf: engine.effect, refusal: chatops.refusal, userId: github.forge.userId, publicUrl: config.publicUrl, clock, log });
    chat = slack;
    await slack.start();
    started.add('slack', () => slack.stop());
  }
  await engine.start();
  started.add('engine', () => engine.stop());
  chatops.start();
  started.add('chatops', () => chatops.stop());
  github.start();
  started.add('github', () => github?.stop());
  const metrics = createMetrics({ store, api: cluster.api, live: cluster.live, pending: () => engine.pending });
  const web = createWeb({ store, resources: (application) => resourceViews(engine.comparison(application)), metrics: metrics.text, notReady: () => (cluster.live.synced ? undefined : 'the live cache is not complete yet') });
  rest = web.handle;
  started.add('web', () => web.stop());
  const address = server.address();
  log.info({ namespace: config.namespace, engine: config.engine, github: Boolean(app), slack: Boolean(config.slack) }, 'coxswain is running');
  return {
    engine,
    port: typeof address === 'object' && address ? address.port : config.port,
    async stop() {
      await started.stop(log);
      abort.abort(new Error('coxswain stops'));
    },
  };
}

/** Without an earlier sync only the newest commit's authors count. Without a GitHub App nobody can be compared by id; with one, not knowing means that nobody may approve yet. */
async function authorsOf(git: Git, github: GitHub | undefined, repoUrl: string, range: { from: string | undefined; to: string }): ReturnType<Authors['authorsBetween']> {
  if (!github) return [];
  const from = range.from ?? (await git.repository(repoUrl).commit(range.to)).parents[0];
  return from === undefined ? undefined : github.forge.authorsBetween(repoUrl, from, range.to);
}

async function main(): Promise<void> {
  const stopping = Promise.withResolvers<string>();
  const config = readConfig(process.env);
  const running = await start(config, () => stopping.resolve('the lease was lost'));
  process.once('SIGTERM', () => stopping.resolve('SIGTERM'));
  process.once('SIGINT', () => stopping.resolve('SIGINT'));
  await stopping.promise;
  const deadline = setTimeout(() => process.exit(1), 15_000);
  deadline.unref();
  await running.stop();
  process.exit(0);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`coxswain cannot start: ${describeError(error)}\n`);
    process.exit(1);
  });
}
