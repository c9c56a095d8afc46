// Where an application deploys: neither its name nor the URL of its cluster makes it another place.
import type { Application } from '../../model/application.ts';
import type { SyncRecord } from '../../model/coxswain.ts';
import type { ObjectMeta } from '../../model/kube.ts';
import type { Store } from '../../store/store.ts';
import { hashOf } from '../../base/canonical.ts';
import { applicationKey } from '../../model/application.ts';
import { isObject } from '../../model/kube.ts';
import { textAt } from '../../model/read.ts';
import { clusterOf } from '../../store/settings.ts';

/** Where the gates of today and of former times are found. */
export type Gates = Pick<Store, 'records' | 'applications' | 'settings' | 'identities'>;

export type Places = Pick<SyncRecord['spec'], 'clusterPlace'> & { place: string };

/** The place, whichever Application deploys there: by the cluster's URL, and by the cluster itself. */
export function placesOf({
  server,
  identity,
  namespace,
}: {
  server: string;
  identity: string | undefined;
  namespace: string | undefined;
}): Places {
  return {
    place: hashOf({ server, namespace }),
    ...(identity !== undefined && { clusterPlace: hashOf({ cluster: identity, namespace }) }),
  };
}

/** `identity`: undefined while the cluster is not connected. */
export interface Placed {
  app: Application;
  target: { server: string; identity?: string | undefined };
}

/** Of another cluster behind the same URL the record tells nothing; of one that is not connected nobody can say. */
export function isThere({ clusterPlace }: SyncRecord['spec'], { app, target: { server, identity } }: Placed): boolean {
  return (
    clusterPlace === undefined ||
    identity === undefined ||
    clusterPlace === placesOf({ server, identity, namespace: app.spec.destination.namespace || undefined }).clusterPlace
  );
}

/** Of spec.destination, its name resolved; undefined without one. */
export function placesOfSpec(store: Gates, { spec }: Described): Places | undefined {
  const destination = isObject(spec) && isObject(spec['destination']) ? spec['destination'] : undefined;
  if (!destination) return undefined;
  const server = clusterOf(store.settings(), destination)?.server ?? textAt(destination, 'server');
  return placesOf({
    server,
    identity: store.identities.known(server),
    namespace: textAt(destination, 'namespace') || undefined,
  });
}

/**
 * Records of gated Applications that are gone, and were last synced to where this one deploys: nobody has approved that
 * the gate ends.
 */
export function orphansAt(store: Gates, app: Described): SyncRecord[] {
  const { records, applications } = store;
  const found = Object.values(placesOfSpec(store, app) ?? {}).flatMap((place) => records.of(place));
  return [...new Set(found)].filter(({ spec }) => spec.policy.gated && !applications.get(spec.application));
}

/** Applications that deploy to where that record's was last synced. */
export function neighbours(store: Gates, { spec: { place, clusterPlace } }: SyncRecord): string[] {
  if (place === undefined) return [];
  return store.applications
    .list()
    .filter((app) => {
      const there = placesOfSpec(store, app);
      return there?.place === place || (clusterPlace !== undefined && there?.clusterPlace === clusterPlace);
    })
    .map(applicationKey);
}

/** An Application, as it is or as Git has it. */
export interface Described {
  metadata: ObjectMeta;
  spec?: unknown;
}
