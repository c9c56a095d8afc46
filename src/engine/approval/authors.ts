// Who made a change: the commits that touched its inputs are found in the mirror, and the forge is asked about those
// few alone.
import type { Git } from '../../git/git.ts';
import type { Repository } from '../../git/repository.ts';
import type { Application } from '../../model/application.ts';
import type { Author } from '../../model/coxswain.ts';
import type { CommitRange } from '../../model/history.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { EffectivePolicy } from '../../policy/policy.ts';
import type { Authors, CommitAuthors } from '../application/pass.ts';
import type { Remotes } from '../remote/remotes.ts';
import { describeError, errorKind } from '../../base/errors.ts';
import { isThere } from '../../git/repository.ts';
import { sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';

/** Required reviewers are one more list in which an approver must stand. Throws while the forge cannot be asked. */
export async function withReviewers(
  authors: Authors,
  app: Application,
  policy: EffectivePolicy,
): Promise<EffectivePolicy> {
  const lists = await Promise.all(
    (policy.reviewers ?? []).map(async ({ repository, environment }) =>
      authors.reviewersOf?.(repository || (sourcesOf(app.spec)[0]?.repoURL ?? ''), environment),
    ),
  );
  return { ...policy, approvers: [...policy.approvers, ...lists.filter((list) => list !== undefined)] };
}

/** More commits than these are not asked about: then anybody may be one of their authors. */
const maxCommits = 2_000;

const nobody: GateAuthors = { people: [], unknown: [] };

function unknown(why: string): GateAuthors {
  return { people: [], unknown: [why] };
}

function union(all: readonly GateAuthors[]): GateAuthors {
  const people = new Map<number, Author>();
  for (const author of all.flatMap((each) => each.people)) if (!people.has(author.id)) people.set(author.id, author);
  return { people: [...people.values()], unknown: [...new Set(all.flatMap((each) => each.unknown))] };
}

function short(sha: string): string {
  return sha.slice(0, 7);
}

interface Asking {
  repository: Repository;
  forge: CommitAuthors | undefined;
}

async function authorsBetween(
  { repository, forge }: Asking,
  { repo, paths = ['.'] }: CommitRange,
  { from, to }: { from: string | undefined; to: string },
): Promise<GateAuthors | undefined> {
  const commits = await repository.touching({ ...(from !== undefined && { from }), to, paths, limit: maxCommits });
  if (!commits) return unknown(`more than ${maxCommits} commits up to ${short(to)} touched it`);
  return commits.length > 0 ? forge?.authorsOf(repo, commits, repository) : nobody;
}

/** Where the new commit does not follow the old one, whoever wrote what is undone counts, and whoever moved the ref. */
async function undoersOf(asking: Asking, range: CommitRange, from: string): Promise<(GateAuthors | undefined)[]> {
  const { repository, forge } = asking;
  const { repo, to, ref } = range;
  const undone = await authorsBetween(asking, range, { from: to, to: from });
  // A pin is moved by whoever changes the Application.
  return [undone, ...(ref === undefined ? [] : [await forge?.moversOf(repo, { ref, from, to }, repository)])];
}

async function authorsOfRange(asking: Asking, range: CommitRange): Promise<GateAuthors> {
  const { repository } = asking;
  const { from, to, repo, pinned } = range;
  if (!(await isThere(repository, to))) return unknown(`commit ${short(to)} is gone from ${repo}`);
  const isLost = from !== undefined && !(await isThere(repository, from));
  const found = [await authorsBetween(asking, range, { from: isLost ? undefined : from, to })];
  if (isLost) found.push(unknown(`commit ${short(from)}, which was synced last, is gone from ${repo}`));
  else if (from !== undefined && !(await repository.isAncestor(from, to)))
    found.push(...(await undoersOf(asking, range, from)));
  // A source that the Application pins to a commit was chosen by whoever wrote that: its own authors count where they
  // can be known.
  if (found.includes(undefined))
    return pinned
      ? nobody
      : unknown(`nobody can tell who wrote what in ${repo}: the GitHub App is not installed there`);
  return union(found.filter((each) => each !== undefined));
}

/** What the forge says for good is an answer: then nobody can tell. */
async function orUnknown(asked: Promise<GateAuthors>): Promise<GateAuthors> {
  return asked.catch((error: unknown) => {
    if (errorKind(error) !== 'terminal') throw error;
    return unknown(describeError(error));
  });
}

/**
 * Where Secrets are for one project, that of the application, if it has the commit: another project's may be broken.
 * What came from no repository of its sources, as its own manifest does, is in everybody's.
 */
async function mirrorFor(
  { git, remotes }: { git: Git; remotes: Pick<Remotes, 'reach'> | undefined },
  { repo, to }: CommitRange,
  app: Application | undefined,
): Promise<Repository> {
  const isSource = app && sourcesOf(app.spec).some(({ repoURL }) => normaliseRepo(repoURL) === normaliseRepo(repo));
  const reach = isSource ? remotes?.reach(app, repo) : undefined;
  const own = reach?.project === undefined ? undefined : git.repository(repo, reach);
  return own && (await own.has(to).catch(() => false)) ? own : git.repository(repo);
}

/** `forge`: undefined without a GitHub App; then nobody can tell whose a commit is. */
export function createAuthors(git: Git, forge: CommitAuthors | undefined, remotes?: Pick<Remotes, 'reach'>): Authors {
  const mirrorOf = (range: CommitRange, app?: Application): Promise<Repository> =>
    mirrorFor({ git, remotes }, range, app);
  return {
    async authorsOf({ ranges, unknown: told }, app) {
      const found = await Promise.all(
        ranges.map(async (range) =>
          orUnknown(authorsOfRange({ repository: await mirrorOf(range, app), forge }, range)),
        ),
      );
      return union([...found, { people: [], unknown: told }]);
    },
    async hasCommits(ranges, app) {
      for (const range of ranges) {
        const { from, to, paths = ['.'] } = range;
        const repository = await mirrorOf(range, app);
        // Rewritten history is a new one.
        if (from !== undefined && !(await isThere(repository, from))) return true;
        const found = await repository.touching({ ...(from !== undefined && { from }), to, paths, limit: maxCommits });
        if (!found || found.length > 0) return true;
      }
      return false;
    },
    reviewersOf: async (...asked) => forge?.reviewersOf?.(...asked),
  };
}
