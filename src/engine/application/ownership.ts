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
import { argo } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { isProject } from '../../model/argo-kinds.ts';
import { keyTitle } from '../../model/kube.ts';
import { effectivePolicy } from '../../policy/policy.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { clusterOf } from '../../store/settings.ts';
import { takenBy, treeOf } from './taken.ts';
import type { Holders } from './holdings.ts';
import { nextMark } from './holdings.ts';
import { policyInForce, lastPolicy } from './gate-record.ts';

export interface OwnershipDeps extends Pick<ReconcileDeps, 'store' | 'connectedTo'> {
  holdings: Holders;
}

/** Undefined when there is no such project. */
export function projectOf(store: Pick<Store, 'projects' | 'namespace'>, app: Application): AppProject | undefined {
  return store.projects.get(`${store.namespace}/${app.spec.project}`);
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

/** Whether the object goes when that Namespace or definition goes. */
function goesUnder({ cluster }: Target, container: ResourceKey): ((key: ResourceKey) => boolean) | undefined {
  if (container.group === '' && container.kind === 'Namespace') return (key) => key.namespace === container.name;
  if (container.kind !== 'CustomResourceDefinition') return undefined;
  const defined = cluster.discovery.resources().find(({ plural, group }) => `${plural}.${group}` === container.name);
  return (key) => defined !== undefined && key.group === defined.group && key.kind === defined.kind;
}

function takenAlong(deps: OwnershipDeps, target: Target, tracking: string, container: ResourceKey): Owner[] {
  const goes = goesUnder(target, container);
  if (!goes) return [];
  const { store, holdings } = deps;
  const here = new Set(
    store.applications
      .list()
      .filter((app) => holdings.isSame(serverOf(deps, app), target.server))
      .map((app) => trackingName(app, store.namespace)),
  );
  const names = new Set(
    [...store.applications.list(), ...store.records.list()].map((each) => trackingName(each, store.namespace)),
  );
  names.delete(tracking);
  return [...names].flatMap((name) =>
    [...target.cluster.live.keysOf(name), ...(here.has(name) ? holdings.keysOf(name) : [])].some(goes)
      ? ownerNamed(deps, name)
      : [],
  );
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
  const key = { group: 'argoproj.io', kind: 'Application', namespace: app.metadata.namespace, name: app.metadata.name };
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

/** The Application, and all that goes with it. */
export function goesWith(deps: OwnershipDeps, root: Application): Gone[] {
  const forest = {
    application: (name: string) => deps.store.applications.get(name),
    takes: (app: Application) => takes(deps, app),
  };
  return treeOf(root, forest).map((branch): Gone => {
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

export function ownershipOf(
  deps: OwnershipDeps,
  target: Target,
  tracking: string,
): Pick<Others, 'ownersOf' | 'takenAlong' | 'goesWith'> {
  return {
    ownersOf: (key) => ownersOf(deps, target, tracking, key),
    takenAlong: (key) => takenAlong(deps, target, tracking, key),
    goesWith({ namespace, name }) {
      const app = deps.store.applications.get(`${namespace}/${name}`);
      return app ? goesWith(deps, app) : [];
    },
  };
}
