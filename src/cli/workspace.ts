// The operator's own rooms in this process: what Git says an application should be, and the cluster where it should be
// so.
import type { Cluster } from '../cluster/cluster.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { AppProject } from '../model/project.ts';
import type { Git } from '../git/git.ts';
import type { Renderer } from '../render/render.ts';
import type { Settings } from '../store/settings.ts';
import type { Session } from './session.ts';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { HealthScripts } from '../health/scripts.ts';
import { Jq } from '../compare/object/jq.ts';
import { Worker } from '../base/worker.ts';
import { isStatus } from '../cluster/api-error.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { argoClusterConfig } from '../cluster/wire/cluster-config.ts';
import { createDesiring } from '../engine/application/desired.ts';
import { openGit } from '../git/git.ts';
import { argo, inClusterServer } from '../model/annotations.ts';
import { sourcesOf } from '../model/application.ts';
import { createRenderer } from '../render/render.ts';
import { accessOf, hasCredentials } from '../store/repository-secrets.ts';
import { repositoryCredentials } from '../github/client/credentials.ts';
import { clusterOf, readSettings, settingMaps } from '../store/settings.ts';
import { argoGroup } from '../model/argo-kinds.ts';
import { openFetching } from '../operator/fetching.ts';
import { withGlobalLists } from '../store/global-projects.ts';
import { parseProject } from '../store/parse.ts';
import { usage } from './options.ts';
import { ownCredential } from './own-git.ts';
import { quiet } from './session.ts';

export interface Rooms {
  desiring: Desiring;
  jq: Jq;
  scripts: HealthScripts;
  worker: Worker;
  comparison: Settings['comparison'];
  /** Of the application's destination. */
  cluster: Cluster;
  /** As the destination's cluster Secret says. */
  clusterName: string;
  clusterServer: string;
  /** By position of the sources, as `Desiring` takes them. */
  revisions: (string | undefined)[];
  /** With the lists of its global projects; undefined where there is none of that name. */
  project: AppProject | undefined;
}

/** Secrets that may not be read are done without: public repositories and the own cluster need none. */
async function secretsOf({ cluster, options, out, signal }: Session): Promise<KubeObject[]> {
  try {
    return await cluster.api.list(
      { group: '', kind: 'Secret' },
      { namespace: options.namespace, labelSelector: argo.secretType, signal },
    );
  } catch (error) {
    if (!isStatus(error, 403)) throw error;
    out.note(`cox: you may not list Secrets in ${options.namespace}: repositories are read without credentials`);
    return [];
  }
}

async function settingsOf(session: Session): Promise<Settings> {
  const { cluster, options, signal } = session;
  const read = (name: string): Promise<KubeObject | undefined> =>
    cluster.api.get({ group: '', kind: 'ConfigMap', namespace: options.namespace, name }, { signal });
  const [secrets, ...maps] = await Promise.all([secretsOf(session), ...[...settingMaps].map(read)]);
  return readSettings({
    configMaps: new Map(maps.flatMap((map) => (map ? [[map.metadata.name ?? '', map]] : []))),
    secrets,
  });
}

async function destinationOf(
  session: Session,
  settings: Settings,
  app: Application,
): Promise<Pick<Rooms, 'cluster' | 'clusterName' | 'clusterServer'>> {
  const { destination } = app.spec;
  const entry = clusterOf(settings, destination);
  if (!entry) {
    throw new AppError(
      'E_CONFIG',
      `no cluster is known for the destination ${destination.name || (destination.server ?? '')} ` +
        `of ${app.metadata.name}`,
      { hint: 'Correct spec.destination, or add the cluster Secret and the right to read it.' },
    );
  }
  const { name: clusterName, server: clusterServer, config } = entry;
  if (clusterServer === inClusterServer && Object.keys(config).length === 0)
    return { cluster: session.cluster, clusterName, clusterServer };
  const cluster = await connectCluster(
    {
      name: clusterName,
      config: await argoClusterConfig(clusterServer, JSON.stringify(config)),
      clock: systemClock,
      log: quiet,
    },
    session.signal,
  );
  session.atEnd(() => cluster.stop());
  return { cluster, clusterName, clusterServer };
}

/** Others are read where some project may take over their lists. */
async function projectOf(session: Session, settings: Settings, app: Application): Promise<AppProject | undefined> {
  const { cluster, options, signal } = session;
  const { namespace } = options;
  const kind = { group: argoGroup, kind: 'AppProject' };
  const found = await cluster.api.get({ ...kind, namespace, name: app.spec.project }, { signal });
  const project = found && parseProject(found);
  if (!project) return undefined;
  const others = settings.globalProjects.projects.length > 0 ? await cluster.api.list(kind, { namespace, signal }) : [];
  const all = others.flatMap((each) => parseProject(each) ?? []);
  return withGlobalLists(project, all, settings);
}

/** Of the application's destination, and what its project and the settings say. */
export async function openDestination(
  session: Session,
  app: Application,
): Promise<Pick<Rooms, 'cluster' | 'clusterServer' | 'comparison' | 'project'>> {
  const settings = await settingsOf(session);
  const destination = await destinationOf(session, settings, app);
  return { ...destination, comparison: settings.comparison, project: await projectOf(session, settings, app) };
}

interface Tools {
  worker: Worker;
  jq: Jq;
  scripts: HealthScripts;
  git: Git;
  renderer: Renderer;
  /** Path of the program of that name. */
  tool(name: string): string;
}

/** What renders and compares, until the session ends. `settings`: as of now. */
export async function openTools(session: Session, settings: () => Settings): Promise<Tools> {
  const { options, signal } = session;
  const folder = options.env['COX_TOOLS_DIR'];
  const tool = (name: string): string => (folder ? join(folder, name) : name);
  const worker = new Worker({ path: tool('render') });
  session.atEnd(async () => worker.stop());
  const jq = new Jq(tool('render'));
  session.atEnd(async () => jq.stop());
  const scripts = new HealthScripts(tool('render'), () => settings().healthScripts);
  session.atEnd(async () => scripts.stop());
  const known = repositoryCredentials(undefined, (url, project) => accessOf(settings(), url, project));
  const git = openGit({
    worker,
    dir: join(await session.folder(), 'git'),
    clock: systemClock,
    log: quiet,
    signal,
    credentials: async (url, purpose, reach) =>
      hasCredentials(accessOf(settings(), url, reach?.project))
        ? known(url, purpose, reach)
        : ownCredential(url, options.env, signal),
  });
  session.atEnd(() => git.stop());
  const renderer = await createRenderer({ worker, program: tool('manifests') });
  return { worker, jq, scripts, git, renderer, tool };
}

/** Throws a usage error where the options do not fit the application. */
export async function openRooms(session: Session, app: Application): Promise<Rooms> {
  const { options } = session;
  if (options.revision && sourcesOf(app.spec).length > 1)
    throw usage(`--revision names one revision, but ${app.metadata.name} has several sources`);
  const settings = await settingsOf(session);
  const destination = await destinationOf(session, settings, app);
  const { worker, jq, scripts, git, renderer } = await openTools(session, () => settings);
  const project = await projectOf(session, settings, app);
  const { remotes, fetcher } = openFetching({
    ...{ dataDir: await session.folder(), git, worker, clock: systemClock },
    settings: () => settings,
    projectOf: () => project,
  });
  session.atEnd(() => fetcher.close());
  const { discovery } = destination.cluster;
  const clusterFacts = { version: discovery.version, apiVersions: discovery.apiVersions() };
  return {
    ...destination,
    jq,
    desiring: createDesiring({
      merged: options.revision === undefined,
      git,
      renderer,
      remotes,
      clusterOf: () => Promise.resolve(clusterFacts),
    }),
    scripts,
    worker,
    comparison: settings.comparison,
    project,
    revisions: sourcesOf(app.spec).map(() => options.revision),
  };
}
