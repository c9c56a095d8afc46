// What shows that an application controller of Argo CD is at work, read from single objects. Pure.
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { isObject } from '../model/kube.ts';

/** The name of its binary, of its workload in Argo CD's own manifests, and of its component in every label. */
const binary = 'argocd-application-controller';

/** A StatefulSet or Deployment of the controller. */
export interface ControllerWorkload {
  kind: string;
  name: string;
  /** Pods that are wanted or still there; 0: it does not run. */
  replicas: number;
}

function within(value: unknown, ...path: string[]): unknown {
  return path.reduce((at, name) => (isObject(at) ? at[name] : undefined), value);
}

function numberAt(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

/** Renamed or wrapped by a chart, its pods still run that binary. */
function runsBinary(object: KubeObject): boolean {
  const containers = within(object['spec'], 'template', 'spec', 'containers');
  if (!Array.isArray(containers)) return false;
  return containers.some((container: unknown) =>
    [within(container, 'command'), within(container, 'args')]
      .flatMap((words: unknown): unknown[] => (Array.isArray(words) ? words : []))
      .some((word) => typeof word === 'string' && word.split('/').at(-1) === binary),
  );
}

/** undefined: of something else. */
export function controllerWorkload(object: KubeObject): ControllerWorkload | undefined {
  const { name = '', labels = {} } = object.metadata;
  const isController =
    name === binary ||
    labels['app.kubernetes.io/component'] === 'application-controller' ||
    labels['app.kubernetes.io/name'] === binary ||
    runsBinary(object);
  if (!isController) return undefined;
  // Scaled down, its pods work on until they are gone.
  const wanted = numberAt(within(object['spec'], 'replicas'), 1);
  return { kind: object.kind, name, replicas: Math.max(wanted, numberAt(within(object['status'], 'replicas'), 0)) };
}

/** ConfigMap in which controllers that divide the clusters among them say that they live (controller/sharding). */
export const shardMap = 'argocd-app-controller-shard-cm';

/** When (ms) a controller last said so there; undefined: never. */
export function heartbeatOf(map: KubeObject): number | undefined {
  const text = within(map['data'], 'shardControllerMapping');
  if (typeof text !== 'string') return undefined;
  let shards: unknown;
  try {
    shards = JSON.parse(text);
  } catch {
    return undefined; // not what Argo CD writes
  }
  const times = (Array.isArray(shards) ? shards : [])
    .filter((shard) => within(shard, 'ControllerName') !== '')
    .map((shard) => Date.parse(String(within(shard, 'HeartbeatTime'))))
    .filter((at) => !Number.isNaN(at));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Parts of a status that only a controller writes; argocd-server has a field manager of its own name. */
const verdicts = ['f:sync', 'f:health', 'f:reconciledAt'];

/**
 * When (ms) Argo CD's controller last wrote the status of the application, which it does under its binary's name
 * (Argo CD: common.DefaultApplicationControllerName); undefined: never.
 */
export function statusWriteOf({ metadata }: Pick<Application, 'metadata'>): number | undefined {
  const times = (metadata.managedFields ?? [])
    .filter(({ manager = '', fieldsV1 }) => {
      const status = within(fieldsV1, 'f:status');
      return manager === binary && verdicts.some((name) => isObject(status) && name in status);
    })
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((at) => !Number.isNaN(at));
  return times.length > 0 ? Math.max(...times) : undefined;
}
