// To whom objects belong, and what a deletion takes along, with the gates that bear on it.
import type { Gone, Others, Owner } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { AppProject } from '../../model/project.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { EffectivePolicy, LoosenedGate } from '../../policy/policy.ts';
import type { Target } from './assess.ts';
import type { ReconcileDeps } from './pass.ts';
import type { Branch } from './taken.ts';
import type { Holders } from './holdings.ts';
import { argo, inClusterServer } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { argoGroup, isApplication, isProject } from '../../model/argo-kinds.ts';
import { keyText, keyTitle } from '../../model/kube.ts';
import { effectivePolicy } from '../../policy/policy.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { clusterOf } from '../../store/settings.ts';
import { collectedWith, goesUnder, takenBy, treeOf } from './taken.ts';
import { nextMark } from './holdings.ts';
import { policyInForce, lastPolicy } from './gate-record.ts';

export interface OwnershipDeps extends Pick<ReconcileDeps, 'store' | 'connectedTo'> {
  holdings: Holders;
}

/** Undefined when there is no such project. */
export function projectOf(store: Pick<Store, 'projects' | 'namespace'>, app: Application): AppProject | undefined {
  return store.projects.get(`${store.namespace}/${app.spec.project}`);
}

function applicationRef({ metadata: { namespace, name } }: Application): ResourceKey {
  return { group: argoGroup, kind: 'Application', namespace, name };
}

function policyFor(deps: OwnershipDeps, app: Application): EffectivePolicy {
  return policyInForce(deps.store, app, projectOf(deps.store, app));
}

function serverOf({ store }: OwnershipDeps, app: Application): string | undefined {
  return clusterOf(store.settings(), app.spec.destination)?.server;
}

/**
 * The gated Application of a tracking name. One that is gone, without anybody's agreement to the end of its gate, still
 * guards what it tracked.
 */
function ownerNamed(deps: OwnershipDeps, name: string): Owner[] {
  const at = name.indexOf('_');
  const metadata = { namespace: at < 0 ? deps.store.namespace : name.slice(0, at), name: name.slice(at + 1) };
  const app = deps.store.applications.get(applicationKey({ metadata }));
  const policy = app ? policyFor(deps, app) : lastPolicy(deps.store, { metadata });
  return policy?.gated ? [{ application: applicationKey({ metadata }), policy }] : [];
}

/**
 * What tracks the object owns it wherever it deploys by now: whoever points it elsewhere has not taken the object away
 * from it.
 */
function ownersOf(deps: OwnershipDeps, { cluster, server }: Target, tracking: string, key: ResourceKey): Owner[] {
  const live = cluster.live.get(key)?.application;
  const names = [...(live === undefined ? [] : [live]), ...deps.holdings.holders(server, key)].map(
    (name) => name.split(nextMark)[0] ?? '',
  );
  return [...new Set(names)].filter((name) => name !== tracking).flatMap((name) => ownerNamed(deps, name));
}

/** Gated applications of whose objects some go with this one. */
function takenAlong(deps: OwnershipDeps, target: Target, tracking: string, key: ResourceKey): Owner[] {
  const { store, holdings } = deps;
  const collected = collectedWith(target.cluster, key);
  const names = new Set(
    collected.flatMap((each) => [
      ...(each.application === undefined ? [] : [each.application]),
      ...holdings.holders(target.server, each.key).map((name) => name.split(nextMark)[0] ?? ''),
    ]),
  );
  const goes = goesUnder(target.cluster, key);
  if (goes) {
    const here = new Set(
      store.applications
        .list()
        .filter((app) => holdings.isSame(serverOf(deps, app), target.server))
        .map((app) => trackingName(app, store.namespace)),
    );
    for (const each of [...store.applications.list(), ...store.records.list()]) {
      const name = trackingName(each, store.namespace);
      const keys = [...target.cluster.live.keysOf(name), ...(here.has(name) ? holdings.keysOf(name) : [])];
      if (keys.some(goes)) names.add(name);
    }
  }
  return [...names].filter((name) => name !== tracking).flatMap((name) => ownerNamed(deps, name));
}

/** Applications that go with an object that is none: collected with it, or as all of their kind or namespace. */
function applicationsAlong({ store, holdings }: OwnershipDeps, target: Target, key: ResourceKey): Application[] {
  if (!holdings.isSame(inClusterServer, target.server)) return [];
  const goes = goesUnder(target.cluster, key);
  const collected = new Set(
    collectedWith(target.cluster, key)
      .filter((each) => isApplication(each.key))
      .map((each) => keyText(each.key)),
  );
  if (!goes && collected.size === 0) return [];
  return store.applications.list().filter((app) => {
    const own = applicationRef(app);
    return goes?.(own) === true || collected.has(keyText(own));
  });
}

/** What its deletion deletes now; of a cluster that is not connected, what it was last seen to have. */
function takes(deps: OwnershipDeps, app: Application): ResourceKey[] {
  if (!app.metadata.finalizers?.some((name) => name.startsWith(argo.resourcesFinalizer))) return [];
  const target = deps.connectedTo(app);
  if (!target)
    return (app.status?.resources ?? []).map(({ group = '', kind, namespace = '', name }) => ({
      group,
      kind,
      namespace,
      name,
    }));
  const tracking = trackingName(app, deps.store.namespace);
  const heldBy = (key: ResourceKey): string | undefined =>
    deps.holdings.holders(target.server, key).find((name) => name !== tracking);
  return takenBy({ app, project: projectOf(deps.store, app), target, tracking, heldBy });
}

/** The gates of one Application that goes: its own, and those of what goes with it. */
function gatesOf(deps: OwnershipDeps, { app, objects }: Branch): LoosenedGate[] {
  const key = applicationRef(app);
  const own = policyFor(deps, app);
  const projects = objects
    .filter((each) => isProject(each) && each.namespace === deps.store.namespace)
    .flatMap((each): LoosenedGate[] => {
      const project = deps.store.projects.get(`${each.namespace}/${each.name}`);
      const before = project && effectivePolicy(project, undefined);
      return before?.gated ? [{ key: each, before, does: `delete the project ${each.name}` }] : [];
    });
  const target = deps.connectedTo(app);
  const along = target
    ? objects.flatMap((each) =>
        takenAlong(deps, target, trackingName(app, deps.store.namespace), each).map(
          ({ application, policy }): LoosenedGate => ({
            key: each,
            before: policy,
            does: `delete ${keyTitle(each)} with objects of application ${application}`,
          }),
        ),
      )
    : [];
  return [
    ...(own.gated ? [{ key, before: own, does: `delete application ${applicationKey(app)}` }] : []),
    ...projects,
    ...along,
  ];
}

/** The Applications, and all that goes with them. */
function goneWith(deps: OwnershipDeps, roots: readonly Application[]): Gone[] {
  const forest = {
    application: (name: string) => deps.store.applications.get(name),
    takes: (app: Application) => takes(deps, app),
    along(app: Application, key: ResourceKey) {
      const target = deps.connectedTo(app);
      return target ? applicationsAlong(deps, target, key) : [];
    },
  };
  return treeOf(roots, forest).map((branch): Gone => {
    const { app, objects } = branch;
    return {
      application: applicationKey(app),
      uid: app.metadata.uid ?? '',
      environment: policyFor(deps, app).environment,
      objects,
      gates: gatesOf(deps, branch),
    };
  });
}

/** The Application, and all that goes with it. */
export function goesWith(deps: OwnershipDeps, root: Application): Gone[] {
  return goneWith(deps, [root]);
}

/** The same of any object: Applications may go with it. Those are then among what goes. */
function goesWithObject(deps: OwnershipDeps, target: Target, key: ResourceKey): Gone[] {
  const app = isApplication(key) ? deps.store.applications.get(`${key.namespace}/${key.name}`) : undefined;
  if (app) return goesWith(deps, app);
  const along = applicationsAlong(deps, target, key);
  const refs = new Map(along.map((each) => [applicationKey(each), applicationRef(each)]));
  return goneWith(deps, along).map((gone) => {
    const own = refs.get(gone.application);
    return own ? { ...gone, objects: [own, ...gone.objects] } : gone;
  });
}

/** As seen by the application of that tracking name; asks nobody. */
export function ownershipOf(
  deps: OwnershipDeps,
  target: Target,
  tracking: string,
): Pick<Others, 'ownersOf' | 'takenAlong' | 'goesWith'> {
  return {
    ownersOf: (key) => ownersOf(deps, target, tracking, key),
    takenAlong: (key) => takenAlong(deps, target, tracking, key),
    goesWith: (key) => goesWithObject(deps, target, key),
  };
}
