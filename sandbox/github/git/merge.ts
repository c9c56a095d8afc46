// Test merges and real merges in a bare repository, without a work tree.
import type { Signature } from './git.ts';
import { rm } from 'node:fs/promises';
import { run } from '../../../src/base/process.ts';
import { commit, commits, git, gitEnvironment } from './git.ts';

interface Identity {
  name: string;
  email: string;
}

interface NewCommit {
  tree: string;
  parents: string[];
  message: string;
  author: Identity | Signature;
  committer: Identity;
}

/** The tree of merging both commits, or null when they conflict. */
export async function mergedTree(dir: string, base: string, head: string): Promise<string | null> {
  const args = ['merge-tree', '--write-tree', '--no-messages', base, head];
  const { code, stdout } = await run('git', args, { cwd: dir, env: gitEnvironment(), okCodes: [0, 1] });
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

async function writeCommit(dir: string, made: NewCommit): Promise<string> {
  const env: Record<string, string> = {
    GIT_AUTHOR_NAME: made.author.name,
    GIT_AUTHOR_EMAIL: made.author.email,
    GIT_COMMITTER_NAME: made.committer.name,
    GIT_COMMITTER_EMAIL: made.committer.email,
    ...('date' in made.author ? { GIT_AUTHOR_DATE: made.author.date } : {}),
  };
  const parents = made.parents.flatMap((parent) => ['-p', parent]);
  return (await git(dir, ['commit-tree', ...parents, made.tree], { input: `${made.message}\n`, env })).trim();
}

/** Sets a reference only if it still is `before` (null: does not exist yet); `after` null deletes it. */
export async function moveRef(
  dir: string,
  name: string,
  move: { before: string | null; after: string | null },
): Promise<void> {
  const none = '0'.repeat(40);
  const args = move.after === null ? ['-d', name, move.before ?? ''] : [name, move.after, move.before ?? none];
  await git(dir, ['update-ref', ...args]);
}

export interface MergeRequest {
  base: string;
  head: string;
  method: 'merge' | 'squash' | 'rebase';
  /** Of the merge or squash commit. */
  message: string;
  author: Identity;
}

const committer: Identity = { name: 'GitHub', email: 'noreply@github.com' };

/** The new tip of the base branch, or null when the merge conflicts. */
export async function merge(dir: string, request: MergeRequest): Promise<string | null> {
  if (request.method === 'rebase') return rebase(dir, request);
  const tree = await mergedTree(dir, request.base, request.head);
  if (tree === null) return null;
  const parents = request.method === 'merge' ? [request.base, request.head] : [request.base];
  return writeCommit(dir, { tree, parents, message: request.message, author: request.author, committer });
}

async function rebase(dir: string, request: MergeRequest): Promise<string | null> {
  const range = ['--no-merges', `${request.base}..${request.head}`];
  let tip = request.base;
  for (const each of (await commits(dir, range)).reverse()) {
    const parent = each.parents[0];
    if (parent === undefined) return null;
    // merge-tree finds its base by history, so the tip's tree is given the picked commit's parent as its own parent.
    const { tree } = await commit(dir, tip);
    const stand = await writeCommit(dir, {
      tree,
      parents: [parent],
      message: 'stand-in',
      author: committer,
      committer,
    });
    const picked = await mergedTree(dir, stand, each.sha);
    if (picked === null) return null;
    tip = await writeCommit(dir, {
      tree: picked,
      parents: [tip],
      message: each.message,
      author: each.author,
      committer,
    });
  }
  return tip;
}

/** A commit on top of `parent` with some files replaced; content null removes the file. */
export async function commitFiles(
  dir: string,
  parent: string,
  change: { files: Record<string, string | null>; message: string; author: Identity; index: string },
): Promise<string> {
  const env = { GIT_INDEX_FILE: change.index };
  await git(dir, ['read-tree', parent], { env });
  const entries: string[] = [];
  for (const [path, content] of Object.entries(change.files)) {
    const blob =
      content === null ? null : (await git(dir, ['hash-object', '-w', '--stdin'], { input: content })).trim();
    // Mode 0 removes the entry.
    entries.push(blob === null ? `0 ${'0'.repeat(40)}\t${path}\0` : `100644 ${blob}\t${path}\0`);
  }
  await git(dir, ['update-index', '-z', '--index-info'], { env, input: entries.join('') });
  const tree = (await git(dir, ['write-tree'], { env })).trim();
  await rm(change.index, { force: true });
  return writeCommit(dir, {
    tree,
    parents: [parent],
    message: change.message,
    author: change.author,
    committer: change.author,
  });
}
