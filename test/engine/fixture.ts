// A stage for engine tests: a bare repository that a test commits to, a namespace of its own, and an engine that works
// on it.
import type { TestContext } from 'node:test';
import type { ClusterConfig } from '../../src/cluster/wire/cluster-config.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Engine, EngineOptions } from '../../src/engine/engine.ts';
import type { CommitAuthors, View } from '../../src/engine/application/pass.ts';
import type { GateAuthors } from '../../src/policy/gate.ts';
import type { Application, ApplicationSpec } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { AppProject } from '../../src/model/project.ts';
import type { Remotes } from '../../src/engine/remote/remotes.ts';
import type { Renderer } from '../../src/render/render.ts';
import type { Git } from '../../src/git/git.ts';
import type { Schedules } from '../../src/store/schedules.ts';
import type { Store } from '../../src/store/store.ts';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { AppError } from '../../src/base/errors.ts';
import { sameJson } from '../../src/base/canonical.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { compareVersions } from '../../src/cluster/watch/object-store.ts';
import { createAuthors } from '../../src/engine/approval/authors.ts';
import { createDesiring } from '../../src/engine/application/desired.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { createSources } from '../../src/engine/application/sources.ts';
import { openFetching } from '../../src/operator/fetching.ts';
import { openGit } from '../../src/git/git.ts';
import { createRenderer } from '../../src/render/render.ts';
import { readSettings } from '../../src/store/settings.ts';
import { createQueueMetrics } from '../../src/web/queue-metrics.ts';
import { createSchedules } from '../../src/store/schedules.ts';
import { watchController } from '../../src/store/argocd-controller.ts';
import { openStore } from '../../src/store/store.ts';
import { binaries } from '../../tools/binaries.ts';
import { administrator, eventually, testCluster } from '../control-plane.ts';
import { jq, render, threeWay, worker } from '../worker.ts';
import { HealthScripts } from '../../src/health/scripts.ts';
import { Fuse, fused } from './fuse.ts';

const root = join(import.meta.dirname, '../..');

type People = { login: string; id: number | undefined }[] | undefined;

export interface Stage {
  namespace: string;
  /** Of the administrator. */
  kubeconfig: string;
  url: string;
  cluster: Cluster;
  store: Store;
  engine: Engine;
  git: Git;
  renderer: Renderer;
  remotes: Remotes;
  schedules: Schedules;
  queues: ReturnType<typeof createQueueMetrics>;
  /** undefined: not known now. `of`: instead, by the commits that are asked about. */
  authors: {
    list: People;
    of?: (repo: string, commits: readonly string[]) => People | GateAuthors;
    moved?: (ref: string) => GateAuthors;
    reviewers?: (environment: string) => string[] | undefined;
    standing?: (login: string) => { teams: string[]; refused?: string };
  };
  /** What tells of them. */
  forge: CommitAuthors;
  /** Commits these files (undefined = removed) and answers the commit; nobody is told. */
  commit(files: Record<string, string | undefined>, message?: string): string;
  /** A clone to do anything else in. */
  clone: string;
  /**
   * Like all that a test does here: resolves when the engine knows of it, so that what is asked next is asked of the
   * new state.
   */
  apply(name: string, spec?: Partial<ApplicationSpec>, metadata?: Partial<KubeObject['metadata']>): Promise<void>;
  /**
   * Its applications may use this stage's namespace alone: other stages of the same cluster have applications of the
   * same names.
   */
  project(name: string, annotations?: Record<string, string>, spec?: Partial<AppProject['spec']>): Promise<void>;
  /** Resolves when the engine's store has this Application or AppProject, or a newer version of it. */
  known(object: KubeObject): Promise<void>;
  /** Resolves with the Application as soon as `test` is true of it. */
  until(name: string, what: string, test: (app: Application) => boolean): Promise<Application>;
  untilStore<T>(what: string, read: () => T | undefined): Promise<T>;
  /** What the engine changes, and where it dies. */
  fuse: Fuse;
  /** Stops what runs. */
  stop(): Promise<void>;
  /** Starts it again, with nothing but what the cluster and the mirrors on disk remember; stops it first if it runs. */
  restart(): Promise<void>;
}

interface StageOptions {
  /** Of coxswain-cm; default: drift settles after 50 ms. */
  settings?: Record<string, string>;
  /** Of argocd-cm. */
  argocd?: Record<string, string>;
  /** Default: our own. */
  engine?: EngineOptions['mode'];
  /** Default: the engine's own. */
  idleMs?: number;
  /** Looks for a controller of Argo CD, as the operator does. Default: nobody does. */
  seeksController?: boolean;
  /** Who shows its applications elsewhere; default: nobody. */
  view?: (parts: { store: Store; engine: () => Engine }) => View & { stop(): Promise<void> };
}

function gitRun(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: cwd,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ana',
      GIT_AUTHOR_EMAIL: 'ana@example.com',
      GIT_COMMITTER_NAME: 'Ana',
      GIT_COMMITTER_EMAIL: 'ana@example.com',
    },
  }).trim();
}

export async function applyCrds(cluster: Cluster): Promise<void> {
  const { readdirSync } = await import('node:fs');
  for (const file of readdirSync(join(root, 'deploy/crds'))) {
    for (const document of parseAllDocuments(readFileSync(join(root, 'deploy/crds', file), 'utf8')))
      await cluster.api.apply(document.toJS() as KubeObject);
  }
  for (const [group, kind] of [
    ['argoproj.io', 'Application'],
    ['argoproj.io', 'AppProject'],
    ['coxswain.dev', 'Approval'],
    ['coxswain.dev', 'DriftEpisode'],
    ['coxswain.dev', 'Report'],
    ['coxswain.dev', 'Request'],
    ['coxswain.dev', 'SyncRecord'],
  ] as const) {
    await cluster.discovery.await({ group, version: 'v1alpha1', kind }, AbortSignal.timeout(20_000));
  }
}

interface Running {
  cluster: Cluster;
  store: Store;
  engine: Engine;
  git: Git;
  renderer: Renderer;
  remotes: Remotes;
  schedules: Schedules;
  queues: ReturnType<typeof createQueueMetrics>;
  stop(): Promise<void>;
}

interface RunOptions {
  config: ClusterConfig;
  namespace: string;
  dir: string;
  forge: CommitAuthors;
  standing: EngineOptions['standing'];
  fuse: Fuse;
  options: StageOptions;
}

async function run({ config, namespace, dir, forge, standing, fuse, options }: RunOptions): Promise<Running> {
  const abort = new AbortController();
  const log = createLogger({ level: process.env['DEBUG_TEST'] ? 'debug' : 'silent' });
  const openView = options.view;
  const describing = openView && (await import('../../src/argocd/note.ts')).describing;
  const connected = await connectCluster({ config, clock: systemClock, log, describing }, abort.signal);
  await applyCrds(connected);
  const cluster = fused(connected, fuse);
  const store = await openStore(cluster, namespace, abort.signal);
  const git = openGit({
    worker,
    dir: join(dir, 'mirrors'),
    clock: systemClock,
    log,
    credentials: () => Promise.resolve(undefined),
    signal: abort.signal,
    protocols: ['file', 'git'],
  });
  const renderer = await createRenderer({ worker, program: (await binaries(['manifests'])).manifests });
  const { remotes, fetcher } = openFetching({
    ...{ dataDir: dir, git, worker, clock: systemClock },
    settings: () => store.settings(),
    projectOf: (name) => store.projects.get(`${namespace}/${name}`),
  });
  const desiring = createDesiring({
    merged: true,
    git,
    renderer,
    remotes,
    clusterOf: () =>
      Promise.resolve({ version: cluster.discovery.version, apiVersions: cluster.discovery.apiVersions() }),
  });
  const sources = createSources({ git, store, remotes, clock: systemClock, log });
  const queues = createQueueMetrics();
  const schedules = createSchedules(store, log);
  const controller = options.seeksController
    ? watchController({ cluster: connected, applications: store.applications, namespace, clock: systemClock, log })
    : undefined;
  await controller?.start(abort.signal);
  const view = openView?.({ store, engine: () => engine });
  const scripts = new HealthScripts(render, () => store.settings().healthScripts);
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
    authors: createAuthors(git, forge, remotes),
    standing,
    every: schedules.every,
    queues: queues.of,
    clock: systemClock,
    log,
    mode: options.engine ?? 'coxswain',
    idleMs: options.idleMs,
    controller,
  });
  await engine.start();
  return {
    cluster: connected,
    store,
    engine,
    git,
    renderer,
    remotes,
    schedules,
    queues,
    async stop() {
      await engine.stop();
      scripts.stop();
      await view?.stop();
      schedules.stop();
      await controller?.stop();
      await fetcher.close();
      await git.stop();
      await store.stop();
      await connected.stop();
      abort.abort();
    },
  };
}

/** Resolves when the engine's store has them: what comes afterwards is done under them. */
async function settings({ cluster, store }: Running, namespace: string, options: StageOptions): Promise<void> {
  const map = (name: string, partOf: string, data: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': partOf } },
    data,
  });
  const maps = [
    map('coxswain-cm', 'coxswain', { 'drift.settle': '50ms', ...options.settings }),
    ...(options.argocd ? [map('argocd-cm', 'argocd', options.argocd)] : []),
  ];
  for (const each of maps) await cluster.api.apply(each);
  const wanted = readSettings({
    configMaps: new Map(maps.map((each) => [each.metadata.name ?? '', each])),
    secrets: [],
  });
  await eventually('the settings are known', () => sameJson(store.settings(), wanted) || undefined);
}

/** As they were when they agreed. */
function teamsThen(store: Store, application: string, id: number): string[] {
  return (
    store.approvals
      .of(application)
      .flatMap(({ status }) => status?.approvals ?? [])
      .find(({ actor }) => actor.id === id)?.teams ?? []
  );
}

function forgeOf(authors: Stage['authors']): CommitAuthors {
  return {
    async authorsOf(repo, commits) {
      const found = authors.of ? authors.of(repo, commits) : authors.list;
      if (!found) throw new AppError('E_GITHUB', 'no answer', { kind: 'transient' });
      return 'people' in found
        ? found
        : {
            people: found.flatMap(({ login, id }) => (id === undefined ? [] : [{ login, id, did: 'wrote it' }])),
            unknown: [],
          };
    },
    moversOf: (_repo, { ref }) => Promise.resolve(authors.moved?.(ref)),
    reviewersOf: async (_repo, environment) => authors.reviewers?.(environment),
  };
}

export async function stage(t: TestContext, files: Record<string, string>, options: StageOptions = {}): Promise<Stage> {
  const plane = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-stage-'));
  const [bare, clone] = [join(dir, 'infra.git'), join(dir, 'clone')];
  gitRun(dir, 'init', '-q', '--bare', '-b', 'main', bare);
  gitRun(dir, 'clone', '-q', bare, clone);
  const authors: Stage['authors'] = { list: [{ login: 'writer', id: 99 }] };
  const forge = forgeOf(authors);
  const standing: EngineOptions['standing'] = async ({ login, id }, app) =>
    authors.standing?.(login) ?? {
      teams: teamsThen(running.store, `${app.metadata.namespace}/${app.metadata.name}`, id),
    };
  const fuse = new Fuse();
  const start = (): Promise<Running> =>
    run({ config: administrator(plane), namespace: plane.namespace, dir, forge, standing, fuse, options });
  let running = await start();
  let stopped = false;
  await settings(running, plane.namespace, options);
  t.after(async () => {
    if (!stopped) await running.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { namespace } = plane;
  const url = `file://${bare}`;
  const made: Stage = {
    namespace,
    kubeconfig: plane.kubeconfig,
    url,
    clone,
    authors,
    forge,
    fuse,
    get cluster() {
      return running.cluster;
    },
    get store() {
      return running.store;
    },
    get engine() {
      return running.engine;
    },
    get git() {
      return running.git;
    },
    get renderer() {
      return running.renderer;
    },
    get remotes() {
      return running.remotes;
    },
    get queues() {
      return running.queues;
    },
    get schedules() {
      return running.schedules;
    },
    commit(changed, message = 'change') {
      for (const [path, text] of Object.entries(changed)) {
        if (text === undefined) rmSync(join(clone, path));
        else {
          mkdirSync(dirname(join(clone, path)), { recursive: true });
          writeFileSync(join(clone, path), text);
        }
      }
      gitRun(clone, 'add', '-A');
      gitRun(clone, 'commit', '-qm', message);
      gitRun(clone, 'push', '-q', 'origin', 'HEAD:main');
      return gitRun(clone, 'rev-parse', 'HEAD');
    },
    async apply(name, spec = {}, metadata = {}) {
      await made.known(
        await running.cluster.api.apply(
          {
            apiVersion: 'argoproj.io/v1alpha1',
            kind: 'Application',
            metadata: { ...metadata, name, namespace },
            spec: {
              project: 'default',
              destination: { server: 'https://kubernetes.default.svc', namespace },
              source: { repoURL: url, path: name, targetRevision: 'main' },
              ...spec,
            },
          },
          { manager: 'test' },
        ),
      );
    },
    async project(name, annotations = {}, spec = {}) {
      await made.known(
        await running.cluster.api.apply(
          {
            apiVersion: 'argoproj.io/v1alpha1',
            kind: 'AppProject',
            metadata: { name, namespace, annotations },
            spec: {
              sourceRepos: ['*'],
              destinations: [{ server: '*', namespace }],
              clusterResourceWhitelist: [{ group: '*', kind: '*' }],
              ...spec,
            },
          },
          { manager: 'test' },
        ),
      );
    },
    async known({ kind, metadata: { name = '', resourceVersion = '' } }) {
      await made.untilStore(`${kind ?? ''} ${name} is known`, () => {
        const { store } = running;
        const seen = (kind === 'AppProject' ? store.projects : store.applications).get(`${namespace}/${name}`)?.metadata
          .resourceVersion;
        return seen !== undefined && compareVersions(resourceVersion, seen) <= 0 ? true : undefined;
      });
    },
    until: (name, what, test) =>
      made.untilStore(`${name}: ${what}`, () => {
        const app = running.store.applications.get(`${namespace}/${name}`);
        return app && test(app) ? app : undefined;
      }),
    untilStore(what, read) {
      return new Promise((resolve, reject) => {
        const ends: (() => void)[] = [];
        const timer = setTimeout(() => {
          ends.forEach((end) => end());
          const { applications, approvals, episodes } = running.store;
          const seen = [...approvals.list(), ...episodes.list(), ...applications.list()].map(
            ({ kind, metadata, status, operation }) => [kind, metadata.name, status, operation],
          );
          reject(new Error(`not reached in 45 s: ${what}\n${JSON.stringify(seen).slice(0, 6000)}`));
        }, 45_000); // the garbage collector learns of new kinds every 30 s
        const look = (): void => {
          const found = read();
          if (found === undefined) return;
          clearTimeout(timer);
          ends.forEach((end) => end());
          resolve(found);
        };
        const { store } = running;
        for (const collection of [
          store.applications,
          store.projects,
          store.approvals,
          store.episodes,
          store.reports,
          store.requests,
          store.records,
        ])
          ends.push(collection.onChange(look));
        ends.push(store.onSettings(look), running.cluster.live.onChange(look));
        look();
      });
    },
    async stop() {
      stopped = true;
      await running.stop();
    },
    async restart() {
      if (!stopped) await running.stop();
      fuse.disarm();
      running = await start();
      stopped = false;
    },
  };
  await made.project('default');
  made.commit(files, 'first');
  return made;
}
