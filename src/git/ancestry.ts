// How commits hang together: ancestors, merge bases, and the commits between two.
import type { GitCommand } from './command.ts';
import type { LogOptions } from './repository.ts';
import { fullId } from './commit.ts';

/** A commit is its own ancestor. Throws E_REVISION for ids that are not whole. */
export async function isAncestor(git: GitCommand, ancestor: string, descendant: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', fullId(ancestor), fullId(descendant)];
  return (await git('merge-base', args, { okCodes: [0, 1] })).code === 0;
}

/** undefined if the histories are unrelated. */
export async function mergeBase(git: GitCommand, a: string, b: string): Promise<string | undefined> {
  const { stdout } = await git('merge-base', ['merge-base', fullId(a), fullId(b)], { okCodes: [0, 1] });
  return stdout.trim() || undefined;
}

/** Newest first. */
export async function commitIds(git: GitCommand, options: LogOptions): Promise<string[]> {
  const { from, to, firstParent, limit = 250, paths = [] } = options;
  const { stdout } = await git('rev-list', [
    'rev-list',
    `--max-count=${limit}`,
    ...(firstParent ? ['--first-parent'] : []),
    fullId(to),
    ...(from === undefined ? [] : [`^${fullId(from)}`]),
    '--',
    ...paths.map((path) => `:(literal)${path}`),
  ]);
  return stdout.split('\n').filter(Boolean);
}

/** Those that the second has and the first has not. */
export async function commitsBetween(
  git: GitCommand,
  from: string,
  to: string,
  flags: '--first-parent'[] = [],
): Promise<string[]> {
  const { stdout } = await git('rev-list', ['rev-list', ...flags, fullId(to), `^${fullId(from)}`]);
  return stdout.split('\n').filter(Boolean);
}
