// Between which commits a pull request is looked at, and which applications it touches there.
import type { ChangeDeps } from './deps.ts';
import type { PullInput } from './pull.ts';
import type { Range } from './affected.ts';
import type { Commit, Repository } from '../git/repository.ts';
import { isThere } from '../git/repository.ts';
import { AppError } from '../base/errors.ts';
import { affectedBy } from './affected.ts';

/** From the head of the branch, as Git has it now, to the test merge; or the files that cannot be merged. */
export async function openRange(
  { git }: Pick<ChangeDeps, 'git'>,
  pull: PullInput,
): Promise<Range | { base: string; conflicts: string[] }> {
  const mirror = git.repository(pull.repoUrl);
  // The branch is read from Git: what the forge says of it is as old as the last push to the head.
  await mirror.fetch();
  await mirror.fetchCommit(pull.head.sha, pull.fork ? `refs/pull/${pull.number}/head` : `refs/heads/${pull.head.ref}`);
  const base = await mirror.resolve(`refs/heads/${pull.base.ref}`);
  const merge = await mirror.testMerge(base, pull.head.sha);
  return 'conflicts' in merge ? { base, conflicts: merge.conflicts } : { base, result: merge.commit };
}

/** GitHub: "About merge methods": a pull request of more commits cannot be rebased. */
const mostRebased = 100;

/**
 * A rebase leaves author, their time and the message of each commit as they are (GitHub: "About merge methods on
 * GitHub").
 */
function sameWork({ author, message }: Commit): string {
  return JSON.stringify([author.name, author.email, author.at, message.trimEnd()]);
}

/**
 * The commits of the pull request itself; none where its head cannot be had any more, as after a merge whose branch is
 * gone elsewhere.
 */
async function ownCommits(mirror: Repository, pull: PullInput, merged: string): Promise<Commit[]> {
  try {
    await mirror.fetchCommit(pull.head.sha, `refs/pull/${pull.number}/head`);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_REVISION') throw error;
    return [];
  }
  const from = await mirror.mergeBase(merged, pull.head.sha);
  return mirror.log({ ...(from !== undefined && { from }), to: pull.head.sha, limit: mostRebased });
}

/**
 * Of commits that were pushed to the branch as they are (GitHub: "Indirect merges"): where the branch stood before,
 * which the pull request alone remembers; undefined where it does not, or where that cannot be had any more.
 */
async function beforePush(mirror: Repository, { base, head }: PullInput): Promise<string | undefined> {
  if (!(await isThere(mirror, base.sha))) return undefined;
  const before = await mirror.mergeBase(base.sha, head.sha);
  return before === head.sha ? undefined : before;
}

/** Before the first of the rebased or pushed commits, or of the one that a merge or a squash made. */
async function beforeMerge(mirror: Repository, pull: PullInput, merged: string): Promise<string | undefined> {
  const pushed = merged === pull.head.sha ? await beforePush(mirror, pull) : undefined;
  if (pushed !== undefined) return pushed;
  const last = await mirror.commit(merged);
  const [parent] = last.parents;
  if (parent === undefined || last.parents.length > 1) return parent;
  const works = new Set((await ownCommits(mirror, pull, merged)).map(sameWork));
  let at: Commit | undefined = last;
  let before: string | undefined = parent;
  for (let left = works.size; left > 0 && at?.parents.length === 1 && works.has(sameWork(at)); left -= 1) {
    before = at.parents[0];
    at = before === undefined ? undefined : await mirror.commit(before);
  }
  return before;
}

/** What the branch got by the merge, all commits of a rebase; undefined when nothing was there before it. */
export async function mergedRange(
  { git }: Pick<ChangeDeps, 'git'>,
  pull: PullInput,
  merged: string,
): Promise<Range | undefined> {
  const mirror = git.repository(pull.repoUrl);
  await mirror.fetchCommit(merged, `refs/heads/${pull.base.ref}`);
  const base = await beforeMerge(mirror, pull, merged);
  return base === undefined ? undefined : { base, result: merged };
}

/** Keys, sorted; none while the pull request cannot be merged. */
export async function touchedBy(deps: ChangeDeps, pull: PullInput, signal: AbortSignal): Promise<string[]> {
  const range = pull.merged ? await mergedRange(deps, pull, pull.merged.sha) : await openRange(deps, pull);
  signal.throwIfAborted();
  if (!range || 'conflicts' in range) return [];
  const { affected } = await affectedBy(deps, pull, range, signal);
  return affected.map(({ key }) => key);
}
