// What makes an operation impossible before it begins: kinds that the cluster does not serve and objects that are not
// permitted.
import type { KubeObject } from '../model/kube.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { isStatus } from '../cluster/api-error.ts';
import { conditionsOf } from '../health/conditions.ts';
import { apiVersionOf, isObject } from '../model/kube.ts';
import { at, textAt } from '../model/read.ts';
import { kindBrought } from './plan.ts';
import { record } from './task.ts';

/** The task that brings this task's kind, if it is part of the same sync. */
export function definitionOf(run: Run, task: Task): Task | undefined {
  const kind = `${task.key.group}/${task.key.kind}`;
  return run.tasks.find((other) => other.kind !== 'prune' && kindBrought(other.object) === kind);
}

/** In the version that the manifest names, where it names one. */
export function isServed(run: Run, task: Task): boolean {
  return (
    run.input.cluster.discovery.resourceOf({
      group: task.key.group,
      kind: task.key.kind,
      ...(task.version && { version: task.version }),
    }) !== undefined
  );
}

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
async function remedy(run: Run, task: Task): Promise<string> {
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

async function reasonAgainst(run: Run, task: Task): Promise<string | undefined> {
  if (task.invalid !== undefined) return task.invalid;
  if (
    task.kind === 'prune' ||
    isServed(run, task) ||
    definitionOf(run, task) ||
    run.option(task, 'SkipDryRunOnMissingResource') === 'true'
  )
    return undefined;
  await run.input.cluster.discovery.refresh(task.key.group, run.input.signal);
  if (isServed(run, task)) return undefined;
  const { group, kind, namespace, name } = task.key;
  return (
    `The Kubernetes API could not find ${group}/${kind} for requested resource ${namespace}/${name}. ` +
    `${await remedy(run, task)}`
  );
}

/** Argo CD's message if any task can never be applied; its rows say why. */
export async function findInvalid(run: Run): Promise<string | undefined> {
  const reasons: string[] = [];
  for (const task of run.tasks) {
    const reason = await reasonAgainst(run, task);
    if (reason === undefined) continue;
    record(task, { status: 'SyncFailed', hookPhase: 'Failed', message: reason });
    reasons.push(reason);
  }
  return reasons.length > 0 ? `one or more synchronization tasks are not valid: ${reasons.join(', ')}` : undefined;
}
