// What follows a moved reference: push webhooks, pull requests that get new commits, and those that were merged by it.
import type { Commit, Ref } from './git/git.ts';
import type { Json } from './present/present.ts';
import type { Site } from './site.ts';
import type { Actor, Pull, Repository } from './world.ts';
import { recordActivity } from './activity.ts';
import { changedFiles, commits, git, refs, resolveCommit } from './git/git.ts';
import { presentPullWhole } from './present/present-pull.ts';
import { presentRepository, presentScene } from './present/present.ts';
import { fullName, timestamp } from './world.ts';

interface RefMove {
  name: string;
  before: string | null;
  after: string | null;
}

const none = '0'.repeat(40);

function movesBetween(before: readonly Ref[], after: readonly Ref[]): RefMove[] {
  const old = new Map(before.map((ref) => [ref.name, ref.sha]));
  const now = new Map(after.map((ref) => [ref.name, ref.sha]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((name) => ({ name, before: old.get(name) ?? null, after: now.get(name) ?? null }))
    .filter((move) => move.before !== move.after);
}

/** Runs `work` alone in the repository and announces the references that it moved. */
export async function announcing<T>(
  site: Site,
  at: { repository: Repository; actor: Actor; merging?: boolean },
  work: () => Promise<T>,
): Promise<T> {
  return site.alone(at.repository, async () => {
    const before = await refs(at.repository.dir);
    try {
      return await work();
    } finally {
      for (const move of movesBetween(before, await refs(at.repository.dir))) await announceMove(site, at, move);
      site.world.changed();
    }
  });
}

async function announceMove(
  site: Site,
  at: { repository: Repository; actor: Actor; merging?: boolean },
  move: RefMove,
): Promise<void> {
  await recordActivity(site.world, at, move);
  at.repository.pushedAt = timestamp();
  site.hooks.send('push', await pushPayload(site, at, move));
  if (!move.name.startsWith('refs/heads/')) return;
  const branch = move.name.slice('refs/heads/'.length);
  for (const pull of at.repository.pulls.values()) {
    if (pull.state !== 'open') continue;
    if (pull.fork === null && pull.headRef === branch) await headMoved(site, { ...at, pull }, move);
    if (pull.baseRef === branch && move.after !== null) await baseMoved(site, { ...at, pull }, move.after);
  }
}

async function headMoved(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  move: RefMove,
): Promise<void> {
  const { repository, actor, pull } = at;
  if (move.after === null) return closePull(site, at);
  pull.headSha = move.after;
  pull.baseSha = (await resolveCommit(repository.dir, `refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  pull.updatedAt = timestamp();
  await keepPullRef(repository, pull);
  site.hooks.send('pull_request', {
    action: 'synchronize',
    number: pull.number,
    before: move.before ?? none,
    after: move.after,
    pull_request: await presentPullWhole(site.world, repository, pull),
    ...presentScene(site.world, repository, actor.account),
  });
}

/** A head that became part of the base by a push counts as merged, as on GitHub. */
async function baseMoved(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  tip: string,
): Promise<void> {
  const { repository, actor, pull } = at;
  // base.sha is not touched: GitHub moves it only when the head gets a push.
  const ahead = await git(repository.dir, ['rev-list', '--max-count=1', `${tip}..${pull.headSha}`]);
  if (ahead === '' && pull.mergedAt === null) await closePull(site, at, { commit: tip, by: actor });
}

/** Closes it, merged or not, and tells. */
export async function closePull(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  merged?: { commit: string; by: Actor },
): Promise<void> {
  const { repository, actor, pull } = at;
  pull.state = 'closed';
  pull.closedAt = pull.updatedAt = timestamp();
  if (merged) Object.assign(pull, { mergedAt: pull.closedAt, mergedBy: merged.by.account, mergeCommit: merged.commit });
  const pullRequest = await presentPullWhole(site.world, repository, pull);
  const scene = presentScene(site.world, repository, actor.account);
  site.hooks.send('pull_request', { action: 'closed', number: pull.number, pull_request: pullRequest, ...scene });
  site.world.changed();
}

/** `refs/pull/<n>/head` outlives the branch. */
export async function keepPullRef(repository: Repository, pull: Pull): Promise<void> {
  await git(repository.dir, ['update-ref', `refs/pull/${pull.number}/head`, pull.headSha]);
}

async function pushedCommit(site: Site, repository: Repository, commit: Commit): Promise<Json> {
  const files = await changedFiles(repository.dir, commit.parents[0] ?? null, commit.sha);
  const paths = (status: string): string[] => files.filter((file) => file.status === status).map((file) => file.path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${site.world.url}/${fullName(repository)}/commit/${commit.sha}`,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
    added: paths('added'),
    removed: paths('removed'),
    modified: [...paths('modified'), ...paths('renamed')],
  };
}

async function pushPayload(site: Site, at: { repository: Repository; actor: Actor }, move: RefMove): Promise<Json> {
  const { repository, actor } = at;
  const after = move.after === null ? null : await resolveCommit(repository.dir, move.after);
  // A new branch lists what the default branch does not have yet.
  const known = move.before ?? (await resolveCommit(repository.dir, `refs/heads/${repository.defaultBranch}`));
  const range = after === null ? [] : known === null || known === after ? [after] : [`${known}..${after}`];
  // 2,048 is GitHub's limit of commits in a push payload.
  const listed = after === null ? [] : (await commits(repository.dir, range, 2048)).reverse();
  const shown = await Promise.all(listed.map((commit) => pushedCommit(site, repository, commit)));
  const forced =
    move.before !== null &&
    after !== null &&
    (await git(repository.dir, ['rev-list', '--max-count=1', `${after}..${move.before}`])) !== '';
  const scene = presentScene(site.world, repository, actor.account);
  return {
    ref: move.name,
    before: move.before ?? none,
    after: move.after ?? none,
    base_ref: null,
    created: move.before === null,
    deleted: move.after === null,
    forced,
    compare:
      `${site.world.url}/${fullName(repository)}/compare/${(move.before ?? none).slice(0, 12)}...` +
      `${(move.after ?? none).slice(0, 12)}`,
    commits: shown,
    head_commit: shown.at(-1) ?? null,
    pusher: { name: actor.account.login, email: null },
    ...scene,
    repository: { ...presentRepository(site.world, repository), organization: repository.owner.login },
  };
}
