// One pull request as GitHub has it now.
import type { PullInput } from '../../change/pull.ts';
import type { RepositoryClient } from '../client/installations.ts';

export interface ReadPull {
  pull: PullInput;
  state: 'open' | 'closed' | 'merged';
  updatedAt: string;
}

/** One request. `merged` is there once GitHub names the commit of the merge. Throws E_GITHUB. */
export async function readPull(
  { owner, repo, octokit }: RepositoryClient,
  number: number,
  signal?: AbortSignal,
): Promise<ReadPull> {
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
    owner,
    repo,
    pull_number: number,
    ...(signal && { request: { signal } }),
  });
  const merged = data.merged && data.merge_commit_sha ? { merged: { sha: data.merge_commit_sha } } : {};
  const pull: PullInput = {
    repoUrl: data.base.repo.clone_url,
    owner,
    repo,
    number: data.number,
    base: { ref: data.base.ref, sha: data.base.sha },
    head: { ref: data.head.ref, sha: data.head.sha },
    ...merged,
    defaultBranch: data.base.repo.default_branch,
    author: { login: data.user.login, id: Number(data.user.id) },
    draft: data.draft ?? false,
    fork: data.head.repo?.full_name !== data.base.repo.full_name,
  };
  return {
    pull,
    updatedAt: data.updated_at,
    state: data.state === 'open' ? 'open' : data.merged ? 'merged' : 'closed',
  };
}
