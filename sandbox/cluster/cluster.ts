// A real Kubernetes control plane on loopback without containers: etcd, API server, controllers, scheduler, simulated
// nodes.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binaries } from '../../tools/binaries.ts';
import { Access, createSigningKey, createTokens, users, writeKubeconfig, type User } from './access.ts';
import { Children } from './children.ts';
import { certificate, controllers, storage, type ComponentName, type Plan } from './components.ts';
import { freePorts } from './ports.ts';

export interface ClusterOptions {
  /** Shown in directory names; default `sandbox`. */
  name?: string;
  /** Where data, logs and kubeconfigs go, kept after the end; default a temporary directory, removed at the end. */
  dir?: string;
  /** Simulated nodes; default 2. */
  nodes?: number;
  /**
   * Runs between the API server and the controllers. Kinds that come later are not collected as garbage for up to 30 s:
   * the controller manager asks that often what there is (kubernetes: cmd/kube-controller-manager/app/core.go).
   */
  beforeControllers?: (access: Access) => Promise<void>;
  /** The API server writes down what the operator asks; `audited` of audit.ts reads it. */
  audit?: boolean;
}

/** What a client must know; also written as `cluster.json` beside the kubeconfig, for other processes. */
export interface ClusterFacts {
  /** `https://127.0.0.1:<port>` */
  server: string;
  /** PEM. */
  ca: string;
  tokens: Record<User, string>;
  /** Paths. */
  kubeconfigs: Record<User, string>;
  dir: string;
}

export interface Cluster extends ClusterFacts {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** Of the user `coxswain`. */
  token: string;
  adminToken: string;
  pids: Record<string, number>;
  /** Administrator's client, for set-up and for looking. */
  access: Access;
  /** Kills the component (SIGKILL) and starts it again; resolves when the API server is ready again. Data stays. */
  restart(component: ComponentName): Promise<void>;
  /** Kills everything and, unless `dir` was given, removes the data. */
  stop(): Promise<void>;
}

/**
 * Starts a control plane of its own, on free ports, and resolves when it is ready: /readyz, nodes Ready and without
 * taints, the default service account there. Builds missing binaries first. Several may run at once.
 * Its processes are killed by `stop`, and also when this process ends in any other way.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const paths = await binaries();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), `coxswain-${options.name ?? 'sandbox'}-`));
  mkdirSync(dir, { recursive: true });
  const children = new Children(options.dir === undefined ? dir : undefined);
  try {
    return await start({ ...options, dir, paths, children, temporary: options.dir === undefined });
  } catch (error) {
    await children.stop();
    throw error;
  }
}

interface Start extends ClusterOptions {
  dir: string;
  paths: Plan['binaries'];
  children: Children;
  temporary: boolean;
}

async function start(options: Start): Promise<Cluster> {
  const { dir, nodes = 2, beforeControllers, paths, children, temporary, audit = false } = options;
  const [etcd = 0, etcdPeer = 0, apiserver = 0, nodePort = 0] = await freePorts(4);
  const server = `https://127.0.0.1:${apiserver}`;
  const tokenFile = join(dir, 'tokens.csv');
  const tokens = createTokens(tokenFile);
  const kubeconfig = join(dir, 'admin.kubeconfig');
  const plan: Plan = {
    directory: dir,
    binaries: paths,
    ports: { etcd, etcdPeer, apiserver, nodes: nodePort },
    kubeconfig,
    tokens: tokenFile,
    signingKey: createSigningKey(dir),
    audit,
  };
  for (const child of storage(plan)) children.start(child);
  const ca = await until('the certificate', children, () => readCertificate(dir));
  const facts = { server, ca, tokens, kubeconfigs: writeKubeconfigs({ dir, server, ca, tokens }), dir };
  writeFileSync(join(dir, 'cluster.json'), JSON.stringify(facts), { mode: 0o600 });
  const access = new Access({ server, ca, token: tokens.admin });
  // The controller manager ends when the API server is not healthy within ten seconds of its start.
  await until('the API server', children, () => isAnswering(access, '/healthz'));
  await beforeControllers?.(access);
  for (const child of controllers(plan)) children.start(child);
  await until('the API server', children, () => isAnswering(access, '/readyz'));
  await prepare(access, nodes);
  await until('nodes and the default service account', children, () => isUsable(access, nodes));
  return {
    ...facts,
    kubeconfig,
    token: tokens.coxswain,
    adminToken: tokens.admin,
    get pids() {
      return children.pids;
    },
    access,
    restart: async (component) => {
      await children.restart(component);
      await until('the API server', children, () => isAnswering(access, '/readyz'));
    },
    stop: async () => {
      await access.close();
      await children.stop();
      if (temporary) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * The facts of a cluster that another process started, by the path of its administrator's kubeconfig; undefined for a
 * foreign cluster.
 */
export function readCluster(kubeconfig: string): ClusterFacts | undefined {
  const file = join(kubeconfig, '..', 'cluster.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ClusterFacts) : undefined;
}

function writeKubeconfigs({ dir, server, ca, tokens }: Omit<ClusterFacts, 'kubeconfigs'>): Record<User, string> {
  const [admin = '', coxswain = '', someone = ''] = users.map((user) =>
    writeKubeconfig(join(dir, `${user}.kubeconfig`), { server, ca, user, token: tokens[user] }),
  );
  return { admin, coxswain, someone };
}

/** The file is written in one go, but may be seen before its last byte is. */
function readCertificate(dir: string): string | undefined {
  const file = certificate(dir);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text.trimEnd().endsWith('-----END CERTIFICATE-----') ? text : undefined;
}

async function isAnswering(access: Access, path: string): Promise<true | undefined> {
  try {
    return (await access.call('GET', path)).status === 200 ? true : undefined;
  } catch {
    return undefined; // not listening yet
  }
}

/** Rights of the two users that are not administrators, and the nodes. */
async function prepare(access: Access, nodes: number): Promise<void> {
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'sandbox-people' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'people' }],
  };
  await access.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding);
  for (let index = 1; index <= nodes; index += 1) {
    const name = `node-${index}`;
    await access.must('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      },
    });
  }
}

async function isUsable(access: Access, nodes: number): Promise<true | undefined> {
  const account = await access.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');
  if (account.status !== 200) return undefined;
  const { items } = (await access.must('GET', '/api/v1/nodes')) as {
    items: { spec: { taints?: unknown[] }; status: { conditions?: { type: string; status: string }[] } }[];
  };
  const ready = items.filter(
    ({ spec, status }) =>
      !spec.taints?.length && status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  return ready.length >= nodes ? true : undefined;
}

async function until<T>(
  what: string,
  children: Children,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    const ended = children.ended();
    if (ended) throw new Error(`while waiting for ${what}: ${ended}`);
    if (Date.now() > deadline) throw new Error(`${what} not ready after a minute`);
    await sleep(25);
  }
}
