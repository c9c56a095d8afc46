// What GitHub knows of commits and of the pull requests that brought them, asked in batches and remembered for a while.
import type { Clock } from '../../base/clock.ts';
import type { RepositoryClient } from './installations.ts';
import { GraphqlResponseError } from '@octokit/graphql';
import { Semaphore } from '../../base/semaphore.ts';
import { GitHubError } from './api.ts';
import { TtlCache } from '../../base/ttl-cache.ts';

export interface Account {
  login: string;
  id: number;
  isBot: boolean;
}

/** Whom a commit names; `account` where the address belongs to one. */
export interface Signature {
  name: string;
  email: string;
  account: Account | undefined;
}

export interface CommitFacts {
  sha: string;
  /** The author, and those named in `Co-authored-by`. */
  authors: Signature[];
  /** More are named than were read. */
  more: boolean;
  committer: Signature | undefined;
  isMerge: boolean;
  /** Equal in a commit and in what rebasing makes of it. */
  likeness: string;
  /** Numbers of the merged pull requests that brought it. */
  pulls: number[];
}

export interface PullFacts {
  number: number;
  opener: Account | undefined;
  merger: Account | undefined;
  /** Branch of the same repository; undefined for a fork's. */
  branch: string | undefined;
  /** Oldest first. */
  commits: CommitFacts[];
}

/** So long an answer counts. */
export const forMs = 5 * 60_000;
/** Commits, or pull requests, of one request. */
const commitsAtOnce = 50;
const pullsAtOnce = 20;
/** Requests at the same time: GitHub asks for few. */
const inParallel = 4;

export interface FactMemory {
  commits: TtlCache<CommitFacts | undefined>;
  pulls: TtlCache<PullFacts | undefined>;
}

function isLinked({ authors }: CommitFacts): boolean {
  return authors.every(({ account }) => account !== undefined);
}

/**
 * Commits, and what brought them, stay as they are; whom an address belongs to does not, where it belongs to nobody.
 */
export function factMemory(clock: Clock): FactMemory {
  return {
    commits: new TtlCache({
      clock,
      forMs,
      limit: 5_000,
      keeps: (facts) => facts !== undefined && isLinked(facts) && facts.pulls.length > 0,
    }),
    pulls: new TtlCache({
      clock,
      forMs,
      limit: 2_000,
      keeps: (facts) => facts !== undefined && facts.commits.every(isLinked),
    }),
  };
}

interface RawActor {
  __typename?: string;
  login: string;
  databaseId?: number | null;
}

interface RawSignature {
  name: string | null;
  email: string | null;
  user: RawActor | null;
}

interface RawCommit {
  oid: string;
  authoredDate: string;
  messageHeadline: string;
  authors: { totalCount: number; nodes: RawSignature[] };
  committer: RawSignature | null;
  parents: { totalCount: number };
  associatedPullRequests?: {
    nodes: { number: number; merged: boolean; baseRepository: { nameWithOwner: string } | null }[];
  } | null;
}

interface RawPull {
  number: number;
  author: RawActor | null;
  mergedBy: RawActor | null;
  headRefName: string;
  headRepository: { nameWithOwner: string } | null;
  commits: { nodes: { commit: RawCommit }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
}

const commitFields = `oid authoredDate messageHeadline parents(first: 1) { totalCount }
  authors(first: 20) { totalCount nodes { name email user { login databaseId } } }
  committer { name email user { login databaseId } }`;
const actorFields = '__typename login ... on User { databaseId } ... on Bot { databaseId }';

function accountOf(actor: RawActor | null): Account | undefined {
  return actor?.databaseId
    ? { login: actor.login, id: actor.databaseId, isBot: actor.__typename !== undefined && actor.__typename !== 'User' }
    : undefined;
}

function signatureOf({ name, email, user }: RawSignature): Signature {
  return { name: name ?? '', email: email ?? '', account: accountOf(user) };
}

function commitOf(raw: RawCommit, own: string): CommitFacts {
  const [author] = raw.authors.nodes;
  const pulls = (raw.associatedPullRequests?.nodes ?? []).filter(
    (pull) => pull.merged && pull.baseRepository?.nameWithOwner.toLowerCase() === own,
  );
  return {
    sha: raw.oid,
    authors: raw.authors.nodes.map(signatureOf),
    more: raw.authors.totalCount > raw.authors.nodes.length,
    committer: raw.committer ? signatureOf(raw.committer) : undefined,
    isMerge: raw.parents.totalCount > 1,
    likeness: [author?.email, raw.authoredDate, raw.messageHeadline].join('\n'),
    pulls: pulls.map(({ number }) => number),
  };
}

/** GitHub answers 200 also where it refuses. */
export function refused(error: unknown): unknown {
  if (!(error instanceof GraphqlResponseError)) return error;
  const [first] = error.errors ?? [];
  const isFinal = first?.type === 'FORBIDDEN' || first?.type === 'NOT_FOUND' || first?.type === 'INSUFFICIENT_SCOPES';
  return new GitHubError(first?.message ?? 'the query was refused', 200, isFinal ? 'terminal' : 'transient', {
    cause: { type: first?.type },
  });
}

async function query<T>({ owner, repo, octokit }: RepositoryClient, fields: string): Promise<Record<string, T | null>> {
  const text = `query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ${fields} } }`;
  const { repository } = await octokit
    .graphql<{ repository: Record<string, T | null> }>(text, { owner, name: repo })
    .catch((error: unknown) => {
      throw refused(error);
    });
  return repository;
}

function nameOf({ owner, repo }: RepositoryClient): string {
  return `${owner}/${repo}`.toLowerCase();
}

async function readCommits(client: RepositoryClient, shas: readonly string[]): Promise<(CommitFacts | undefined)[]> {
  const associated = 'associatedPullRequests(first: 5) { nodes { number merged baseRepository { nameWithOwner } } }';
  const fields = shas.map(
    (sha, at) => `c${at}: object(oid: "${sha}") { ... on Commit { ${commitFields} ${associated} } }`,
  );
  const found = await query<Partial<RawCommit>>(client, fields.join('\n'));
  return shas.map((_, at) => {
    const raw = found[`c${at}`];
    return raw?.oid === undefined ? undefined : commitOf(raw as RawCommit, nameOf(client));
  });
}

function pullFields(number: number, after?: string): string {
  const page = after === undefined ? 'first: 50' : `first: 100, after: ${JSON.stringify(after)}`;
  return `p${number}: pullRequest(number: ${number}) {
    number headRefName headRepository { nameWithOwner } author { ${actorFields} } mergedBy { ${actorFields} }
    commits(${page}) { pageInfo { endCursor hasNextPage } nodes { commit { ${commitFields} } } }
  }`;
}

async function pullOf(client: RepositoryClient, raw: RawPull): Promise<PullFacts> {
  const commits = [...raw.commits.nodes];
  for (let { hasNextPage, endCursor } = raw.commits.pageInfo; hasNextPage && endCursor !== null;) {
    const next = (await query<RawPull>(client, pullFields(raw.number, endCursor)))[`p${raw.number}`];
    if (!next) break;
    commits.push(...next.commits.nodes);
    ({ hasNextPage, endCursor } = next.commits.pageInfo);
  }
  const own = nameOf(client);
  return {
    number: raw.number,
    opener: accountOf(raw.author),
    merger: accountOf(raw.mergedBy),
    branch: raw.headRepository?.nameWithOwner.toLowerCase() === own ? raw.headRefName : undefined,
    commits: commits.map(({ commit }) => commitOf(commit, own)),
  };
}

async function readPulls(client: RepositoryClient, numbers: readonly number[]): Promise<(PullFacts | undefined)[]> {
  const found = await query<RawPull>(client, numbers.map((number) => pullFields(number)).join('\n'));
  return Promise.all(
    numbers.map(async (number) => {
      const raw = found[`p${number}`];
      return raw ? pullOf(client, raw) : undefined;
    }),
  );
}

interface Batching<K, V> {
  memory: TtlCache<V>;
  name: (key: K) => string;
  atOnce: number;
  ask: (keys: readonly K[]) => Promise<V[]>;
}

/** What is not remembered is asked for together. */
async function inBatches<K, V>(keys: readonly K[], { memory, name, atOnce, ask }: Batching<K, V>): Promise<V[]> {
  const wanted: { key: K; resolve: (value: V | Promise<V>) => void }[] = [];
  const turns = new Semaphore(inParallel);
  const answers = keys.map((key) =>
    memory.get(name(key), () => new Promise<V>((resolve) => wanted.push({ key, resolve }))),
  );
  for (let at = 0; at < wanted.length; at += atOnce) {
    const batch = wanted.slice(at, at + atOnce);
    const answered = turns.take().then((give) => ask(batch.map(({ key }) => key)).finally(give));
    batch.forEach(({ resolve }, place) => resolve(answered.then((values) => values[place] as V)));
  }
  return Promise.all(answers);
}

/** In the order of the ids; undefined for one that GitHub does not have. */
export function factsOfCommits(
  client: RepositoryClient,
  memory: FactMemory,
  shas: readonly string[],
): Promise<(CommitFacts | undefined)[]> {
  return inBatches(shas, {
    memory: memory.commits,
    name: (sha) => `${nameOf(client)}@${sha}`,
    atOnce: commitsAtOnce,
    ask: (batch) => readCommits(client, batch),
  });
}

/** By number; one that does not exist is missing. */
export async function factsOfPulls(
  client: RepositoryClient,
  memory: FactMemory,
  numbers: readonly number[],
): Promise<Map<number, PullFacts>> {
  const found = await inBatches(numbers, {
    memory: memory.pulls,
    name: (number) => `${nameOf(client)}#${number}`,
    atOnce: pullsAtOnce,
    ask: (batch) => readPulls(client, batch),
  });
  return new Map(found.flatMap((facts) => (facts ? [[facts.number, facts] as const] : [])));
}
