// What a repository only points to, submodules and files in Git LFS: refused by name, for what they hold would be
// missing in silence.
import type { Files } from '../../model/files.ts';
import { redactText } from '../../base/log.ts';
import { AppError } from '../../base/errors.ts';

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

/** Throws E_RENDER at line 1 of the file, which is a pointer to what Git LFS keeps elsewhere. */
export function refuseLfsPointer(path: string): never {
  throw new AppError('E_RENDER', `${path} is kept in Git LFS: the repository itself has only a pointer to it`, {
    place: { file: path, line: 1 },
    hint: 'Commit the file itself: git lfs untrack it, then git add --renormalize it.',
  });
}

/** Of the files at `paths` none may be a pointer. */
export async function refuseLfsPointers(files: Files, paths: readonly string[]): Promise<void> {
  for (const path of paths) if (isLfsPointer((await files.read(path)) ?? '')) refuseLfsPointer(path);
}

/** `path`: of the submodule. */
export async function refuseModule(files: Files, path: string): Promise<never> {
  const url = moduleUrl(String((await files.read('.gitmodules')) ?? ''), path);
  throw new AppError(
    'E_RENDER',
    `${path} is a git submodule${url === undefined ? '' : ` (${redactText(url)})`}, and submodules are not checked out`,
    {
      place: { file: path },
      hint: 'Commit the files themselves, or make the other repository a source of its own in spec.sources.',
    },
  );
}

/** What `.gitmodules` says (git: gitmodules(5)). */
function moduleUrl(text: string, path: string): string | undefined {
  let section: { path?: string; url?: string } = {};
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('[')) section = {};
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(equals, 0)).trim();
    if (name === 'path' || name === 'url') section[name] = line.slice(equals + 1).trim();
    if (section.path === path && section.url !== undefined) return section.url;
  }
  return undefined;
}
