// Files of elsewhere, as if they stood in folders of these.
import type { FileEntry, Files } from '../../model/files.ts';

/** `mounts`: by path, in front of what these have there themselves; it may grow while this is read. */
export function mounted(files: Files, mounts: ReadonlyMap<string, Files>): Files {
  const at = (path: string): { mount: string; other: Files; rest: string } | undefined => {
    const mount = innermost([...mounts.keys()], path);
    const other = mount === undefined ? undefined : mounts.get(mount);
    return mount === undefined || !other ? undefined : { mount, other, rest: path.slice(mount.length + 1) };
  };
  const above = (path: string): FileEntry | undefined =>
    [...mounts.keys()].some((mount) => isBelow(mount, path))
      ? { path, kind: 'dir', id: '', executable: false }
      : undefined;
  const entry = async (path: string): Promise<FileEntry | undefined> => {
    const found = at(path);
    const inner = await (found ? found.other.entry(found.rest) : files.entry(path));
    return found ? inner && { ...inner, path } : (inner ?? above(path));
  };
  return {
    entry,
    id: async (path) => (await entry(path))?.id,
    kind: async (path) => (await entry(path))?.kind,
    async list(path, recursive) {
      const found = at(path);
      if (!found) return files.list(path, recursive);
      const inner = await found.other.list(found.rest, recursive);
      return inner.map((each) => ({ ...each, path: `${found.mount}/${each.path}` }));
    },
    read: (path) => {
      const found = at(path);
      return found ? found.other.read(found.rest) : files.read(path);
    },
    missing: (path) => {
      const found = at(path);
      return found ? found.other.missing?.(found.rest) : files.missing?.(path);
    },
  };
}

/** The folder itself is. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** Of the folders the one that a path stands in, where one stands in another. */
export function innermost(folders: readonly string[], path: string): string | undefined {
  return folders.filter((folder) => isBelow(path, folder)).sort((a, b) => b.length - a.length)[0];
}
