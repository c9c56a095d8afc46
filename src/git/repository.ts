// What one mirrored repository can be asked: the words of the git room.
import type { Files } from '../model/files.ts';
import type { TouchingOptions } from './touching.ts';
import { AppError } from '../base/errors.ts';

interface Person {
  name: string;
  email: string;
}

export interface Signature extends Person {
  /** Milliseconds since the epoch; git keeps seconds. */
  at: number;
}

export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  /** The whole message; its first line is the subject. */
  message: string;
}

export interface RefChange {
  /** Full name, e.g. `refs/heads/main`. */
  ref: string;
  /** Commit before; undefined = the ref is new. */
  before: string | undefined;
  /** Commit after; undefined = the ref is gone. */
  after: string | undefined;
}

/** What a fetch changed; the remote's HEAD is listed as `HEAD`. The first fetch lists every ref as new. */
export interface RefChanges {
  changes: RefChange[];
}

export interface TreeFile {
  path: string;
  id: string;
}

export interface LogOptions {
  /** Exclusive start: commits reachable from it are left out. */
  from?: string;
  to: string;
  firstParent?: boolean;
  /** Only commits that touch these paths. */
  paths?: string[];
  /** Default 250. */
  limit?: number;
}

export type MergeResult = { tree: string; commit: string } | { conflicts: string[] };

export interface CommitInput {
  tree: string;
  parents: string[];
  message: string;
  author: Signature;
  /** Default: the author. */
  committer?: Signature;
}

export interface RevertInput {
  /** The commit to revert (merges by parent 1), or the last commit of the range. */
  commit: string;
  /** With it the range from (exclusive) … commit is reverted as one. */
  from?: string;
  /** Where the revert is put: usually the head of the branch. The reverted commit must be an ancestor. */
  base: string;
  author: Signature;
  /** Only what the commit did to these files and folders is taken back. */
  paths?: string[];
  /** Appended in this order, e.g. `['Reverted-by', 'octocat']`. */
  trailers?: [string, string][];
}

/** `empty`: nothing is left to take back. */
export type RevertResult =
  { tree: string; commit: string; message: string } | { conflicts: string[] } | { empty: true };

/**
 * A bare mirror of one remote repository. Whatever asks for a commit, tree or ref fetches the mirror first if there is
 * none yet;
 * nothing else goes to the network but `fetch`, `fetchCommit` and `push`. Everything may be killed between any two
 * calls.
 * Errors: E_GIT (transient), E_GIT_AUTH (transient: credentials are asked anew each time), E_REVISION, E_PATH
 * (terminal).
 */
export interface Repository {
  readonly url: string;
  /** Brings the mirror up to date with all branches and tags. Calls while one runs share one following run. */
  fetch(): Promise<RefChanges>;
  /**
   * Commit of a branch, tag, SHA (short too), `HEAD` or '' (the default branch), full ref name or semver constraint
   * over tags, from what is in the mirror. `tagPrefix`: versions and constraints mean tags that begin so. Throws
   * E_REVISION.
   */
  resolve(targetRevision: string | undefined, tagPrefix?: string): Promise<string>;
  /** Commits by full ref name as of the last fetch; `HEAD` is the remote's. */
  refs(): Promise<ReadonlyMap<string, string>>;
  /**
   * Makes sure that a commit is in the mirror, whatever ref holds it. `ref` (e.g. `refs/pull/7/head`) helps servers
   * that do not give out commits by id. Throws E_REVISION.
   */
  fetchCommit(sha: string, ref?: string): Promise<void>;
  /** True if the commit is in the mirror. */
  has(sha: string): Promise<boolean>;
  /** Id of the folder at that path ('' = root); undefined if there is none. */
  tree(sha: string, path: string): Promise<string | undefined>;
  /** Id of the file or folder at that path. */
  objectId(sha: string, path: string): Promise<string | undefined>;
  /** All files below the path, sorted, paths relative to the root. */
  files(sha: string, path: string): Promise<TreeFile[]>;
  /** The files of a commit or tree, as rendering takes them. */
  filesAt(treeish: string): Files;
  /** Throws E_PATH. */
  read(sha: string, path: string): Promise<Buffer>;
  /** Files that differ between two commits or trees, sorted. */
  changedPaths(from: string, to: string): Promise<string[]>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** undefined if the histories are unrelated. */
  mergeBase(a: string, b: string): Promise<string | undefined>;
  commit(sha: string): Promise<Commit>;
  /** Newest first. */
  log(options: LogOptions): Promise<Commit[]>;
  /**
   * Commits that had a hand in what stands at these paths, as touching.ts finds them; undefined when there are more
   * than the limit.
   */
  touching(options: TouchingOptions): Promise<string[] | undefined>;
  /** Ids of the commits that lead from one to the other: those that the second has and the first has not. */
  commitsBetween(from: string, to: string): Promise<string[]>;
  /**
   * The newest first-parent commit after `from` up to `to` in which one of the input paths differs from its first
   * parent.
   */
  newestChange(from: string, to: string, inputs: string[]): Promise<string | undefined>;
  /** Head merged into base; the commit is a function of both alone and is never pushed. */
  testMerge(base: string, head: string): Promise<MergeResult>;
  /** `git revert` without a checkout; the commit depends on the input alone. */
  revert(input: RevertInput): Promise<RevertResult>;
  /** Id of a new commit object; nothing refers to it until it is pushed. */
  commitTree(input: CommitInput): Promise<string>;
  /** Takes over the objects of a pack, a thin one too; nothing refers to them. Throws E_GIT where it is none. */
  takePack(pack: Buffer): Promise<void>;
  /** A tree with these files written or (undefined) removed. */
  treeWith(base: string, files: ReadonlyMap<string, Buffer | string | undefined>): Promise<string>;
  /**
   * Creates a branch on the remote. `exists`: it was there, whatever it points to (`remoteRef` tells); nothing is ever
   * overwritten.
   */
  push(ref: string, sha: string, options: { createOnly: true }): Promise<'created' | 'exists'>;
  /**
   * Moves a branch on the remote from its commit to one that follows it. `moved`: it stands elsewhere by now, and
   * stays. Throws E_GIT, for good when a rule of the server refuses it.
   */
  advance(ref: string, from: string, to: string): Promise<'done' | 'moved'>;
  /** Name of the branch that is the remote's default one right now, without `refs/heads/`; undefined: it has none. */
  remoteDefault(): Promise<string | undefined>;
  /** Commit of a ref on the remote right now. */
  remoteRef(ref: string): Promise<string | undefined>;
}

/**
 * Whether the remote still has the commit, which then is in the mirror; a forced push may have dropped it. Throws what
 * says that the remote is in trouble.
 */
export async function isThere(repository: Repository, sha: string): Promise<boolean> {
  try {
    await repository.fetchCommit(sha);
    return true;
  } catch (error) {
    if (!(error instanceof AppError) || (error.code !== 'E_REVISION' && error.code !== 'E_GIT')) throw error;
    // A server that does not give it out says the same as one in trouble; one that answers otherwise is in none.
    await repository.fetch();
    return repository.has(sha);
  }
}
