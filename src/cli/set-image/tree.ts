// The files that are edited: those of a clone on disk, or those of a commit.
import type { Files } from '../../model/files.ts';
import type { Session } from '../session.ts';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../base/process.ts';
import { environmentOf } from '../clone.ts';

/** Paths are relative to the root, with slashes. Links are neither listed nor read: what they lead to is elsewhere. */
export interface Tree {
  /** Files below that folder ('' = all); `direct`: in it alone. Sorted. */
  list(folder: string, direct?: boolean): Promise<string[]>;
  read(path: string): Promise<string | undefined>;
}

function below(folder: string, direct: boolean, path: string): boolean {
  const rest = folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
  return rest !== undefined && (!direct || !rest.includes('/'));
}

/** Of a commit; nothing is checked out. */
export function treeOf(files: Files): Tree {
  return {
    list: async (folder, direct = false) =>
      (await files.list(folder, !direct)).flatMap(({ kind, path }) => (kind === 'file' ? [path] : [])),
    read: async (path) =>
      (await files.entry(path))?.kind === 'file' ? (await files.read(path))?.toString('utf8') : undefined,
  };
}

/** Of a clone: what git follows, and what it would add. `write` keeps the file's mode. */
export async function treeOnDisk(
  session: Session,
  root: string,
): Promise<Tree & { write(path: string, text: string): Promise<void> }> {
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const { stdout } = await run('git', args, { env: environmentOf(session), signal: session.signal });
  const names = stdout.toString('utf8').split('\0').filter(Boolean).sort();
  const isFile = async (path: string): Promise<boolean> => {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
      if (!(await lstat(join(root, path.slice(0, at))).catch(() => undefined))?.isDirectory()) return false;
    return (await lstat(join(root, path)).catch(() => undefined))?.isFile() ?? false;
  };
  return {
    list: (folder, direct = false) => Promise.resolve(names.filter((path) => below(folder, direct, path))),
    read: async (path) =>
      names.includes(path) && (await isFile(path)) ? readFile(join(root, path), 'utf8') : undefined,
    write: (path, text) => writeFile(join(root, path), text),
  };
}
