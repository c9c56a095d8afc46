// Pull requests: opening, editing, test merges, merging, reviewing.
import type { Json } from './present/present.ts';
import type { Site } from './site.ts';
import type { Actor, Pull, Repository, Review } from './world.ts';
import { git, resolveCommit } from './git/git.ts';
import { Failure, invalid } from './failure.ts';
import { merge, mergedTree, moveRef } from './git/merge.ts';
import { emailOf, presentPullWhole, presentReview } from './present/present-pull.ts';
import { presentScene } from './present/present.ts';
import { announcing, closePull, keepPullRef } from './push.ts';
import { findRepository, timestamp } from './world.ts';

interface NewPull {
  title: string;
  body: string | null;
  /** Branch names. */
  head: string;
  base: string;
  draft: boolean;
}

/** The commit count between two commits, `from..to`. */
async function countBetween(repository: Repository, from: string, to: string): Promise<number> {
  return Number(await git(repository.dir, ['rev-list', '--count', `${from}..${to}`]));
}

/** Issues and pull requests share GitHub's numbering; the sandbox has pull requests only. */
function nextNumber(repository: Repository): number {
  return Math.max(0, ...repository.pulls.keys()) + 1;
}

export async function openPull(site: Site, at: { repository: Repository; actor: Actor }, made: NewPull): Promise<Pull> {
  return site.alone(at.repository, () => openPullAlone(site, at, made));
}

/** `branch`, `owner:branch`, or `person:branch` of their fork. */
function headOf(site: Site, repository: Repository, head: string): { fork: Repository | null; headRef: string } {
  const [, owner = repository.owner.login, headRef = head] = /^([^:]+):(.+)$/.exec(head) ?? [];
  const found = findRepository(site.world, owner, repository.name);
  if (!found) throw invalid('PullRequest', 'head', { code: 'invalid' });
  return { fork: found === repository ? null : found, headRef };
}

async function openPullAlone(site: Site, at: { repository: Repository; actor: Actor }, made: NewPull): Promise<Pull> {
  const { repository, actor } = at;
  const { fork, headRef } = headOf(site, repository, made.head);
  const headSha = await resolveCommit((fork ?? repository).dir, `refs/heads/${headRef}`);
  const baseSha = await resolveCommit(repository.dir, `refs/heads/${made.base}`);
  if (headSha === null) throw invalid('PullRequest', 'head', { code: 'invalid' });
  if (baseSha === null) throw invalid('PullRequest', 'base', { code: 'invalid' });
  const same = [...repository.pulls.values()].find(
    (pull) => pull.state === 'open' && pull.fork === fork && pull.headRef === headRef && pull.baseRef === made.base,
  );
  if (same) {
    throw new Failure(422, 'Validation Failed', [
      {
        resource: 'PullRequest',
        code: 'custom',
        message: `A pull request already exists for ${repository.owner.login}:${headRef}.`,
      },
    ]);
  }
  // Forks share their objects, as on GitHub.
  if (fork) await git(repository.dir, ['fetch', '--quiet', fork.dir, headSha]);
  if ((await countBetween(repository, baseSha, headSha)) === 0) {
    throw new Failure(422, 'Validation Failed', [
      { resource: 'PullRequest', code: 'custom', message: `No commits between ${made.base} and ${headRef}` },
    ]);
  }
  const now = timestamp();
  const pull: Pull = {
    id: site.world.nextId(),
    number: nextNumber(repository),
    title: made.title,
    body: made.body,
    user: actor.account,
    draft: made.draft,
    state: 'open',
    fork,
    headRef,
    baseRef: made.base,
    headSha,
    baseSha,
    mergedBy: null,
    mergeCommit: null,
    brought: null,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    mergedAt: null,
    tested: null,
    content: null,
  };
  repository.pulls.set(pull.number, pull);
  await keepPullRef(repository, pull);
  await announcePull(site, { ...at, pull }, 'opened');
  return pull;
}

async function announcePull(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  action: string,
  more: Json = {},
): Promise<void> {
  site.hooks.send('pull_request', {
    action,
    number: at.pull.number,
    ...more,
    pull_request: await presentPullWhole(site.world, at.repository, at.pull),
    ...presentScene(site.world, at.repository, at.actor.account),
  });
  site.world.changed();
}

/** What it would answer now is unknown; the test merge that this starts is known to the next who asks. */
export async function testMerge(repository: Repository, pull: Pull): Promise<void> {
  if (pull.state === 'closed') return;
  const base = (await resolveCommit(repository.dir, `refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  const of = `${base}..${pull.headSha}`;
  if (pull.tested?.of === of) return;
  const tree = await mergedTree(repository.dir, base, pull.headSha);
  pull.tested = { of, mergeable: tree !== null };
}

interface PullEdit {
  title?: string | undefined;
  body?: string | undefined;
  base?: string | undefined;
  state?: 'open' | 'closed' | undefined;
}

export async function editPull(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  edit: PullEdit,
): Promise<void> {
  const { repository, pull } = at;
  const changes: Json = {};
  if (edit.title !== undefined && edit.title !== pull.title) {
    changes['title'] = { from: pull.title };
    pull.title = edit.title;
  }
  if (edit.body !== undefined && edit.body !== pull.body) {
    changes['body'] = { from: pull.body ?? '' };
    pull.body = edit.body;
  }
  if (edit.base !== undefined && edit.base !== pull.baseRef) {
    const sha = await resolveCommit(repository.dir, `refs/heads/${edit.base}`);
    if (sha === null) throw invalid('PullRequest', 'base', { code: 'invalid' });
    changes['base'] = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } };
    Object.assign(pull, { baseRef: edit.base, baseSha: sha });
  }
  pull.updatedAt = timestamp();
  if (Object.keys(changes).length > 0) await announcePull(site, at, 'edited', { changes });
  if (edit.state === 'closed' && pull.state === 'open') await closePull(site, at);
  if (edit.state === 'open' && pull.state === 'closed') await reopen(site, at);
}

async function reopen(site: Site, at: { repository: Repository; actor: Actor; pull: Pull }): Promise<void> {
  const { pull, repository } = at;
  const head = await resolveCommit((pull.fork ?? repository).dir, `refs/heads/${pull.headRef}`);
  if (pull.mergedAt !== null || head === null)
    throw invalid('PullRequest', 'state', { code: 'invalid', message: 'state cannot be changed.' });
  Object.assign(pull, { state: 'open', closedAt: null, headSha: head });
  await announcePull(site, at, 'reopened');
}

/**
 * As GitHub answers: the merged pull request that brought a commit, rebased ones included, and open ones that have it.
 */
export async function pullsThatBrought(repository: Repository, sha: string): Promise<Pull[]> {
  const found: Pull[] = [];
  for (const pull of repository.pulls.values()) {
    const ranges = [
      `${pull.baseSha}..${pull.headSha}`,
      ...(pull.brought ? [`${pull.brought.from}..${pull.brought.to}`] : []),
    ];
    const ids = await Promise.all(ranges.map((range) => git(repository.dir, ['rev-list', range])));
    if (pull.mergeCommit === sha || ids.some((each) => each.split('\n').includes(sha))) found.push(pull);
  }
  return found;
}

export interface MergeOrder {
  method: 'merge' | 'squash' | 'rebase';
  title?: string | undefined;
  message?: string | undefined;
  /** The head that must still be the head. */
  sha?: string | undefined;
}

/** The commit that the base branch now is. Throws 405 when it cannot be merged, 409 when the head moved. */
export async function mergePull(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  order: MergeOrder,
): Promise<string> {
  const { repository, actor, pull } = at;
  if (order.sha !== undefined && order.sha !== pull.headSha)
    throw new Failure(409, 'Head branch was modified. Review and try the merge again.');
  if (pull.state === 'closed' || pull.draft) throw new Failure(405, 'Pull Request is not mergeable');
  return announcing(site, { ...at, merging: true }, async () => {
    const base = await resolveCommit(repository.dir, `refs/heads/${pull.baseRef}`);
    const author = { name: actor.account.name, email: emailOf(actor.account) };
    const message = mergeMessage(repository, pull, order);
    const tip =
      base === null
        ? null
        : await merge(repository.dir, { base, head: pull.headSha, method: order.method, message, author });
    if (base === null || tip === null) throw new Failure(405, 'Pull Request is not mergeable');
    await moveRef(repository.dir, `refs/heads/${pull.baseRef}`, { before: base, after: tip });
    pull.brought = { from: base, to: tip };
    await closePull(site, at, { commit: tip, by: actor });
    return tip;
  });
}

function mergeMessage(repository: Repository, pull: Pull, order: MergeOrder): string {
  const squash = order.method === 'squash';
  const title =
    order.title ??
    (squash
      ? `${pull.title} (#${pull.number})`
      : `Merge pull request #${pull.number} from ${repository.owner.login}/${pull.headRef}`);
  const message = order.message ?? (squash ? (pull.body ?? '') : pull.title);
  return message === '' ? title : `${title}\n\n${message}`;
}

export async function addReview(
  site: Site,
  at: { repository: Repository; actor: Actor; pull: Pull },
  given: Pick<Review, 'state' | 'body'>,
): Promise<Review> {
  const { repository, actor, pull } = at;
  const { world, hooks } = site;
  const review: Review = {
    id: world.nextId(),
    pull: pull.number,
    user: actor.account,
    ...given,
    commit: pull.headSha,
    submittedAt: timestamp(),
  };
  repository.reviews.push(review);
  hooks.send('pull_request_review', {
    action: 'submitted',
    // REST writes review states in capitals, webhooks in small letters.
    review: { ...presentReview(world, repository, review), state: review.state.toLowerCase() },
    pull_request: await presentPullWhole(world, repository, pull),
    ...presentScene(world, repository, actor.account),
  });
  world.changed();
  return review;
}
