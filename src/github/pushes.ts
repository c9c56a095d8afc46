// Who pushed: GitHub's record of what moved its branches, which nobody can write as they can an author of a commit.
import type { RepositoryClient } from './installations.ts';
import { isGitHub } from './api.ts';

export interface Push {
  /** It made the branch: `before` is 40 zeros. */
  creates: boolean;
  before: string;
  after: string;
  actor: { login: string; id: number } | undefined;
}

export interface Pushes {
  /** Newest first. */
  pushes: Push[];
  /** False when there are older ones that were not read. */
  whole: boolean;
}

/** Of a hundred entries each, the newest first. */
const maxPages = 5;

/** An account of GitHub's answers, if it is one. */
export function account(value: unknown): { login: string; id: number } | undefined {
  if (typeof value !== 'object' || value === null || !('login' in value) || !('id' in value)) return undefined;
  return typeof value.login === 'string' ? { login: value.login, id: Number(value.id) } : undefined;
}

/** Its list has no page numbers: the link to the next page carries a cursor (GitHub REST: repository activities). */
function nextCursor(link: string | undefined): string | undefined {
  const url = /<([^<>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  return url === undefined ? undefined : (new URL(url).searchParams.get('after') ?? undefined);
}

/**
 * Pushes to the branch `ref` (`refs/heads/x`), or to all branches; none where GitHub keeps no record. Pressing
 * Merge is no push: it takes up what others wrote.
 */
export async function pushesTo({ owner, repo, octokit }: RepositoryClient, ref: string | undefined): Promise<Pushes> {
  const pushes: Push[] = [];
  let after: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await octokit.request('GET /repos/{owner}/{repo}/activity', { owner, repo, per_page: 100, ...(ref !== undefined && { ref }), ...(after !== undefined && { after }) }).catch((error: unknown) => {
      if (!isGitHub(error, 404) && !isGitHub(error, 422)) throw error; // an older server, or a branch that it forgot
      return undefined;
    });
    if (!answer) return { pushes, whole: true };
    const made = answer.data.filter((each) => ['push', 'force_push', 'branch_creation'].includes(each.activity_type));
    pushes.push(...made.map((each) => ({ creates: each.activity_type === 'branch_creation', before: each.before, after: each.after, actor: account(each.actor) })));
    after = nextCursor(answer.headers.link);
    if (after === undefined) return { pushes, whole: true };
  }
  return { pushes, whole: false };
}
