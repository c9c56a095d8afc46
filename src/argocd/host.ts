// The machines that run an application's pods, and what they have for it and for others (Argo CD:
// controller/appcontroller.go getAppHosts).
import type { Clock } from '../base/clock.ts';
import type { Live } from '../cluster/live.ts';
import type { Host, Note, Requests } from './node.ts';
import { readNote } from './note.ts';
import { counted, sum } from './pod.ts';

type Pod = NonNullable<Note['pod']>;

/** What is asked of all machines is counted once for all applications that are looked at within this time. */
const freshMs = 10_000;

/**
 * What the pods of each cluster ask of their nodes: summed anew when it is older than `freshMs`, for all nodes at
 * once.
 */
export class Loads {
  readonly #counts = new WeakMap<Live, { at: number; byNode: Map<string, Requests> }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of all pods of the cluster that have not ended. */
  of(live: Live, node: string): Requests {
    const known = this.#counts.get(live);
    if (known && this.#clock.steady() - known.at < freshMs) return known.byNode.get(node) ?? {};
    const byNode = new Map<string, Requests>();
    for (const record of live.records({ group: '', kind: 'Pod' })) {
      const { pod } = readNote(record);
      if (pod && !pod.ended && pod.node) byNode.set(pod.node, sum([byNode.get(pod.node) ?? {}, pod.requests]));
    }
    this.#counts.set(live, { at: this.#clock.steady(), byNode });
    return byNode.get(node) ?? {};
  }
}

function hostOf(live: Live, loads: Loads, name: string, pods: readonly Pod[]): Host[] {
  const record = live.get({ group: '', kind: 'Node', namespace: '', name });
  const { host } = record ? readNote(record) : {};
  if (!host) return [];
  const app = sum(pods.map(({ requests }) => requests));
  const running = sum(pods.filter(({ ended }) => !ended).map(({ requests }) => requests));
  const all = loads.of(live, name);
  const resourcesInfo = counted.flatMap((resourceName) => {
    const capacity = host.capacity[resourceName] ?? 0;
    if (capacity <= 0) return [];
    const own = app[resourceName] ?? 0;
    const others = Math.max(0, (all[resourceName] ?? 0) - (running[resourceName] ?? 0));
    return [
      {
        resourceName,
        ...(own > 0 && { requestedByApp: own }),
        ...(others > 0 && { requestedByNeighbors: others }),
        capacity,
      },
    ];
  });
  return [{ name, resourcesInfo, systemInfo: host.systemInfo }];
}

/** Sorted by name. */
export function hostsOf(live: Live, loads: Loads, pods: readonly Pod[]): Host[] {
  const byNode = Map.groupBy(pods, ({ node }) => node);
  return [...byNode].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, own]) => hostOf(live, loads, name, own));
}
