// `git revert` without a checkout: a three-way merge with the inverse of what is taken back.
import type { Commit, LogOptions, RevertInput, RevertResult } from './repository.ts';
import type { TreeEntry, Trees } from './trees.ts';
import type { Workshop } from './merge.ts';
import { AppError } from '../base/errors.ts';
import { commitTree, machine, mergeTrees, treeWith } from './merge.ts';
import { segments } from './trees.ts';
import { subjectOf } from './commit.ts';

/** What a revert asks of the repository's history. */
interface History {
  readonly trees: Trees;
  commit(sha: string): Promise<Commit>;
  rootTree(treeish: string): Promise<string>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  log(options: LogOptions): Promise<Commit[]>;
}

/** Throws E_REVISION where there is nothing before it, or it is not part of the base; conflicts are an answer. */
export async function revert(shop: Workshop, history: History, input: RevertInput): Promise<RevertResult> {
  const last = await history.commit(input.commit);
  const before = input.from ?? last.parents[0];
  if (before === undefined) throw new AppError('E_REVISION', `${last.sha} is the first commit and cannot be reverted`);
  if (!(await history.isAncestor(last.sha, input.base)))
    throw new AppError('E_REVISION', `${last.sha} is not part of ${input.base}`);
  const inverse = await inverseCommit(
    shop,
    last.sha,
    await treeBefore(shop, history, { last, before, paths: input.paths }),
  );
  const merged = await mergeTrees(shop, input.base, inverse);
  if ('conflicts' in merged) return merged;
  if (merged.tree === (await history.rootTree(input.base))) return { empty: true };
  const commits =
    input.from === undefined ? [last] : await history.log({ from: input.from, to: last.sha, firstParent: true });
  const message = revertMessage(commits, input.trailers);
  const commit = await commitTree(shop, { tree: merged.tree, parents: [input.base], message, author: input.author });
  return { tree: merged.tree, commit, message };
}

/** The state before the change, for all paths or only for some. */
async function treeBefore(
  shop: Workshop,
  history: History,
  change: { last: Commit; before: string; paths: string[] | undefined },
): Promise<string> {
  const old = await history.rootTree(change.before);
  if (!change.paths) return old;
  const wanted = change.paths.map((path) => segments(path).join('/'));
  const touched = (path: string): boolean =>
    wanted.some((item) => item === '' || path === item || path.startsWith(`${item}/`));
  const changes = new Map<string, TreeEntry | undefined>();
  for (const path of (await history.trees.diff(old, change.last.tree)).filter(touched)) {
    const entry = await history.trees.find(old, path);
    changes.set(path, entry?.kind === 'dir' ? undefined : entry);
  }
  return treeWith(shop, change.last.tree, changes);
}

/** A commit on top of `last` with the state before it: merging it is the three-way revert. */
async function inverseCommit(shop: Workshop, last: string, treeBefore: string): Promise<string> {
  return commitTree(shop, {
    tree: treeBefore,
    parents: [last],
    message: `State before ${last}\n`,
    author: { ...machine, at: 0 },
  });
}

/**
 * The message that `git revert` (2.43) writes, for several commits one line each, and the trailers in a paragraph of
 * their own.
 */
function revertMessage(commits: readonly Commit[], trailers: RevertInput['trailers'] = []): string {
  const [newest] = commits;
  const subject = subjectOf(newest?.message ?? '');
  const title = commits.length > 1 ? `Revert ${commits.length} commits up to "${subject}"` : revertTitle(subject);
  const lines = commits.map(({ sha, parents }) => {
    const [first] = parents;
    return parents.length > 1 && first
      ? `This reverts commit ${sha}, reversing\nchanges made to ${first}.`
      : `This reverts commit ${sha}.`;
  });
  const end = trailers.map(([name, value]) => `${name}: ${value.replace(/\s+/g, ' ').trim()}`);
  return `${[title, '', ...lines, ...(end.length > 0 ? ['', ...end] : [])].join('\n')}\n`;
}

function revertTitle(subject: string): string {
  const again = /^Revert "(.*)"$/.exec(subject)?.[1];
  if (again === undefined || again.startsWith('Revert "')) return `Revert "${subject}"`;
  return `Reapply "${again}"`;
}
