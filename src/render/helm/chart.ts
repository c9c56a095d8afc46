// What a chart says of itself: its name, its local dependencies, and whether its templates depend on the cluster.
import type { LRUCache } from 'lru-cache';
import type { AppError } from '../../base/errors.ts';
import type { Files } from '../../model/files.ts';
import type { LocalDependency, RemoteDependency } from './dependencies.ts';
import type { Worker } from '../../base/worker.ts';
import { follow, folderOf, joinPath, mustFollow, relativeTo } from '../source/paths.ts';
import { isObject } from '../../model/kube.ts';
import { parseYaml } from '../document/yaml.ts';
import { refuseLfsPointer, refuseLfsPointers } from '../source/absent.ts';
import { lockedIn, lockedVersion } from './dependencies.ts';
import { renderError } from '../source/plan.ts';

export interface Chart {
  name: string;
  /** Constraint on the cluster's version. */
  kubeVersion: string | undefined;
  /** `file://` dependencies that are not vendored, and theirs. */
  local: LocalDependency[];
  /** Those of repositories that are not vendored, and those of `local`. */
  remote: RemoteDependency[];
}

/** Reads what a Chart.yaml says, and remembers it by its id. */
export interface ChartReader {
  worker: Worker;
  known: LRUCache<string, { value: unknown }>;
}

async function readChart(files: Files, file: string, reader: ChartReader): Promise<unknown> {
  const entry = await follow(files, file);
  const known = entry && reader.known.get(entry.id);
  if (known) return known.value;
  if (entry) await refuseLfsPointers(files, [entry.path]);
  const [value] = await parseYaml(reader.worker, String((entry && (await files.read(entry.path))) ?? ''), file);
  if (entry) reader.known.set(entry.id, { value });
  return value;
}

/** Throws E_RENDER for a chart without a name, with a lock that is out of date, or a dependency that is nowhere. */
export async function chartOf(files: Files, folder: string, reader: ChartReader, seen: string[] = []): Promise<Chart> {
  const file = joinPath(folder, 'Chart.yaml') ?? 'Chart.yaml';
  const value = await readChart(files, file, reader);
  if (!isObject(value) || typeof value['name'] !== 'string') throw renderError('the chart has no name', { file });
  const found: Pick<Chart, 'local' | 'remote'> = { local: [], remote: [] };
  for (const { file, list, lock } of await dependencyLists(files, folder, value, reader))
    for (const dependency of list) {
      const { name, repository, version = '' } = isObject(dependency) ? dependency : {};
      if (typeof name !== 'string') continue;
      if (!/^[A-Za-z0-9_][\w.-]*$/.test(name))
        throw renderError(`${JSON.stringify(name)} is no name of a chart`, { file }); // it becomes a folder
      if (await vendored(files, folder, name, reader)) continue;
      if (typeof repository !== 'string' || repository === '') throw missing(name, file);
      if (!repository.startsWith('file://')) {
        const asked = { name, repository, version: String(version), place: { file } };
        found.remote.push({ ...asked, of: folder, version: await lockedVersion(reader.worker, asked, lock) });
        continue;
      }
      const path = repository.slice('file://'.length).replace(/^\/+/, '');
      const target = await mustFollow(files, { from: folder, path, place: { file } });
      if (seen.includes(target.path)) throw renderError(`the dependency ${name} leads in a circle`, { file });
      found.local.push({ name, of: folder, folder: target.path, named: joinPath(folder, path) ?? target.path });
      const below = await chartOf(files, target.path, reader, [...seen, target.path]);
      found.local.push(...below.local);
      found.remote.push(...below.remote);
    }
  return {
    name: value['name'],
    kubeVersion: typeof value['kubeVersion'] === 'string' ? value['kubeVersion'] : undefined,
    ...found,
  };
}

function missing(name: string, file: string): AppError {
  return renderError(
    `the dependency ${name} is missing in charts/`,
    { file },
    { hint: 'Name its repository, or run helm dependency build and commit charts/.' },
  );
}

/** Charts of apiVersion v1 have theirs in a file of its own (Helm: docs/topics/charts). */
async function dependencyLists(
  files: Files,
  folder: string,
  chart: Record<string, unknown>,
  reader: ChartReader,
): Promise<{ file: string; list: unknown[]; lock: ReturnType<typeof lockedIn> | undefined }[]> {
  const own = joinPath(folder, 'requirements.yaml') ?? 'requirements.yaml';
  const separate = chart['apiVersion'] === 'v2' ? undefined : await follow(files, own);
  const required = separate?.kind === 'file' ? await readChart(files, own, reader) : undefined;
  const listOf = (value: unknown): unknown[] =>
    isObject(value) && Array.isArray(value['dependencies']) ? value['dependencies'] : [];
  const lockOf = async (name: string): Promise<ReturnType<typeof lockedIn> | undefined> => {
    const file = joinPath(folder, name) ?? name;
    return (await follow(files, file))?.kind === 'file' ? lockedIn(await readChart(files, file, reader)) : undefined;
  };
  return [
    {
      file: joinPath(folder, 'Chart.yaml') ?? 'Chart.yaml',
      list: listOf(chart),
      lock: await lockOf('Chart.lock'),
    },
    { file: own, list: listOf(required), lock: await lockOf('requirements.lock') },
  ];
}

/** A folder may have any name: Helm goes by what its Chart.yaml says. */
async function vendored(files: Files, folder: string, name: string, reader: ChartReader): Promise<boolean> {
  for (const { kind, path } of await files.list(joinPath(folder, 'charts') ?? 'charts')) {
    const base = relativeTo(folderOf(path), path);
    if (base === name || (base.startsWith(`${name}-`) && base.endsWith('.tgz'))) return true;
    const chart = kind === 'dir' || kind === 'link' ? await readChart(files, `${path}/Chart.yaml`, reader) : undefined;
    if (isObject(chart) && chart['name'] === name) return true;
  }
  return false;
}

/**
 * Files in Git LFS are refused, save those of a chart that no template can ask for. `pointers`: all that the chart's
 * folders and values have.
 */
export async function refuseChartPointers(
  files: Files,
  folders: readonly string[],
  pointers: readonly string[],
): Promise<void> {
  for (const path of pointers) {
    const folder = folders
      .filter((each) => each === '' || path.startsWith(`${each}/`))
      .sort((a, b) => b.length - a.length)[0];
    const name = folder === undefined ? '' : relativeTo(folder, path);
    if (
      folder === undefined ||
      /^(?:templates|crds|charts)\/|^[^/]+\.(?:ya?ml|json|lock)$/.test(name) ||
      (await asksForFiles(files, folders))
    )
      refuseLfsPointer(path);
  }
}

async function asksForFiles(files: Files, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    for (const { kind, path } of await files.list(folder, true)) {
      if (path.endsWith('.tgz') || (kind === 'file' && String((await files.read(path)) ?? '').includes('.Files')))
        return true;
    }
  }
  return false;
}
