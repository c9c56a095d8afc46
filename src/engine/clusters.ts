// Connected clusters by server: the control plane's own at once, others when an application first names them.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Describing, LiveChange } from '../cluster/live.ts';
import type { Application } from '../model/application.ts';
import type { Store } from '../store/store.ts';
import type { Jq } from '../compare/object/jq.ts';
import type { ThreeWay } from '../compare/object/three-way.ts';
import type { HealthScripts } from '../health/scripts.ts';
import type { Target } from './application/assess.ts';
import type { Permit } from '../base/permit.ts';
import { argoClusterConfig } from '../cluster/wire/cluster-config.ts';
import { isStatus } from '../cluster/api-error.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { createComparer } from '../compare/compare.ts';
import { inClusterServer } from '../model/annotations.ts';
import { clusterOf } from '../store/settings.ts';
import { leavesOut } from '../cluster/discovery/exclusions.ts';
import { hashOf } from '../base/canonical.ts';

interface ClustersOptions {
  /** The cluster of the control plane. */
  home: Cluster;
  store: Store;
  jq: Jq;
  threeWay: ThreeWay;
  scripts: HealthScripts;
  clock: Clock;
  log: Logger;
  permit?: Permit | undefined;
  describing?: Describing | undefined;
  onChange(server: string, change: LiveChange): void;
  /** Told who is behind a URL, before anybody works there. */
  onIdentity(server: string, id: string): void;
  signal: AbortSignal;
}

interface Connected {
  /** Hash of the Secret's config: another one means another connection. */
  config: string;
  target: Promise<Target>;
  /** Once it is there. */
  now?: Target;
}

/** A cluster has one namespace of that name for all its life; undefined where it may not be read. */
async function identityOf({ api }: Cluster, signal: AbortSignal): Promise<string | undefined> {
  const namespace = { group: '', kind: 'Namespace', namespace: '', name: 'kube-system' };
  try {
    return (await api.get(namespace, { signal }))?.metadata.uid;
  } catch (error) {
    if (isStatus(error, 401) || isStatus(error, 403)) return undefined;
    throw error;
  }
}

/** Each cluster is connected once, by its server, and again when the config of its Secret is another. */
export class Clusters {
  readonly #options: ClustersOptions;
  readonly #connected = new Map<string, Connected>();
  /** What ends the subscription to the changes of a server. */
  readonly #subscriptions = new Map<string, () => void>();

  constructor(options: ClustersOptions) {
    this.#options = options;
  }

  /** Which one the control plane's own is, also where no application may name it by its usual URL. */
  async identifyHome(): Promise<void> {
    const { home, onIdentity, signal } = this.#options;
    const id = await identityOf(home, signal);
    if (id !== undefined) onIdentity(inClusterServer, id);
  }

  /** undefined when no cluster Secret has that server or name. Throws (transient) when it cannot be reached. */
  async targetOf(app: Application): Promise<Target | undefined> {
    const { store } = this.#options;
    const entry = clusterOf(store.settings(), app.spec.destination);
    if (!entry) return undefined;
    const config = hashOf(entry.config);
    const known = this.#connected.get(entry.server);
    if (known && known.config === config) return known.target;
    this.#disconnect(entry.server);
    const target = this.#connect(entry.server, entry.name, entry.config);
    const connected: Connected = { config, target };
    this.#connected.set(entry.server, connected);
    target.then(
      (now) => {
        connected.now = now;
        if (this.#connected.get(entry.server) === connected) this.#configure(now.cluster, entry.server);
      },
      () => {
        // the next pass tries anew
        if (this.#connected.get(entry.server) === connected) this.#connected.delete(entry.server);
      },
    );
    return target;
  }

  /**
   * The version of the application's cluster and the kinds that it serves; those of the control plane's own where none
   * is known for it. Throws (transient) when it cannot be reached.
   */
  async servedFor(app: Application): Promise<{ version: string; apiVersions: readonly string[] }> {
    const target = await this.targetOf(app);
    const { discovery } = target?.cluster ?? this.#options.home;
    return { version: discovery.version, apiVersions: discovery.apiVersions() };
  }

  /** Asks nobody: undefined while it is not connected. */
  connectedTo(app: Application): Target | undefined {
    const entry = clusterOf(this.#options.store.settings(), app.spec.destination);
    return entry && this.#connected.get(entry.server)?.now;
  }

  /** After the settings changed: ends the connections that no cluster Secret asks for, and tells the rest. */
  release(): void {
    const { clusters } = this.#options.store.settings();
    for (const [server, { config, now }] of this.#connected) {
      const entry = clusters.find((item) => item.server === server);
      if (!entry || hashOf(entry.config) !== config) this.#disconnect(server);
      else if (now) this.#configure(now.cluster, server);
    }
  }

  /** The first time, before anything is watched. */
  #configure({ live }: Cluster, server: string): void {
    const { tracking, kinds } = this.#options.store.settings().comparison;
    live.configure({ tracking, excludes: leavesOut(kinds, server) });
  }

  /** Drops the verdicts and wanted keys of an application that is gone. */
  async forget(server: string, tracking: string): Promise<void> {
    const target = await this.#connected.get(server)?.target.catch(() => undefined);
    target?.comparer.forget(tracking);
  }

  /** Those that are connected by now. */
  async all(): Promise<Target[]> {
    const settled = await Promise.allSettled([...this.#connected.values()].map((item) => item.target));
    return settled.flatMap((item) => (item.status === 'fulfilled' ? [item.value] : []));
  }

  async stop(): Promise<void> {
    for (const { cluster } of await this.all()) {
      if (cluster !== this.#options.home) await cluster.stop();
    }
  }

  #disconnect(server: string): void {
    const known = this.#connected.get(server);
    this.#connected.delete(server);
    this.#subscriptions.get(server)?.();
    this.#subscriptions.delete(server);
    void known?.target
      .then(({ cluster }) => (cluster === this.#options.home ? undefined : cluster.stop()))
      .catch(() => undefined);
  }

  async #connect(server: string, name: string, config: Record<string, unknown>): Promise<Target> {
    const { home, store, jq, threeWay, scripts, clock, log, permit, describing, signal } = this.#options;
    const isHome = server === inClusterServer && Object.keys(config).length === 0;
    const cluster = isHome
      ? home
      : await connectCluster(
          {
            name,
            config: await argoClusterConfig(server, JSON.stringify(config)),
            clock,
            log: log.child({ cluster: name }),
            permit,
            describing,
          },
          signal,
        );
    const unsubscribe = cluster.live.onChange((change) => this.#options.onChange(server, change));
    this.#subscriptions.set(server, unsubscribe);
    try {
      this.#configure(cluster, server);
      await cluster.live.start(signal);
      const id = await identityOf(cluster, signal);
      if (id !== undefined) this.#options.onIdentity(server, id);
    } catch (error) {
      unsubscribe();
      if (this.#subscriptions.get(server) === unsubscribe) this.#subscriptions.delete(server);
      if (!isHome) await cluster.stop();
      throw error;
    }
    const comparer = createComparer({
      ...{ cluster, jq, threeWay, server },
      macKey: store.macKey,
      settings: () => store.settings().comparison,
    });
    return { cluster, comparer, name, server, healthOf: scripts.healthOf };
  }
}
