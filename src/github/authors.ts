// Who wrote what lies between two commits: its authors and committers, who opened its pull requests, and who pushed it.
import type { RepositoryClient } from './installations.ts';
import type { Clock } from '../base/clock.ts';
import type { Push, Pushes } from './pushes.ts';
import { AppError } from '../base/errors.ts';
import { allPages } from './api.ts';
import { account, pushesTo } from './pushes.ts';
import { Recent } from './recent.ts';

export interface Author {
  login: string;
  /** Undefined when the commit's address belongs to no account. */
  id: number | undefined;
}

/** More commits than this between two revisions: then nobody can be told apart from an author. */
const maxCommits = 1000;

interface Commit {
  sha: string;
  parents: { sha: string }[];
  author: unknown;
  committer: unknown;
  commit: { author: { name?: string | undefined; email?: string | undefined } | null };
}

interface MergedPull {
  number: number;
  user: unknown;
  head: { ref: string; repo: { full_name: string } | null };
  base: { repo: { full_name: string } };
}

/** Ids and names cannot meet: anybody may call themselves 123 in a commit. */
function keyOf({ id, login }: Author): string {
  return id === undefined ? `name:${login}` : `id:${id}`;
}

function isUnlinked(commit: Commit): boolean {
  return account(commit.author) === undefined;
}

function authorsOfCommit(commit: Commit): Author[] {
  const author = account(commit.author) ?? { login: commit.commit.author?.name ?? commit.sha.slice(0, 7), id: undefined };
  const committer = account(commit.committer);
  // GitHub's own account commits for people who press its buttons.
  return committer && committer.login !== 'web-flow' ? [author, committer] : [author];
}

/** Git believes any name, so whoever pushed the branch counts too; if nobody can say whose a commit is, so does who merged it. */
async function authorsOfPull(client: RepositoryClient, { number, user, head, base }: MergedPull): Promise<Author[]> {
  const { owner, repo, octokit } = client;
  const place = { owner, repo, pull_number: number };
  const own = head.repo?.full_name === base.repo.full_name;
  const [commits, { pushes }] = await Promise.all([
    allPages(async (page) => (await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', { ...place, per_page: 100, page })).data, 3),
    own ? pushesTo(client, `refs/heads/${head.ref}`) : { pushes: [] },
  ]);
  const shas = new Set(commits.map((commit) => commit.sha));
  const merger = commits.some(isUnlinked) ? (await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', place)).data.merged_by : undefined;
  const people = [user, merger, ...pushes.filter((push) => shas.has(push.after)).map((push) => push.actor)];
  return [...people.flatMap((each) => account(each) ?? []), ...commits.flatMap(authorsOfCommit)];
}

/** So long an answer about commits counts; whoever cannot be told by it is asked for anew each time. */
const forMs = 5 * 60_000;

/** What the gate asks for at every look at an approval: commits, and the pull requests that brought them, stay as they are. */
export interface AuthorMemory {
  commits: Recent<Commit[] | undefined>;
  pulls: Recent<MergedPull[]>;
  authors: Recent<Author[]>;
}

export function authorMemory(clock: Clock): AuthorMemory {
  return {
    commits: new Recent({ clock, forMs, keeps: (commits) => commits !== undefined && !commits.some(isUnlinked) }),
    pulls: new Recent({ clock, forMs, keeps: (pulls) => pulls.length > 0 }),
    authors: new Recent({ clock, forMs, keeps: (authors) => authors.every(({ id }) => id !== undefined) }),
  };
}

/** Undefined when no merged pull request brought the commit. */
async function pullAuthors(client: RepositoryClient, sha: string, memory: AuthorMemory, seen: Map<number, Author[]>): Promise<Author[] | undefined> {
  const { owner, repo, octokit } = client;
  const merged = await memory.pulls.get(`${owner}/${repo}@${sha}`, async () => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', { owner, repo, commit_sha: sha });
    return data.filter((pull) => pull.merged_at);
  });
  for (const pull of merged) {
    if (!seen.has(pull.number)) seen.set(pull.number, await memory.authors.get(`${owner}/${repo}#${pull.number}`, () => authorsOfPull(client, pull)));
  }
  return merged.length > 0 ? merged.flatMap(({ number }) => seen.get(number) ?? []) : undefined;
}

/** Commits after `from` up to `to`, oldest first; without `from` that commit alone; undefined when there are too many. */
export async function commitsBetween({ owner, repo, octokit }: RepositoryClient, from: string | undefined, to: string): Promise<Commit[] | undefined> {
  if (from === undefined) return [(await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { owner, repo, ref: to })).data];
  const commits: Commit[] = [];
  for (let page = 1; ; page += 1) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', { owner, repo, basehead: `${from}...${to}`, per_page: 100, page });
    if (data.total_commits > maxCommits) return undefined;
    commits.push(...data.commits);
    if (commits.length >= data.total_commits || data.commits.length === 0) return commits;
  }
}

/** Who pushed each of the commits that no pull request brought. Throws E_GITHUB when nobody can tell whose one of them is. */
function directAuthors({ start, commits, direct }: { start: string | undefined; commits: Commit[]; direct: Commit[] }, { pushes, whole }: Pushes): Author[] {
  const place = new Map(commits.map(({ sha }, at) => [sha, at]));
  for (const sha of [start, ...(commits[0]?.parents ?? []).map((parent) => parent.sha)]) if (sha !== undefined) place.set(sha, -1);
  const pushed = (sha: string): Push[] => pushes.filter(({ before, after }) => {
    const [first = Infinity, at = 0, last = -1] = [place.get(before), place.get(sha), place.get(after)];
    return last === at || (first < at && at < last);
  });
  return direct.flatMap((commit) => {
    const found = pushed(commit.sha);
    const moved = found.filter((push) => !push.creates);
    // Making a branch where another one stands adds nothing.
    const people = (moved.length > 0 ? moved : found).flatMap(({ actor }) => actor ?? []);
    if (people.length > 0 || (whole && !isUnlinked(commit))) return people;
    const why = isUnlinked(commit) ? 'its address belongs to no GitHub account' : 'GitHub\'s record of its push is too far back';
    throw new AppError('E_GITHUB', `nobody can tell who wrote commit ${commit.sha.slice(0, 7)}: ${why}, and no pull request brought it`, {
      hint: isUnlinked(commit) ? 'Add the address to the GitHub account of its author, or bring the change by a pull request.' : 'Bring the change by a pull request.',
    });
  });
}

/**
 * Authors of the commits after `from` up to `to` (without `from`: of that commit) and of the pull requests that brought them,
 * squashed ones included, and the people who pushed them; undefined when there are too many commits. Throws E_GITHUB when one
 * of the authors cannot be known.
 */
export async function authorsBetween(client: RepositoryClient, memory: AuthorMemory, from: string | undefined, to: string): Promise<Author[] | undefined> {
  const commits = await memory.commits.get(`${client.owner}/${client.repo} ${from ?? ''}..${to}`, () => commitsBetween(client, from, to));
  if (!commits) return undefined;
  const seen = new Map<number, Author[]>();
  const authors: Author[] = [];
  const direct: Commit[] = [];
  for (const commit of commits) {
    const brought = await pullAuthors(client, commit.sha, memory, seen);
    authors.push(...authorsOfCommit(commit), ...(brought ?? []));
    if (!brought) direct.push(commit);
  }
  if (direct.length > 0) authors.push(...directAuthors({ start: from, commits, direct }, await pushesTo(client, undefined)));
  return [...new Map(authors.map((author) => [keyOf(author), author])).values()];
}
