// A private folder with just the files that one tool run needs, gone afterwards.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { follow } from './paths.ts';
import { isLfsPointer } from './absent.ts';
import { renderError } from './plan.ts';
import type { Files } from '../../model/files.ts';
import type { Input } from './plan.ts';

export interface Overlay {
  /** Absolute path of the folder that stands for the repository's root. */
  root: string;
  /** HOME of the tool; empty. */
  home: string;
  /** Files that are only pointers into Git LFS. */
  pointers: readonly string[];
  /** Writes a file beside the repository's own. Throws E_RENDER if the path leaves the folder of this run. */
  write(path: string, content: string | Buffer): Promise<void>;
  /** Writes a file of ours into `home`; answers its absolute path. */
  writeHome(name: string, content: string): Promise<string>;
}

const maxDepth = 100;

/** Files of other sources stand below `refs/<name>` beside the root. */
export async function withOverlay<T>(
  parent: string,
  inputs: readonly Input[],
  use: (overlay: Overlay) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(join(parent, 'render-'));
  const root = join(dir, 'source');
  const home = join(dir, 'home');
  try {
    await mkdir(root);
    await mkdir(home);
    const done = new Set<string>();
    const pointers: string[] = [];
    for (const { path, files, ref } of inputs)
      await copy(files, path, { target: ref === undefined ? root : inside(join(dir, 'refs'), ref), done, pointers });
    return await use({
      root,
      home,
      pointers,
      write: async (path, content) => {
        const file = inside(root, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      },
      writeHome: async (name, content) => {
        const file = inside(home, name);
        await writeFile(file, content);
        return file;
      },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Nothing is written outside, whatever the names in a repository are. */
function inside(folder: string, path: string): string {
  const place = join(folder, path);
  if (!place.startsWith(`${folder}/`) || path.includes('\0'))
    throw renderError('this path leaves the repository', { file: path });
  return place;
}

/** Absolute path of an input in the overlay. */
export function overlayPath(overlay: Overlay, input: Pick<Input, 'path' | 'ref'>): string {
  return input.ref === undefined
    ? join(overlay.root, input.path)
    : join(overlay.root, '..', 'refs', input.ref, input.path);
}

/** Links become what they point to: a tool never sees one. */
async function copy(
  files: Files,
  path: string,
  to: { target: string; done: Set<string>; pointers: string[]; as?: string },
): Promise<void> {
  const at = to.as ?? path;
  const place = at === '' ? to.target : inside(to.target, at);
  if (to.done.has(place)) return;
  if (!at.isWellFormed())
    throw renderError(
      'the name of this file is not UTF-8',
      { file: at.toWellFormed() },
      { hint: 'Rename it: a tool could not tell it from another.' },
    );
  if (place.split('/').length > maxDepth) throw renderError('a link leads in a circle', { file: path });
  to.done.add(place);
  const entry = await follow(files, path);
  if (entry?.kind === 'file') {
    if (!to.done.has(dirname(place))) await mkdir(dirname(place), { recursive: true });
    const content = (await files.read(entry.path)) ?? Buffer.alloc(0);
    if (isLfsPointer(content)) to.pointers.push(entry.path);
    await writeFile(place, content, { mode: entry.executable ? 0o755 : 0o644 });
  } else if (entry?.kind === 'dir') {
    await mkdir(place, { recursive: true });
    for (const child of await files.list(entry.path)) {
      if (child.kind === 'module') continue; // refused where it would be read
      const name = child.path.slice(child.path.lastIndexOf('/') + 1);
      await copy(files, child.path, { ...to, as: at === '' ? name : `${at}/${name}` });
    }
  }
}
