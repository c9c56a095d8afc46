// Files that are held in memory, as rendering takes those of a commit.
import type { FileEntry, Files } from '../model/files.ts';
import { hashOf } from '../base/canonical.ts';
import { digestOf } from './cache.ts';

export interface Content {
  data: Buffer;
  executable?: boolean;
  /** `data` is where a symbolic link leads. */
  link?: boolean;
}

/** Equal content has equal ids, whichever archive it came in. */
export function filesFrom(contents: ReadonlyMap<string, Content>): Files {
  const entries = new Map<string, FileEntry>();
  const below = new Map<string, Set<string>>([['', new Set()]]);
  for (const [path, { data, executable = false, link = false }] of contents) {
    entries.set(path, { path, kind: link ? 'link' : 'file', id: digestOf(data), executable });
    for (let child = path; child !== '';) {
      const parent = child.includes('/') ? child.slice(0, child.lastIndexOf('/')) : '';
      below.set(parent, (below.get(parent) ?? new Set()).add(child));
      child = parent;
    }
  }
  const folders = [...below.keys()].sort((a, b) => b.split('/').length - a.split('/').length || (a < b ? 1 : -1));
  // The root counts as one step deep like those in it, and is worked out last.
  for (const path of [...folders.filter((each) => each !== ''), '']) {
    const children = [...(below.get(path) ?? [])].sort().map((child) => entries.get(child));
    const id = hashOf(children.map((child) => child && [child.path.slice(path.length), child.kind, child.id]));
    entries.set(path, { path, kind: 'dir', id, executable: false });
  }
  const clean = (path: string): string =>
    path
      .split('/')
      .filter((name) => name !== '' && name !== '.')
      .join('/');
  const list = (path: string, recursive: boolean): FileEntry[] =>
    [...(below.get(path) ?? [])].flatMap((child) => {
      const entry = entries.get(child);
      return entry ? [entry, ...(recursive && entry.kind === 'dir' ? list(child, true) : [])] : [];
    });
  return {
    entry: async (path) => entries.get(clean(path)),
    id: async (path) => entries.get(clean(path))?.id,
    kind: async (path) => entries.get(clean(path))?.kind,
    list: async (path, recursive = false) => list(clean(path), recursive).sort((a, b) => (a.path < b.path ? -1 : 1)),
    read: async (path) => contents.get(clean(path))?.data,
  };
}
