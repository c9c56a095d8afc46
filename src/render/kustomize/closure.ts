// Everything that a Kustomize application reads: its folder, its bases and components, and their files, however deep.
import type { LRUCache } from 'lru-cache';
import type { FileEntry, Files } from '../../model/files.ts';
import type { Kustomization, ObjectId, PatchTarget, Reference } from './kustomization.ts';
import type { Worker } from '../../base/worker.ts';
import { follow, joinPath, mustFollow } from '../source/paths.ts';
import { breather } from '../../base/clock.ts';
import { isRemote, kustomizationNames, readKustomization } from './kustomization.ts';
import { refuseLfsPointers } from '../source/absent.ts';
import { linkTargets, renderError } from '../source/plan.ts';

export interface Closure {
  /** Folders with a kustomization, each wholly part of it. */
  folders: string[];
  /** Files outside of these folders. */
  files: string[];
  /** Paths that lead to them over links. */
  linked: string[];
  /** Files whose objects become manifests. */
  resources: string[];
  patches: string[];
  replacements: string[];
  /** What else changes objects: configurations, data of generators. */
  data: string[];
  targets: PatchTarget[];
  generated: ObjectId[];
  /** How many kustomizations change names or namespaces. */
  renaming: number;
}

export interface KustomizationReader {
  worker: Worker;
  /** By the id of the file and its path: each content is read once. */
  known: LRUCache<string, Kustomization>;
}

/**
 * `extra`: what the Application adds to the kustomization of its path. Throws E_RENDER with file and line for what is
 * missing, remote or outside.
 */
export async function closureOf(
  files: Files,
  path: string,
  extra: Reference[],
  reader: KustomizationReader,
): Promise<Closure> {
  const folders = new Set<string>();
  const others = new Set<string>();
  const holding = {
    objects: new Set<string>(),
    patch: new Set<string>(),
    replacement: new Set<string>(),
    data: new Set<string>(),
  };
  const linked = new Set<string>();
  const read: Kustomization[] = [];
  const breath = breather();
  const visit = async (folder: string, references: Reference[]): Promise<void> => {
    for (const reference of references) {
      await breath();
      const entry = await target(files, folder, reference);
      const path = joinPath(folder, reference.path) ?? entry.path;
      if (path !== entry.path) linked.add(path);
      if (entry.kind !== 'dir') {
        others.add(entry.path);
        holding[reference.holds].add(entry.path);
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
    const kustomization = await kustomizationIn(files, file, reader);
    read.push(kustomization);
    await visit(folder, kustomization.references);
  };
  await enter(path);
  await visit(path, extra);
  const inside = (file: string): boolean =>
    [...folders].some((folder) => folder === '' || file.startsWith(`${folder}/`));
  return {
    folders: [...folders].sort(),
    files: [...others].filter((file) => !inside(file)).sort(),
    linked: [...linked].filter((file) => !inside(file)).sort(),
    resources: [...holding.objects].sort(),
    patches: [...holding.patch].sort(),
    replacements: [...holding.replacement].sort(),
    data: [...holding.data].sort(),
    targets: read.flatMap(({ targets }) => targets),
    generated: read.flatMap(({ generated }) => generated),
    renaming: read.filter(({ renames }) => renames).length,
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

async function kustomizationIn(
  files: Files,
  file: FileEntry,
  { worker, known }: KustomizationReader,
): Promise<Kustomization> {
  const key = `${file.id} ${file.path}`;
  const found = known.get(key);
  if (found) return found;
  const entry = await follow(files, file.path);
  if (entry) await refuseLfsPointers(files, [entry.path]);
  const text = String((entry && (await files.read(entry.path))) ?? '');
  const read = await readKustomization(worker, text, file.path);
  known.set(key, read);
  return read;
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
