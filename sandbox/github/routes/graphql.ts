// The GraphQL side of the sandbox: the published schema, cut by trim-graphql.ts, over the same world as REST.
import type { Commit } from '../git/git.ts';
import type { Caller } from '../tokens.ts';
import type { Account, Pull, Repository, Team, World } from '../world.ts';
import { readFileSync } from 'node:fs';
import { buildSchema, graphql, parse, validate } from 'graphql';
import { commits } from '../git/git.ts';
import { emailOf } from '../present/present-pull.ts';
import { pullsThatBrought } from '../pull.ts';
import { mayRead, requirePermission } from '../tokens.ts';
import { findAccount, findRepository, fullName } from '../world.ts';

const schema = buildSchema(readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8'));

interface Page {
  first?: number;
  after?: string;
}

/** `faults`: what the published schema refuses of the query. */
interface GraphqlAnswer {
  faults: string[];
  body: unknown;
}

/** GitHub: a page of a connection has 1 to 100 nodes. */
function connection<T>(all: readonly T[], { first = 0, after = '0' }: Page): unknown {
  if (first > 100)
    throw new Error('Requesting more than 100 records on the connection exceeds the `first` limit of 100 records.');
  const end = Number(after) + first;
  return {
    totalCount: all.length,
    nodes: all.slice(Number(after), end),
    pageInfo: { endCursor: String(end), hasNextPage: end < all.length },
  };
}

function actor(account: Account | null): unknown {
  return (
    account && { __typename: account.type === 'Bot' ? 'Bot' : 'User', login: account.login, databaseId: account.id }
  );
}

/** GitHub: `user` is null where the address belongs to no account, and for bots. */
function signature(world: World, { name, email }: { name: string; email: string }): unknown {
  const account = [...world.accounts.values()].find((each) => each.type === 'User' && emailOf(each) === email);
  const web = email === 'noreply@github.com' ? { login: 'web-flow', databaseId: 19_864_447 } : null;
  return { name, email, user: account ? { login: account.login, databaseId: account.id } : web };
}

/** GitHub: the author first, then those whom the message names by `Co-authored-by`. */
function authorsOf({ author, message }: Commit): { name: string; email: string }[] {
  const named = [...message.matchAll(/^co-authored-by: *([^<\n]*?) *<([^>\n]*)>$/gim)].map(
    ([, name = '', email = '']) => ({ name, email }),
  );
  return [author, ...named.filter(({ email }) => email !== author.email)];
}

function teamsOf(world: World, org: string, { userLogins, ...page }: Page & { userLogins?: string[] }): unknown {
  const wanted = userLogins?.map((login) => login.toLowerCase());
  const own = world.teams.filter((team) => team.org.toLowerCase() === org.toLowerCase());
  const shown = own.filter(
    ({ members }) => !wanted || [...members].some((login) => wanted.includes(login.toLowerCase())),
  );
  const above = ({ parent }: Team): Team[] => {
    const found = own.find(({ slug }) => slug === parent);
    return found ? [found, ...above(found)] : [];
  };
  return connection(
    shown.map((team) => ({
      slug: team.slug,
      ancestors: (asked: Page) =>
        connection(
          above(team).map(({ slug }) => ({ slug })),
          asked,
        ),
    })),
    page,
  );
}

class Shown {
  readonly #world: World;
  readonly #caller: Caller;
  readonly #repository: Repository;
  readonly #wanted: string[] = [];
  #read: Promise<Map<string, Commit>> | undefined;

  constructor(world: World, caller: Caller, repository: Repository) {
    this.#world = world;
    this.#caller = caller;
    this.#repository = repository;
  }

  get nameWithOwner(): string {
    return fullName(this.#repository);
  }

  async object({ oid = '' }: { oid?: string }): Promise<unknown> {
    requirePermission(this.#caller, 'contents:read', this.#repository);
    if (!/^[0-9a-f]{40}$/.test(oid)) return null;
    const found = (await this.#together(oid)).get(oid);
    return found && this.#commit(found);
  }

  /** All that one query asks for is read at once. */
  #together(oid: string): Promise<Map<string, Commit>> {
    this.#wanted.push(oid);
    this.#read ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      const found = await commits(
        this.#repository.dir,
        ['--no-walk=unsorted', '--ignore-missing', ...this.#wanted.splice(0)],
        1_000,
      );
      this.#read = undefined;
      return new Map(found.map((each) => [each.sha, each]));
    });
    return this.#read;
  }

  pullRequest({ number }: { number: number }): unknown {
    requirePermission(this.#caller, 'pull_requests:read', this.#repository);
    const pull = this.#repository.pulls.get(number);
    if (!pull) throw new Error(`Could not resolve to a PullRequest with the number of ${number}.`);
    return this.#pull(pull);
  }

  #commit(commit: Commit): unknown {
    return {
      __typename: 'Commit',
      oid: commit.sha,
      authors: (page: Page) =>
        connection(
          authorsOf(commit).map((each) => signature(this.#world, each)),
          page,
        ),
      committer: signature(this.#world, commit.committer),
      authoredDate: commit.author.date,
      messageHeadline: commit.message.split('\n', 1)[0] ?? '',
      parents: (page: Page) => connection(commit.parents, page),
      associatedPullRequests: async (page: Page) => {
        requirePermission(this.#caller, 'pull_requests:read', this.#repository);
        return connection(
          (await pullsThatBrought(this.#repository, commit.sha)).map((pull) => this.#pull(pull)),
          page,
        );
      },
    };
  }

  #pull(pull: Pull): unknown {
    return {
      number: pull.number,
      merged: pull.mergedAt !== null,
      author: actor(pull.user),
      mergedBy: actor(pull.mergedBy),
      headRefName: pull.headRef,
      headRepository: { nameWithOwner: fullName(pull.fork ?? this.#repository) },
      baseRepository: { nameWithOwner: this.nameWithOwner },
      commits: async (page: Page) =>
        connection(
          (await commits(this.#repository.dir, [`${pull.baseSha}..${pull.headSha}`]))
            .reverse()
            .map((commit) => ({ commit: this.#commit(commit) })),
          page,
        ),
    };
  }
}

export async function answerGraphql(
  world: World,
  caller: Caller,
  { query = '', variables = {} }: { query?: string; variables?: Record<string, unknown> },
): Promise<GraphqlAnswer> {
  const faults = validate(schema, parse(query)).map(({ message }) => message);
  if (faults.length > 0) return { faults, body: { errors: faults.map((message) => ({ message })) } };
  const repository = ({ owner, name }: { owner: string; name: string }): unknown => {
    const found = findRepository(world, owner, name);
    if (!found || !mayRead(world, caller, found))
      throw new Error(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
    return new Shown(world, caller, found);
  };
  const organization = ({ login }: { login: string }): unknown => {
    if (findAccount(world, login)?.type !== 'Organization')
      throw new Error(`Could not resolve to an Organization with the login of '${login}'.`);
    return {
      login,
      teams: (asked: Page & { userLogins?: string[] }) => {
        requirePermission(caller, 'members:read', null);
        return teamsOf(world, login, asked);
      },
    };
  };
  const body = await graphql({
    schema,
    source: query,
    rootValue: { repository, organization },
    variableValues: variables,
  });
  return {
    faults,
    body: body.errors
      ? {
          ...body,
          errors: body.errors.map(({ message, path }) => ({
            type: /^Could not resolve/.test(message) ? 'NOT_FOUND' : 'FORBIDDEN',
            message,
            path,
          })),
        }
      : body,
  };
}
