// The bare repositories: commits, trees, differences and references, read and written by real git.
import { run } from '../../../src/base/process.ts';

interface GitOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
}

/** Only what git needs, so that the person's own configuration does not change what the sandbox does. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    ...extra,
  };
}

/** Standard output of `git <args>` in `dir`; throws E_PROCESS on another exit code than 0. */
export async function git(dir: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { stdout } = await run('git', [...args], {
    cwd: dir,
    env: gitEnvironment(options.env),
    input: options.input ?? '',
  });
  return stdout.toString('utf8');
}

/** The id that `revision` means (`^{commit}` is added), or null if there is none. */
export async function resolveCommit(dir: string, revision: string): Promise<string | null> {
  if (revision.startsWith('-') || revision === '') return null;
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const { code, stdout } = await run('git', args, { cwd: dir, env: gitEnvironment(), okCodes: [0, 1, 128] });
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

export interface Signature {
  name: string;
  email: string;
  /** RFC 3339. */
  date: string;
}

export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  message: string;
}

const commitFormat = '%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00%x01';

function utc(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** Commits of a `git log` range, newest first; `max` bounds how many. */
export async function commits(dir: string, range: readonly string[], max = 250): Promise<Commit[]> {
  const out = await git(dir, ['log', `--max-count=${max}`, `--format=${commitFormat}`, ...range, '--']);
  return out
    .split('\u0001')
    .map((entry) => entry.replace(/^\n/, '').split('\0'))
    .filter((fields) => fields.length > 9)
    .map(
      ([sha = '', tree = '', parents = '', an = '', ae = '', at = '0', cn = '', ce = '', ct = '0', message = '']) => ({
        sha,
        tree,
        parents: parents.split(' ').filter((parent) => parent !== ''),
        author: { name: an, email: ae, date: utc(at) },
        committer: { name: cn, email: ce, date: utc(ct) },
        message: message.replace(/\n+$/, ''),
      }),
    );
}

export async function commit(dir: string, sha: string): Promise<Commit> {
  const [found] = await commits(dir, [sha], 1);
  if (!found) throw new Error(`no commit ${sha}`);
  return found;
}

export interface ChangedFile {
  path: string;
  previous: string | null;
  status: 'added' | 'removed' | 'modified' | 'renamed';
  additions: number;
  deletions: number;
  /** Blob id after the change (before it, for a removed file). */
  blob: string;
  /** Unified diff hunks without the file header; empty for binary files. */
  patch: string;
}

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** What differs between two trees or commits; `from` null compares with nothing. */
export async function changedFiles(dir: string, from: string | null, to: string): Promise<ChangedFile[]> {
  const pair = [from ?? emptyTree, to];
  const options = ['diff-tree', '-r', '-M'];
  const [raw, numbers, patches] = await Promise.all([
    git(dir, [...options, '--raw', '-z', '--no-abbrev', ...pair]),
    git(dir, [...options, '--numstat', '-z', ...pair]),
    git(dir, ['-c', 'core.quotePath=false', ...options, '-p', '--no-color', ...pair]),
  ]);
  const counts = parseNumbers(numbers);
  const texts = patches
    .split(/^diff --git /m)
    .slice(1)
    .map((text) => /^@@[\s\S]*/m.exec(text)?.[0].replace(/\n$/, '') ?? '');
  return parseRaw(raw).map((file, at) => ({
    ...file,
    ...(counts[at] ?? { additions: 0, deletions: 0 }),
    patch: texts[at] ?? '',
  }));
}

function parseRaw(raw: string): Omit<ChangedFile, 'additions' | 'deletions' | 'patch'>[] {
  const fields = raw.split('\0');
  const files: Omit<ChangedFile, 'additions' | 'deletions' | 'patch'>[] = [];
  for (let at = 0; at < fields.length - 1;) {
    const [, , before = '', after = '', letter = 'M'] = (fields[at] ?? '').split(' ');
    const renamed = letter.startsWith('R');
    const path = fields[at + (renamed ? 2 : 1)] ?? '';
    const status = letter === 'A' ? 'added' : letter === 'D' ? 'removed' : renamed ? 'renamed' : 'modified';
    files.push({
      path,
      previous: renamed ? (fields[at + 1] ?? null) : null,
      status,
      blob: status === 'removed' ? before : after,
    });
    at += renamed ? 3 : 2;
  }
  return files;
}

function parseNumbers(text: string): { additions: number; deletions: number }[] {
  const fields = text.split('\0');
  const counts: { additions: number; deletions: number }[] = [];
  for (let at = 0; at < fields.length - 1; at++) {
    const [added = '0', removed = '0', path = ''] = (fields[at] ?? '').split('\t');
    counts.push({ additions: Number(added) || 0, deletions: Number(removed) || 0 });
    // A rename gives an empty path here and the two names in the next two fields.
    if (path === '') at += 2;
  }
  return counts;
}

export interface Ref {
  /** `refs/heads/main`. */
  name: string;
  sha: string;
}

export async function refs(dir: string): Promise<Ref[]> {
  const out = await git(dir, ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads', 'refs/tags']);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.slice(0, line.indexOf(' ')), sha: line.slice(line.indexOf(' ') + 1) }));
}
