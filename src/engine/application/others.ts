// The other applications of a cluster: what they hold, whom a change of it concerns, and of which of them nobody can
// tell yet.
import type { Others } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Subject, Target } from './assess.ts';
import type { DesiredState } from './desired.ts';
import type { ReconcileDeps } from './pass.ts';
import type { Holdings } from './holdings.ts';
import type { OwnershipDeps } from './ownership.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError } from '../../base/errors.ts';
import { inClusterServer } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { gvkOf, isObject } from '../../model/kube.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { clusterOf } from '../../store/settings.ts';
import { mayHold } from '../../policy/project.ts';
import { basisOf } from './assess.ts';
import { nextMark } from './holdings.ts';
import { ownershipOf } from './ownership.ts';

export type OtherDeps = Pick<
  ReconcileDeps,
  'store' | 'memory' | 'desiring' | 'sources' | 'holdings' | 'enqueue' | 'turn'
>;

/** The name under which an application holds what its next revision has, beside what it holds now. */
export function nextName({ store }: Pick<OtherDeps, 'store'>, app: Application): string {
  return `${trackingName(app, store.namespace)}${nextMark}`;
}

/** To whom objects of that cluster belong beside the application of this tracking name. */
export function othersOf(deps: OwnershipDeps, target: Target, tracking: string): Others {
  const { holdings } = deps;
  const { server } = target;
  return {
    ...ownershipOf(deps, target, tracking),
    heldBy: (key) =>
      holdings
        .holders(server, key)
        .find((name) => name !== tracking)
        ?.replace(nextMark, ''),
    hasLeft: (other, key) => holdings.holds(other, key) === false,
  };
}

/** Whoever tracks these objects or holds them too looks at them again. */
function tell(
  { holdings, memory, enqueue }: OtherDeps,
  { cluster, server }: Target,
  { tracking, keys }: { tracking: string; keys: readonly ResourceKey[] },
): void {
  for (const key of keys) {
    const live = cluster.live.get(key)?.application;
    for (const name of new Set([...holdings.holders(server, key), ...(live === undefined ? [] : [live])])) {
      const application = name === tracking ? undefined : memory.touch(name, key);
      if (application !== undefined) enqueue(application);
    }
  }
}

/** Applications among manifests, as they would be made. */
function childrenIn(
  { store }: Pick<OtherDeps, 'store'>,
  parent: Application,
  manifests: readonly KubeObject[],
): Application[] {
  const server = clusterOf(store.settings(), parent.spec.destination)?.server;
  if (!store.identities.isSame(server, inClusterServer)) return [];
  return manifests.flatMap((manifest): Application[] => {
    const {
      metadata: { name, namespace = parent.spec.destination.namespace ?? '' },
    } = manifest;
    const spec = manifest['spec'];
    if (!isApplication(gvkOf(manifest)) || !name || !isObject(spec) || !isObject(spec['destination'])) return [];
    return [
      {
        ...manifest,
        metadata: { ...manifest.metadata, name, namespace },
        spec: {
          ...(spec as unknown as Application['spec']),
          project: typeof spec['project'] === 'string' && spec['project'] ? spec['project'] : 'default',
        },
      },
    ];
  });
}

/** Takes down what the branch head holds, before anything is done about it. */
export function takeDown(deps: OtherDeps, subject: Subject, desired: DesiredState): void {
  const { app, project, target, known } = subject;
  const { tracking } = known;
  const of = [desired.key, basisOf(subject), target.cluster.discovery.hash].join('\n');
  const read = (): ResourceKey[] =>
    target.comparer.keysOf({
      app,
      tracking,
      manifests: desired.manifests,
      placeOf: desired.placeOf,
      permitted: (key, namespaced) => !project || mayHold(project, key, namespaced, target),
    });
  const keys = deps.holdings.set(tracking, target.server, of, read);
  tell(deps, target, { tracking, keys });
  if (keys.length > 0) letGo(deps, target, nextName(deps, app));
  if (known.childrenOf === desired.key) return;
  const children = childrenIn(deps, app, desired.manifests);
  const specs = new Map(children.map((child) => [applicationKey(child), child.spec]));
  for (const child of known.children)
    if (!sameJson(specs.get(applicationKey(child)), child.spec)) letGo(deps, target, nextName(deps, child));
  known.children = children;
  known.childrenOf = desired.key;
}

/** What the statuses tell, before anything is read afresh: one that cannot be rendered holds what it last held. */
export function recallAll({ store, holdings }: Pick<OtherDeps, 'store'> & { holdings: Holdings }): void {
  for (const app of store.applications.list()) {
    const server = clusterOf(store.settings(), app.spec.destination)?.server;
    const resources = (app.status?.resources ?? []).filter(({ requiresPruning }) => !requiresPruning);
    if (server === undefined || app.metadata.deletionTimestamp || resources.length === 0) continue;
    holdings.recall(
      trackingName(app, store.namespace),
      server,
      resources.map(({ group = '', kind, namespace = '', name }) => ({ group, kind, namespace, name })),
    );
  }
}

/** It is going: nothing waits for it any more. */
export function letGo(deps: OtherDeps, target: Target, tracking: string): void {
  tell(deps, target, { tracking, keys: deps.holdings.delete(tracking) });
}

/** Applications that Git names and the cluster has not, or not so, with what those name in turn. */
async function comingOf(deps: OtherDeps, target: Target, signal: AbortSignal): Promise<void> {
  const round = [...deps.memory.entries()].flatMap(([, { children }]) => children);
  const seen = new Set<string>();
  for (let child = round.shift(); child; child = round.shift()) {
    const key = applicationKey(child);
    if (seen.has(key) || sameJson(deps.store.applications.get(key)?.spec, child.spec)) continue;
    seen.add(key);
    round.push(
      ...childrenIn(deps, child, await readAside(deps, child, { target, name: nextName(deps, child), signal })),
    );
  }
}

/** Nobody looks at it by itself, but what Git says of it is known all the same. */
async function readAside(
  deps: OtherDeps,
  app: Application,
  { target, name, signal }: { target: Target; name: string; signal: AbortSignal },
): Promise<readonly KubeObject[]> {
  const tracking = trackingName(app, deps.store.namespace);
  try {
    const { key, manifests, placeOf } = await deps.desiring.at(app, [], signal);
    const server = clusterOf(deps.store.settings(), app.spec.destination)?.server;
    if (server !== undefined && deps.holdings.isSame(server, target.server))
      tell(deps, target, {
        tracking: name,
        keys: deps.holdings.set(name, server, key, () => target.comparer.keysOf({ app, tracking, manifests, placeOf })),
      });
    return manifests;
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  }
}

/** Also where it deploys beside us: there it may bring Applications. */
function mayConcern({ store, holdings }: OtherDeps, other: Application, target: Target): boolean {
  const server = clusterOf(store.settings(), other.spec.destination)?.server;
  return holdings.isSame(server, target.server) || holdings.isSame(server, inClusterServer);
}

/**
 * Applications of the same cluster of which nobody can tell yet whether they hold what this one leaves: each is looked
 * at meanwhile. One that cannot be rendered holds what it was last known to hold.
 */
export async function unread(
  deps: OtherDeps,
  app: Application,
  target: Target,
  signal: AbortSignal,
): Promise<string[]> {
  const own = applicationKey(app);
  const { store, memory } = deps;
  const others = store.applications
    .list()
    .filter(
      (other) => applicationKey(other) !== own && !other.metadata.deletionTimestamp && mayConcern(deps, other, target),
    );
  const paused = others.filter((other) => deps.turn(other).by === 'nobody');
  const behind = await deps.sources.behind(
    app,
    others.filter((other) => !paused.includes(other)),
    memory,
  );
  for (const key of behind.filter((item) => memory.get(item)?.desired !== undefined)) {
    memory.forgetDesired(key);
    deps.enqueue(key);
  }
  if (behind.length > 0) return behind;
  for (const each of paused) await readAside(deps, each, { target, name: trackingName(each, store.namespace), signal });
  await comingOf(deps, target, signal);
  return [];
}

/** `shop/cart and 2 more`. */
export function namesOf(applications: readonly string[]): string {
  const [first = '', ...more] = applications;
  return more.length > 0 ? `${first} and ${more.length} more` : first;
}

/** To be thrown where nothing can be decided before they are read. */
export function waitsFor(applications: readonly string[]): AppError {
  return new AppError(
    'E_RENDER',
    `waits until it is known what ${namesOf(applications)} holds: what moves there is not deleted`,
    { kind: 'waiting' },
  );
}
