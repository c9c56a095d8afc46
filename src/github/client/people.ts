// People as GitHub knows them: ids of logins, and teams.
import type { Installations, RepositoryClient } from './installations.ts';
import type { Store } from '../../store/store.ts';
import { cox } from '../../model/annotations.ts';
import { isGitHub } from './api.ts';

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
  const policies = [
    store.settings().policyCsv,
    ...store.projects.list().flatMap((project) => (project.spec.roles ?? []).flatMap((role) => role.groups ?? [])),
  ];
  for (const text of policies)
    for (const [, org = '', slug = ''] of text.matchAll(/(?<![\w.-])([\w.-]+):([\w.-]+)/g)) add(org, slug);
  for (const { metadata } of [...store.projects.list(), ...store.applications.list()]) {
    for (const [, org = '', slug = ''] of (metadata.annotations?.[cox.approvers] ?? '').matchAll(
      /@([\w.-]+)\/([\w.-]+)/g,
    ))
      add(org, slug);
  }
  return [...teams];
}

/** Never cached: approvals rest on it. */
export async function teamsOf(
  installations: Installations,
  store: Store,
  { login, owner }: { login: string; owner: string },
): Promise<string[]> {
  const repository = installations.repositories.find((each) => each.owner.toLowerCase() === owner.toLowerCase());
  if (!repository) return [];
  const { octokit } = installations.client(repository.owner, repository.repo);
  const found = await Promise.all(
    namedTeams(store, owner).map(async (slug) => {
      try {
        const { data } = await octokit.request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', {
          org: owner,
          team_slug: slug,
          username: login,
        });
        return data.state === 'active' ? [`${owner.toLowerCase()}:${slug}`] : [];
      } catch (error) {
        if (isGitHub(error, 404)) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
