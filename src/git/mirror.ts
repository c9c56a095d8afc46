// One mirrored repository: what is asked of it, answered from its objects, its refs, or the server.
import { AppError } from '../base/errors.ts';
import { Lru } from '../base/lru.ts';
import { fetchOne, pushNew, remoteRef } from './remote.ts';
import { commitTree, testMerge, writeFiles } from './merge.ts';
import { parseCommit } from './commit.ts';
import { MirrorRefs } from './mirror-refs.ts';
import { resolveByName } from './refs.ts';
import { revert } from './revert.ts';
import { segments } from './trees.ts';
import { touching } from './touching.ts';
import type { Constraints } from './constraint.ts';
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

export interface MirrorParts {
  remote: Remote;
  objects: ObjectReader;
  trees: Trees;
  constraints: Constraints;
  onFetch: () => void;
  onPush: () => void;
}

export class Mirror implements Repository {
  readonly url: string;
  readonly trees: Trees;
  readonly #remote: Remote;
  readonly #objects: ObjectReader;
  readonly #parts: MirrorParts;
  readonly #commits = new Lru<string, Commit>({ limit: 2_000 });
  readonly #merges = new Lru<string, MergeResult>({ limit: 500 });
  readonly #touching = new Lru<string, Promise<string[] | undefined>>({ limit: 500 });
  readonly #refs: MirrorRefs;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#remote = parts.remote;
    this.#objects = parts.objects;
    this.#refs = new MirrorRefs(parts.remote, parts.onFetch);
    this.trees = parts.trees;
    this.url = parts.remote.url;
  }

  fetch(): Promise<RefChanges> {
    return this.#refs.fetch();
  }

  refs(): Promise<Refs> {
    return this.#refs.get();
  }

  async resolve(targetRevision: string | undefined): Promise<string> {
    const revision = targetRevision ?? '';
    const refs = await this.refs();
    // A constraint that some tag fits goes before a branch of that name (Argo CD: util/git/client.go lsRemote).
    const newest = await this.#parts.constraints.newest(refs, revision);
    const named = newest === undefined ? resolveByName(refs, revision) : refs.get(newest);
    if (named) return named;
    if (this.#commits.get(revision)) return revision;
    const object = /^[0-9a-f]{4,64}$/i.test(revision) ? await this.#objects.read(`${revision}^{commit}`) : undefined;
    if (object) {
      this.#commits.set(object.id, parseCommit(object.id, object.data));
      return object.id;
    }
    throw new AppError(
      'E_REVISION',
      `${revision === '' || revision === 'HEAD' ? 'the default branch' : `revision ${JSON.stringify(revision)}`} does not exist in ${this.url}`,
      {
        hint: 'Push it, or correct targetRevision: a branch, a tag, a commit or a version constraint.',
      },
    );
  }

  async has(sha: string): Promise<boolean> {
    await this.#refs.open();
    return (
      this.#commits.get(sha) !== undefined ||
      (isSha(sha) && (await this.#objects.read(`${sha}^{commit}`)) !== undefined)
    );
  }

  async fetchCommit(sha: string, ref?: string): Promise<void> {
    if (!isSha(sha)) throw noCommit(sha, this.url);
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
    const object = isSha(sha) ? await this.#objects.read(`${sha}^{commit}`) : undefined;
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
    const object = isSha(treeish) ? await this.#objects.read(treeish) : undefined;
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
    return object?.type === 'blob' ? object.data : undefined;
  }

  async changedPaths(from: string, to: string): Promise<string[]> {
    return (await this.trees.diff(await this.rootTree(from), await this.rootTree(to))).sort();
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const { code } = await this.#git(
      'merge-base',
      ['merge-base', '--is-ancestor', sha(ancestor), sha(descendant)],
      [0, 1],
    );
    return code === 0;
  }

  async mergeBase(a: string, b: string): Promise<string | undefined> {
    const { code, stdout } = await this.#git('merge-base', ['merge-base', sha(a), sha(b)], [0, 1]);
    return code === 0 ? stdout.toString('utf8').trim() : undefined;
  }

  async log(options: LogOptions): Promise<Commit[]> {
    const range = options.from === undefined ? [sha(options.to)] : [sha(options.to), `^${sha(options.from)}`];
    const args = [
      'rev-list',
      `--max-count=${options.limit ?? 250}`,
      ...(options.firstParent ? ['--first-parent'] : []),
      ...range,
      '--',
      ...(options.paths ?? []).map((path) => `:(literal)${path}`),
    ];
    const { stdout } = await this.#git('rev-list', args);
    return Promise.all(
      stdout
        .toString('utf8')
        .split('\n')
        .filter(Boolean)
        .map((id) => this.commit(id)),
    );
  }

  async touching({ from, to, paths, limit }: TouchingOptions): Promise<string[] | undefined> {
    await this.#refs.open();
    const wanted = { ...(from !== undefined && { from: sha(from) }), to: sha(to), paths, limit };
    const key = JSON.stringify(wanted);
    const known = this.#touching.get(key) ?? touching({ git: this.#remote.git, repository: this.#remote.dir }, wanted);
    this.#touching.set(key, known);
    known.catch(() => this.#touching.delete(key));
    return known;
  }

  async commitsBetween(from: string, to: string): Promise<string[]> {
    const { stdout } = await this.#git('rev-list', ['rev-list', sha(to), `^${sha(from)}`]);
    return stdout.toString('utf8').split('\n').filter(Boolean);
  }

  async newestChange(from: string, to: string, inputs: string[]): Promise<string | undefined> {
    const { stdout } = await this.#git('rev-list', ['rev-list', '--first-parent', sha(to), `^${sha(from)}`]);
    for (const id of stdout.toString('utf8').split('\n').filter(Boolean)) {
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
    const result = await testMerge(this.#shop(), await this.commit(base), await this.commit(head));
    this.#merges.set(key, result);
    return result;
  }

  revert(input: RevertInput): Promise<RevertResult> {
    return revert(this.#shop(), this, input);
  }

  async commitTree(input: CommitInput): Promise<string> {
    await this.#refs.open();
    return commitTree(this.#shop(), {
      ...input,
      tree: sha(input.tree),
      parents: input.parents.map((parent) => sha(parent)),
    });
  }

  async treeWith(base: string, files: ReadonlyMap<string, Buffer | string | undefined>): Promise<string> {
    return writeFiles(this.#shop(), this.trees, await this.rootTree(base), files);
  }

  filesAt(treeish: string): Files {
    let root: Promise<string> | undefined;
    const find = async (path: string): Promise<TreeEntry | undefined> =>
      this.trees.find(await (root ??= this.rootTree(treeish)), path);
    return {
      entry: async (path) => {
        const entry = await find(path);
        return (
          entry && {
            path: segments(path).join('/'),
            kind: entry.kind,
            id: entry.id,
            executable: entry.mode === '100755',
          }
        );
      },
      id: async (path) => (await find(path))?.id,
      kind: async (path) => (await find(path))?.kind,
      list: async (path, recursive = false) => {
        const entry = await find(path);
        return entry?.kind === 'dir'
          ? (await this.trees.list(entry.id, segments(path).join('/'), recursive)).sort(byPath)
          : [];
      },
      read: async (path) => {
        const entry = await find(path);
        return entry && (entry.kind === 'file' || entry.kind === 'link') ? this.blob(entry.id) : undefined;
      },
    };
  }

  async push(ref: string, commit: string, _options: { createOnly: true }): Promise<'created' | 'exists'> {
    if (!/^refs\/heads\/[A-Za-z0-9._/-]+$/.test(ref) || ref.includes('..'))
      throw new AppError('E_GIT', `${JSON.stringify(ref)} is not a branch that can be created`);
    await this.#refs.open();
    this.#parts.onPush();
    return pushNew(this.#remote, ref, sha(commit));
  }

  async remoteRef(ref: string): Promise<string | undefined> {
    await this.#refs.open();
    return remoteRef(this.#remote, ref);
  }

  #shop(): { git: Remote['git']; dir: string } {
    return { git: this.#remote.git, dir: this.#remote.dir };
  }

  async #git(what: string, args: string[], okCodes = [0]): ReturnType<Remote['git']> {
    await this.#refs.open();
    return this.#remote.git(what, args, { repository: this.#remote.dir, okCodes });
  }
}

function isSha(text: string): boolean {
  return /^[0-9a-f]{40,64}$/.test(text);
}

/** Only full ids reach git's command line. */
function sha(text: string): string {
  if (!isSha(text)) throw new AppError('E_REVISION', `${JSON.stringify(text)} is not a commit id`);
  return text;
}

function noCommit(id: string, url: string): AppError {
  return new AppError('E_REVISION', `commit ${JSON.stringify(id)} does not exist in ${url}`, {
    hint: 'It may have been dropped by a forced push.',
  });
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
