// A repository with what it only points to: submodules in their folders, and files out of Git LFS in place of pointers.
import type { FileEntry, Files } from '../../model/files.ts';
import { hashOf } from '../../base/canonical.ts';
import { AppError } from '../../base/errors.ts';
import { modulesIn } from '../../render/source/submodule.ts';
import { pointerOf } from '../../render/source/absent.ts';
import { innermost } from '../../render/source/mounted.ts';

/** As `.gitmodules` has it, and the commit that the repository wants of it. */
export interface Module {
  path: string;
  url: string;
  commit: string;
}

const clean = (path: string): string =>
  path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');

interface Opener {
  opening: ReadonlyMap<string, Promise<Files | undefined>>;
  failed: ReadonlyMap<string, AppError>;
  /** undefined: it could not be opened, or `.gitmodules` does not name it. */
  contentOf(path: string, commit: string): Promise<Files | undefined>;
}

function opener(modules: ReadonlyMap<string, string>, open: (module: Module) => Promise<Files>): Opener {
  const opening = new Map<string, Promise<Files | undefined>>();
  const failed = new Map<string, AppError>();
  const contentOf = (path: string, commit: string): Promise<Files | undefined> => {
    const url = modules.get(path);
    if (url === undefined) return Promise.resolve(undefined);
    const found =
      opening.get(path) ??
      open({ path, url, commit }).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        failed.set(path, error);
        return undefined;
      });
    opening.set(path, found);
    return found;
  };
  return { opening, failed, contentOf };
}

/**
 * Each is opened when something in it is read, or listed with all that stands above it. One that cannot be opened stays
 * a module, and `missing` says why.
 */
export async function withModules(files: Files, open: (module: Module) => Promise<Files>): Promise<Files> {
  const text = (await files.kind('.gitmodules')) === 'file' ? await files.read('.gitmodules') : undefined;
  const modules = modulesIn(String(text ?? ''));
  if (modules.size === 0) return files;
  const { opening, failed, contentOf } = opener(modules, open);
  const inside = async (named: string): Promise<{ module: string; content: Files; rest: string } | undefined> => {
    const path = clean(named);
    const module = innermost([...modules.keys()], path);
    const entry = module === undefined ? undefined : await files.entry(module);
    if (module === undefined || entry?.kind !== 'module') return undefined;
    const content = await contentOf(module, entry.id);
    return content && { module, content, rest: path.slice(module.length + 1) };
  };
  const entryOf = async (path: string): Promise<FileEntry | undefined> => {
    const found = await inside(path);
    const entry = await (found ? found.content.entry(found.rest) : files.entry(path));
    return found ? entry && { ...entry, path: clean(path) } : entry;
  };
  const below = async (module: string, content: Files, rest: string, recursive: boolean): Promise<FileEntry[]> =>
    (await content.list(rest, recursive)).map((each) => ({ ...each, path: `${module}/${each.path}` }));
  return {
    entry: entryOf,
    id: async (path) => (await entryOf(path))?.id,
    kind: async (path) => (await entryOf(path))?.kind,
    async list(path, recursive = false) {
      const found = await inside(path);
      if (found) return below(found.module, found.content, found.rest, recursive);
      const entries: FileEntry[] = [];
      for (const each of await files.list(path, recursive)) {
        const content = each.kind === 'module' ? await contentOf(each.path, each.id) : undefined;
        const root = await content?.entry('');
        entries.push(root ? { ...root, path: each.path } : each);
        if (content && recursive) entries.push(...(await below(each.path, content, '', true)));
      }
      return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    },
    async read(path) {
      const found = await inside(path);
      return found ? found.content.read(found.rest) : files.read(path);
    },
    moduleOf(path) {
      const module = innermost([...opening.keys()], clean(path));
      return module === undefined || failed.has(module) ? undefined : module;
    },
    missing: (path) => failed.get(clean(path)),
  };
}

/**
 * `fetch` brings what a pointer means. Two repositories may have the same pointer, and only one of them what it points
 * to: ids are told apart by `repository`.
 */
export function withLargeFiles(
  files: Files,
  repository: string,
  fetch: (pointer: { oid: string; size: number }, path: string) => Promise<Buffer>,
): Files {
  const tag = hashOf(repository).slice(0, 12);
  const own = (entry: FileEntry): FileEntry =>
    entry.kind === 'module' ? entry : { ...entry, id: `${entry.id}-${tag}` };
  const entryOf = async (path: string): Promise<FileEntry | undefined> => {
    const entry = await files.entry(path);
    return entry && own(entry);
  };
  return {
    entry: entryOf,
    id: async (path) => (await entryOf(path))?.id,
    kind: (path) => files.kind(path),
    list: async (path, recursive) => (await files.list(path, recursive)).map(own),
    async read(path) {
      const content = await files.read(path);
      const pointer = content && pointerOf(content);
      return pointer && (await files.kind(path)) === 'file' ? fetch(pointer, path) : content;
    },
  };
}
