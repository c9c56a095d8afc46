// What people may see of a comparison: rows with health, and the masked difference between Git and live.
import type { Comparison } from '../compare/compare.ts';
import type { Health, ResourceStatus } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { breather } from '../base/clock.ts';
import { diffObjects } from '../diff/diff.ts';
import { overlay } from '../diff/overlay.ts';
import { maskObjects } from '../diff/mask.ts';

type View = { row: ResourceStatus; diff: string };

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

/** Objects in the order of status.resources; hooks are left out. The diff goes from live to what a sync makes of it. */
export async function resourceViews(
  comparison: Comparison | undefined,
  judge: (object: KubeObject) => Promise<Health | undefined>,
): Promise<View[]> {
  const breathe = breather();
  const views: View[] = [];
  for (const item of comparison?.objects ?? []) {
    await breathe();
    if (!item.hook.isHook) views.push(viewOf(item, item.live && (await judge(item.live))));
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
