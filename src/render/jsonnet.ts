// Jsonnet programs: their imports, however deep, and one run for each.
import type { LRUCache } from 'lru-cache';
import type { FileEntry } from '../model/files.ts';
import type { JsonnetVar } from '../model/sources.ts';
import type { Manifest } from './document/complete.ts';
import type { Overlay } from './source/overlay.ts';
import type { Planning } from './source/plan.ts';
import type { Workers } from './source/workers.ts';
import type { Worker } from '../base/worker.ts';
import { buildEnvironment, renderError, substitute } from './source/plan.ts';
import { follow, folderOf, joinPath } from './source/paths.ts';
import { completeObjects } from './document/complete.ts';
import { parseOutput } from './document/yaml.ts';
import { root } from './source/overlay.ts';
import { runTool } from './source/tool.ts';

/** What a file imports, by its id. */
export type ImportCache = LRUCache<string, string[]>;

// Jsonnet's grammar allows only a literal after import; what stands in comments is at worst a file too many.
const importPattern = /\bimport(?:str|bin)?\s+@?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/g;

interface Imports {
  /** Paths of all files that the programs import. */
  found: string[];
  /** Paths that come first and where nothing is. */
  missing: string[];
}

/** Missing files are left to Jsonnet, which names the line. */
export async function importsOf(
  planning: Planning,
  programs: readonly FileEntry[],
  cache: ImportCache,
): Promise<Imports> {
  const { files } = planning;
  const libraries = libraryFolders(planning);
  const seen = new Set<string>();
  const missing = new Set<string>();
  const visit = async (file: FileEntry): Promise<void> => {
    for (const name of await directImports(planning, file, cache)) {
      if (name.startsWith('/')) continue; // refused by Jsonnet
      for (const folder of [folderOf(file.path), ...libraries]) {
        const path = joinPath(folder, name);
        const target = path === undefined ? undefined : await follow(files, path);
        if (path !== undefined && !target) missing.add(path);
        if (target?.kind !== 'file' || path === undefined) continue;
        if (seen.has(path)) break;
        seen.add(path);
        await visit({ ...target, path });
        break;
      }
    }
  };
  for (const program of programs) await visit(program);
  return { found: [...seen], missing: [...missing] };
}

async function directImports({ files }: Planning, file: FileEntry, cache: ImportCache): Promise<string[]> {
  const known = cache.get(file.id);
  if (known) return known;
  if (!/\.(jsonnet|libsonnet)$/.test(file.path)) return [];
  const entry = await follow(files, file.path);
  const text = String((entry && (await files.read(entry.path))) ?? '');
  const names = [...text.matchAll(importPattern)].map(([, double, single]) => double ?? single ?? '');
  cache.set(file.id, names);
  return names;
}

/** The application path first, then the libraries, which are named from the root of the repository (Argo CD). */
function libraryFolders({ path, source }: Planning): string[] {
  const libraries = (source.directory?.jsonnet?.libs ?? []).map((library) => {
    const folder = joinPath('', library);
    if (folder === undefined)
      throw renderError(`the Jsonnet library ${library} leaves the repository`, { file: path || '.' });
    return folder;
  });
  return [path, ...libraries];
}

interface JsonnetOptions {
  /** From the root; Jsonnet lets the last one win, Argo CD the first. */
  libraries: string[];
  variables: { name: string; value: string; code: boolean; argument: boolean }[];
}

/** Everything but the program. */
export function jsonnetOptions(planning: Planning): JsonnetOptions {
  const environment = buildEnvironment(planning);
  const { extVars = [], tlas = [] } = planning.source.directory?.jsonnet ?? {};
  const variables = (list: JsonnetVar[], argument: boolean): JsonnetOptions['variables'] =>
    list.map(({ name, value, code }) => ({
      name,
      value: substitute(value, environment),
      code: Boolean(code),
      argument,
    }));
  return {
    libraries: libraryFolders(planning)
      .toReversed()
      .map((folder) => folder || '.'),
    variables: [...variables(extVars, false), ...variables(tlas, true)],
  };
}

interface JsonnetRun {
  workers: Workers;
  merged: boolean;
  worker: Worker;
  /** Paths from the root. */
  programs: string[];
  options: JsonnetOptions;
  overlay: Overlay;
}

/** Manifests in the order of the programs. Throws E_RENDER with the program's place. */
export async function runJsonnet(job: JsonnetRun): Promise<Manifest[]> {
  const { workers, merged, worker, programs, options, overlay } = job;
  const manifests: Manifest[] = [];
  for (const program of programs) {
    const { text } = await runTool({
      workers,
      tool: 'jsonnet',
      merged,
      overlay,
      options: { ...options, root, program },
      given: options.variables.map(({ name, value }) => `${name}=${value}`),
      innermostFirst: true,
    });
    manifests.push(...completeObjects(await parseOutput(worker, text, program)));
  }
  return manifests;
}
