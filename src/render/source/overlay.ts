// Just the files that one tool run needs, in memory: they go with the request, and the tool has no others.
import type { Files } from '../../model/files.ts';
import type { Input } from './plan.ts';
import { posix } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { follow } from './paths.ts';
import { isLfsPointer } from './absent.ts';
import { renderError } from './plan.ts';

/** Absolute paths by which a tool knows the repository, and what stands beside it. */
export const root = '/coxswain/source';
const refs = '/coxswain/refs';
const home = '/coxswain/home';

/** Tools are asked by messages of at most 256 MiB. */
const maxBytes = 200 * 2 ** 20;
const maxDepth = 100;

/** Throws E_RENDER for a name that is not UTF-8, and for links in a circle; E_PROCESS_LIMIT beyond 200 MiB. */
export class Overlay {
  readonly #files = new Map<string, Buffer>();
  readonly #pointers: string[] = [];
  #bytes = 0;

  /** By absolute path. */
  get files(): ReadonlyMap<string, Buffer> {
    return this.#files;
  }

  /** Files that are only pointers into Git LFS. */
  get pointers(): readonly string[] {
    return this.#pointers;
  }

  /** A file of the repository that is in it; '' if it is not. */
  read(path: string): string {
    return String(this.#files.get(inside(root, path)) ?? '');
  }

  /** A file beside the repository's own, or instead of one. Throws E_RENDER if the path leaves the repository. */
  write(path: string, content: string | Buffer): void {
    this.#put(inside(root, path), Buffer.from(content));
  }

  /** A file of ours, outside of the repository; answers its absolute path. */
  writeHome(name: string, content: string): string {
    const place = inside(home, name);
    this.#put(place, Buffer.from(content));
    return place;
  }

  /** Links become what they point to: a tool never sees one. */
  async copy(files: Files, path: string, target: string, at = path): Promise<void> {
    const place = at === '' ? target : inside(target, at);
    if (this.#files.has(place)) return;
    if (!at.isWellFormed())
      throw renderError(
        'the name of this file is not UTF-8',
        { file: at.toWellFormed() },
        { hint: 'Rename it: a tool could not tell it from another.' },
      );
    if (place.split('/').length > maxDepth) throw renderError('a link leads in a circle', { file: path });
    const entry = await follow(files, path);
    if (entry?.kind === 'file') {
      const content = (await files.read(entry.path)) ?? Buffer.alloc(0);
      if (isLfsPointer(content)) this.#pointers.push(entry.path);
      this.#put(place, content);
    } else if (entry?.kind === 'dir') {
      for (const child of await files.list(entry.path)) {
        if (child.kind === 'module') continue; // refused where it would be read
        const name = child.path.slice(child.path.lastIndexOf('/') + 1);
        await this.copy(files, child.path, target, at === '' ? name : `${at}/${name}`);
      }
    }
  }

  #put(place: string, content: Buffer): void {
    this.#bytes += content.length - (this.#files.get(place)?.length ?? 0);
    if (this.#bytes > maxBytes)
      throw new AppError('E_PROCESS_LIMIT', `the files of this source have more than ${maxBytes} bytes`, {
        hint: 'Give the application a folder of its own.',
      });
    this.#files.set(place, content);
  }
}

/** With the inputs in it; those of other sources stand beside the repository, by the name of their ref. */
export async function overlayOf(inputs: readonly Input[]): Promise<Overlay> {
  const overlay = new Overlay();
  const folders = new Set<string>();
  for (const { path, files, ref } of inputs) {
    const target = ref === undefined ? root : inside(refs, ref);
    if (folders.has(`${target} ${path}`)) continue;
    folders.add(`${target} ${path}`);
    await overlay.copy(files, path, target);
  }
  return overlay;
}

/** Nothing stands outside, whatever the names in a repository are. */
function inside(folder: string, path: string): string {
  const place = posix.join(folder, path);
  if (!place.startsWith(`${folder}/`) || path.includes('\0'))
    throw renderError('this path leaves the repository', { file: path });
  return place;
}

/** Absolute path of an input in the overlay. */
export function overlayPath(input: Pick<Input, 'path' | 'ref'>): string {
  return posix.join(input.ref === undefined ? root : posix.join(refs, input.ref), input.path);
}

/** The other way round: as its repository names it; undefined for a file of ours. */
export function repositoryPath(place: string): string | undefined {
  if (place.startsWith(`${root}/`)) return place.slice(root.length + 1);
  return place.startsWith(`${refs}/`) ? place.slice(refs.length + 1).replace(/^[^/]*\//, '') : undefined;
}
