// What previews of pull requests ask of the engine: what manifests that are not in the branch yet would hold and do.
import type { Effect } from '../model/effect.ts';
import type { Application } from '../model/application.ts';
import type { Past } from '../model/history.ts';
import type { AppProject } from '../model/project.ts';
import type { EffectInput } from '../compare/object/comparison.ts';
import type { Store } from '../store/store.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Target } from './application/assess.ts';
import type { DesiredState } from './application/desired.ts';
import type { Engine } from './engine.ts';
import { AppError } from '../base/errors.ts';
import { trackingName } from '../render/document/tracking.ts';
import { mayHold, resourceDenied } from '../policy/project.ts';
import { clusterOf } from '../store/settings.ts';
import { baseOf, fetchedThen } from './application/sync-record.ts';

interface PreviewDeps {
  store: Store;
  engine: Pick<Engine, 'clusters' | 'others' | 'turn'>;
}

interface Asked extends Omit<EffectInput, 'tracking' | 'others' | 'denied'> {
  /** What the touched applications would hold, by tracking name. */
  held: Parameters<Engine['others']>[2];
}

function projectOf(store: Store, app: Application): AppProject | undefined {
  return store.projects.get(`${store.namespace}/${app.spec.project}`);
}

/**
 * The newest sync in history, or what Git and the cluster were found to agree on since without one; with what was
 * fetched then, where that is remembered.
 */
export function lastSynced(store: Store, app: Application): Past | undefined {
  const server = clusterOf(store.settings(), app.spec.destination)?.server ?? '';
  const placed = { app, target: { server, identity: store.identities.known(server) } };
  const entry = app.status?.history?.at(-1);
  const fetched = fetchedThen(store, placed, entry);
  return baseOf(store, placed) ?? (entry && { ...entry, ...(fetched && { fetched }) });
}

/**
 * The objects that the manifests name, with their namespaces, as far as the project lets them be held (`mayHold`); []
 * where cluster or project are not known. Throws transient errors.
 */
export async function keysAfter(
  { store, engine }: PreviewDeps,
  app: Application,
  { manifests, placeOf }: Pick<DesiredState, 'manifests'> & Partial<Pick<DesiredState, 'placeOf'>>,
): Promise<readonly ResourceKey[]> {
  const to: Target | undefined = await engine.clusters.targetOf(app);
  const project = projectOf(store, app);
  if (!to || !project) return [];
  return to.comparer.keysOf({
    app,
    tracking: trackingName(app, store.namespace),
    manifests,
    permitted: (key, namespaced) => mayHold(project, key, namespaced, to),
    ...(placeOf && { placeOf }),
  });
}

/**
 * What a sync would do. Throws E_CONFIG and E_PROJECT where cluster or project are not known, and transient errors.
 */
export async function effectAfter(
  { store, engine }: PreviewDeps,
  { held, ...input }: Asked,
  signal: AbortSignal,
): Promise<Effect> {
  const { app } = input;
  const to = await engine.clusters.targetOf(app);
  if (!to)
    throw new AppError('E_CONFIG', `no cluster is known for the destination of ${app.metadata.name}`, {
      hint: 'Add the cluster Secret or correct spec.destination.',
    });
  const project = projectOf(store, app);
  if (!project)
    throw new AppError('E_PROJECT', `Application referencing project ${app.spec.project} which does not exist`);
  const tracking = trackingName(app, store.namespace);
  const denied: EffectInput['denied'] = (key, namespaced) => resourceDenied(project, key, namespaced, to);
  const byArgo = engine.turn(app).by === 'argocd';
  return to.comparer.effect({ tracking, others: engine.others(to, tracking, held), denied, byArgo, ...input }, signal);
}
