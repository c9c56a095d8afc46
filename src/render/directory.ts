// Directory applications: plain YAML and JSON, and Jsonnet programs.
import { follow, relativeTo } from './paths.ts';
import { globMatch } from '../base/glob.ts';
import { importsOf, jsonnetArguments, runJsonnet } from './jsonnet.ts';
import { parseJsonManifests, parseManifests } from './yaml.ts';
import { renderError } from './plan.ts';
import { AppError } from '../base/errors.ts';
import { withOverlay } from './overlay.ts';
import type { DirectorySource } from '../model/application.ts';
import type { FileEntry } from '../model/files.ts';
import type { ImportCache } from './jsonnet.ts';
import type { Input, Plan, Planning } from './plan.ts';
import type { Manifest } from './yaml.ts';
import type { Tool } from './tool.ts';

export interface DirectoryParts {
  tool: Tool;
  tempDir: string;
  imports: ImportCache;
}

/** Argo CD leaves such a file out as a whole. */
const skipMarker = '+argocd:skip-file-rendering';
const maxBytes = 10 * 2 ** 20;

export async function planDirectory(planning: Planning, parts: DirectoryParts): Promise<Plan> {
  const { files, path, source } = planning;
  const section = source.directory ?? {};
  const found = await manifestFiles(planning, section);
  const programs = found.filter((file) => file.path.endsWith('.jsonnet'));
  const libraries = await importsOf(planning, programs, parts.imports);
  const inputs: Input[] = [...new Set([...found.map((file) => file.path), ...libraries.found])].sort().map((name) => ({ path: name, files }));
  const args = programs.length > 0 ? jsonnetArguments(planning) : [];
  const produce = async (): Promise<Manifest[]> => {
    const manifests: Manifest[] = [];
    let size = 0;
    for (const file of found.filter((entry) => !programs.includes(entry))) {
      const text = decode((await files.read(file.path)) ?? Buffer.alloc(0));
      size += text.length;
      if (size > maxBytes) throw renderError('the manifests of this folder exceed 10 MB', { file: path || '.' });
      manifests.push(...parseFile(file.path, text));
    }
    if (programs.length === 0) return manifests;
    const made = await withOverlay(parts.tempDir, inputs, (overlay) => runJsonnet({ tool: parts.tool, programs: programs.map((file) => file.path), args, overlay }));
    return [...manifests, ...made];
  };
  return { sourceType: 'Directory', inputs, watched: libraries.missing, parameters: { path, ...(programs.length > 0 && { tool: parts.tool.version, args }) }, produce };
}

/** Sorted by path; those that the source's globs leave out are no inputs. */
async function manifestFiles({ files, path }: Planning, section: DirectorySource): Promise<FileEntry[]> {
  const found: FileEntry[] = [];
  for (const entry of await files.list(path, section.recurse ?? false)) {
    const name = relativeTo(path, entry.path);
    if (!/\.(ya?ml|json|jsonnet)$/.test(entry.path) || !included(name, section)) continue;
    const target = entry.kind === 'link' ? await follow(files, entry.path) : entry;
    if (target?.kind === 'file') found.push(target);
  }
  return found;
}

function included(name: string, { include, exclude }: DirectorySource): boolean {
  if (exclude && globMatch(exclude, name)) return false;
  return !include || globMatch(include, name);
}

/** A YAML file that is no manifest is left out, unless it looks like one (Argo CD). */
function parseFile(file: string, text: string): Manifest[] {
  if (text.includes(skipMarker)) return [];
  if (file.endsWith('.json')) return parseJsonManifests(text, file);
  const looksLikeOne = ['apiVersion:', 'kind:', 'metadata:'].every((field) => text.includes(field));
  try {
    return parseManifests(text, file, { lenient: !looksLikeOne });
  } catch (error) {
    if (error instanceof AppError && !looksLikeOne) return [];
    throw error;
  }
}

/** UTF-8, or UTF-16 by its byte order mark. */
function decode(data: Buffer): string {
  if (data[0] === 0xff && data[1] === 0xfe) return data.subarray(2).toString('utf16le');
  if (data[0] === 0xfe && data[1] === 0xff) return Buffer.from(data.subarray(2)).swap16().toString('utf16le');
  return data.toString('utf8').replace(/^\uFEFF/, '');
}
