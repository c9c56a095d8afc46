// What people may see of a comparison: rows with health, and the masked difference between Git and live.
import type { Comparison } from '../compare/compare.ts';
import type { Health, ResourceStatus } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import type { Descendants } from './descendants.ts';
import { breather, systemClock } from '../base/clock.ts';
import { diffObjects } from '../diff/diff.ts';
import { overlay } from '../diff/overlay.ts';
import { maskObjects } from '../diff/mask.ts';
import { descendantReader, descendantsText, isManaged } from './descendants.ts';

interface View {
  row: ResourceStatus;
  /** Unified diff, masked; '' when there is none. */
  diff: string;
  /** What controllers made of it: `1 ReplicaSet, 3 Pods`. */
  below?: { uid: string; text: string };
}

/** What became of the object of that uid, '' for nothing. */
type BelowText = (uid: string) => string;

function belowOf({ live }: Comparison['objects'][number], textOf: BelowText): Pick<View, 'below'> {
  const uid = live?.metadata.uid ?? '';
  const text = uid && textOf(uid);
  return text ? { below: { uid, text } } : {};
}

function viewOf(item: Comparison['objects'][number], health: Health | undefined): View {
  // Where the server would not say what comes of it, the manifest's own fields tell.
  const refused = item.live && item.target ? overlay(item.live, item.target) : item.target;
  const after = item.requiresPruning ? undefined : (item.predicted ?? refused);
  const [live, wanted] = maskObjects([item.live, item.status === 'Synced' ? item.live : after]);
  const { group, kind, namespace, name } = item.key;
  return {
    row: {
      ...(group && { group }),
      version: item.version,
      kind,
      ...(namespace && { namespace }),
      name,
      status: item.status,
      ...(health && { health }),
      ...(item.requiresPruning && { requiresPruning: true }),
    },
    diff: item.status === 'Synced' ? '' : diffObjects(live, wanted),
  };
}

/**
 * Objects in the order of status.resources; hooks are left out. The diff goes from live to what a sync makes of it.
 * `textOf`: default, nobody asks what controllers made of them.
 */
export async function resourceViews(
  comparison: Comparison | undefined,
  judge: (object: KubeObject) => Promise<Health | undefined>,
  textOf: BelowText = () => '',
): Promise<View[]> {
  const breathe = breather();
  const views: View[] = [];
  for (const item of comparison?.objects ?? []) {
    await breathe();
    if (item.hook.isHook) continue;
    const view = viewOf(item, item.live && (await judge(item.live)));
    views.push({ ...view, ...belowOf(item, textOf) });
  }
  return views;
}

/** Those that are not well, with what their kind's rule says of them; undefined before the first comparison. */
export async function illResources(
  comparison: Comparison | undefined,
  judge: (object: KubeObject) => Promise<Health | undefined>,
): Promise<ResourceStatus[] | undefined> {
  if (!comparison) return undefined;
  const ill: ResourceStatus[] = [];
  for (const { live, hook, key, version } of comparison.objects) {
    const health = live && !hook.isHook ? await judge(live) : undefined;
    if (health?.status !== 'Degraded' && health?.status !== 'Progressing') continue;
    const { group, kind, namespace, name } = key;
    ill.push({ ...(group && { group }), version, kind, ...(namespace && { namespace }), name, health });
  }
  return ill;
}

interface Viewing {
  resources(application: string): Promise<View[]>;
  /** undefined if the application has no object of that uid. Rejects when its cluster cannot be reached. */
  descendants(application: string, uid: string): Promise<Descendants | undefined>;
}

/** Of applications by key. */
export function resourceViewing(
  store: Pick<Store, 'applications'>,
  engine: Pick<Engine, 'comparison' | 'clusters'>,
  judge: (object: KubeObject) => Promise<Health | undefined>,
  signal: AbortSignal,
): Viewing {
  const descendantsOf = descendantReader(systemClock, signal);
  return {
    resources: (key) => {
      const app = store.applications.get(key);
      const live = app && engine.clusters.connectedTo(app)?.cluster.live;
      return resourceViews(engine.comparison(key), judge, (uid) => (live ? descendantsText(live, uid) : ''));
    },
    descendants: async (key, uid) => {
      const app = store.applications.get(key);
      if (!app || !isManaged(engine.comparison(key), uid)) return undefined;
      const target = await engine.clusters.targetOf(app);
      return target && descendantsOf(target, uid);
    },
  };
}
