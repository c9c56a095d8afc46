// Walks git trees by their objects, each read once: a tree's content never changes.
import type { FileEntry, FileKind, Files } from '../model/files.ts';
import type { ObjectReader } from './object-reader.ts';
import { LRUCache } from 'lru-cache';
import { AppError } from '../base/errors.ts';

export interface TreeEntry {
  kind: FileKind;
  /** Octal as git writes it, e.g. `100644`. */
  mode: string;
  id: string;
}

type Tree = ReadonlyMap<string, TreeEntry>;

/** Entries of trees that stay in memory, about 20 MB. */
const cachedEntries = 100_000;

/** Read one folder at a time and kept by id, which never changes. */
export class Trees {
  readonly #objects: ObjectReader;
  readonly #onMissing: () => void;
  readonly #cache = new LRUCache<string, Tree>({ maxSize: cachedEntries, sizeCalculation: (tree) => tree.size + 4 });
  readonly #reading = new Map<string, Promise<Tree>>();

  /** `onMissing`: a tree that must be there is not. */
  constructor(objects: ObjectReader, onMissing: () => void = () => undefined) {
    this.#objects = objects;
    this.#onMissing = onMissing;
  }

  folder(id: string): Tree | Promise<Tree> {
    const known = this.#cache.get(id) ?? this.#reading.get(id);
    if (known) return known;
    const reading = this.#read(id).finally(() => this.#reading.delete(id));
    this.#reading.set(id, reading);
    return reading;
  }

  /** The entry at a path below a tree; '' is the tree itself. */
  async find(root: string, path: string): Promise<TreeEntry | undefined> {
    let entry: TreeEntry = { kind: 'dir', mode: '40000', id: root };
    for (const name of segments(path)) {
      if (entry.kind !== 'dir') return undefined;
      const tree = this.folder(entry.id);
      const next = (tree instanceof Promise ? await tree : tree).get(name); // a known tree costs no turn of the loop
      if (!next) return undefined;
      entry = next;
    }
    return entry;
  }

  /** Entries below the tree; paths begin with `prefix`. */
  async list(id: string, prefix: string, recursive: boolean): Promise<FileEntry[]> {
    const entries: FileEntry[] = [];
    for (const [name, { kind, mode, id: child }] of await this.folder(id)) {
      const path = join(prefix, name);
      entries.push({ path, kind, id: child, executable: mode === '100755' });
      if (recursive && kind === 'dir') entries.push(...(await this.list(child, path, true)));
    }
    return entries;
  }

  /** Paths of files that differ between two trees; undefined is an empty tree. */
  async diff(a: string | undefined, b: string | undefined, prefix = ''): Promise<string[]> {
    if (a === b) return [];
    const [before, after] = [
      a ? await this.folder(a) : new Map<string, TreeEntry>(),
      b ? await this.folder(b) : new Map<string, TreeEntry>(),
    ];
    const paths: string[] = [];
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [old, now] = [before.get(name), after.get(name)];
      if (old?.id === now?.id && old?.mode === now?.mode) continue;
      const path = join(prefix, name);
      if ((old && old.kind !== 'dir') || (now && now.kind !== 'dir')) paths.push(path);
      for (const below of await this.diff(dirId(old), dirId(now), path)) paths.push(below); // too many for arguments
    }
    return paths;
  }

  async #read(id: string): Promise<Tree> {
    const object = await this.#objects.read(id);
    if (object?.type !== 'tree') {
      this.#onMissing();
      throw new AppError('E_GIT', `tree ${id} is not in the mirror`, { kind: 'transient' });
    }
    const tree = parseTree(object.data, id.length / 2);
    this.#cache.set(id, tree);
    return tree;
  }
}

/** git's tree format: `<mode> <name>\0<id bytes>`, repeated. */
function parseTree(data: Buffer, idBytes: number): Tree {
  const tree = new Map<string, TreeEntry>();
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(32, at);
    const end = data.indexOf(0, space);
    const mode = data.toString('latin1', at, space);
    tree.set(nameOf(data.subarray(space + 1, end)), {
      kind: kindOf(mode),
      mode,
      id: data.toString('hex', end + 1, end + 1 + idBytes),
    });
    at = end + 1 + idBytes;
  }
  return tree;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes of a name that is not UTF-8 become lone surrogates, which stand for nothing else: no two names are the same
 * text.
 */
function nameOf(bytes: Buffer): string {
  try {
    return strict.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
  }
}

function kindOf(mode: string): FileKind {
  if (mode === '40000') return 'dir';
  if (mode === '120000') return 'link';
  return mode === '160000' ? 'module' : 'file';
}

/** Segments of a path; `.` and empty ones do not count. `..` finds nothing: no entry has that name. */
export function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function dirId(entry: TreeEntry | undefined): string | undefined {
  return entry?.kind === 'dir' ? entry.id : undefined;
}

function join(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

interface Objects {
  readonly trees: Trees;
  rootTree(treeish: string): Promise<string>;
  blob(id: string): Promise<Buffer | undefined>;
}

/** The files of one commit or tree, as rendering takes them. */
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

/** For sort: by code units, as git sorts names. */
export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
