// Which Approvals are decided in a pull request: those alone that its own merge brought.
import type { Repository } from '../git/repository.ts';
import type { Approval, PullRef } from '../model/coxswain.ts';
import type { CommitRange } from '../model/history.ts';
import type { ChatopsOptions } from './ports.ts';
import { isThere } from '../git/repository.ts';

export interface MergedPull {
  owner: string;
  repo: string;
  /** The last commit that the base branch got. */
  sha: string;
  /** The one before the first of them; undefined when nothing was there. */
  base: string | undefined;
}

/** The merge that speaks for the pull request, or why nobody can decide there. */
export async function mergeIn(
  { forge }: Pick<ChatopsOptions, 'forge'>,
  pull: PullRef,
): Promise<MergedPull | { refused: string }> {
  const found = await forge?.mergeOf(pull);
  if (found?.state === 'merged') return { owner: pull.owner, repo: pull.repo, sha: found.sha, base: found.base };
  if (found?.state === 'open')
    return { refused: 'nothing waits yet: what this pull request brings is decided after the merge' };
  return {
    refused: found
      ? 'nothing waits: this pull request was closed without a merge'
      : 'nobody can tell what this pull request brought: there is no GitHub App',
  };
}

async function liesIn(repository: Repository, merge: MergedPull, { from, to, paths }: CommitRange): Promise<boolean> {
  const { sha, base } = merge;
  if (sha === to) return true;
  if (!(await isThere(repository, to)) || !(await repository.has(sha)) || !(await repository.isAncestor(sha, to)))
    return false;
  if (from !== undefined) return (await isThere(repository, from)) && !(await repository.isAncestor(sha, from));
  // All of history leads to a first sync: whatever had a hand in it brought a part.
  const since = base === undefined ? {} : { from: base };
  return (await repository.touching({ ...since, to: sha, paths: paths ?? ['.'], limit: 1 }))?.length !== 0;
}

/** Is the merge one of the commits of which the Approval's change is made? */
export async function isBrought(
  { forge, git }: Pick<ChatopsOptions, 'forge' | 'git'>,
  approval: Approval,
  merge: MergedPull,
): Promise<boolean> {
  for (const range of approval.spec.ranges ?? []) {
    const place = forge?.repositoryOf(range.repo);
    const isHere = place?.owner === merge.owner && place.repo === merge.repo;
    if (isHere && (await liesIn(git.repository(range.repo), merge, range))) return true;
  }
  return false;
}
