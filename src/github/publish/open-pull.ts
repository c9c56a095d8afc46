// A pull request of a branch that is there: opened once, whoever asks again.
import type { ProbotOctokit } from 'probot';
import type { Forge } from '../../chatops/ports.ts';
import { isGitHub } from '../client/api.ts';

/** Branches of that repository, without `refs/heads/`; the body is Markdown. */
type Wanted = Parameters<Forge['openPull']>[0];

/** Address of the open one of that branch; undefined: none is open. */
export async function standingPull(
  octokit: Pick<ProbotOctokit, 'request'>,
  { owner, repo, base, head }: Omit<Wanted, 'title' | 'body'>,
): Promise<string | undefined> {
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
    ...{ owner, repo, base, state: 'open' },
    head: `${owner}:${head}`,
  });
  return data[0]?.html_url;
}

/** One that stands already, open or merged, is answered; one that somebody closed was a no, and a new one is opened. */
export async function openPull(
  octokit: Pick<ProbotOctokit, 'request'>,
  { owner, repo, base, head, title, body }: Wanted,
): ReturnType<Forge['openPull']> {
  const find = async (): Promise<{ number: number; url: string; created: boolean } | undefined> => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...{ owner, repo, base, state: 'all', per_page: 30 },
      head: `${owner}:${head}`,
    });
    const standing = data.find((pull) => pull.state === 'open' || pull.merged_at !== null);
    return standing && { number: standing.number, url: standing.html_url, created: false };
  };
  const found = await find();
  if (found) return found;
  try {
    const wanted = { owner, repo, base, head, title, body };
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', wanted);
    return { number: data.number, url: data.html_url, created: true };
  } catch (error) {
    const made = isGitHub(error, 422) ? await find() : undefined; // another pass was faster
    if (made) return made;
    throw error;
  }
}
