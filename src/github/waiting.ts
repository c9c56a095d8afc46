// The merged pull requests that open Approvals wait for, however long ago they were merged.
import type { RepositoryClient } from './installations.ts';
import type { Store } from '../store/store.ts';
import { isOpen } from '../engine/approval.ts';
import { commitsBetween } from './authors.ts';

/** Of each range the newest commits are looked at, so many. */
const maxCommits = 200;

export interface WaitingRange {
  /** Of the approval. */
  name: string;
  from: string | undefined;
  to: string;
}

/** What open approvals would let through of such a repository. */
export function waitingRanges(store: Store, isOurs: (repoUrl: string) => boolean): WaitingRange[] {
  return store.approvals.list().filter(isOpen).flatMap(({ metadata, spec }) =>
    (spec.ranges ?? []).filter(({ repo }) => isOurs(repo)).map(({ from, to }) => ({ name: metadata.name, from, to })));
}

/** Numbers of the merged pull requests that brought these commits. */
export async function pullsOfRange(client: RepositoryClient, { from, to }: WaitingRange, signal: AbortSignal): Promise<number[]> {
  const { owner, repo, octokit } = client;
  const commits = (await commitsBetween(client, from, to)) ?? [{ sha: to }];
  const numbers = new Set<number>();
  for (const { sha } of commits.slice(-maxCommits)) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', { owner, repo, commit_sha: sha, request: { signal } });
    for (const pull of data) if (pull.merged_at) numbers.add(pull.number);
  }
  return [...numbers];
}
