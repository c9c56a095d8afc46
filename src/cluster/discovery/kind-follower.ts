// Asks discovery anew when custom resource definitions or API services come, change or go.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Outcome, QueueMetricsOf } from '../../base/queue.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Discovery } from './discovery.ts';
import { KeyQueue } from '../../base/queue.ts';

/**
 * A definition is served a moment after it is stored; after so many looks it has told its status, and that is an event
 * of its own.
 */
const looks = 6;

/** Asks for the group that a definition names, and again a few times while the API server serves nothing new. */
export class KindFollower {
  readonly #queue: KeyQueue;
  readonly #discovery: Discovery;
  readonly #left = new Map<string, number>();

  constructor(options: { discovery: Discovery; clock: Clock; log: Logger; queues?: QueueMetricsOf | undefined }) {
    this.#discovery = options.discovery;
    this.#queue = new KeyQueue({
      clock: options.clock,
      metrics: options.queues?.('discovery'),
      concurrency: 2,
      work: (group, signal) => this.#look(group, signal),
      backoff: { baseMs: 200, maxMs: 30_000 },
      onError: (group, err) => options.log.warn({ group, err }, 'discovery of a group failed'),
    });
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop(0);
  }

  /**
   * Called for every object that changes; only definitions concern it. Those of the first listing matter only if they
   * are not served yet.
   */
  changed(key: ResourceKey, first: boolean): void {
    const group = groupDefinedBy(key);
    if (group === undefined || (first && this.#isServed(key, group))) return;
    this.#left.set(group, looks);
    this.#queue.add(group);
  }

  #isServed(key: ResourceKey, group: string): boolean {
    const name = key.name.slice(0, key.name.indexOf('.'));
    return key.kind === 'APIService'
      ? this.#discovery.apiVersions().includes(`${group}/${name}`)
      : this.#discovery.resources().some((resource) => resource.group === group && resource.plural === name);
  }

  async #look(group: string, signal: AbortSignal): Promise<Outcome | void> {
    const before = this.#discovery.hash;
    await this.#discovery.refresh(group, signal);
    const left = (this.#left.get(group) ?? 1) - 1;
    if (this.#discovery.hash !== before || left <= 0) {
      this.#left.delete(group);
      return;
    }
    this.#left.set(group, left);
    return { after: 50 * 2 ** (looks - left) };
  }
}

/** A CustomResourceDefinition is named `<plural>.<group>`, an APIService `<version>.<group>`. */
function groupDefinedBy(key: ResourceKey): string | undefined {
  const definition = key.kind === 'CustomResourceDefinition' && key.group === 'apiextensions.k8s.io';
  const service = key.kind === 'APIService' && key.group === 'apiregistration.k8s.io';
  if (!definition && !service) return undefined;
  const dot = key.name.indexOf('.');
  const group = dot < 0 ? '' : key.name.slice(dot + 1);
  return group === '' ? undefined : group;
}
