// Writing what Argo CD's server shows of one application, or of the clusters.
import type { Clock } from '../base/clock.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Engine } from '../engine/engine.ts';
import type { Application } from '../model/application.ts';
import type { Store } from '../store/store.ts';
import type { Loads } from './host.ts';
import type { Seen } from './seen.ts';
import type { Values } from './values.ts';
import { canonicalJson, hashOf } from '../base/canonical.ts';
import { trackingName } from '../render/document/tracking.ts';
import { isApplicationName, orphanPlace } from '../engine/orphans.ts';
import { clusterOf } from '../store/settings.ts';
import { clusterInfo } from './cluster-info.ts';
import { managedResources } from './managed.ts';
import { shardsOf, treeOf } from './tree.ts';
import { keys } from './values.ts';

const clusterSeconds = 600;
/** Owner of what is written of clusters; no application has such a key. */
export const clusters = '#clusters';

export interface Shown {
  store: Pick<Store, 'applications' | 'projects' | 'settings' | 'namespace'>;
  /** There once something is looked at. */
  engine: () => Pick<Engine, 'comparison' | 'clusters' | 'turn'>;
  clock: Clock;
  /** Members of one piece of a tree; 0: trees are whole. */
  shardSize: number;
  /** Of what is written about applications. */
  expiresSeconds: number;
  values: Values;
  seen: Seen;
  loads: Loads;
  /** Hashes of what was made of a comparison, which never changes. */
  managed: WeakMap<Comparison, string>;
}

/** Nothing can be compared, whatever is in the cluster (Argo CD: processAppRefreshQueueItem). */
function isInvalid(app: Application): boolean {
  return app.status?.conditions?.some(({ type }) => type === 'InvalidSpecError') === true;
}

/** `tracking` may be that of an application outside of the control-plane namespace. */
/** `shards` as JSON; answers whether something changed. */
async function writeTree(shown: Shown, key: string, tracking: string, shards: readonly string[]): Promise<boolean> {
  const { values } = shown;
  const names = shards.map((_, shard) => keys.tree(tracking, shard));
  let changed = false;
  // The first one says how many there are: whoever reads it finds the others.
  for (const [shard, text] of [...shards.entries()].reverse())
    changed =
      (await values.set(key, names[shard] ?? '', { text: () => text, seconds: shown.expiresSeconds })) || changed;
  for (const old of values.others(key, [...names, keys.managed(tracking)])) await values.delete(key, old);
  return changed;
}

async function writeManaged(shown: Shown, key: string, tracking: string, comparison: Comparison): Promise<boolean> {
  const { values, managed, store } = shown;
  const { ignoreDifferences } = store.settings().comparison;
  const text = (): string => canonicalJson(managedResources(comparison, ignoreDifferences));
  const hash = managed.get(comparison);
  const seconds = shown.expiresSeconds;
  const name = keys.managed(tracking);
  const written = await values.set(key, name, { text, seconds, ...(hash !== undefined && { hash }) });
  const now = values.hashOf(key, name);
  if (now !== undefined) managed.set(comparison, now);
  return written;
}

/**
 * Writes tree and managed objects of the application (`key`: namespace/name) where they differ from what was written;
 * what another engine works on is left to that one. Rejects when Redis does.
 */
export async function showApplication(shown: Shown, key: string, app: Application): Promise<void> {
  const { store, engine, values, seen, loads } = shown;
  if (engine().turn(app).by !== 'coxswain') {
    // Argo CD's own controller writes there.
    seen.delete(key);
    return values.drop(key);
  }
  const tracking = trackingName(app, store.namespace);
  if (isInvalid(app)) {
    seen.set(key, { server: '', uids: [], orphansOf: undefined });
    if (await writeTree(shown, key, tracking, ['{}'])) await values.notify(tracking);
    return values.delete(key, keys.managed(tracking));
  }
  const comparison = engine().comparison(key);
  const target = engine().clusters.connectedTo(app);
  if (!comparison || !target) return;
  const project = store.projects.get(`${store.namespace}/${app.spec.project}`);
  const { tree, uids } = treeOf({
    comparison,
    target,
    project,
    loads,
    isApplication: (name) => isApplicationName(store, name),
  });
  seen.set(key, { server: target.server, uids, orphansOf: orphanPlace(app, project) });
  const shards = shardsOf(tree, shown.shardSize).map((shard) => canonicalJson(shard));
  const changed = await writeTree(shown, key, tracking, shards);
  if ((await writeManaged(shown, key, tracking, comparison)) || changed) await values.notify(tracking);
}

/** `key` is `namespace/name`. */
export async function hideApplication({ store, values, seen }: Shown, key: string): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const tracking = trackingName({ metadata: { namespace, name } }, store.namespace);
  const names = new Set([keys.managed(tracking), keys.tree(tracking, 0), ...values.others(key, [])]);
  for (const each of names) await values.delete(key, each);
  values.drop(key);
  seen.delete(key);
  await values.notify(tracking);
}

/** Writes what is known of each cluster, where more than the time of the look differs. Rejects when Redis does. */
export async function showClusters({ store, engine, clock, values }: Shown): Promise<void> {
  const settings = store.settings();
  const servers = store.applications.list().map((app) => clusterOf(settings, app.spec.destination)?.server);
  const connected = new Map((await engine().clusters.all()).map((target) => [target.server, target]));
  for (const { server } of settings.clusters) {
    const count = servers.filter((each) => each === server).length;
    const info = clusterInfo(connected.get(server), count, clock.now());
    // The time of the look alone is no change.
    const { connectionState, cacheInfo } = info;
    const said = {
      ...info,
      connectionState: { ...connectionState, attemptedAt: '' },
      cacheInfo: { ...cacheInfo, lastCacheSyncTime: '' },
    };
    await values.set(clusters, keys.cluster(server), {
      text: () => canonicalJson(info),
      hash: hashOf(said),
      seconds: clusterSeconds,
    });
  }
  const wanted = settings.clusters.map(({ server }) => keys.cluster(server));
  for (const old of values.others(clusters, wanted)) await values.delete(clusters, old);
  await values.renew([clusters]);
}
