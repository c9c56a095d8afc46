// Commits that are made in the mirror: test merges, and trees with a few files changed.
import type { Commit, CommitInput, MergeResult, Signature } from './repository.ts';
import type { Answer, GitCommand } from './command.ts';
import type { Trees } from './trees.ts';
import { AppError } from '../base/errors.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { identity, isId } from './commit.ts';
import { segments } from './trees.ts';
import { redactText } from '../base/log.ts';

export interface Workshop {
  git: GitCommand;
  /** Of the bare mirror that git works in. */
  dir: string;
}

/** Never leaves the mirror; fixed, so that equal merges are one object. */
export const machine = { name: 'Coxswain', email: 'coxswain@localhost' };

/** Folders of private indexes in the mirror begin so. */
export const indexPrefix = 'index-';

/** What git says that it wrote. Without it nothing was written, whatever the exit code. Throws E_GIT. */
function written(what: string, { stdout, stderr }: Pick<Answer, 'stdout' | 'stderr'>): string {
  const id = stdout.trim();
  if (isId(id)) return id;
  throw new AppError('E_GIT', `git ${what}: ${redactText(stderr.trim()) || 'nothing was written'}`, {
    kind: 'transient',
    cause: { stderr },
  });
}

/** `git merge-tree --write-tree` (git 2.38): the tree, or the files in conflict. */
export async function mergeTrees(
  shop: Workshop,
  base: string,
  other: string,
): Promise<{ tree: string } | { conflicts: string[] }> {
  const answer = await shop.git(
    'merge',
    ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, other],
    { okCodes: [0, 1] },
  );
  const [first = '', ...files] = answer.stdout.split('\0').filter((field) => field !== '');
  const tree = written('merge', { ...answer, stdout: first }); // a commit that is not there is exit 1 too
  return answer.code === 0 ? { tree } : { conflicts: [...new Set(files)].sort() };
}

/** The same two commits give the same merge commit, whoever makes it and when. */
export async function testMerge(shop: Workshop, base: Commit, head: Commit): Promise<MergeResult> {
  const merged = await mergeTrees(shop, base.sha, head.sha);
  if ('conflicts' in merged) return merged;
  const author: Signature = { ...machine, at: head.committer.at };
  const commit = await commitTree(shop, {
    tree: merged.tree,
    parents: [base.sha, head.sha],
    message: `Merge ${head.sha} into ${base.sha}\n`,
    author,
  });
  return { tree: merged.tree, commit };
}

/** Answers the id of the commit; no ref names it. */
export async function commitTree(shop: Workshop, input: CommitInput): Promise<string> {
  const { message: text } = input;
  const parents = input.parents.flatMap((parent) => ['-p', parent]);
  const message = text.endsWith('\n') ? text : `${text}\n`;
  const env = identity(input.author, input.committer ?? input.author);
  return written(
    'commit-tree',
    await shop.git('commit-tree', ['commit-tree', input.tree, ...parents], { env, input: message }),
  );
}

async function writeBlob(shop: Workshop, content: Buffer | string): Promise<string> {
  return written('hash-object', await shop.git('hash-object', ['hash-object', '-w', '--stdin'], { input: content }));
}

/** The tree with these paths set, or removed where undefined; a private index, no work tree. */
export async function treeWith(
  shop: Workshop,
  base: string,
  changes: ReadonlyMap<string, { mode: string; id: string } | undefined>,
): Promise<string> {
  const folder = await mkdtemp(join(shop.dir, indexPrefix));
  const env = { GIT_INDEX_FILE: join(folder, 'index') };
  try {
    await shop.git('read-tree', ['read-tree', base], { env });
    const lines = [...changes].map(([path, entry]) =>
      entry ? `${entry.mode} ${entry.id}\t${path}\0` : `0 ${'0'.repeat(40)}\t${path}\0`,
    );
    await shop.git('update-index', ['update-index', '-z', '--index-info'], {
      env,
      input: lines.join(''),
    });
    return written('write-tree', await shop.git('write-tree', ['write-tree'], { env }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The tree with these files written, keeping their mode, or removed where undefined. */
export async function writeFiles(
  shop: Workshop,
  trees: Trees,
  root: string,
  files: ReadonlyMap<string, Buffer | string | undefined>,
): Promise<string> {
  const changes = new Map<string, { mode: string; id: string } | undefined>();
  for (const [path, content] of files) {
    const id = content === undefined ? undefined : await writeBlob(shop, content);
    const mode = (await trees.find(root, path))?.mode;
    changes.set(
      segments(path).join('/'),
      id === undefined ? undefined : { id, mode: mode === '100755' ? mode : '100644' },
    );
  }
  return treeWith(shop, root, changes);
}
