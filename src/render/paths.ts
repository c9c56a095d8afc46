// Paths inside a repository: joined, kept inside, and links followed.
import { AppError } from '../base/errors.ts';
import { refuseModule } from './absent.ts';
import type { FileEntry, Files } from '../model/files.ts';
import type { Place } from '../base/errors.ts';

/** `path` seen from the folder `from`, without `.` and `..`; undefined if it leaves the repository. An absolute path counts from its root. */
export function joinPath(from: string, path: string): string | undefined {
  const parts: string[] = [];
  for (const name of `${path.startsWith('/') ? '' : from}/${path}`.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') parts.push(name);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** `path` relative to the folder, which holds it. */
export function relativeTo(folder: string, path: string): string {
  return folder === '' ? path : path.slice(folder.length + 1);
}

/** The entry at a path, all links on the way followed; undefined if there is none. Throws E_RENDER for links that leave the repository or go round, and for submodules. */
export async function follow(files: Files, path: string, hops = 0): Promise<FileEntry | undefined> {
  const direct = await files.entry(path);
  if (direct && direct.kind !== 'link' && direct.kind !== 'module') return direct;
  const names = path.split('/');
  for (let length = 1; length <= names.length; length += 1) {
    const part = names.slice(0, length).join('/');
    const entry = await files.entry(part);
    if (!entry) return undefined;
    if (entry.kind === 'module') await refuseModule(files, part);
    if (entry.kind !== 'link') continue;
    const text = String((await files.read(part)) ?? '');
    const target = text.startsWith('/') || hops > 20 ? undefined : joinPath(folderOf(part), text);
    if (target === undefined) throw new AppError('E_RENDER', hops > 20 ? 'this link leads in a circle' : 'this link leaves the repository', { place: { file: part } });
    const rest = joinPath(target, names.slice(length).join('/'));
    return rest === undefined ? undefined : follow(files, rest, hops + 1);
  }
  return undefined;
}

/** Follows a path that a file names; throws E_RENDER at that place if it leaves the repository or is not there. */
export async function mustFollow(files: Files, reference: { from: string; path: string; place: Place }): Promise<FileEntry> {
  const path = joinPath(reference.from, reference.path);
  if (path === undefined) throw new AppError('E_RENDER', `${reference.path} leaves the repository`, { place: reference.place });
  const entry = await follow(files, path);
  if (!entry) throw new AppError('E_RENDER', `${reference.path} does not exist`, { place: reference.place, hint: `Nothing is at ${path} in this revision.` });
  return entry;
}
