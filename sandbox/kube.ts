// The cluster of a scene as its surroundings see it: an administrator's view for setting up and looking, and kubectl
// for people.
import type { KubeObject } from '../src/model/kube.ts';
import type { Access } from './cluster/access.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import { connectCluster } from '../src/cluster/cluster.ts';
import { loadKubeconfig } from '../src/cluster/wire/kubeconfig.ts';
import { binaries } from '../tools/binaries.ts';

interface Answer {
  status: number;
  body: unknown;
}

export interface Kube {
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Answer>;
  close(): Promise<void>;
}

const run = promisify(execFile);

/** Plurals and scopes of the kinds that a scene sets up. */
const kinds: Record<string, { plural: string; namespaced: boolean }> = {
  Namespace: { plural: 'namespaces', namespaced: false },
  ConfigMap: { plural: 'configmaps', namespaced: true },
  Secret: { plural: 'secrets', namespaced: true },
  ServiceAccount: { plural: 'serviceaccounts', namespaced: true },
  Role: { plural: 'roles', namespaced: true },
  RoleBinding: { plural: 'rolebindings', namespaced: true },
  ClusterRole: { plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: { plural: 'clusterrolebindings', namespaced: false },
  ValidatingAdmissionPolicy: { plural: 'validatingadmissionpolicies', namespaced: false },
  ValidatingAdmissionPolicyBinding: { plural: 'validatingadmissionpolicybindings', namespaced: false },
  CustomResourceDefinition: { plural: 'customresourcedefinitions', namespaced: false },
  Application: { plural: 'applications', namespaced: true },
  AppProject: { plural: 'appprojects', namespaced: true },
};

export function pathOf(object: KubeObject): string {
  const kind = kinds[object.kind];
  if (!kind) throw new Error(`a scene does not set up ${object.kind}`);
  const group = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const place = kind.namespaced ? `/namespaces/${object.metadata.namespace ?? 'default'}` : '';
  return `${group}${place}/${kind.plural}/${object.metadata.name ?? ''}`;
}

/** Server-side apply by `sandbox`. Throws for a status that is not 2xx. */
export async function apply(kube: Kube, object: KubeObject): Promise<void> {
  const answer = await kube.call(
    'PATCH',
    `${pathOf(object)}?fieldManager=sandbox&force=true`,
    object,
    'application/apply-patch+yaml',
  );
  if (answer.status >= 300)
    throw new Error(
      `${object.kind} ${object.metadata.name ?? ''} was refused with ${answer.status}: ${JSON.stringify(answer.body)}`,
    );
}

/** undefined if there is no such object. */
export async function get(kube: Kube, path: string): Promise<KubeObject | undefined> {
  const answer = await kube.call('GET', path);
  if (answer.status === 404) return undefined;
  if (answer.status >= 300) throw new Error(`GET ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as KubeObject;
}

export async function list<T extends KubeObject = KubeObject>(kube: Kube, path: string): Promise<T[]> {
  const answer = await kube.call('GET', path);
  if (answer.status >= 300) throw new Error(`GET ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { items: T[] }).items;
}

export function documents(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** Our own cluster's administrator. */
export function kubeOf(access: Access): Kube {
  return {
    call: (method, path, body, contentType) => access.call(method, path, body, contentType),
    close: () => Promise.resolve(),
  };
}

/**
 * Somebody else's cluster, by what KUBECONFIG names: one file or several. Errors of the server are thrown, 404 is
 * answered.
 */
export async function foreignKube(kubeconfig: string): Promise<Kube> {
  const { config } = await loadKubeconfig({ env: { KUBECONFIG: kubeconfig } });
  const cluster = await connectCluster({ name: 'scene', config, clock: systemClock, log: silentLogger() });
  return {
    async call(method, target, body, contentType) {
      const [route = '', search = ''] = target.split('?');
      const query = Object.fromEntries(new URLSearchParams(search));
      try {
        return {
          status: 200,
          body: await cluster.api.request(method, route, {
            query,
            ...(body !== undefined && { body }),
            ...(contentType && { contentType }),
          }),
        };
      } catch (error) {
        if (typeof error === 'object' && error !== null && 'status' in error && error.status === 404)
          return { status: 404, body: undefined };
        throw error;
      }
    },
    close: () => cluster.stop(),
  };
}

/** A person's kubectl; resolves with its output. */
export async function kubectl(kubeconfig: string, args: string[]): Promise<string> {
  const { kubectl: command } = await binaries(['kubectl']);
  return (await run(command, args, { env: { ...process.env, KUBECONFIG: kubeconfig } })).stdout;
}
