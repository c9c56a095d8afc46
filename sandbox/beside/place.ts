// The scene of the demo with Argo CD in it, which compares and syncs, or whose server alone stands before Coxswain.
import type { Programs } from './binaries.ts';
import { join } from 'node:path';
import { writeKubeconfig } from '../cluster/access.ts';
import { freePorts } from '../cluster/ports.ts';
import { startScene, type Scene } from '../scene.ts';
import { controlNamespace } from '../settings.ts';
import { startArgoCd, type ArgoCd } from './argocd.ts';
import { shardSize } from './server/rules.ts';
import { applyArgoSettings, controllerAccount } from './settings.ts';

export interface Place {
  scene: Scene;
  argocd: ArgoCd;
  /** Ends everything in reverse order. */
  stop(): Promise<void>;
}

interface PlaceOptions {
  programs: Programs;
  log: (line: string) => void;
  signal: AbortSignal;
  /** Further settings of Coxswain. */
  env?: Record<string, string>;
  /** Default: Argo CD compares and syncs. */
  under?: UnderServer;
}

/** Coxswain compares and syncs, under Argo CD's own server. */
interface UnderServer {
  /** What the repository begins with. */
  sample: string;
  /** Of the login admin, as Argo CD keeps it: by bcrypt. */
  passwordHash: string;
}

/** A login of the organization that may read, as Argo CD's repository Secret names it. */
const reader = 'argocd-reader';

async function besideScene(scene: Scene, options: PlaceOptions, redisPort: number): Promise<ArgoCd> {
  const { programs, log, under } = options;
  const { kube, cluster, github, repository } = scene;
  if (!cluster) throw new Error('Argo CD runs beside a cluster of our own');
  const { account } = github.user(reader, { [repository.name]: 'read' });
  const repo = { url: repository.url, username: reader, password: account.token ?? '' };
  const secret = under && { 'admin.password': under.passwordHash, 'admin.passwordMtime': new Date().toISOString() };
  const token = await applyArgoSettings(kube, { repo, ...(secret && { secret }) });
  const kubeconfig = writeKubeconfig(join(scene.dir, 'argocd.kubeconfig'), {
    server: cluster.server,
    ca: cluster.ca,
    token,
    user: controllerAccount,
    namespace: controlNamespace,
  });
  log(`starting Argo CD ${programs.version} with Redis`);
  return startArgoCd({
    programs,
    dir: join(scene.dir, 'argocd'),
    kubeconfig,
    redisPort,
    ...(under && { parts: ['redis', 'repo-server', 'server'] }),
  });
}

/** Everything but Coxswain runs when it resolves: `await scene.coxswain.start()`. */
export async function startPlace(options: PlaceOptions): Promise<Place> {
  const { signal, log, under } = options;
  const [redisPort = 0] = await freePorts(1);
  const kept = { COX_ARGOCD_REDIS: `127.0.0.1:${redisPort}`, ARGOCD_APPLICATION_TREE_SHARD_SIZE: String(shardSize) };
  const engine = under ? kept : { COX_ENGINE: 'argocd' };
  const scene = await startScene({
    ...{ signal, log, env: { ...engine, ...options.env } },
    ...(under && { sample: under.sample }),
  });
  try {
    options.signal.throwIfAborted();
    const argocd = await besideScene(scene, options, redisPort);
    const stop = async (): Promise<void> => {
      await scene.coxswain.stop();
      await argocd.stop();
      await scene.stop();
    };
    return { scene, argocd, stop };
  } catch (error) {
    await scene.stop().catch(() => undefined); // the first error says more
    throw error;
  }
}
