// Which commits had a hand in what stands at certain paths, whatever became of the branches on which they were made.
import type { GitCommand } from './command.ts';

export interface TouchingOptions {
  /** Exclusive start: commits reachable from it are left out. */
  from?: string;
  to: string;
  /** Files and folders from the root; '.' is everything. */
  paths: readonly string[];
  /** More than so many are not listed. */
  limit: number;
}

/**
 * `stdin` takes as many revisions and paths as there are; a path that no line can hold counts with all of its folder.
 */
function input(revisions: readonly string[], paths: readonly string[]): string {
  const lines = paths.map((path) =>
    path.includes('\n') ? path.slice(0, Math.max(0, path.lastIndexOf('/', path.indexOf('\n')))) || '.' : path,
  );
  return [...revisions, '--', ...lines, ''].join('\n');
}

async function ask(git: GitCommand, args: string[], given: string): Promise<string> {
  const [command = '', ...rest] = args;
  const { stdout } = await git(command, [command, '--stdin', ...rest], {
    input: given,
    env: { GIT_LITERAL_PATHSPECS: '1' },
    timeoutMs: 300_000,
  });
  return stdout;
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

const each = ['--no-walk=unsorted', '--format=%x01%H %P'];

/** Those of the commits for which that kind of difference names one of the paths. */
async function showing(
  git: GitCommand,
  commits: readonly string[],
  { paths, args }: { paths: readonly string[]; args: string[] },
): Promise<{ id: string; parents: number }[]> {
  if (commits.length === 0) return [];
  const text = await ask(git, ['log', ...each, '--name-only', ...args], input(commits, paths));
  // Git quotes a path that has control characters: the mark begins a commit and nothing else.
  return text.split('\u0001').flatMap((part) => {
    const [head = '', ...names] = lines(part);
    const [id = '', ...parents] = head.split(' ');
    return names.length > 0 ? [{ id, parents: parents.length }] : [];
  });
}

/**
 * Merges that hold at these paths what no merging by itself gives: a resolved conflict, a side that was dropped, a line
 * slipped in.
 * Path limits alone leave out a merge that equals one of its parents there.
 */
async function telling(git: GitCommand, merges: readonly string[], paths: readonly string[]): Promise<string[]> {
  const differing = await showing(git, merges, { paths, args: ['-m', '--no-renames'] });
  const [pairs, more] = [
    differing.filter(({ parents }) => parents === 2),
    differing.filter(({ parents }) => parents > 2),
  ];
  const made = await showing(git, [...new Set(pairs.map(({ id }) => id))], { paths, args: ['--remerge-diff'] });
  // A merge of many is not made again; what differs there is its own.
  return [...new Set([...made, ...more].map(({ id }) => id))];
}

/** Where the files came from that these commits moved to the paths. */
async function sources(
  git: GitCommand,
  commits: readonly string[],
  paths: readonly string[],
): Promise<{ commit: string; path: string }[]> {
  const adding = await showing(git, commits, { paths, args: ['--no-renames', '--diff-filter=A'] });
  if (adding.length === 0) return [];
  const text = await ask(
    git,
    ['log', ...each, '-z', '--name-status', '-M', '--diff-filter=R'],
    input(
      adding.map(({ id }) => id),
      [],
    ),
  );
  const tokens = text.split('\0');
  const found: { commit: string; path: string }[] = [];
  for (let at = 0, commit = ''; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (token.startsWith('\u0001')) commit = token.slice(1, token.indexOf(' '));
    if (!/^\n?R\d+$/.test(token)) continue;
    const [path = '', target = ''] = [tokens[at + 1], tokens[at + 2]];
    if (isBelow(target, paths) && !isBelow(path, paths)) found.push({ commit, path });
    at += 2;
  }
  return found;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder === '.' || path === folder || path.startsWith(`${folder}/`));
}

async function touchingOnce(
  git: GitCommand,
  revisions: readonly string[],
  paths: readonly string[],
  limit: number,
): Promise<string[]> {
  const count = `--max-count=${limit + 1}`;
  const plain = lines(await ask(git, ['rev-list', '--full-history', '--no-merges', count], input(revisions, paths)));
  const merges = lines(await ask(git, ['rev-list', '--merges'], input(revisions, [])));
  return [...plain, ...(await telling(git, merges, paths))];
}

/**
 * Every commit that changed one of the paths, on every line of history, with merges that did more than merge. A file
 * that was moved to one of the paths brings all of its history along. Undefined when there are more than the limit.
 */
export async function touching(
  git: GitCommand,
  { from, to, paths, limit }: TouchingOptions,
): Promise<string[] | undefined> {
  if (paths.length === 0) return [];
  const found = new Set(await touchingOnce(git, from === undefined ? [to] : [to, `^${from}`], paths, limit));
  const followed = new Set(paths);
  for (let fresh = [...found]; fresh.length > 0 && found.size <= limit;) {
    const moved = (await sources(git, fresh, [...followed])).filter(({ path }) => !followed.has(path));
    if (moved.length === 0) break;
    for (const { path } of moved) followed.add(path);
    const tips = [...new Set(moved.map(({ commit }) => commit))];
    const older = await touchingOnce(git, tips, [...new Set(moved.map(({ path }) => path))], limit);
    fresh = older.filter((id) => !found.has(id));
    for (const id of fresh) found.add(id);
  }
  return found.size > limit ? undefined : [...found];
}
