// The parts in the middle: GitHub's client, git, rendering and the engine.
import type { Config } from './config.ts';
import type { Logger } from '../base/log.ts';
import type { Git } from '../git/git.ts';
import type { Store } from '../store/store.ts';
import type { Base, Core, State } from './parts.ts';
import type { Application } from '../model/application.ts';
import type { GitHubClient } from '../github/client/client.ts';
import type { Engine } from '../engine/engine.ts';
import type { ArgoCdView } from '../argocd/argocd.ts';
import { clock } from './parts.ts';
import { join } from 'node:path';
import { Jq } from '../compare/object/jq.ts';
import { ThreeWay } from '../compare/object/three-way.ts';
import { HealthScripts } from '../health/scripts.ts';
import { Worker } from '../base/worker.ts';
import { openGit } from '../git/git.ts';
import { repositoryCredentials } from '../github/client/credentials.ts';
import { accessOf } from '../store/repository-secrets.ts';
import { createAuthors } from '../engine/approval/authors.ts';
import { openClient } from '../github/client/client.ts';
import { standingOf } from '../chatops/standing.ts';
import { openFetching } from './fetching.ts';
import { createDesiring } from '../engine/application/desired.ts';
import { createSources, urlsOf } from '../engine/application/sources.ts';
import { createEngine } from '../engine/engine.ts';
import { authorisers } from '../policy/rbac.ts';
import { createRenderer } from '../render/render.ts';

/** In the folder of tools, or as PATH finds them. */
export function toolPaths(config: Config): { manifests: string; render: string } {
  const path = (name: string): string => (config.toolsDir ? join(config.toolsDir, name) : name);
  return { manifests: path('manifests'), render: path('render') };
}

type Opening = Base & State;

async function clientOf({ config, store, log, permit }: Opening): Promise<GitHubClient | undefined> {
  return config.github && openClient({ ...config.github, policies: store, clock, log, permit });
}

function gitOf({ config, log, signal, store }: Opening, worker: Worker, github: GitHubClient | undefined): Git {
  return openGit({
    worker,
    dir: join(config.dataDir, 'git'),
    wanted: () => urlsOf(store).values(),
    clock,
    log,
    signal,
    credentials: repositoryCredentials(github, (repoUrl, project) => accessOf(store.settings(), repoUrl, project)),
  });
}

/** The client of Redis is only loaded where it is configured: it costs memory. */
async function viewOf({
  config,
  store,
  engine,
  queues,
  log,
  started,
}: Base & { store: Store; engine: () => Engine }): Promise<ArgoCdView | undefined> {
  if (!config.argocd) return undefined;
  const { openArgoCdView } = await import('../argocd/argocd.ts');
  const view = openArgoCdView({ config: config.argocd, store, engine, queues: queues.of, clock, log });
  started.add('view of Argo CD', () => view.stop());
  return view;
}

/** Each script that cannot be read once, and again when it comes back. */
function tellScriptFaults(scripts: HealthScripts, store: Store, log: Logger): () => void {
  let told: ReadonlySet<string> = new Set();
  const tell = (): void => {
    scripts.faults().then(
      (faults) => {
        for (const fault of faults)
          if (!told.has(fault)) log.warn({ fault }, 'a setting is wrong; its objects have the health Unknown');
        told = new Set(faults);
      },
      (error: unknown) => log.debug({ err: error }, 'health scripts cannot be read now'),
    );
  };
  tell();
  return store.onSettings(tell);
}

/** Each part is given those that stand before it. */
export async function openCore(base: Base, state: State): Promise<Core> {
  const { cluster, store, schedules, permit, controller } = state;
  const { config, log, started } = base;
  const github = await clientOf({ ...base, ...state });
  const worker = new Worker({ path: toolPaths(config).render });
  started.add('worker', () => worker.stop());
  const jq = new Jq(toolPaths(config).render, () => store.settings().jqTimeoutMs);
  started.add('jq', () => jq.stop());
  const threeWay = new ThreeWay(toolPaths(config).render);
  started.add('patches', () => threeWay.stop());
  const scripts = new HealthScripts(toolPaths(config).render, () => store.settings().healthScripts);
  started.add('health', () => scripts.stop());
  started.add('health faults', tellScriptFaults(scripts, store, log));
  const git = gitOf({ ...base, ...state }, worker, github);
  started.add('git', () => git.stop());
  const renderer = await createRenderer({ program: toolPaths(config).manifests, worker });
  const { remotes, fetcher } = openFetching({
    ...{ dataDir: config.dataDir, git, worker, clock },
    settings: () => store.settings(),
    projectOf: (name) => store.projects.get(`${store.namespace}/${name}`),
  });
  started.add('fetcher', () => fetcher.close());
  const from = {
    git,
    renderer,
    remotes,
    clusterOf: (app: Application) => engine.clusters.servedFor(app),
  };
  const desiring = createDesiring({ ...from, merged: true });
  const authorise = authorisers();
  const sources = createSources({ git, store, remotes, clock, log });
  const authors = createAuthors(git, github, remotes);
  const view = await viewOf({ ...base, store, engine: () => engine });
  const engine: Engine = createEngine({
    view,
    home: cluster,
    store,
    desiring,
    worker,
    jq,
    threeWay,
    scripts,
    sources,
    authors,
    standing: (actor, app) => standingOf({ store, forge: github, authorise }, actor, app),
    every: schedules.every,
    queues: base.queues.of,
    clock,
    log,
    permit,
    mode: config.engine,
    controller,
  });
  const previewing = createDesiring({ ...from, merged: false });
  return { ...base, ...state, github, worker, git, desiring, previewing, engine, view, scripts, authors };
}
