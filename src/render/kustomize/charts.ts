// Charts that kustomizations have Helm render: those of the repository where they stand, the others fetched and laid
// down where Kustomize looks before it pulls.
import type { LRUCache } from 'lru-cache';
import type { Files } from '../../model/files.ts';
import type { Planning } from '../source/plan.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { ChartReference, Kustomization } from './kustomization.ts';
import type { AppError, Place } from '../../base/errors.ts';
import { usesCapabilities } from '../source/capabilities.ts';
import { hashOf } from '../../base/canonical.ts';
import { follow, joinPath } from '../source/paths.ts';
import { renderError } from '../source/plan.ts';

/** Folder of one chart: where it is looked for, and where links lead from there. */
interface PlacedChart {
  named: string;
  folder: string;
}

/** Throws E_RENDER where a chart is nowhere, and whatever a fetch throws. */
export async function placeCharts(
  elsewhere: Elsewhere,
  folder: string,
  { charts, chartHome }: Pick<Kustomization, 'charts' | 'chartHome'>,
): Promise<PlacedChart[]> {
  const placed: PlacedChart[] = [];
  for (const chart of charts) placed.push(await placeChart(elsewhere, folder, chartHome || 'charts', chart));
  return placed;
}

async function placeChart(
  elsewhere: Elsewhere,
  folder: string,
  home: string,
  chart: ChartReference,
): Promise<PlacedChart> {
  const { name, repo, version, place } = chart;
  if (!elsewhere.enableHelm) throw notEnabled(place);
  if (chart.old)
    throw renderError('helmChartInflationGenerator is not rendered', place, {
      hint: 'Write it as helmCharts: kustomize edit fix does.',
    });
  if (!/^[A-Za-z0-9_][\w.-]*$/.test(name)) throw renderError(`${JSON.stringify(name)} is no name of a chart`, place);
  if (version.includes('/')) throw renderError(`${JSON.stringify(version)} is no version of a chart`, place);
  const within = repo && version ? `${home}/${name}-${version}` : home;
  const named = home.startsWith('/') ? undefined : joinPath(folder, `${within}/${name}`);
  if (named === undefined || elsewhere.mountOf(named) !== elsewhere.mountOf(folder))
    throw renderError(`${within} leaves the repository`, place);
  const there = await follow(elsewhere.files, named);
  if (there?.kind === 'dir') return { named, folder: there.path };
  if (!repo)
    throw renderError(`the chart ${name} is not there, and it has no repo: ${named}`, place, {
      hint: 'Name its repo and version, or commit the chart.',
    });
  await elsewhere.layChart(named, chart);
  return { named, folder: named };
}

function notEnabled(place: Place): AppError {
  return renderError('this kustomization has Helm render charts, which is not enabled', place, {
    hint: 'Add --enable-helm to kustomize.buildOptions of argocd-cm, or make the chart a source of its own.',
  });
}

/** For which cluster Helm renders charts: what of it counts. */
export async function clusterOf(
  { source: { kustomize = {} }, cluster }: Planning,
  charts: readonly string[],
  files: Files,
  capabilities: LRUCache<string, boolean>,
): Promise<{ kube?: string; apis?: string }> {
  if (charts.length === 0) return {};
  const folders = charts.map((folder) => ({ files, folder }));
  const { apis } = await usesCapabilities(folders, capabilities);
  return {
    kube: kustomize.kubeVersion || cluster.version,
    ...(apis && { apis: hashOf(kustomize.apiVersions?.length ? kustomize.apiVersions : cluster.apiVersions) }),
  };
}
