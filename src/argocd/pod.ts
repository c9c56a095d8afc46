// What Argo CD shows of a Pod: how it is doing, its images, what it asks of its node (Argo CD: controller/cache/info.go
// populatePodInfo; the words are those of kubectl).
import type { KubeObject } from '../model/kube.ts';
import type { InfoItem, Note, Requests } from './node.ts';
import { milliOf } from '../cluster/stored-number.ts';
import { mapAt, mapsAt, numberAt, textAt, textsAt } from '../model/read.ts';
import { podNetworking } from './networking.ts';

export const counted = ['cpu', 'memory', 'storage'] as const;

function amounts(from: Record<string, string>): Requests {
  return Object.fromEntries(counted.flatMap((name) => (from[name] === undefined ? [] : [[name, milliOf(from[name])]])));
}

/** Resource by resource, in Argo CD's units; what none of them names is absent. */
export function sum(all: readonly Requests[]): Requests {
  return Object.fromEntries(
    counted.flatMap((name) => {
      const values = all.map((each) => each[name]).filter((value) => value !== undefined);
      return values.length > 0 ? [[name, values.reduce((one, other) => one + other, 0)]] : [];
    }),
  );
}

function most(all: readonly Requests[]): Requests {
  return Object.fromEntries(
    counted.flatMap((name) => {
      const values = all.map((each) => each[name]).filter((value) => value !== undefined);
      return values.length > 0 ? [[name, Math.max(...values)]] : [];
    }),
  );
}

/** status.capacity of a Node, in Argo CD's units. */
export function capacityOf(node: KubeObject): Requests {
  return amounts(textsAt(node, 'status', 'capacity'));
}

type Fields = Record<string, unknown>;

function isSidecar(container: Fields): boolean {
  return container['restartPolicy'] === 'Always';
}

/** Sidecars count with the containers, an init container alone, whatever is more; and what the runtime itself needs. */
function requestsOf(pod: KubeObject): Requests {
  const asked = (container: Fields): Requests => amounts(textsAt(container, 'resources', 'requests'));
  const inits = mapsAt(pod, 'spec', 'initContainers');
  const sidecars = inits.filter(isSidecar).map(asked);
  const running = sum([...mapsAt(pod, 'spec', 'containers').map(asked), ...sidecars]);
  const before = inits.map((each, index) => sum([asked(each), ...inits.slice(0, index).filter(isSidecar).map(asked)]));
  return sum([most([running, ...before]), amounts(textsAt(pod, 'spec', 'overhead'))]);
}

function endedWord(terminated: Fields): string {
  const reason = textAt(terminated, 'reason');
  if (reason) return reason;
  const signal = numberAt(terminated, 'signal');
  return signal ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}`;
}

interface Standing {
  reason: string;
  ready: number;
  restarts: number;
}

/** undefined: they are through. */
function initStanding(pod: KubeObject): Standing & { initializing: boolean } {
  const inits = mapsAt(pod, 'spec', 'initContainers');
  const found = { reason: '', ready: 0, restarts: 0, initializing: false };
  for (const [index, status] of mapsAt(pod, 'status', 'initContainerStatuses').entries()) {
    found.restarts += numberAt(status, 'restartCount') ?? 0;
    const terminated = mapAt(status, 'state', 'terminated');
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (terminated && numberAt(terminated, 'exitCode') === 0) continue;
    const own = inits.find((each) => each['name'] === status['name']);
    if (own && isSidecar(own) && status['started'] === true) {
      if (status['ready'] === true) found.ready += 1;
      continue;
    }
    found.initializing = true;
    if (terminated) found.reason = `Init:${endedWord(terminated)}`;
    else if (waiting !== '' && waiting !== 'PodInitializing') found.reason = `Init:${waiting}`;
    else found.reason = `Init:${index}/${inits.length}`;
    break;
  }
  return found;
}

function containerStanding(pod: KubeObject, before: Standing): Standing {
  const found = { ...before };
  let running = false;
  for (const status of mapsAt(pod, 'status', 'containerStatuses').reverse()) {
    found.restarts += numberAt(status, 'restartCount') ?? 0;
    const terminated = mapAt(status, 'state', 'terminated');
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (waiting) found.reason = waiting;
    else if (terminated) found.reason = endedWord(terminated);
    else if (status['ready'] === true && mapAt(status, 'state', 'running')) {
      running = true;
      found.ready += 1;
    }
  }
  if (found.reason === 'Completed' && running) found.reason = 'Running';
  return found;
}

function hasEnded(pod: KubeObject): boolean {
  return ['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase'));
}

function standingOf(pod: KubeObject): Standing {
  const conditions = mapsAt(pod, 'status', 'conditions');
  const gated = conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const first = gated ? 'SchedulingGated' : textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase');
  const init = initStanding(pod);
  const begun = { reason: init.reason || first, ready: init.ready, restarts: init.restarts };
  const initialized = conditions.find(({ type }) => type === 'Initialized')?.['status'] === 'True';
  const found = !init.initializing || initialized ? containerStanding(pod, begun) : begun;
  if (pod.metadata.deletionTimestamp === undefined) return found;
  if (textAt(pod, 'status', 'reason') === 'NodeLost') return { ...found, reason: 'Unknown' };
  return hasEnded(pod) ? found : { ...found, reason: 'Terminating' };
}

/** What is kept of a Pod for the tree. `links`: those that its annotations name. */
export function podInfo(pod: KubeObject, links: string[]): Note {
  const containers = mapsAt(pod, 'spec', 'containers');
  const inits = mapsAt(pod, 'spec', 'initContainers');
  const node = textAt(pod, 'spec', 'nodeName');
  const { reason, ready, restarts } = standingOf(pod);
  const requests = requestsOf(pod);
  const total = containers.length + inits.filter(isSidecar).length;
  const images = [...new Set([...inits, ...containers].map((each) => textAt(each, 'image')))].sort();
  const info: InfoItem[] = [
    ...(reason ? [{ name: 'Status Reason', value: reason }] : []),
    { name: 'Node', value: node },
    { name: 'Containers', value: `${ready}/${total}` },
    ...(restarts > 0 ? [{ name: 'Restart Count', value: String(restarts) }] : []),
    ...(hasEnded(pod)
      ? []
      : (['cpu', 'memory'] as const).map((name) => ({ name, value: String(requests[name] ?? 0) }))),
  ];
  return {
    info,
    images,
    networkingInfo: podNetworking(pod, links),
    pod: { node, ended: hasEnded(pod), requests },
  };
}
