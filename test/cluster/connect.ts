// Connects a cluster for a test: over TLS, or through the proxy that makes faults; short times, quiet.
import type { TestContext } from 'node:test';
import type { Proxy } from '../../sandbox/cluster/proxy.ts';
import type { Cluster, ClusterOptions } from '../../src/cluster/cluster.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import { startProxy } from '../../sandbox/cluster/proxy.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';

export const quick = { idleMs: 3000, headersMs: 2000, baseMs: 40, maxMs: 300 };

type Reached = { server: string; ca: string; token: string };

export async function connect(t: TestContext, to: Reached, options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await connectCluster({
    config: { server: to.server, ca: to.ca, token: to.token },
    clock: systemClock,
    log: createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' }),
    timing: quick,
    ...options,
  });
  t.after(() => cluster.stop());
  return cluster;
}

export async function connectThroughProxy(
  t: TestContext,
  to: Reached,
  options: Partial<ClusterOptions> = {},
): Promise<{ cluster: Cluster; proxy: Proxy }> {
  const proxy = await startProxy({ target: to.server, ca: to.ca });
  t.after(() => proxy.stop());
  const cluster = await connect(t, to, { config: { server: proxy.url, token: to.token }, ...options });
  return { cluster, proxy };
}

export function configMap(
  namespace: string,
  name: string,
  fields: { data?: Record<string, string>; application?: string; finalizers?: string[] } = {},
): KubeObject {
  const { data = {}, application, finalizers } = fields;
  const annotations =
    application === undefined
      ? {}
      : { annotations: { 'argocd.argoproj.io/tracking-id': `${application}:/ConfigMap:${namespace}/${name}` } };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...annotations, ...(finalizers && { finalizers }) },
    data,
  };
}

export function configMapKey(namespace: string, name: string): ResourceKey {
  return { group: '', kind: 'ConfigMap', namespace, name };
}

/** A definition of a namespaced kind with a status subresource (unless told otherwise) and any fields. */
export function crd(group: string, kind: string, hasStatus = true): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          ...(hasStatus && { subresources: { status: {} } }),
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}
