// What an application has in clusters, as our own look found it: whoever deletes the Application can write its status,
// point it elsewhere or narrow its project before, and must not decide by that what is looked after at its end.
import type { Application } from '../../model/application.ts';
import type { ObjectsAt, ResourceKey } from '../../model/kube.ts';
import type { Store } from '../../store/store.ts';
import type { Target } from './assess.ts';
import type { ReconcileDeps } from './pass.ts';
import type { Look } from './refresh.ts';
import { sameJson } from '../../base/canonical.ts';
import { applicationKey } from '../../model/application.ts';
import { keyText } from '../../model/kube.ts';
import { clusterOf } from '../../store/settings.ts';
import { hadIn, rememberHad } from './sync-record.ts';

type Deps = Pick<ReconcileDeps, 'store' | 'memory' | 'connectedTo'>;

/** So many objects are kept by name. */
const mostKept = 500;

/** An Application of that name in that cluster, which may be gone, or point elsewhere by now. */
export function appAt(application: string, server: string): Application {
  const [namespace = '', name = ''] = application.split('/');
  return { metadata: { namespace, name }, spec: { project: '', destination: { server } } } as Application;
}

/** What it tracks there now; hooks go by policies of their own, and what Git gives no name is made anew. */
function tracked({ comparison: { objects }, subject: { target, known } }: Look): ResourceKey[] {
  return objects
    .filter(({ key, live, hook, generated }) => {
      if (!live || hook.isHook || generated) return false;
      return target.cluster.live.get(key)?.application === known.tracking;
    })
    .map(({ key }) => key);
}

/**
 * Whether it counts no more: it is gone, or another application has taken it. That nobody tracks it says nothing:
 * whoever may write the object can take its tracking id away.
 */
function hasLeft({ memory }: Deps, { cluster: { live } }: Target, tracking: string, key: ResourceKey): boolean {
  const found = live.get(key);
  if (!found) return live.problemOf(key) === undefined;
  return (
    found.application !== undefined && found.application !== tracking && memory.keyOf(found.application) !== undefined
  );
}

/** What of it is there still, as far as anybody can tell. */
function stillAt(deps: Deps, tracking: string, application: string, place: ObjectsAt): ObjectsAt[] {
  const target = deps.connectedTo(appAt(application, place.server));
  if (target?.identity !== place.cluster) return [place];
  const objects = place.objects.filter((key) => !hasLeft(deps, target, tracking, key));
  return objects.length > 0 ? [{ ...place, objects }] : [];
}

/** Each object once in each cluster, up to what is kept. */
function joined(places: readonly ObjectsAt[]): ObjectsAt[] {
  const byPlace = new Map<string, ObjectsAt>();
  const seen = new Set<string>();
  for (const { server, cluster, objects } of places) {
    const place = `${cluster} ${server}`;
    const fresh = objects.filter((key) => !seen.has(`${cluster} ${keyText(key)}`));
    const kept = fresh.slice(0, mostKept - seen.size);
    for (const key of kept) seen.add(`${cluster} ${keyText(key)}`);
    if (kept.length > 0)
      byPlace.set(place, { server, cluster, objects: [...(byPlace.get(place)?.objects ?? []), ...kept] });
  }
  return [...byPlace.values()];
}

/** After each look; only of one with a gate. What it had before stays in it until it has left its cluster. */
export async function followHad(deps: Deps, found: Look): Promise<void> {
  const { app, target, known } = found.subject;
  const application = applicationKey(app);
  const record = deps.store.records.get(application)?.spec;
  if (record?.policy.gated !== true) return;
  const now = { server: target.server, cluster: target.identity, objects: tracked(found) };
  const had = joined([...stillHad(deps, known.tracking, app), now]);
  if (!sameJson(hadIn(deps.store, app) ?? [], had)) await rememberHad(deps.store, app, had);
}

/** What was kept of what it has, and is there still as far as anybody can tell. */
export function stillHad(deps: Deps, tracking: string, app: Application): ObjectsAt[] {
  const application = applicationKey(app);
  const had = hadIn(deps.store, app) ?? [];
  return had.flatMap((place) => stillAt(deps, tracking, application, place));
}

/** What it has, as was kept; of one that was never looked at, what Argo CD says. undefined: nobody knows. */
export function hadBy(
  store: Pick<Store, 'records' | 'settings' | 'identities'>,
  app: Application,
): ObjectsAt[] | undefined {
  const record = store.records.get(applicationKey(app))?.spec;
  if (record?.uid === app.metadata.uid && record?.had) return record.had;
  const server = clusterOf(store.settings(), app.spec.destination)?.server;
  if (server === undefined) return undefined;
  const rows = (app.status?.resources ?? []).filter(({ hook, name }) => hook !== true && name);
  const objects = rows
    .slice(0, mostKept)
    .map(({ group = '', kind, namespace = '', name }) => ({ group, kind, namespace, name }));
  return [{ server, cluster: store.identities.known(server) ?? '', objects }];
}
