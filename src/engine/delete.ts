// Deleting an application: with Argo CD's finalizer its live objects go first, highest wave first; without it they stay (argocd.md §2.9).
import type { Application } from '../model/application.ts';
import type { LiveObject } from '../cluster/live.ts';
import type { AppProject } from '../model/project.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Target } from './assess.ts';
import { argo } from '../model/annotations.ts';
import { trackingName } from '../render/tracking.ts';
import { applicationKey } from '../model/application.ts';
import { resourceOptions, waveOf } from '../model/hooks.ts';
import { resourceDenied } from '../policy/project.ts';

interface Deleting {
  app: Application;
  project: AppProject | undefined;
  target: Target;
  tracking: string;
}

function isKept({ object, key }: LiveObject, { app, project, target }: Deleting): boolean {
  if (key.kind === 'CustomResourceDefinition') return true;
  if (key.kind === 'Application' && key.name === app.metadata.name && key.namespace === app.metadata.namespace) return true;
  const namespaced = target.cluster.discovery.resourceOf(key)?.namespaced ?? key.namespace !== '';
  if (project && resourceDenied(project, key, namespaced, target) !== undefined) return true;
  if (!object) return false;
  return resourceOptions(object).get('Delete') === 'false' || object.metadata.annotations?.[argo.helmResourcePolicy] === 'keep';
}

function remaining(deleting: Deleting): LiveObject[] {
  const { target, tracking } = deleting;
  return target.cluster.live
    .keysOf(tracking)
    .flatMap((key) => target.cluster.live.get(key) ?? [])
        .filter((item) => !isKept(item, deleting));
}

/** Delete=confirm holds the whole deletion until the application carries the annotation deletion-approved. */
function awaitsConfirmation(app: Application, items: LiveObject[]): boolean {
  const asks = items.some(({ object }) => object && resourceOptions(object).get('Delete') === 'confirm');
  const approved = Date.parse(app.metadata.annotations?.[argo.deletionApproved] ?? '');
  return asks && !(approved >= Date.parse(app.metadata.deletionTimestamp ?? ''));
}

async function deleteHighestWave(app: Application, target: Target, items: LiveObject[]): Promise<void> {
  const wave = (item: LiveObject): number => (item.object ? waveOf(item.object) : 0);
  const highest = Math.max(...items.map(wave));
  const background = app.metadata.finalizers?.includes(`${argo.resourcesFinalizer}/background`);
  const now = items.filter((item) => wave(item) === highest && !item.deleting);
  await Promise.all(now.map((item) => target.cluster.api.delete(item.key, { uid: item.uid, propagationPolicy: background ? 'Background' : 'Foreground' })));
}

async function removeFinalizers(deps: ReconcileDeps, app: Application): Promise<void> {
  const left = (app.metadata.finalizers ?? []).filter((item) => !item.startsWith(argo.resourcesFinalizer));
  await deps.store.applications.patch(applicationKey(app), { metadata: { finalizers: left.length > 0 ? left : null } });
}

/** Goes on with every event of its objects; a cluster that is gone takes the finalizer with it. */
export async function deleteApplication(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<number | undefined> {
  if (deps.passive || !app.metadata.finalizers?.some((item) => item.startsWith(argo.resourcesFinalizer))) return undefined;
  const target = await deps.targetOf(app);
  if (target) {
    const tracking = trackingName(app, deps.store.namespace);
    deps.memory.of(applicationKey(app), tracking).server = target.server;
    await target.cluster.live.start(signal); // only a complete cache may say that nothing is left
    const project = deps.store.projects.get(`${deps.store.namespace}/${app.spec.project}`);
    const items = remaining({ app, project, target, tracking });
    if (awaitsConfirmation(app, items)) return undefined;
    if (items.length > 0) {
      await deleteHighestWave(app, target, items);
      return undefined;
    }
  }
  await removeFinalizers(deps, app);
  return undefined;
}
