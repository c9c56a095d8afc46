// The merged pull requests that open Approvals wait for, however long ago they were merged.
import type { FactMemory } from '../client/commit-facts.ts';
import type { RepositoryClient } from '../client/installations.ts';
import type { Store } from '../../store/store.ts';
import { factsOfCommits } from '../client/commit-facts.ts';
import { isOpen } from '../../engine/approval/approval.ts';

/** Of each range the newest commits are looked at, so many. */
const maxCommits = 200;
/** A range of more than these is looked at by its last commit alone. */
const mostCommits = 1_000;

interface WaitingRange {
  /** Of the approval. */
  name: string;
  from: string | undefined;
  to: string;
}

/** What open approvals would let through of such a repository. */
export function waitingRanges(store: Store, isOurs: (repoUrl: string) => boolean): WaitingRange[] {
  return store.approvals
    .list()
    .filter(isOpen)
    .flatMap(({ metadata, spec }) =>
      (spec.ranges ?? []).filter(({ repo }) => isOurs(repo)).map(({ from, to }) => ({ name: metadata.name, from, to })),
    );
}

/** Oldest first; without `from` the last one alone; undefined when there are too many. */
async function commitsBetween(
  { owner, repo, octokit }: RepositoryClient,
  from: string | undefined,
  to: string,
): Promise<{ sha: string }[] | undefined> {
  if (from === undefined) return [{ sha: to }];
  const commits: { sha: string }[] = [];
  for (let page = 1; ; page += 1) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      owner,
      repo,
      basehead: `${from}...${to}`,
      per_page: 100,
      page,
    });
    if (data.total_commits > mostCommits) return undefined;
    commits.push(...data.commits);
    if (commits.length >= data.total_commits || data.commits.length === 0) return commits;
  }
}

/** Numbers of the merged pull requests that brought these commits. */
export async function pullsOfRange(
  client: RepositoryClient,
  memory: FactMemory,
  { from, to }: WaitingRange,
): Promise<number[]> {
  const commits = (await commitsBetween(client, from, to)) ?? [{ sha: to }];
  const facts = await factsOfCommits(
    client,
    memory,
    commits.slice(-maxCommits).map(({ sha }) => sha),
  );
  return [...new Set(facts.flatMap((each) => each?.pulls ?? []))];
}
