// Connected clusters by server: the control plane's own at once, others when an application first names them.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Describing, LiveChange } from '../cluster/live.ts';
import type { Application } from '../model/application.ts';
import type { Store } from '../store/store.ts';
import type { Jq } from '../compare/object/jq.ts';
import type { Worker } from '../base/worker.ts';
import type { ThreeWay } from '../compare/object/three-way.ts';
import type { HealthScripts } from '../health/scripts.ts';
import type { Target } from './application/assess.ts';
import type { Permit } from '../base/permit.ts';
import { argoClusterConfig } from '../cluster/wire/cluster-config.ts';
import { isStatus } from '../cluster/api-error.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { createComparer } from '../compare/compare.ts';
import { inClusterServer } from '../model/annotations.ts';
import { isObject } from '../model/kube.ts';
import { clusterOf } from '../store/settings.ts';
import { leavesOut } from '../cluster/discovery/exclusions.ts';
import { hashOf } from '../base/canonical.ts';

interface ClustersOptions {
  /** The cluster of the control plane. */
  home: Cluster;
  store: Store;
  jq: Jq;
  threeWay: ThreeWay;
  worker: Worker;
  scripts: HealthScripts;
  clock: Clock;
  log: Logger;
  permit?: Permit | undefined;
  describing?: Describing | undefined;
  onChange(server: string, change: LiveChange): void;
  /** Told who is behind a URL, before anybody works there. */
  onIdentity(server: string, id: string): void;
  /** Another cluster is behind that URL than before. */
  onMoved(server: string): void;
  signal: AbortSignal;
}

/** As settings know it. */
interface Named {
  server: string;
  name: string;
  config: Record<string, unknown>;
}

interface Connected {
  /** Hash of the Secret's config: another one means another connection. */
  config: string;
  target: Promise<Target>;
  /** Once it is there. */
  now?: Target;
}

/**
 * A cluster has one namespace of that name for all its life. Where that may not be read, all that tells it is how it is
 * reached: by that URL, certificate and proxy, whatever the credentials.
 */
async function identityOf(
  { api }: Cluster,
  { server, config }: { server: string; config: Record<string, unknown> },
  signal: AbortSignal,
): Promise<string> {
  const namespace = { group: '', kind: 'Namespace', namespace: '', name: 'kube-system' };
  try {
    const uid = (await api.get(namespace, { signal }))?.metadata.uid;
    if (uid !== undefined) return uid;
  } catch (error) {
    if (!isStatus(error, 401) && !isStatus(error, 403)) throw error;
  }
  const tls = isObject(config['tlsClientConfig']) ? config['tlsClientConfig'] : {};
  return hashOf([
    server,
    config['proxyUrl'] ?? '',
    tls['caData'] ?? '',
    tls['serverName'] ?? '',
    tls['insecure'] ?? '',
  ]);
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

  /**
   * Connects the control plane's own cluster before the first application asks, so that its caches fill while others
   * wait; which one it is, is told also where no application may name it by its usual URL.
   */
  async meetHome(): Promise<void> {
    const { home, store, onIdentity, signal } = this.#options;
    const own = { server: inClusterServer, config: {} };
    const entry = clusterOf(store.settings(), own);
    if (entry) await this.#reach(entry).catch(() => undefined);
    await identityOf(home, own, signal)
      .then((identity) => onIdentity(inClusterServer, identity))
      .catch(() => undefined);
  }

  /**
   * undefined when no cluster Secret has that server or name. `sure`: the cluster is asked who it is, for its URL may
   * lead elsewhere by now. Throws (transient) when it cannot be reached.
   */
  async targetOf(app: Application, { sure = false } = {}): Promise<Target | undefined> {
    const entry = clusterOf(this.#options.store.settings(), app.spec.destination);
    if (!entry) return undefined;
    const target = await this.#reach(entry);
    return sure && (await this.#hasMoved(entry, target)) ? this.#reach(entry) : target;
  }

  /** Asks every cluster that is connected who it is; one that cannot be reached tells its watches so. */
  async confirm(): Promise<void> {
    for (const entry of this.#options.store.settings().clusters) {
      const target = this.#connected.get(entry.server)?.now;
      if (target) await this.#hasMoved(entry, target).catch(() => undefined);
    }
  }

  /** Ends the connection where another cluster answers: nothing of what is known of the former one is true of it. */
  async #hasMoved(entry: Named, target: Target): Promise<boolean> {
    const { home, onMoved, signal } = this.#options;
    if (target.cluster === home || (await identityOf(target.cluster, entry, signal)) === target.identity) return false;
    if (this.#connected.get(entry.server)?.now === target) {
      this.#disconnect(entry.server);
      onMoved(entry.server);
    }
    return true;
  }

  #reach(entry: Named): Promise<Target> {
    const config = hashOf(entry.config);
    const known = this.#connected.get(entry.server);
    if (known && known.config === config) return known.target;
    this.#disconnect(entry.server);
    const target = this.#connect(entry);
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

  async #connect({ server, name, config }: Named): Promise<Target> {
    const { home, store, jq, threeWay, worker, scripts, clock, log, permit, describing, signal } = this.#options;
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
    let identity: string;
    try {
      this.#configure(cluster, server);
      await cluster.live.start(signal);
      identity = await identityOf(cluster, { server, config }, signal);
      this.#options.onIdentity(server, identity);
    } catch (error) {
      unsubscribe();
      if (this.#subscriptions.get(server) === unsubscribe) this.#subscriptions.delete(server);
      if (!isHome) await cluster.stop();
      throw error;
    }
    const comparer = createComparer({
      ...{ cluster, jq, threeWay, worker, server, identity },
      macKey: store.macKey,
      settings: () => store.settings().comparison,
    });
    return { cluster, comparer, name, server, identity, healthOf: scripts.healthOf };
  }
}
