// Jsonnet programs: their imports, however deep, and one run for each.
import type { LRUCache } from 'lru-cache';
import { buildEnvironment, renderError, substitute } from './source/plan.ts';
import { follow, folderOf, joinPath } from './source/paths.ts';
import { completeObjects } from './document/complete.ts';
import { parseOutput } from './document/yaml.ts';
import { runTool } from './source/tool.ts';
import { toolHint } from '../base/process.ts';
import type { FileEntry } from '../model/files.ts';
import type { JsonnetVar } from '../model/sources.ts';
import type { Manifest } from './document/complete.ts';
import type { Overlay } from './source/overlay.ts';
import type { Planning } from './source/plan.ts';
import type { Tool } from './source/tool.ts';
import type { Worker } from '../base/worker.ts';

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

/** Everything but the program: search path, variables. `-J` folders are relative to the root. */
export function jsonnetArguments(planning: Planning): string[] {
  const environment = buildEnvironment(planning);
  const { extVars = [], tlas = [] } = planning.source.directory?.jsonnet ?? {};
  const variables = (kind: 'ext' | 'tla', list: JsonnetVar[]): string[] =>
    list.flatMap(({ name, value, code }) => [
      `--${kind}-${code ? 'code' : 'str'}`,
      `${name}=${substitute(value, environment)}`,
    ]);
  // Jsonnet lets the last folder win, Argo CD the first.
  const folders = libraryFolders(planning)
    .toReversed()
    .flatMap((folder) => ['-J', folder === '' ? '.' : folder]);
  return [...folders, ...variables('ext', extVars), ...variables('tla', tlas)];
}

interface JsonnetRun {
  tool: Tool;
  worker: Worker;
  /** Paths from the root. */
  programs: string[];
  args: string[];
  overlay: Overlay;
}

/** Only ours stays in the folder it is given; any other follows a program's imports over the whole machine. */
const ours = 'coxswain-jsonnet';

/**
 * Manifests in the order of the programs. Throws E_RENDER with the program's place, and with a hint where it is not
 * our own Jsonnet.
 */
export async function runJsonnet({ tool, worker, programs, args, overlay }: JsonnetRun): Promise<Manifest[]> {
  if (!tool.fault && !tool.version.startsWith(ours)) {
    throw renderError(
      `${tool.path} is another Jsonnet than Coxswain's own, which alone reads nothing outside of the repository`,
      undefined,
      { hint: toolHint('jsonnet') },
    );
  }
  const manifests: Manifest[] = [];
  for (const program of programs) {
    const { text } = await runTool({
      tool,
      args: ['--root', overlay.root, ...args, '--', program],
      overlay,
      cwd: overlay.root,
      innermostFirst: true,
    });
    manifests.push(...completeObjects(await parseOutput(worker, text, program)));
  }
  return manifests;
}
