// Who pushed: GitHub's record of what moved its branches, which nobody can write as they can an author of a commit.
import type { RepositoryClient } from './installations.ts';
import type { Account } from './commit-facts.ts';
import { isGitHub, paginating } from './api.ts';

/** What is asked about the commits that GitHub tells of; a mirror of the repository fits it. */
export interface History {
  has(sha: string): Promise<boolean>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Ids of the commits that lead from one to the other. */
  commitsBetween(from: string, to: string): Promise<string[]>;
}

export interface Push {
  /** It made the branch: `before` is 40 zeros. */
  creates: boolean;
  before: string;
  after: string;
  /** `refs/heads/x`. */
  ref: string;
  actor: Account | undefined;
}

export interface Pushes {
  /** Newest first. */
  pushes: Push[];
  /** False when there are older ones that were not read. */
  whole: boolean;
}

/** Of a hundred entries each, the newest first. */
const maxPages = 5;

function account(value: unknown): Account | undefined {
  if (typeof value !== 'object' || value === null || !('login' in value) || !('id' in value)) return undefined;
  return typeof value.login === 'string'
    ? { login: value.login, id: Number(value.id), isBot: 'type' in value && value.type === 'Bot' }
    : undefined;
}

interface Entry extends Push {
  type: string;
}

/** None, and whole, where GitHub keeps no record: on an older server, or of a branch that it forgot. */
async function activity(
  { owner, repo, octokit }: RepositoryClient,
  ref: string | undefined,
): Promise<{ entries: Entry[]; whole: boolean }> {
  const asked = { owner, repo, per_page: 100, ...(ref !== undefined && { ref }) };
  const entries: Entry[] = [];
  let pages = 0;
  let whole = true;
  try {
    // Its pages are found by the link to the next one, which carries a cursor (GitHub REST: repository activities).
    for await (const { data, headers } of paginating(octokit).iterator('GET /repos/{owner}/{repo}/activity', asked)) {
      entries.push(
        ...data.map((each) => ({
          type: each.activity_type,
          creates: each.activity_type === 'branch_creation',
          ref: each.ref,
          before: each.before,
          after: each.after,
          actor: account(each.actor),
        })),
      );
      pages += 1;
      whole = !headers.link?.includes('rel="next"');
      if (pages === maxPages) break;
    }
  } catch (error) {
    if (!isGitHub(error, 404) && !isGitHub(error, 422)) throw error;
  }
  return { entries, whole };
}

/**
 * Pushes to the branch `ref` (`refs/heads/x`), or to all branches. Pressing Merge is no push: it takes up what others
 * wrote.
 */
export async function pushesTo(client: RepositoryClient, ref: string | undefined): Promise<Pushes> {
  const { entries, whole } = await activity(client, ref);
  return { pushes: entries.filter(({ type }) => ['push', 'force_push', 'branch_creation'].includes(type)), whole };
}

/**
 * The moves of a branch that took it from one commit to another, newest first; undefined where the record does not tell
 * all of them.
 */
export async function movesBetween(
  client: RepositoryClient,
  ref: string,
  { from, to }: { from: string; to: string },
  history: Pick<History, 'has' | 'isAncestor'>,
): Promise<Push[] | undefined> {
  const { entries } = await activity(client, ref);
  const start = entries.findIndex(({ after }) => after === to);
  if (start < 0) return undefined;
  const held = async (sha: string): Promise<boolean> =>
    sha === from || ((await history.has(sha)) && (await history.isAncestor(from, sha)));
  for (let at = start; at < entries.length; at += 1) {
    const { before = '' } = entries[at] ?? {};
    if (!/^0+$/.test(before) && (await held(before)))
      return entries
        .slice(start, at + 1)
        .filter(({ type }) => type !== 'push' && type !== 'pr_merge' && type !== 'merge_queue_merge');
  }
  return undefined;
}
