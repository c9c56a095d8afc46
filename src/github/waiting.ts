// The merged pull requests that open Approvals wait for, however long ago they were merged.
import type { Approval } from '../model/coxswain.ts';
import type { RepositoryClient } from './installations.ts';
import type { Store } from '../store/store.ts';
import { isOpen } from '../engine/approval.ts';
import { sourcesOf } from '../model/application.ts';
import { commitsBetween } from './authors.ts';

/** Of each approval the newest commits are looked at, so many. */
const maxCommits = 200;

/** Of applications whose first source is such a repository. */
export function openApprovals(store: Store, isOurs: (repoUrl: string) => boolean): Approval[] {
  return store.approvals.list().filter((approval) => {
    const app = store.applications.get(approval.spec.application);
    return isOpen(approval) && app !== undefined && isOurs(sourcesOf(app.spec)[0]?.repoURL ?? '');
  });
}

/** Numbers of the pull requests whose commits the approval would let through. */
export async function pullsOfApproval(client: RepositoryClient, { spec }: Approval, signal: AbortSignal): Promise<number[]> {
  const { owner, repo, octokit } = client;
  const commits = (await commitsBetween(client, spec.from, spec.revision)) ?? [{ sha: spec.revision }];
  const numbers = new Set(spec.pull?.owner === owner && spec.pull.repo === repo ? [spec.pull.number] : []);
  for (const { sha } of commits.slice(-maxCommits)) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', { owner, repo, commit_sha: sha, request: { signal } });
    for (const pull of data) if (pull.merged_at) numbers.add(pull.number);
  }
  return [...numbers];
}
