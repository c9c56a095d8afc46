// What a command works with: the connected cluster, the Applications, and the same rooms that the operator uses.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import type { Application } from '../model/application.ts';
import type { Desiring } from '../engine/desired.ts';
import type { Options } from './options.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { loadKubeconfig } from '../cluster/kubeconfig.ts';
import { createDesiring } from '../engine/desired.ts';
import { openGit } from '../git/git.ts';
import { createRenderer } from '../render/render.ts';
import { parseApplication } from '../store/parse.ts';
import { credentialFor, readSettings } from '../store/settings.ts';
import { argo } from '../model/annotations.ts';
import { nearest } from '../chatops/command.ts';

export interface Session {
  cluster: Cluster;
  signal: AbortSignal;
  applications(): Promise<Application[]>;
  application(name: string): Promise<Application>;
  /** Git and the tools, opened on first use in a folder that goes with the session. */
  desiring(): Promise<Desiring>;
}

const kind = { group: 'argoproj.io', kind: 'Application' };

async function applicationNamed(session: Session, namespace: string, name: string): Promise<Application> {
  const found = await session.cluster.api.get({ ...kind, namespace, name });
  const app = found && parseApplication(found);
  if (app) return app;
  const near = nearest(name, (await session.applications()).map((item) => item.metadata.name));
  throw new AppError('E_CONFIG', `there is no application ${namespace}/${name}`, { hint: near ? `Did you mean ${near}?` : 'List them with: cox app list' });
}

async function openDesiring(options: Options, cluster: Cluster, dir: string, signal: AbortSignal): Promise<{ desiring: Desiring; stop(): Promise<void> }> {
  const secrets = await cluster.api.list({ group: '', kind: 'Secret' }, { namespace: options.namespace, labelSelector: argo.secretType });
  const settings = readSettings({ configMaps: new Map(), secrets });
  const git = openGit({
    dir,
    clock: systemClock,
    log: silentLogger(),
    signal,
    credentials: (url) => Promise.resolve(credentialFor(settings, url)),
  });
  const tool = (name: string): string => (options.tools ? join(options.tools, name) : name);
  const renderer = await createRenderer({ tools: { helm: tool('helm'), kustomize: tool('kustomize'), jsonnet: tool('jsonnet') } });
  const clusterOf = (): Promise<{ version: string; apiVersions: readonly string[] }> => Promise.resolve({ version: cluster.discovery.version, apiVersions: cluster.discovery.apiVersions() });
  return { desiring: createDesiring({ git, renderer, clusterOf }), stop: () => git.stop() };
}

/** Connects, runs, and leaves nothing behind. */
export async function withSession<T>(options: Options, work: (session: Session) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const { config } = await loadKubeconfig({ ...(options.kubeconfig && { path: options.kubeconfig }), ...(options.context && { context: options.context }) });
  const cluster = await connectCluster({ config, clock: systemClock, log: silentLogger() }, abort.signal);
  const dir = await mkdtemp(join(tmpdir(), 'cox-'));
  let opened: ReturnType<typeof openDesiring> | undefined;
  const session: Session = {
    cluster,
    signal: abort.signal,
    applications: async () => (await cluster.api.list(kind, { namespace: options.namespace })).flatMap((object) => parseApplication(object) ?? []),
    application: (name) => applicationNamed(session, options.namespace, name),
    desiring: async () => (await (opened ??= openDesiring(options, cluster, dir, abort.signal))).desiring,
  };
  try {
    return await work(session);
  } finally {
    await (await opened?.catch(() => undefined))?.stop();
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
