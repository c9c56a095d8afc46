// Whether an application controller of Argo CD works in the control-plane namespace: followed by watches, never polled.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { ControllerWorkload } from './controller-sightings.ts';
import type { Collection } from './collection.ts';
import { rfc3339 } from '../base/clock.ts';
import { Topic } from '../base/topic.ts';
import { isStatus } from '../cluster/api-error.ts';
import { controllerWorkload, heartbeatOf, shardMap, statusWriteOf } from './controller-sightings.ts';

export interface SeenController {
  /** What was seen, for a person. */
  what: string;
  /** The command that ends it, where there is one. */
  command: string | undefined;
}

export interface ControllerWatch {
  /** As of now; undefined: none works here. */
  seen(): SeenController | undefined;
  /** Told when one appears, or is gone. */
  onChange(fn: () => void): () => void;
  /** Resolves when what is there has been read once; what may not be read is left out, with a warning. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

interface Followed {
  kind: { group: string; kind: string };
  fieldSelector?: string;
}

interface ControllerOptions {
  cluster: Pick<Cluster, 'api' | 'mirror'>;
  applications: Pick<Collection<Application>, 'list' | 'onChange'>;
  namespace: string;
  clock: Clock;
  log: Logger;
}

const workloadKinds = [
  { group: 'apps', kind: 'StatefulSet' },
  { group: 'apps', kind: 'Deployment' },
] as const;

/**
 * Milliseconds for which a heartbeat or a status written by a controller that nobody can see otherwise counts as one
 * that works: it looks at every application every 120 to 180 s (Argo CD: timeout.reconciliation and its jitter).
 */
const aliveMs = 300_000;

/** `kubectl` ends it, by the names that it has. */
function scaleDown({ kind, name }: Pick<ControllerWorkload, 'kind' | 'name'>, namespace: string): string {
  return `kubectl -n ${namespace} scale ${kind.toLowerCase()} ${name} --replicas=0`;
}

/** The controllers that have replicas, and the command that stops them; undefined: none has any. */
export function seenWorkload(workloads: readonly ControllerWorkload[], namespace: string): SeenController | undefined {
  const working = workloads.filter(({ replicas }) => replicas > 0);
  if (working.length === 0) return undefined;
  return {
    what: working.map(({ kind, name }) => `${kind} ${name}`).join(', '),
    command: working.map((workload) => scaleDown(workload, namespace)).join(' && '),
  };
}

/** When (ms) a controller whose workload nobody sees last told that it lives; -Infinity: never. */
interface Signs {
  heartbeat: number;
  write: number;
}

/** `untilMs`: how long these signs will do. */
export function seenSigns(
  { heartbeat, write }: Signs,
  now: number,
): { seen: SeenController; untilMs: number } | undefined {
  const last = Math.max(heartbeat, write);
  const untilMs = last + aliveMs - now;
  if (!(untilMs > 0)) return undefined;
  const sign = heartbeat > write ? `its heartbeat in ConfigMap ${shardMap}` : 'it writes the status of Applications';
  return { seen: { what: `${sign}, last at ${rfc3339(last)}`, command: undefined }, untilMs };
}

class Watch implements ControllerWatch {
  readonly #options: ControllerOptions;
  readonly #workloads: Mirror<ControllerWorkload>[];
  readonly #shards: Mirror<number>;
  readonly #followed: { mirror: Mirror<unknown>; query: Followed }[];
  readonly #topic: Topic<undefined>;
  #signs: Signs = { heartbeat: -Infinity, write: -Infinity };
  /** When its workload was first seen without pods: what it wrote before says nothing of now. */
  #endedAt = -Infinity;
  /** Undefined: not looked at yet. */
  #ran: boolean | undefined;
  #seen: SeenController | undefined;
  #started = false;
  #cancel: () => void = () => undefined;
  #ends: (() => void)[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { cluster, namespace } = options;
    this.#topic = new Topic('controller of Argo CD', options.log);
    const follow = <T>(query: Followed, parse: (object: KubeObject) => T | undefined): Mirror<T> => {
      const mirror = cluster.mirror({ ...query, namespace, parse });
      this.#followed.push({ mirror, query });
      return mirror;
    };
    this.#followed = [];
    this.#workloads = workloadKinds.map((kind) => follow({ kind }, controllerWorkload));
    this.#shards = follow(
      { kind: { group: '', kind: 'ConfigMap' }, fieldSelector: `metadata.name=${shardMap}` },
      heartbeatOf,
    );
  }

  seen(): SeenController | undefined {
    return this.#seen;
  }

  onChange(fn: () => void): () => void {
    return this.#topic.subscribe(fn);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { applications } = this.#options;
    await Promise.all(this.#followed.map((followed) => this.#begin(followed, signal)));
    const wrote = (app: Application | undefined): void => {
      const at = app && statusWriteOf(app);
      if (at !== undefined && at > this.#signs.write) this.#signs.write = at;
    };
    applications.list().forEach(wrote);
    this.#ends = [
      ...this.#followed.map(({ mirror }) => mirror.onChange(() => this.#look())),
      applications.onChange((_key, now) => {
        const before = this.#signs.write;
        wrote(now);
        if (this.#signs.write !== before) this.#look();
      }),
    ];
    this.#started = true;
    this.#look();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel();
    for (const end of this.#ends) end();
    await Promise.all(this.#followed.map(({ mirror }) => mirror.stop()));
  }

  /** What may not be read is followed all the same: the right may come. */
  async #begin({ mirror, query }: { mirror: Mirror<unknown>; query: Followed }, signal: AbortSignal): Promise<void> {
    const { cluster, namespace, log } = this.#options;
    const { kind, fieldSelector } = query;
    const started = mirror.start(signal);
    started.catch(() => undefined); // it is awaited below, or never: it ends with the signal
    try {
      await cluster.api.list(kind, { namespace, metadataOnly: true, signal, ...(fieldSelector && { fieldSelector }) });
    } catch (error) {
      if (!isStatus(error, 403)) throw error;
      log.warn(
        { kind: kind.kind, hint: 'Grant get, list and watch of it in this namespace, as deploy/rbac.yaml does.' },
        'whether an application controller of Argo CD works here cannot be seen: forbidden',
      );
      return;
    }
    await started;
  }

  #found(): SeenController | undefined {
    const { namespace, clock } = this.#options;
    const workloads = this.#workloads.flatMap((mirror) => mirror.all());
    const working = seenWorkload(workloads, namespace);
    if (!working && (this.#ran ?? workloads.length > 0)) this.#endedAt = clock.now();
    this.#ran = working !== undefined;
    if (working) return working;
    this.#signs.heartbeat = Math.max(-Infinity, ...this.#shards.all());
    const signs = Math.max(this.#signs.heartbeat, this.#signs.write) > this.#endedAt ? this.#signs : undefined;
    const found = signs && seenSigns(signs, clock.now());
    if (found) this.#cancel = clock.after(found.untilMs + 1, () => this.#look());
    return found?.seen;
  }

  #look(): void {
    if (!this.#started) return;
    this.#cancel();
    const before = this.#seen;
    this.#seen = this.#found();
    // That its last sign moves on is no news.
    if ((before === undefined) !== (this.#seen === undefined) || before?.command !== this.#seen?.command)
      this.#topic.publish(undefined);
  }
}

/** Empty until it is started. */
export function watchController(options: ControllerOptions): ControllerWatch {
  return new Watch(options);
}
