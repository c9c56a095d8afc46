// Dependencies of charts as `helm dependency build` gets them: neighbours by `file://`, and archives of repositories.
import type { Files } from '../../model/files.ts';
import type { Overlay } from '../source/overlay.ts';
import type { Place } from '../../base/errors.ts';
import type { Remote, RemoteChart } from '../source/remote.ts';
import type { Worker } from '../../base/worker.ts';
import { follow, joinPath } from '../source/paths.ts';
import { placed, remoteOf } from '../source/remote.ts';
import { renderError } from '../source/plan.ts';
import { isObject } from '../../model/kube.ts';

export interface LocalDependency {
  name: string;
  /** Folder of the chart that needs it. */
  of: string;
  /** Its own folder in the repository. */
  folder: string;
  /** The path by which that is named. */
  named: string;
}

/** One that stands in a chart repository or registry. */
export interface RemoteDependency {
  name: string;
  of: string;
  repository: string;
  /** As the lock says, else as the chart does: a version or a constraint. */
  version: string;
  place: Place;
}

export interface PlacedArchive extends RemoteDependency {
  chart: RemoteChart;
}

/** Each is asked for once, in the order of the chart. */
export async function fetchDependencies(
  remote: Remote | undefined,
  dependencies: readonly RemoteDependency[],
): Promise<PlacedArchive[]> {
  return Promise.all(
    dependencies.map(async (dependency) => {
      const { name, repository, version, place } = dependency;
      const from = remoteOf({ remote }, `the dependency ${name}`, place);
      return { ...dependency, chart: await placed(from.chart({ repository, name, version }), place) };
    }),
  );
}

/** Puts dependencies where `helm dependency build` would: each below `charts/` of the chart that needs it. */
export async function placeDependencies(
  { local, archives }: { local: readonly LocalDependency[]; archives: readonly PlacedArchive[] },
  files: Files,
  overlay: Overlay,
): Promise<void> {
  const places = new Map<string, string[]>();
  for (const { name, of, folder } of local) {
    for (const parent of [of, ...(places.get(of) ?? [])]) {
      const place = joinPath(parent, `charts/${name}`) ?? `charts/${name}`;
      places.set(folder, [...(places.get(folder) ?? []), place]);
      await placeFolder(folder, place, files, overlay);
    }
  }
  for (const { name, of, chart } of archives)
    for (const parent of [of, ...(places.get(of) ?? [])])
      overlay.write(joinPath(parent, `charts/${name}-${chart.version}.tgz`) ?? name, chart.archive);
}

async function placeFolder(folder: string, place: string, files: Files, overlay: Overlay): Promise<void> {
  for (const entry of await files.list(folder, true)) {
    const source = entry.kind === 'file' ? entry : await follow(files, entry.path);
    if (source?.kind === 'file')
      overlay.write(`${place}${entry.path.slice(folder.length)}`, (await files.read(source.path)) ?? '');
  }
}

interface Locked {
  name: string;
  repository: string;
  version: string;
}

/** What Chart.lock, or requirements.lock, holds. */
export function lockedIn(value: unknown): Locked[] {
  const list = isObject(value) && Array.isArray(value['dependencies']) ? (value['dependencies'] as unknown[]) : [];
  return list.flatMap((each) => {
    const { name, repository = '', version } = isObject(each) ? each : {};
    return typeof name === 'string' && typeof version === 'string' && typeof repository === 'string'
      ? [{ name, repository, version }]
      : [];
  });
}

/** The version that the lock has. Throws E_RENDER where chart and lock no longer agree, as Helm does. */
export async function lockedVersion(
  worker: Worker,
  { name, repository, version, place }: Omit<RemoteDependency, 'of'>,
  lock: readonly Locked[] | undefined,
): Promise<string> {
  if (!lock) return version;
  const found = lock.find((each) => each.name === name && each.repository === repository);
  if (found && (await fits(worker, version, found.version))) return found.version;
  throw renderError(`the lock of this chart is out of date: it does not have ${name} as the chart asks for it`, place, {
    hint: 'Run helm dependency update, and commit the lock.',
  });
}

async function fits(worker: Worker, asked: string, version: string): Promise<boolean> {
  if (asked === version) return true;
  for (const constraint of [asked || '*', `=${asked}`]) {
    const { value } = await worker.call('constraint', { constraint, tags: [version] });
    if (value === version) return true;
  }
  return false;
}
