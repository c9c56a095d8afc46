// One mirrored repository: what is asked of it, answered from its objects, its refs, or the server.
import type { Constraints } from './constraint.ts';
import type { GitCommand } from './command.ts';
import type { Files } from '../model/files.ts';
import type {
  Commit,
  CommitInput,
  LogOptions,
  MergeResult,
  RefChanges,
  Repository,
  RevertInput,
  RevertResult,
  TreeFile,
} from './repository.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Refs } from './refs.ts';
import type { Remote } from './remote.ts';
import type { TouchingOptions } from './touching.ts';
import type { TreeEntry, Trees } from './trees.ts';
import { LRUCache } from 'lru-cache';
import { AppError } from '../base/errors.ts';
import { fetchOne, pushNew, pushNext, remoteDefault, remoteRef } from './remote.ts';
import { commitTree, testMerge, writeFiles } from './merge.ts';
import { commitIds, commitsBetween, isAncestor, mergeBase } from './ancestry.ts';
import { fullId, isId, parseCommit } from './commit.ts';
import { MirrorRefs } from './mirror-refs.ts';
import { resolveByName } from './refs.ts';
import { revert } from './revert.ts';
import { byPath, filesAt, segments } from './trees.ts';
import { touching } from './touching.ts';

interface MirrorParts {
  remote: Remote;
  objects: ObjectReader;
  trees: Trees;
  constraints: Constraints;
  onFetch: () => void;
  onPush: () => void;
  /** It lacks objects, and is brought anew. */
  onBroken: () => void;
}

/** Commits, merges and authors' look-ups are remembered by their ids, which never change their meaning. */
export class Mirror implements Repository {
  readonly url: string;
  readonly trees: Trees;
  readonly #remote: Remote;
  readonly #objects: ObjectReader;
  readonly #parts: MirrorParts;
  readonly #commits = new LRUCache<string, Commit>({ max: 2_000 });
  readonly #merges = new LRUCache<string, MergeResult>({ max: 500 });
  readonly #touching = new LRUCache<string, Promise<string[] | undefined>>({ max: 500 });
  readonly #refs: MirrorRefs;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#remote = parts.remote;
    this.#objects = parts.objects;
    this.#refs = new MirrorRefs(parts.remote, parts.onFetch, parts.onBroken);
    this.trees = parts.trees;
    this.url = parts.remote.url;
  }

  /** What must be there is not: the next fetch looks whether it is whole. */
  suspect(): void {
    this.#refs.suspect();
  }

  fetch(): Promise<RefChanges> {
    return this.#refs.fetch();
  }

  refs(): Promise<Refs> {
    return this.#refs.get();
  }

  async resolve(targetRevision: string | undefined, tagPrefix?: string): Promise<string> {
    const revision = targetRevision ?? '';
    const refs = await this.refs();
    // A constraint that some tag fits goes before a branch of that name (Argo CD: util/git/client.go lsRemote).
    const newest = isId(revision) ? undefined : await this.#parts.constraints.newest(refs, revision, tagPrefix);
    const named = newest === undefined ? resolveByName(refs, revision) : refs.get(newest);
    if (named) return named;
    const [mayBeCommit, isDefault] = [newest === undefined, revision === '' || revision === 'HEAD'];
    if (mayBeCommit && this.#commits.get(revision)) return revision;
    const object =
      mayBeCommit && /^[0-9a-f]{4,64}$/i.test(revision) ? await this.#objects.read(`${revision}^{commit}`) : undefined;
    if (object) {
      this.#commits.set(object.id, parseCommit(object.id, object.data));
      return object.id;
    }
    throw new AppError(
      'E_REVISION',
      `${isDefault ? 'the default branch' : `revision ${JSON.stringify(newest ?? revision)}`} ` +
        `does not exist in ${this.url}`,
      {
        hint: 'Push it, or correct targetRevision: a branch, a tag, a commit or a version constraint.',
      },
    );
  }

  async has(sha: string): Promise<boolean> {
    await this.#refs.open();
    return (
      this.#commits.get(sha) !== undefined || (isId(sha) && (await this.#objects.read(`${sha}^{commit}`)) !== undefined)
    );
  }

  async fetchCommit(sha: string, ref?: string): Promise<void> {
    if (!isId(sha)) throw noCommit(sha, this.url);
    if (await this.has(sha)) return;
    this.#parts.onFetch();
    await fetchOne(this.#remote, sha, ref);
    if (!(await this.has(sha)) && ref !== undefined) await fetchOne(this.#remote, sha, undefined);
    if (!(await this.has(sha))) throw noCommit(sha, this.url);
  }

  async commit(sha: string): Promise<Commit> {
    const known = this.#commits.get(sha);
    if (known) return known;
    await this.#refs.open();
    const object = isId(sha) ? await this.#objects.read(`${sha}^{commit}`) : undefined;
    if (!object) throw noCommit(sha, this.url);
    const commit = parseCommit(object.id, object.data);
    this.#commits.set(sha, commit);
    return commit;
  }

  /** The entry at a path of a commit or tree. */
  async find(treeish: string, path: string): Promise<TreeEntry | undefined> {
    return this.trees.find(await this.rootTree(treeish), path);
  }

  async rootTree(treeish: string): Promise<string> {
    const known = this.#commits.get(treeish);
    if (known) return known.tree;
    await this.#refs.open();
    const object = isId(treeish) ? await this.#objects.read(treeish) : undefined;
    return object?.type === 'tree' ? object.id : (await this.commit(treeish)).tree;
  }

  async tree(sha: string, path: string): Promise<string | undefined> {
    const entry = await this.find(sha, path);
    return entry?.kind === 'dir' ? entry.id : undefined;
  }

  async objectId(sha: string, path: string): Promise<string | undefined> {
    return (await this.find(sha, path))?.id;
  }

  async files(sha: string, path: string): Promise<TreeFile[]> {
    const entry = await this.find(sha, path);
    if (!entry) return [];
    const clean = segments(path).join('/');
    if (entry.kind !== 'dir') return [{ path: clean, id: entry.id }];
    const entries = await this.trees.list(entry.id, clean, true);
    return entries
      .filter(({ kind }) => kind !== 'dir')
      .map(({ path: name, id }) => ({ path: name, id }))
      .sort(byPath);
  }

  async read(sha: string, path: string): Promise<Buffer> {
    const entry = await this.find(sha, path);
    const data = entry && entry.kind !== 'dir' ? await this.blob(entry.id) : undefined;
    if (!data) throw new AppError('E_PATH', `${path} is not a file at ${sha.slice(0, 12)}`);
    return data;
  }

  async blob(id: string): Promise<Buffer | undefined> {
    const object = await this.#objects.read(id);
    if (object) return object.type === 'blob' ? object.data : undefined;
    this.#refs.suspect();
    throw new AppError('E_GIT', `file ${id} is not in the mirror`, { kind: 'transient' });
  }

  async changedPaths(from: string, to: string): Promise<string[]> {
    return (await this.trees.diff(await this.rootTree(from), await this.rootTree(to))).sort();
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return isAncestor(await this.#git(), ancestor, descendant);
  }

  async mergeBase(a: string, b: string): Promise<string | undefined> {
    return mergeBase(await this.#git(), a, b);
  }

  async log(options: LogOptions): Promise<Commit[]> {
    return Promise.all((await commitIds(await this.#git(), options)).map((id) => this.commit(id)));
  }

  async touching({ from, to, paths, limit }: TouchingOptions): Promise<string[] | undefined> {
    const git = await this.#git();
    const wanted = { ...(from !== undefined && { from: fullId(from) }), to: fullId(to), paths, limit };
    const key = JSON.stringify(wanted);
    const known = this.#touching.get(key) ?? touching(git, wanted);
    this.#touching.set(key, known);
    known.catch(() => this.#touching.delete(key));
    return known;
  }

  async commitsBetween(from: string, to: string): Promise<string[]> {
    return commitsBetween(await this.#git(), from, to);
  }

  async newestChange(from: string, to: string, inputs: string[]): Promise<string | undefined> {
    for (const id of await commitsBetween(await this.#git(), from, to, ['--first-parent'])) {
      const [parent] = (await this.commit(id)).parents;
      for (const path of inputs) {
        if ((await this.objectId(id, path)) !== (parent && (await this.objectId(parent, path)))) return id;
      }
    }
    return undefined;
  }

  async testMerge(base: string, head: string): Promise<MergeResult> {
    const key = `${base} ${head}`;
    const known = this.#merges.get(key);
    if (known) return known;
    const result = await testMerge(this.#remote, await this.commit(base), await this.commit(head));
    this.#merges.set(key, result);
    return result;
  }

  revert(input: RevertInput): Promise<RevertResult> {
    return revert(this.#remote, this, input);
  }

  async commitTree(input: CommitInput): Promise<string> {
    await this.#refs.open();
    return commitTree(this.#remote, { ...input, tree: fullId(input.tree), parents: input.parents.map(fullId) });
  }

  async takePack(pack: Buffer): Promise<void> {
    await (
      await this.#git()
    )('index-pack', ['index-pack', '--stdin', '--fix-thin'], { input: pack });
  }

  async treeWith(base: string, files: ReadonlyMap<string, Buffer | string | undefined>): Promise<string> {
    return writeFiles(this.#remote, this.trees, await this.rootTree(base), files);
  }

  filesAt(treeish: string): Files {
    return filesAt(this, treeish);
  }

  async push(ref: string, commit: string, _options: { createOnly: true }): Promise<'created' | 'exists'> {
    requireBranch(ref);
    await this.#refs.open();
    this.#parts.onPush();
    return pushNew(this.#remote, ref, fullId(commit));
  }

  async advance(ref: string, from: string, to: string): Promise<'done' | 'moved'> {
    requireBranch(ref);
    await this.#refs.open();
    this.#parts.onPush();
    return pushNext(this.#remote, { ref, from: fullId(from), to: fullId(to) });
  }

  async remoteRef(ref: string): Promise<string | undefined> {
    await this.#refs.open();
    return remoteRef(this.#remote, ref);
  }

  async remoteDefault(): Promise<string | undefined> {
    await this.#refs.open();
    return remoteDefault(this.#remote);
  }

  /** In the mirror, which is there from now on. */
  async #git(): Promise<GitCommand> {
    await this.#refs.open();
    return this.#remote.git;
  }
}

function requireBranch(ref: string): void {
  if (!/^refs\/heads\/[A-Za-z0-9._/-]+$/.test(ref) || ref.includes('..'))
    throw new AppError('E_GIT', `${JSON.stringify(ref)} is not a branch that can be pushed`);
}

function noCommit(id: string, url: string): AppError {
  return new AppError('E_REVISION', `commit ${JSON.stringify(id)} does not exist in ${url}`, {
    hint: 'It may have been dropped by a forced push.',
  });
}
