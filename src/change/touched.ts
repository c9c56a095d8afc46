// Between which commits a pull request is looked at, and which applications it touches there.
import type { ChangeDeps } from './deps.ts';
import type { PullInput } from './pull.ts';
import type { Range } from './affected.ts';
import { affectedBy } from './affected.ts';

/** From the head of the branch, as Git has it now, to the test merge; or the files that cannot be merged. */
export async function openRange({ git }: Pick<ChangeDeps, 'git'>, pull: PullInput): Promise<Range | { base: string; conflicts: string[] }> {
  const mirror = git.repository(pull.repoUrl);
  // The branch is read from Git: what the forge says of it is as old as the last push to the head.
  await mirror.fetch();
  await mirror.fetchCommit(pull.head.sha, pull.fork ? `refs/pull/${pull.number}/head` : `refs/heads/${pull.head.ref}`);
  const base = await mirror.resolve(`refs/heads/${pull.base.ref}`);
  const merge = await mirror.testMerge(base, pull.head.sha);
  return 'conflicts' in merge ? { base, conflicts: merge.conflicts } : { base, result: merge.commit };
}

/** What the branch got by the merge; undefined when nothing was there before it. */
export async function mergedRange({ git }: Pick<ChangeDeps, 'git'>, pull: PullInput, merged: string): Promise<Range | undefined> {
  const mirror = git.repository(pull.repoUrl);
  await mirror.fetchCommit(merged, `refs/heads/${pull.base.ref}`);
  const [parent] = (await mirror.commit(merged)).parents;
  return parent === undefined ? undefined : { base: parent, result: merged };
}

/** Keys, sorted; none while the pull request cannot be merged. */
export async function touchedBy(deps: ChangeDeps, pull: PullInput, signal: AbortSignal): Promise<string[]> {
  const range = pull.merged ? await mergedRange(deps, pull, pull.merged.sha) : await openRange(deps, pull);
  signal.throwIfAborted();
  if (!range || 'conflicts' in range) return [];
  const { affected } = await affectedBy(deps, pull, range, signal);
  return affected.map(({ key }) => key);
}
