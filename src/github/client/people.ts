// People as GitHub knows them: ids of logins, and teams.
import type { Installations, RepositoryClient } from './installations.ts';
import type { Application } from '../../model/application.ts';
import type { AppProject } from '../../model/project.ts';
import { GraphqlResponseError } from '@octokit/graphql';
import { nextTurn } from '../../base/clock.ts';
import { cox } from '../../model/annotations.ts';
import { isGitHub } from './api.ts';
import { refused } from './commit-facts.ts';

/** Where teams are named; the store fits it. */
export interface Policies {
  settings(): { policyCsv: string };
  projects: { list(): readonly AppProject[] };
  applications: { list(): readonly Application[] };
}

function anyClient(installations: Installations): RepositoryClient | undefined {
  const [first] = installations.repositories;
  return first && installations.client(first.owner, first.repo);
}

/** Undefined when GitHub has no such account, or the App is installed nowhere. */
export async function userId(installations: Installations, login: string): Promise<number | undefined> {
  try {
    const answer = await anyClient(installations)?.octokit.request('GET /users/{username}', { username: login });
    return answer && Number(answer.data.id);
  } catch (error) {
    if (isGitHub(error, 404)) return undefined;
    throw error;
  }
}

/** Slugs of an organization's teams that policies and annotations name: no others matter. */
function namedTeams({ settings, projects, applications }: Policies, owner: string): string[] {
  const teams = new Set<string>();
  const add = (org: string, slug: string): void => {
    if (org.toLowerCase() === owner.toLowerCase()) teams.add(slug.toLowerCase());
  };
  const texts = [
    settings().policyCsv,
    ...projects.list().flatMap((project) => (project.spec.roles ?? []).flatMap((role) => role.groups ?? [])),
  ];
  for (const text of texts)
    for (const [, org = '', slug = ''] of text.matchAll(/(?<![\w.-])([\w.-]+):([\w.-]+)/g)) add(org, slug);
  for (const { metadata } of [...projects.list(), ...applications.list()]) {
    for (const [, org = '', slug = ''] of (metadata.annotations?.[cox.approvers] ?? '').matchAll(
      /@([\w.-]+)\/([\w.-]+)/g,
    ))
      add(org, slug);
  }
  return [...teams];
}

interface Page<T> {
  nodes: T[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
}

interface RawTeam {
  slug: string;
  ancestors: { nodes: { slug: string }[] };
}

type RawTeams = Record<string, Page<RawTeam>>;

interface Asked {
  login: string;
  after?: string;
}

/** One page of each person's teams, in one query. */
async function pages({ octokit }: RepositoryClient, org: string, asked: readonly Asked[]): Promise<RawTeams> {
  const fields = 'pageInfo { endCursor hasNextPage } nodes { slug ancestors(first: 100) { nodes { slug } } }';
  const logins = asked.map((_, at) => `$login${at}: [String!], $after${at}: String`).join(', ');
  const each = asked.map(
    (_, at) => `p${at}: teams(first: 100, userLogins: $login${at}, after: $after${at}) { ${fields} }`,
  );
  const variables = asked.flatMap(({ login, after }, at): [string, unknown][] => [
    [`login${at}`, [login]],
    [`after${at}`, after],
  ]);
  const text = `query ($org: String!, ${logins}) { organization(login: $org) { ${each.join('\n')} } }`;
  const { organization } = await octokit
    .graphql<{ organization: RawTeams }>(text, { org, ...Object.fromEntries(variables) })
    .catch((error: unknown) => {
      // The owner is a person: nobody is in a team there.
      if (error instanceof GraphqlResponseError && error.errors?.[0]?.type === 'NOT_FOUND') return { organization: {} };
      throw refused(error);
    });
  return organization;
}

/** By login: slugs of the teams that they are in, and of those above them, whose members they are too. */
async function slugsOf(
  client: RepositoryClient,
  org: string,
  logins: readonly string[],
): Promise<Map<string, Set<string>>> {
  const found = new Map(logins.map((login) => [login, new Set<string>()]));
  for (let asked: Asked[] = logins.map((login) => ({ login })); asked.length > 0;) {
    const answer = await pages(client, org, asked);
    asked = asked.flatMap(({ login }, at) => {
      const page = answer[`p${at}`];
      for (const { slug, ancestors } of page?.nodes ?? [])
        for (const each of [slug, ...ancestors.nodes.map((team) => team.slug)])
          found.get(login)?.add(each.toLowerCase());
      const after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      return after === null ? [] : [{ login, after }];
    });
  }
  return found;
}

interface Batch {
  logins: Set<string>;
  answer: Promise<Map<string, Set<string>>>;
}

type Teams = (login: string, owner: string) => Promise<string[]>;

/**
 * The named teams that a person is in, as `org:team`. All who are asked about in one go are asked about in one query;
 * nothing is remembered, for approvals rest on it.
 */
export function teamsFrom(installations: Installations, policies: Policies): Teams {
  const batches = new Map<string, Batch>();
  function batchOf(client: RepositoryClient, org: string): Batch {
    const logins = new Set<string>();
    const answer = nextTurn().then(() => {
      batches.delete(org);
      return slugsOf(client, org, [...logins]);
    });
    const batch = { logins, answer };
    batches.set(org, batch);
    return batch;
  }
  return async (login, owner) => {
    const org = owner.toLowerCase();
    const repository = installations.repositories.find((each) => each.owner.toLowerCase() === org);
    const named = namedTeams(policies, owner);
    if (!repository || named.length === 0) return [];
    const batch = batches.get(org) ?? batchOf(installations.client(repository.owner, repository.repo), org);
    batch.logins.add(login);
    const slugs = (await batch.answer).get(login);
    return named.filter((slug) => slugs?.has(slug)).map((slug) => `${org}:${slug}`);
  };
}
