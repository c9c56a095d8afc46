// What a person does on GitHub, for tests, the story and the page: commits, pull requests, comments, merges, buttons.
import type { MergeRequest } from './git/merge.ts';
import type { Site } from './site.ts';
import type { Account, Actor, CheckRun, Comment, Pull, ReactionContent, Repository, Review } from './world.ts';
import { join } from 'node:path';
import { pressAction, rerunCheck } from './check.ts';
import { addComment, editComment, react } from './comment.ts';
import { Failure } from './failure.ts';
import { resolveCommit } from './git/git.ts';
import { commitFiles, moveRef } from './git/merge.ts';
import { emailOf } from './present/present-pull.ts';
import { addReview, editPull, mergePull, openPull } from './pull.ts';
import { announcing } from './push.ts';
import { findRepository } from './world.ts';

interface NewCommitOrder {
  /** Created from `from` when it does not exist. */
  branch: string;
  /** Default: the default branch. */
  from?: string;
  /** A forced push: begins at `from`, whatever the branch has. */
  force?: true;
  /** Whole contents by path; null removes the file. */
  files: Record<string, string | null>;
  message: string;
  /** What Git believes; default: this person. */
  author?: { name: string; email: string };
}

/** `repo` is `owner/name` everywhere. Refusals are thrown as GitHub words them. */
export interface Person {
  readonly account: Account;
  /** A clone URL with this person's credentials. */
  gitUrl(repo: string): string;
  /** The new commit. */
  commit(repo: string, order: NewCommitOrder): Promise<string>;
  /** The number; base defaults to the default branch. */
  openPullRequest(
    repo: string,
    order: { head: string; base?: string; title: string; body?: string; draft?: boolean },
  ): Promise<number>;
  editPullRequest(
    repo: string,
    number: number,
    edit: { title?: string; body?: string; state?: 'open' | 'closed' },
  ): Promise<void>;
  /** The merge commit. */
  merge(repo: string, number: number, method?: MergeRequest['method']): Promise<string>;
  /** The comment's id. */
  comment(repo: string, number: number, body: string): number;
  editComment(repo: string, id: number, body: string): void;
  react(repo: string, commentId: number, content: ReactionContent): void;
  review(repo: string, number: number, given: { state: Review['state']; body?: string }): Promise<void>;
  /** Presses a button of the newest run of that name on the commit. */
  pressCheck(repo: string, at: { sha: string; name: string; identifier: string }): void;
  rerunCheck(repo: string, at: { sha: string; name: string }): void;
}

function repositoryOf(site: Site, name: string): Repository {
  const [owner = '', repo = ''] = name.split('/');
  const found = findRepository(site.world, owner, repo);
  if (!found) throw new Failure(404, `no repository ${name}`);
  return found;
}

function pullAt(repository: Repository, number: number): Pull {
  const found = repository.pulls.get(number);
  if (!found) throw new Failure(404, `no pull request ${number}`);
  return found;
}

function commentAt(repository: Repository, id: number): Comment {
  const found = repository.comments.find((comment) => comment.id === id);
  if (!found) throw new Failure(404, `no comment ${id}`);
  return found;
}

function checkAt(repository: Repository, at: { sha: string; name: string }): CheckRun {
  const found = repository.checks.findLast((check) => check.headSha === at.sha && check.name === at.name);
  if (!found) throw new Failure(404, `no check ${at.name} on ${at.sha}`);
  return found;
}

function mayWrite(repository: Repository, account: Account): void {
  const role = repository.roles.get(account.login.toLowerCase());
  if (role === 'write' || role === 'maintain' || role === 'admin') return;
  throw new Failure(403, 'Must have push access to the repository.');
}

async function makeCommit(
  site: Site,
  at: { repository: Repository; actor: Actor },
  order: NewCommitOrder,
): Promise<string> {
  const { repository, actor } = at;
  mayWrite(repository, actor.account);
  return announcing(site, at, async () => {
    const ref = `refs/heads/${order.branch}`;
    const before = await resolveCommit(repository.dir, ref);
    const parent =
      (order.force ? null : before) ??
      (await resolveCommit(repository.dir, `refs/heads/${order.from ?? repository.defaultBranch}`));
    if (parent === null) throw new Failure(404, `no branch ${order.from ?? repository.defaultBranch}`);
    const author = order.author ?? { name: actor.account.name, email: emailOf(actor.account) };
    const index = join(repository.dir, `index-${site.world.nextId()}`);
    const sha = await commitFiles(repository.dir, parent, {
      files: order.files,
      message: order.message,
      author,
      index,
    });
    await moveRef(repository.dir, ref, { before, after: sha });
    return sha;
  });
}

export function createPerson(site: Site, account: Account): Person {
  const actor: Actor = { account, app: null };
  const at = (repo: string): { repository: Repository; actor: Actor } => ({
    repository: repositoryOf(site, repo),
    actor,
  });
  const on = (repo: string, number: number): { repository: Repository; actor: Actor; pull: Pull } => {
    const place = at(repo);
    return { ...place, pull: pullAt(place.repository, number) };
  };
  return {
    account,
    gitUrl: (repo) => `${site.world.url.replace('://', `://${account.login}:${account.token ?? ''}@`)}/${repo}.git`,
    commit: (repo, order) => makeCommit(site, at(repo), order),
    openPullRequest: async (repo, order) => {
      const place = at(repo);
      const { head, title, base = place.repository.defaultBranch, body = null, draft = false } = order;
      return (await openPull(site, place, { head, title, base, body, draft })).number;
    },
    editPullRequest: (repo, number, edit) => editPull(site, on(repo, number), edit),
    merge: async (repo, number, method = 'merge') => {
      const place = on(repo, number);
      mayWrite(place.repository, account);
      return mergePull(site, place, { method });
    },
    comment: (repo, number, body) => addComment(site, on(repo, number), body).id,
    editComment: (repo, id, body) => editComment(site, at(repo), commentAt(at(repo).repository, id), body),
    react: (repo, id, content) => void react(site, actor, commentAt(at(repo).repository, id), content),
    review: async (repo, number, { state, body = '' }) =>
      void (await addReview(site, on(repo, number), { state, body })),
    pressCheck: (repo, { identifier, ...which }) => {
      mayWrite(at(repo).repository, account);
      pressAction(site, at(repo), checkAt(at(repo).repository, which), identifier);
    },
    rerunCheck: (repo, which) => rerunCheck(site, at(repo), checkAt(at(repo).repository, which)),
  };
}
