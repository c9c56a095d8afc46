// Everything that a Kustomize application reads: its folder, its bases and components, and their files, however deep.
import { follow, joinPath, mustFollow } from '../source/paths.ts';
import { isRemote, kustomizationNames, readReferences } from './kustomization.ts';
import { refuseLfsPointers } from '../source/absent.ts';
import type { Lru } from '../../base/lru.ts';
import { linkTargets, renderError } from '../source/plan.ts';
import type { FileEntry, Files } from '../../model/files.ts';
import type { Reference } from './kustomization.ts';

export interface Closure {
  /** Folders with a kustomization, each wholly part of it. */
  folders: string[];
  /** Files outside of these folders. */
  files: string[];
  /** Paths that lead to them over links. */
  linked: string[];
  /** Files whose objects become manifests. */
  resources: string[];
  /** Files that change objects: patches, configurations, data of generators. */
  changes: string[];
}

/** References by the id of the kustomization file and its path: each content is read once. */
export type ReferenceCache = Lru<string, Reference[]>;

/**
 * `extra`: what the Application adds to the kustomization of its path. Throws E_RENDER with file and line for what is
 * missing, remote or outside.
 */
export async function closureOf(
  files: Files,
  path: string,
  extra: Reference[],
  cache: ReferenceCache,
): Promise<Closure> {
  const folders = new Set<string>();
  const others = new Set<string>();
  const resources = new Set<string>();
  const changes = new Set<string>();
  const linked = new Set<string>();
  const visit = async (folder: string, references: Reference[]): Promise<void> => {
    for (const reference of references) {
      const entry = await target(files, folder, reference);
      const path = joinPath(folder, reference.path) ?? entry.path;
      if (path !== entry.path) linked.add(path);
      if (entry.kind !== 'dir') {
        others.add(entry.path);
        (reference.resource ? resources : changes).add(entry.path);
      } else if (!folders.has(entry.path)) {
        await enter(entry.path, reference);
      }
    }
  };
  const enter = async (folder: string, from?: Reference): Promise<void> => {
    folders.add(folder);
    const file = await kustomizationOf(files, folder);
    if (!file)
      throw renderError(`${from?.path ?? folder} has no kustomization file`, from?.place ?? { file: folder || '.' });
    for (const link of await linkTargets(files, folder)) others.add(link);
    await visit(folder, await references(files, file, cache));
  };
  await enter(path);
  await visit(path, extra);
  const inside = (file: string): boolean =>
    [...folders].some((folder) => folder === '' || file.startsWith(`${folder}/`));
  return {
    folders: [...folders].sort(),
    files: [...others].filter((file) => !inside(file)).sort(),
    linked: [...linked].filter((file) => !inside(file)).sort(),
    resources: [...resources].sort(),
    changes: [...changes].sort(),
  };
}

/** The kustomization file of a folder, if it has one. */
export async function kustomizationOf(files: Files, folder: string): Promise<FileEntry | undefined> {
  for (const name of kustomizationNames) {
    const entry = await follow(files, joinPath(folder, name) ?? name);
    if (entry?.kind === 'file') return { ...entry, path: joinPath(folder, name) ?? name };
  }
  return undefined;
}

async function references(files: Files, file: FileEntry, cache: ReferenceCache): Promise<Reference[]> {
  const key = `${file.id} ${file.path}`;
  const known = cache.get(key);
  if (known) return known;
  const entry = await follow(files, file.path);
  if (entry) await refuseLfsPointers(files, [entry.path]);
  const found = readReferences(String((entry && (await files.read(entry.path))) ?? ''), file.path);
  cache.set(key, found);
  return found;
}

async function target(files: Files, folder: string, { path, place, wants }: Reference): Promise<FileEntry> {
  const local = joinPath(folder, path);
  const there = local === undefined ? undefined : await follow(files, local);
  if (!there && wants !== 'file' && isRemote(path)) {
    throw renderError(`${path} is a remote base, which is not fetched`, place, {
      hint: 'Copy it into the repository, so that what is reviewed is what is applied.',
    });
  }
  const entry = there ?? (await mustFollow(files, { from: folder, path, place }));
  if (wants === 'folder' && entry.kind !== 'dir')
    throw renderError(`${path} is a file, but a folder is wanted here`, place);
  if (wants === 'file' && entry.kind !== 'file')
    throw renderError(`${path} is a folder, but a file is wanted here`, place);
  return entry;
}
