// People as GitHub knows them: ids of logins, teams, and who wrote what lies between two commits.
import type { Installations, RepositoryClient } from './installations.ts';
import type { Store } from '../store/store.ts';
import { cox } from '../model/annotations.ts';
import { allPages, isGitHub } from './api.ts';

export interface Author {
  login: string;
  /** Undefined when the commit's address belongs to no account. */
  id: number | undefined;
}

/** More commits than this between two revisions: then nobody can be told apart from an author. */
const maxCommits = 1000;

function anyClient(installations: Installations): RepositoryClient | undefined {
  const [first] = installations.repositories;
  return first && installations.client(first.owner, first.repo);
}

export async function userId(installations: Installations, login: string): Promise<number | undefined> {
  try {
    const answer = await anyClient(installations)?.octokit.request('GET /users/{username}', { username: login });
    return answer && Number(answer.data.id);
  } catch (error) {
    if (isGitHub(error, 404)) return undefined;
    throw error;
  }
}

/** GitHub cannot list a person's teams for an App, so those that policies and annotations name are asked one by one. */
export function namedTeams(store: Store, owner: string): string[] {
  const teams = new Set<string>();
  const add = (org: string, slug: string): void => {
    if (org.toLowerCase() === owner.toLowerCase()) teams.add(slug.toLowerCase());
  };
  const policies = [store.settings().policyCsv, ...store.projects.list().flatMap((project) => (project.spec.roles ?? []).flatMap((role) => role.groups ?? []))];
  for (const text of policies) for (const [, org = '', slug = ''] of text.matchAll(/([\w.-]+):([\w.-]+)/g)) add(org, slug);
  for (const { metadata } of [...store.projects.list(), ...store.applications.list()]) {
    for (const [, org = '', slug = ''] of (metadata.annotations?.[cox.approvers] ?? '').matchAll(/@([\w.-]+)\/([\w.-]+)/g)) add(org, slug);
  }
  return [...teams];
}

/** Never cached: approvals rest on it. */
export async function teamsOf(installations: Installations, store: Store, { login, owner }: { login: string; owner: string }): Promise<string[]> {
  const repository = installations.repositories.find((each) => each.owner.toLowerCase() === owner.toLowerCase());
  if (!repository) return [];
  const { octokit } = installations.client(repository.owner, repository.repo);
  const found = await Promise.all(namedTeams(store, owner).map(async (slug) => {
    try {
      const { data } = await octokit.request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', { org: owner, team_slug: slug, username: login });
      return data.state === 'active' ? [`${owner.toLowerCase()}:${slug}`] : [];
    } catch (error) {
      if (isGitHub(error, 404)) return [];
      throw error;
    }
  }));
  return found.flat();
}

interface Commit {
  sha: string;
  author: unknown;
  committer: unknown;
  commit: { author: { name?: string | undefined; email?: string | undefined } | null };
}

function account(value: unknown): Author | undefined {
  if (typeof value !== 'object' || value === null || !('login' in value) || !('id' in value)) return undefined;
  return typeof value.login === 'string' ? { login: value.login, id: Number(value.id) } : undefined;
}

function authorsOfCommit(commit: Commit): Author[] {
  const author = account(commit.author) ?? { login: commit.commit.author?.name ?? commit.sha.slice(0, 7), id: undefined };
  const committer = account(commit.committer);
  // GitHub's own account commits for people who press its buttons.
  return committer && committer.login !== 'web-flow' && committer.login !== author.login ? [author, committer] : [author];
}

async function pullAuthors({ owner, repo, octokit }: RepositoryClient, sha: string, seen: Map<number, Author[]>): Promise<Author[]> {
  const { data: pulls } = await octokit.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', { owner, repo, commit_sha: sha });
  for (const { number, user, merged_at: mergedAt } of pulls) {
    if (seen.has(number) || !mergedAt) continue;
    const commits = await allPages(async (page) => (await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', { owner, repo, pull_number: number, per_page: 100, page })).data, 3);
    seen.set(number, [...(user ? [{ login: user.login, id: Number(user.id) }] : []), ...commits.flatMap(authorsOfCommit)]);
  }
  return pulls.flatMap(({ number }) => seen.get(number) ?? []);
}

/** Commits after `from` up to `to`; without `from` that commit alone; undefined when there are too many. */
async function commitsBetween({ owner, repo, octokit }: RepositoryClient, from: string | undefined, to: string): Promise<Commit[] | undefined> {
  if (from === undefined) return [(await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { owner, repo, ref: to })).data];
  const commits: Commit[] = [];
  for (let page = 1; ; page += 1) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', { owner, repo, basehead: `${from}...${to}`, per_page: 100, page });
    if (data.total_commits > maxCommits) return undefined;
    commits.push(...data.commits);
    if (commits.length >= data.total_commits || data.commits.length === 0) return commits;
  }
}

/**
 * Authors of the commits after `from` up to `to` (without `from`: of that commit) and of the pull requests that brought them,
 * squashed ones included; undefined when it cannot be known.
 */
export async function authorsBetween(client: RepositoryClient, from: string | undefined, to: string): Promise<Author[] | undefined> {
  const commits = await commitsBetween(client, from, to);
  if (!commits) return undefined;
  const seen = new Map<number, Author[]>();
  const authors = new Map<string, Author>();
  for (const commit of commits) {
    for (const author of [...authorsOfCommit(commit), ...(await pullAuthors(client, commit.sha, seen))]) authors.set(`${author.id ?? author.login}`, author);
  }
  return [...authors.values()];
}
