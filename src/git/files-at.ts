// The files of one commit or tree, as rendering takes them.
import { segments } from './trees.ts';
import type { Files } from '../model/files.ts';
import type { TreeEntry, Trees } from './trees.ts';

interface Objects {
  readonly trees: Trees;
  rootTree(treeish: string): Promise<string>;
  blob(id: string): Promise<Buffer | undefined>;
}

export function filesAt(objects: Objects, treeish: string): Files {
  const { trees } = objects;
  let root: Promise<string> | undefined;
  const find = async (path: string): Promise<TreeEntry | undefined> =>
    trees.find(await (root ??= objects.rootTree(treeish)), path);
  return {
    entry: async (path) => {
      const entry = await find(path);
      const executable = entry?.mode === '100755';
      return entry && { path: segments(path).join('/'), kind: entry.kind, id: entry.id, executable };
    },
    id: async (path) => (await find(path))?.id,
    kind: async (path) => (await find(path))?.kind,
    list: async (path, recursive = false) => {
      const entry = await find(path);
      if (entry?.kind !== 'dir') return [];
      return (await trees.list(entry.id, segments(path).join('/'), recursive)).sort(byPath);
    },
    read: async (path) => {
      const entry = await find(path);
      return entry?.kind === 'file' || entry?.kind === 'link' ? objects.blob(entry.id) : undefined;
    },
  };
}

export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
