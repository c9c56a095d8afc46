// Gives tests a real Kubernetes API: one control plane for a whole run, a fresh namespace for each test.
//
//   test('applies a ConfigMap', async (t) => {
//     const cluster = await testCluster(t);
//     await cluster.access.must('POST', `/api/v1/namespaces/${cluster.namespace}/configmaps`, {…});
//   });
//
// `npm test` starts the control plane and names it in COX_TEST_KUBECONFIG; a file run alone starts its own and
// stops it at its end. A test that breaks things (restarts, kills) takes `ownCluster(t)`, whose life is the test's.
import type { ClusterConfig } from '../src/cluster/wire/cluster-config.ts';
import { after, type TestContext } from 'node:test';
import { randomBytes } from 'node:crypto';
import { Access, writeKubeconfig } from '../sandbox/cluster/access.ts';
import {
  readCluster,
  startCluster,
  type Cluster,
  type ClusterFacts,
  type ClusterOptions,
} from '../sandbox/cluster/cluster.ts';
import { applyCrds } from '../sandbox/settings.ts';
import { join } from 'node:path';

export interface TestCluster extends ClusterFacts {
  /** Path of the administrator's kubeconfig; its default namespace is `namespace`. */
  kubeconfig: string;
  /** Token of the user `coxswain`, the operator (cluster-admin). `tokens.someone` is a person with kubectl. */
  token: string;
  /** Fresh, with its default service account; deleted when the test ends, without waiting. */
  namespace: string;
  /** Administrator's client for set-up and for looking: `access.call('GET', path)` answers {status, body}. */
  access: Access;
}

/** How the administrator reaches it: what `kubeconfig` says, without a reading of the file. */
export function administrator({ server, ca, tokens }: ClusterFacts): ClusterConfig {
  return { server, ca, token: tokens.admin };
}

let shared: Promise<ClusterFacts> | undefined;
let own: Cluster | undefined;

after(async () => own?.stop());

/** The run's shared control plane, with a namespace for this test alone. Starting one takes about 4 s. */
export async function testCluster(t: TestContext): Promise<TestCluster> {
  shared ??= findOrStart();
  return intoNamespace(t, await shared);
}

/** A control plane for this test alone, stopped at its end: `restart('apiserver')` disturbs nobody else. */
export async function ownCluster(t: TestContext, options: ClusterOptions = {}): Promise<Cluster & TestCluster> {
  const cluster = await startCluster({ name: 'test', ...options });
  t.after(() => cluster.stop());
  const { namespace, kubeconfig } = await intoNamespace(t, cluster);
  return Object.defineProperties(
    { namespace, kubeconfig },
    { ...Object.getOwnPropertyDescriptors(cluster), kubeconfig: { value: kubeconfig } },
  ) as Cluster & TestCluster;
}

async function findOrStart(): Promise<ClusterFacts> {
  const named = process.env['COX_TEST_KUBECONFIG'];
  if (named) {
    const facts = readCluster(named);
    if (!facts)
      throw new Error(`COX_TEST_KUBECONFIG names ${named}, beside which there is no cluster.json of a sandbox cluster`);
    return facts;
  }
  own = await startCluster({ name: 'test', beforeControllers: applyCrds });
  return own;
}

async function intoNamespace(t: TestContext, facts: ClusterFacts): Promise<TestCluster> {
  const { server, ca, tokens, dir } = facts;
  const access = new Access({ server, ca, token: tokens.admin });
  const namespace = `${slug(t.name)}-${randomBytes(3).toString('hex')}`;
  await access.must('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  t.after(async () => {
    // an own cluster may be gone already
    await access.call('DELETE', `/api/v1/namespaces/${namespace}`).catch(() => undefined);
    await access.close();
  });
  await hasAccount(access, namespace);
  const kubeconfig = writeKubeconfig(join(dir, 'namespaces', namespace), {
    server,
    ca,
    user: 'admin',
    token: tokens.admin,
    namespace,
  });
  return { ...facts, kubeconfig, token: tokens.coxswain, namespace, access };
}

/** Pods are refused until the controllers have made the account of the namespace. */
async function hasAccount(access: Access, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  await eventually(
    `service account of ${namespace}`,
    async () => (await access.call('GET', path)).status === 200 || undefined,
  );
}

/**
 * Looks every `everyMs` (default 20) until `look` answers something else than undefined, and gives it; throws after
 * `withinMs` (default 30,000), with the last error if `look` threw. For conditions that no event announces.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  { withinMs = 30_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await attempt(look);
    if ('value' in found && found.value !== undefined) return found.value;
    if (Date.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${what}`, 'error' in found ? { cause: found.error } : undefined);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

function slug(name: string): string {
  const text = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return text || 'test';
}
