// What a repository only points to, submodules and files in Git LFS: where it was not brought it is refused by name,
// for what they hold would be missing in silence.
import type { Files } from '../../model/files.ts';
import { redactText } from '../../base/log.ts';
import { AppError } from '../../base/errors.ts';
import { modulesIn } from './submodule.ts';
import { placed } from './remote.ts';

/** The first line of a pointer (git-lfs: docs/spec.md), and of its older form. */
const pointerHeads = ['version https://git-lfs.github.com/spec/', 'version https://hawser.github.com/spec/'];
/** Pointers are smaller. */
const pointerBytes = 1024;

/** By its first line (git-lfs: docs/spec.md). */
export function isLfsPointer(content: Buffer | string): boolean {
  if (content.length >= pointerBytes) return false;
  const text = String(content);
  return pointerHeads.some((head) => text.startsWith(head));
}

/** What it points to; undefined: it is none, or not one of the form that is written today. */
export function pointerOf(content: Buffer | string): { oid: string; size: number } | undefined {
  if (!isLfsPointer(content)) return undefined;
  const text = String(content);
  const [oid, size] = [/^oid sha256:([0-9a-f]{64})\r?$/m.exec(text)?.[1], /^size (\d{1,15})\r?$/m.exec(text)?.[1]];
  return oid === undefined || size === undefined ? undefined : { oid, size: Number(size) };
}

/** Throws E_RENDER at line 1 of the file, which is a pointer to what Git LFS keeps elsewhere. */
export function refuseLfsPointer(path: string): never {
  throw new AppError('E_RENDER', `${path} is kept in Git LFS: the repository itself has only a pointer to it`, {
    place: { file: path, line: 1 },
    hint: 'Commit the file itself (git lfs untrack, git add --renormalize), or set enableLfs in its repository Secret.',
  });
}

/** Of the files at `paths` none may be a pointer. */
export async function refuseLfsPointers(files: Files, paths: readonly string[]): Promise<void> {
  for (const path of paths) if (isLfsPointer((await files.read(path)) ?? '')) refuseLfsPointer(path);
}

/** `path`: of the submodule. Throws why it could not be opened, where that was tried. */
export async function refuseModule(files: Files, path: string): Promise<never> {
  const missing = files.missing?.(path);
  if (missing) return placed(Promise.reject(missing), { file: path });
  const url = modulesIn(String((await files.read('.gitmodules')) ?? '')).get(path);
  throw new AppError(
    'E_RENDER',
    `${path} is a git submodule${url === undefined ? '' : ` (${redactText(url)})`}, and submodules are not checked out`,
    {
      place: { file: path },
      hint: 'Commit the files themselves, or make the other repository a source of its own in spec.sources.',
    },
  );
}
