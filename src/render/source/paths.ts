// Paths inside a repository: joined, kept inside, and links followed.
import type { FileEntry, Files } from '../../model/files.ts';
import type { Place } from '../../base/errors.ts';
import { AppError } from '../../base/errors.ts';
import { refuseModule } from './absent.ts';

/**
 * `path` seen from the folder `from`, without `.` and `..`; undefined if it leaves the repository. An absolute path
 * counts from its root.
 */
export function joinPath(from: string, path: string): string | undefined {
  const parts: string[] = [];
  for (const name of `${path.startsWith('/') ? '' : from}/${path}`.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') parts.push(name);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** '' for what stands in the root. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** `path` relative to the folder, which holds it. */
export function relativeTo(folder: string, path: string): string {
  return folder === '' ? path : path.slice(folder.length + 1);
}

/** Where a path leads when the links on the way are followed. */
interface Walk {
  links: string[];
  /** Without links. */
  path: string;
  entry: FileEntry | undefined;
}

const maxHops = 20;

async function walk(files: Files, from: string): Promise<Walk> {
  const links: string[] = [];
  for (let path = from; ;) {
    const entry = await files.entry(path);
    if (entry?.kind === 'file' || entry?.kind === 'dir') return { links, path, entry };
    const link = await firstLink(files, path);
    if (link === undefined) return { links, path, entry: undefined };
    const text = String((await files.read(link)) ?? '');
    const target = text.startsWith('/') || links.length >= maxHops ? undefined : joinPath(folderOf(link), text);
    if (target === undefined)
      throw new AppError(
        'E_RENDER',
        links.length >= maxHops ? 'this link leads in a circle' : 'this link leaves the repository',
        { place: { file: link } },
      );
    links.push(link);
    const rest = joinPath(target, path.slice(link.length + 1));
    if (rest === undefined) return { links, path, entry: undefined };
    path = rest;
  }
}

async function firstLink(files: Files, path: string): Promise<string | undefined> {
  const names = path.split('/');
  for (let length = 1; length <= names.length; length += 1) {
    const part = names.slice(0, length).join('/');
    const entry = await files.entry(part);
    if (entry?.kind === 'module') await refuseModule(files, part);
    if (entry?.kind === 'link') return part;
    if (!entry) return undefined;
  }
  return undefined;
}

/**
 * The entry at a path, all links on the way followed; undefined if there is none. Throws E_RENDER for links that leave
 * the repository or go round, and for submodules.
 */
export async function follow(files: Files, path: string): Promise<FileEntry | undefined> {
  return (await walk(files, path)).entry;
}

/**
 * Every path at which a change changes what stands at `path`: itself, the links on the way, and where they lead, be
 * there something or not.
 */
export async function trail(files: Files, path: string): Promise<string[]> {
  const { links, path: end } = await walk(files, path);
  return [...new Set([path, ...links, end])];
}

/** Follows a path that a file names; throws E_RENDER at that place if it leaves the repository or is not there. */
export async function mustFollow(
  files: Files,
  reference: { from: string; path: string; place: Place },
): Promise<FileEntry> {
  const path = joinPath(reference.from, reference.path);
  if (path === undefined)
    throw new AppError('E_RENDER', `${reference.path} leaves the repository`, { place: reference.place });
  const entry = await follow(files, path);
  if (!entry)
    throw new AppError('E_RENDER', `${reference.path} does not exist`, {
      place: reference.place,
      hint: `Nothing is at ${path} in this revision.`,
    });
  return entry;
}
