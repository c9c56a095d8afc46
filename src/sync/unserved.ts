// Why the cluster does not serve a kind, and what can be done: a definition is missing, or is there and does not help.
import { isStatus } from '../cluster/api-error.ts';
import { conditionsOf } from '../health/conditions.ts';
import { apiVersionOf, isObject } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import { at, textAt } from '../model/read.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';

/** Who may not look knows nothing better. */
async function unlessForbidden<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 403)) return undefined;
    throw error;
  }
}

/** The message of the first of these conditions that does not hold; '' if all do. */
function failing(object: KubeObject, ...types: string[]): string {
  const found = conditionsOf(object).find(({ type, status }) => types.includes(type) && status !== 'True');
  return found ? `: ${found.message || found.reason}` : '';
}

async function apiService({ input: { cluster, signal } }: Run, { key, version }: Task): Promise<string | undefined> {
  const ref = { group: 'apiregistration.k8s.io', kind: 'APIService', namespace: '', name: `${version}.${key.group}` };
  const service = await unlessForbidden(cluster.api.get(ref, { signal }));
  // Built-in groups and those of definitions have one too, without a service.
  return service && isObject(at(service, 'spec', 'service'))
    ? `Its API service ${ref.name} is not available${failing(service, 'Available')}.`
    : undefined;
}

async function definition({ input: { cluster, signal } }: Run, { key, version }: Task): Promise<string | undefined> {
  const all = await unlessForbidden(
    cluster.api.list({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }, { signal }),
  );
  const found = all?.find(
    (one) => textAt(one, 'spec', 'group') === key.group && textAt(one, 'spec', 'names', 'kind') === key.kind,
  );
  return (
    found &&
    `Its definition ${found.metadata.name ?? ''} is installed, but does not serve ` +
      `${version}${failing(found, 'NamesAccepted', 'Established')}.`
  );
}

/** One sentence; Argo CD's own where the definition is not there. */
export async function remedy(run: Run, task: Task): Promise<string> {
  const { group, kind } = task.key;
  const { discovery } = run.input.cluster;
  const other = discovery.resourceOf({ group, kind });
  if (other)
    return (
      `It serves ${kind} as ${apiVersionOf(other)}, not as ${apiVersionOf({ group, version: task.version })}: ` +
      'correct the apiVersion.'
    );
  // Groups of definitions are domains.
  if (!group.includes('.')) {
    const [served] = discovery.resources().filter((resource) => resource.kind === kind);
    return served
      ? `It serves ${kind} as ${apiVersionOf(served)}: correct the apiVersion.`
      : 'It is no kind that could be installed: correct apiVersion and kind.';
  }
  return (
    (await apiService(run, task)) ??
    (await definition(run, task)) ??
    `Make sure the "${kind}" CRD is installed on the destination cluster.`
  );
}
