// Who made certain commits: those whom they name, who opened their pull requests, and who pushed them.
import type { Author } from '../../model/coxswain.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { Account, CommitFacts, FactMemory, PullFacts, Signature } from './commit-facts.ts';
import type { RepositoryClient } from './installations.ts';
import type { History, Push, Pushes } from './pushes.ts';
import type { Clock } from '../../base/clock.ts';
import { hashOf } from '../../base/canonical.ts';
import { factMemory, factsOfCommits, factsOfPulls, forMs } from './commit-facts.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import { movesBetween, pushesTo } from './pushes.ts';

/** What is found out of one change. */
interface Found {
  people: Author[];
  unknown: string[];
}

function short(sha: string): string {
  return sha.slice(0, 7);
}

/** GitHub's own account commits for people who press its buttons. */
function isWeb({ email, account }: Signature): boolean {
  return account?.login === 'web-flow' || email === 'noreply@github.com';
}

/**
 * GitHub tells no account for the address of a bot. The address proves nothing: only who else stands behind the commit
 * does.
 */
function isBot({ name, email, account }: Signature): boolean {
  return account ? account.isBot : /\[bot\]$/.test(name) || /\[bot\]@users\.noreply\.github\.com$/i.test(email);
}

function people(accounts: readonly (Account | undefined)[], did: string): Author[] {
  return accounts.flatMap((account) =>
    account && !account.isBot && account.login !== 'web-flow' ? [{ login: account.login, id: account.id, did }] : [],
  );
}

/** Whom the commit itself names. `others`: people who stand behind it by what GitHub saw of them. */
function namedBy({ sha, authors, more, committer }: CommitFacts, others: readonly Author[]): Found {
  const signatures = [
    ...authors,
    ...(committer && !isWeb(committer) && committer.email !== authors[0]?.email ? [committer] : []),
  ];
  const named = people(
    signatures.map(({ account }) => account),
    `wrote commit ${short(sha)}`,
  );
  const strangers = signatures.filter((each) => !each.account && !isBot(each) && !isWeb(each));
  const unknown = strangers.map(
    () => `commit ${short(sha)} was written by somebody whose address belongs to no GitHub account`,
  );
  if (more) unknown.push(`commit ${short(sha)} names more authors than can be read`);
  if (named.length + others.length + strangers.length === 0)
    unknown.push(`commit ${short(sha)} is a bot's, and nobody is known to stand behind it`);
  return { people: named, unknown };
}

/** Pushes that brought one of a list of commits, oldest first. `before` may be any commit that is not on the list. */
function pushesOf(pushes: readonly Push[], commits: readonly CommitFacts[], sha: string): Push[] {
  const place = new Map(commits.map((each, at) => [each.sha, at]));
  const at = place.get(sha) ?? -1;
  return pushes.filter(({ before, after }) => (place.get(before) ?? -1) < at && at <= (place.get(after) ?? -1));
}

/** The commit of the pull request that this one is, or that rebasing made it from. */
function twinOf(facts: CommitFacts, pull: PullFacts): CommitFacts | undefined {
  return (
    pull.commits.find(({ sha }) => sha === facts.sha) ??
    pull.commits.find(({ likeness }) => likeness === facts.likeness)
  );
}

/**
 * What the pull request has of the commit: all of its commits where they became one, that one where it came as it is or
 * rebased, and none where it is the merge, whose parents speak for themselves. Git believes any name: whoever pushed
 * them counts too.
 */
function broughtBy(facts: CommitFacts, pull: PullFacts, pushes: readonly Push[]): Found {
  const twin = twinOf(facts, pull);
  const parts = twin ? [twin] : facts.isMerge ? [] : pull.commits;
  const pushers = parts.flatMap(({ sha }) =>
    people(
      pushesOf(pushes, pull.commits, sha).map(({ actor }) => actor),
      `pushed commit ${short(sha)}`,
    ),
  );
  const openers = people([pull.opener], `opened #${pull.number}`);
  const mergers = people([pull.merger], `merged #${pull.number}`);
  const behind = [...openers, ...pushers];
  const found = [facts, ...parts].map((each) => namedBy(each, behind.length > 0 ? behind : mergers));
  // Where nobody else can say whose it is, whoever merged it has taken it for their own.
  const needsMerger = behind.length === 0 || found.some(({ unknown }) => unknown.length > 0);
  return {
    people: [...found.flatMap((each) => each.people), ...behind, ...(needsMerger ? mergers : [])],
    unknown: found.flatMap((each) => each.unknown),
  };
}

/** Who pushed the commits that no pull request brought. */
async function pushersOf(
  shas: ReadonlySet<string>,
  pushes: readonly Push[],
  history: History,
): Promise<Map<string, Author[]>> {
  const found = new Map<string, Author[]>();
  const add = (sha: string, { actor }: Push): void =>
    void found.set(sha, [...(found.get(sha) ?? []), ...people([actor], `pushed commit ${short(sha)}`)]);
  for (const push of pushes.filter(({ creates }) => !creates)) {
    if (!(await history.has(push.after)) || !(await history.has(push.before))) {
      if (shas.has(push.after)) add(push.after, push);
      continue;
    }
    for (const sha of await history.commitsBetween(push.before, push.after)) if (shas.has(sha)) add(sha, push);
    if ([...shas].every((sha) => found.has(sha))) break;
  }
  // Making a branch where another one stands adds nothing.
  for (const push of pushes.filter(({ creates }) => creates))
    if (shas.has(push.after) && !found.has(push.after)) add(push.after, push);
  return found;
}

function pushedDirectly(facts: CommitFacts, pushers: readonly Author[] | undefined, whole: boolean): Found {
  const { people: named, unknown } = namedBy(facts, pushers ?? []);
  const tooFar = !pushers && !whole ? [`GitHub's record of who pushed commit ${short(facts.sha)} is too far back`] : [];
  return { people: [...named, ...(pushers ?? [])], unknown: [...unknown, ...tooFar] };
}

/** The pushes to a branch: among those of all branches, where its beginning is seen there; else asked for alone. */
async function pushesToBranch(client: RepositoryClient, branch: string, all: Pushes): Promise<readonly Push[]> {
  const own = all.pushes.filter(({ ref }) => ref === `refs/heads/${branch}`);
  return all.whole || own.some(({ creates }) => creates)
    ? own
    : (await pushesTo(client, `refs/heads/${branch}`)).pushes;
}

/** What the gate asks for at every look at an approval. */
interface AuthorMemory extends FactMemory {
  answers: TtlCache<{ authors: GateAuthors; lasts: boolean }>;
}

/**
 * Kept where a pull request brought every commit and nothing is unknown: GitHub may come to tell more of the others.
 */
export function authorMemory(clock: Clock): AuthorMemory {
  return { ...factMemory(clock), answers: new TtlCache({ clock, forMs, keeps: ({ lasts }) => lasts }) };
}

/** Throws E_GITHUB; what can never be known is told in the answer. */
export async function authorsOf(
  client: RepositoryClient,
  memory: AuthorMemory,
  shas: readonly string[],
  history: History,
): Promise<GateAuthors> {
  const key = `${client.owner}/${client.repo} ${hashOf(shas)}`;
  return (await memory.answers.get(key, () => findAuthors(client, memory, shas, history))).authors;
}

async function findAuthors(
  client: RepositoryClient,
  memory: FactMemory,
  shas: readonly string[],
  history: History,
): Promise<{ authors: GateAuthors; lasts: boolean }> {
  const facts = await factsOfCommits(client, memory, shas);
  const known = facts.filter((each) => each !== undefined);
  const pulls = await factsOfPulls(client, memory, [...new Set(known.flatMap((each) => each.pulls))]);
  const all = await pushesTo(client, undefined);
  const branches = [...new Set([...pulls.values()].flatMap(({ branch }) => branch ?? []))];
  const pushes = new Map(
    await Promise.all(branches.map(async (branch) => [branch, await pushesToBranch(client, branch, all)] as const)),
  );
  const direct = known.filter((each) => !each.pulls.some((number) => pulls.has(number)));
  const pushers = await pushersOf(new Set(direct.map(({ sha }) => sha)), all.pushes, history);
  const found: Found[] = known.flatMap((each) =>
    each.pulls.flatMap((number) => {
      const pull = pulls.get(number);
      return pull ? [broughtBy(each, pull, pushes.get(pull.branch ?? '') ?? [])] : [];
    }),
  );
  found.push(...direct.map((each) => pushedDirectly(each, pushers.get(each.sha), all.whole)));
  const lost = shas
    .filter((_, at) => facts[at] === undefined)
    .map((sha) => `GitHub does not have commit ${short(sha)}`);
  const unknown = [...new Set([...found.flatMap((each) => each.unknown), ...lost])];
  const authors = {
    people: [
      ...new Map(
        found
          .flatMap((each) => each.people)
          .toReversed()
          .map((each) => [each.id, each]),
      ).values(),
    ].toReversed(),
    unknown,
  };
  return { authors, lasts: direct.length === 0 && unknown.length === 0 };
}

/** Who took the branch from one commit to another that does not follow it. */
export async function moversOf(
  client: RepositoryClient,
  { ref, from, to }: { ref: string; from: string; to: string },
  history: History,
): Promise<GateAuthors> {
  const branch = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  const moves = branch.startsWith('refs/heads/')
    ? await movesBetween(client, branch, { from, to }, history)
    : undefined;
  const moved = people(
    (moves ?? []).map(({ actor }) => actor),
    `moved ${ref} back to ${short(to)}`,
  );
  const isTold = moves !== undefined && moves.length > 0 && moves.every(({ actor }) => actor && !actor.isBot);
  return {
    people: moved,
    unknown: isTold ? [] : [`nobody can tell who moved ${ref} from ${short(from)} to ${short(to)}`],
  };
}
