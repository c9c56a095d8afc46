// Everything that a Kustomize application reads: its folder, its bases and components, and their files, however deep.
import type { LRUCache } from 'lru-cache';
import type { FileEntry, Files } from '../../model/files.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Kustomization, ObjectId, PatchTarget, Reference } from './kustomization.ts';
import type { AppError, Place } from '../../base/errors.ts';
import type { Worker } from '../../base/worker.ts';
import { follow, joinPath, mustFollow } from '../source/paths.ts';
import { isBelow } from '../source/mounted.ts';
import { placeCharts } from './charts.ts';
import { breather } from '../../base/clock.ts';
import { kustomizationNames, readKustomization } from './kustomization.ts';
import { refuseLfsPointers } from '../source/absent.ts';
import { linkTargets, renderError } from '../source/plan.ts';

export interface Closure {
  /** Folders with a kustomization, each wholly part of it. */
  folders: string[];
  /** Files outside of these folders. */
  files: string[];
  /** Paths that lead to them over links. */
  linked: string[];
  /** Files with a kustomization. */
  kustomizations: string[];
  /** Files whose objects become manifests. */
  resources: string[];
  patches: string[];
  replacements: string[];
  /** What else changes objects: configurations, data of generators. */
  data: string[];
  /** Folders of charts that Helm renders. */
  charts: string[];
  targets: PatchTarget[];
  /** Keys that are no text, in kustomizations and in the patches that stand in them. */
  keys: Place[];
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
 * missing or outside, and whatever a fetch throws.
 */
export async function closureOf(
  elsewhere: Elsewhere,
  path: string,
  extra: Reference[],
  reader: KustomizationReader,
): Promise<Closure> {
  const { files } = elsewhere;
  const folders = new Set<string>();
  const [others, linked, charts] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const holding = {
    objects: new Set<string>(),
    patch: new Set<string>(),
    replacement: new Set<string>(),
    data: new Set<string>(),
  };
  const [kustomizations, read]: [string[], Kustomization[]] = [[], []];
  const breath = breather();
  const visit = async (folder: string, references: Reference[]): Promise<void> => {
    for (const reference of references) {
      await breath();
      const { path, entry } = await target(elsewhere, folder, reference);
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
    for (const link of await linksOf(elsewhere, folder)) others.add(link);
    kustomizations.push(file.path);
    const kustomization = await kustomizationIn(files, file, reader);
    read.push(kustomization);
    for (const chart of await placeCharts(elsewhere, folder, kustomization)) {
      charts.add(chart.folder);
      linked.add(chart.named);
    }
    await visit(folder, kustomization.references);
  };
  await enter(path);
  await visit(path, extra);
  return {
    ...within({ folders, others: new Set([...others, ...charts]), linked }, elsewhere),
    kustomizations,
    resources: [...holding.objects].sort(),
    patches: [...holding.patch].sort(),
    replacements: [...holding.replacement].sort(),
    data: [...holding.data].sort(),
    charts: [...charts].sort(),
    targets: read.flatMap(({ targets }) => targets),
    ...told(read),
    renaming: read.filter(({ renames }) => renames).length,
  };
}

/** Where links below a folder lead. Throws E_RENDER for one that leaves what the folder belongs to. */
async function linksOf(elsewhere: Elsewhere, folder: string): Promise<string[]> {
  const links = await linkTargets(elsewhere.files, folder);
  if (links.some((link) => elsewhere.mountOf(link) !== elsewhere.mountOf(folder)))
    throw outside(folder, { file: folder || '.' });
  return links;
}

function told(read: readonly Kustomization[]): Pick<Closure, 'keys' | 'generated'> {
  return { keys: read.flatMap(({ keys }) => keys), generated: read.flatMap(({ generated }) => generated) };
}

type Paths = Record<'folders' | 'others' | 'linked', ReadonlySet<string>>;

/** What stands in one of the folders anyway is left out. */
function within(
  { folders, others, linked }: Paths,
  elsewhere: Elsewhere,
): Pick<Closure, 'folders' | 'files' | 'linked'> {
  const inside = (file: string): boolean =>
    [...folders].some((folder) => isBelow(file, folder) && elsewhere.mountOf(file) === elsewhere.mountOf(folder));
  return {
    folders: [...folders].sort(),
    files: [...others].filter((file) => !inside(file)).sort(),
    linked: [...linked].filter((file) => !inside(file)).sort(),
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

/** `path`: over links, as it is named. */
async function target(
  elsewhere: Elsewhere,
  folder: string,
  reference: Reference,
): Promise<{ path: string; entry: FileEntry }> {
  const { files } = elsewhere;
  const { place, wants } = reference;
  const local = joinPath(folder, reference.path);
  const there = local === undefined ? undefined : await follow(files, local);
  const laid = await elsewhere.lay(folder, reference, there?.kind === 'file');
  const named = laid === undefined ? reference.path : `/${laid}`;
  const entry = laid === undefined && there ? there : await mustFollow(files, { from: folder, path: named, place });
  const path = joinPath(folder, named) ?? entry.path;
  if (elsewhere.mountOf(entry.path) !== elsewhere.mountOf(laid ?? folder)) throw outside(reference.path, place);
  if (wants === 'folder' && entry.kind !== 'dir')
    throw renderError(`${reference.path} is a file, but a folder is wanted here`, place);
  if (wants === 'file' && entry.kind !== 'file')
    throw renderError(`${reference.path} is a folder, but a file is wanted here`, place);
  return { path, entry };
}

function outside(path: string, place: Place): AppError {
  return renderError(`${path} leaves the repository`, place);
}
