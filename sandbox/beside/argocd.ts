// Argo CD itself as processes of the sandbox: its controller, repo-server and server with Redis, on loopback.
import type { Programs } from './binaries.ts';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaries } from '../../tools/binaries.ts';
import { Children, type ChildOptions } from '../cluster/children.ts';
import { freePorts } from '../cluster/ports.ts';
import { until } from '../condition.ts';
import { controlNamespace } from '../settings.ts';

type PartName = 'redis' | 'repo-server' | 'controller' | 'server';

interface ArgoCdOptions {
  programs: Programs;
  /** Everything of it: working copies, logs. */
  dir: string;
  /** As its own account, whose default namespace is that of the control plane. */
  kubeconfig: string;
  /** Further settings of Argo CD's own, as its containers have them. */
  env?: Record<string, string>;
  /** Default: all that compares and syncs, without its server. */
  parts?: readonly PartName[];
  /** Default: a free one. */
  redisPort?: number;
}

export interface ArgoCd {
  /** host:port */
  addresses: { redis: string; repoServer: string; server: string };
  pids: Record<string, number>;
  parts: readonly PartName[];
  logFile(part: PartName): string;
  /** Starts one that does not run; resolves when it answers. */
  start(part: PartName): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(part: PartName): Promise<void>;
  stop(): Promise<void>;
}

const stopMs = 5_000;

interface Plan {
  options: ArgoCdOptions;
  /** Folders where it looks for what it runs. */
  path: string;
  ports: Record<'redis' | 'repo' | 'repoMetrics' | 'metrics' | 'server' | 'serverMetrics', number>;
}

/**
 * One folder with what Argo CD looks for on PATH: itself, for git's credentials, a script of its image that tells who
 * signed a commit (here nobody does), and the renderers, which Coxswain does not run as commands.
 */
async function pathOf({ dir, programs }: ArgoCdOptions): Promise<string> {
  const own = join(dir, 'bin');
  mkdirSync(own, { recursive: true });
  const links = { argocd: programs.argocd, ...(await binaries(['helm', 'kustomize'])) };
  for (const [name, target] of Object.entries(links)) {
    rmSync(join(own, name), { force: true });
    symlinkSync(target, join(own, name));
  }
  writeFileSync(join(own, 'git-verify-wrapper.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  return [own, process.env['PATH'] ?? ''].join(':');
}

/** As the Procfile of Argo CD's own repository runs it outside of a cluster. */
function environment({ options, path }: Plan, name: string): Record<string, string> {
  const { dir, kubeconfig } = options;
  const folder = (each: string): string => {
    mkdirSync(join(dir, each), { recursive: true });
    return join(dir, each);
  };
  return {
    PATH: path,
    HOME: folder('home'),
    TMPDIR: folder('tmp'),
    KUBECONFIG: kubeconfig,
    ARGOCD_BINARY_NAME: name,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_CONTROLLER_SHARD: '0',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_TLS_DATA_PATH: folder('tls'),
    ARGOCD_SSH_DATA_PATH: folder('ssh'),
    ARGOCD_PLUGINSOCKFILEPATH: folder('plugins'),
    ARGOCD_ASK_PASS_SOCK: join(dir, 'ask-pass.sock'),
    ...options.env,
  };
}

const programNames = {
  'repo-server': 'argocd-repo-server',
  controller: 'argocd-application-controller',
  server: 'argocd-server',
} as const;

function argumentsOf({ ports, options }: Plan, part: keyof typeof programNames): string[] {
  const listen = (port: number, metrics: number): string[] => [
    ...['--address', '127.0.0.1', '--port', String(port)],
    ...['--metrics-address', '127.0.0.1', '--metrics-port', String(metrics)],
  ];
  const client = [
    ...['--kubeconfig', options.kubeconfig, '--namespace', controlNamespace],
    ...['--repo-server', `127.0.0.1:${ports.repo}`],
  ];
  switch (part) {
    case 'repo-server':
      return listen(ports.repo, ports.repoMetrics);
    case 'controller':
      return [...client, '--metrics-port', String(ports.metrics)];
    case 'server':
      return [...client, ...listen(ports.server, ports.serverMetrics), '--insecure'];
  }
}

function childOf(plan: Plan, part: PartName): ChildOptions {
  const { ports, options } = plan;
  const { dir, programs } = options;
  const redis = `127.0.0.1:${ports.redis}`;
  const log = join(dir, `${part}.log`);
  if (part === 'redis') {
    const flags = { bind: '127.0.0.1', port: String(ports.redis), save: '', appendonly: 'no', dir };
    return {
      name: part,
      command: programs.redis,
      args: Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
      env: { PATH: '', HOME: dir },
      log,
    };
  }
  return {
    name: part,
    command: programs.argocd,
    args: [...argumentsOf(plan, part), '--redis', redis, '--loglevel', 'info'],
    env: environment(plan, programNames[part]),
    log,
  };
}

async function isHealthy(port: number, path: string): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok || undefined;
}

function answers({ ports }: Plan, part: PartName, log: string): Promise<true | undefined> | true | undefined {
  if (part === 'redis') return readFileSync(log, 'utf8').includes('Ready to accept connections') || undefined;
  if (part === 'repo-server') return isHealthy(ports.repoMetrics, '/healthz?full=true');
  return part === 'server' ? isHealthy(ports.server, '/healthz?full=true') : isHealthy(ports.metrics, '/healthz');
}

/** Resolves when all parts answer. Their processes end with ours, however we end. */
export async function startArgoCd(options: ArgoCdOptions): Promise<ArgoCd> {
  const { dir, parts = ['redis', 'repo-server', 'controller'] } = options;
  mkdirSync(dir, { recursive: true });
  const [free = 0, repo = 0, repoMetrics = 0, metrics = 0, server = 0, serverMetrics = 0] = await freePorts(6);
  const { redisPort: redis = free } = options;
  const path = await pathOf(options);
  const plan: Plan = { options, path, ports: { redis, repo, repoMetrics, metrics, server, serverMetrics } };
  const children = new Children();
  const start = async (part: PartName): Promise<void> => {
    const child = childOf(plan, part);
    children.start(child);
    await until(`Argo CD's ${part} answers`, () => {
      const ended = children.ended();
      if (ended !== undefined) return { ended };
      return answers(plan, part, child.log);
    }).then((answer) => {
      if (answer !== true) throw new Error(answer.ended);
    });
  };
  try {
    for (const part of parts) await start(part);
  } catch (error) {
    await children.stop();
    throw error;
  }
  return {
    addresses: {
      redis: `127.0.0.1:${redis}`,
      repoServer: `127.0.0.1:${repo}`,
      server: `127.0.0.1:${server}`,
    },
    get pids() {
      return children.pids;
    },
    parts,
    logFile: (part) => join(dir, `${part}.log`),
    start,
    kill: (part) => children.kill(part),
    stop: async () => {
      await Promise.all(Object.keys(children.pids).map((name) => children.kill(name, stopMs)));
      await children.stop();
    },
  };
}
