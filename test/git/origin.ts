// A real repository to mirror: commits are made with the git binary in a folder of the test's own.
import type { Git } from '../../src/git/git.ts';
import type { TestContext } from 'node:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openGit } from '../../src/git/git.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { worker } from '../worker.ts';

export interface Origin {
  /** Path of the bare repository. */
  url: string;
  git: (...args: string[]) => string;
  /** Writes (undefined removes) files on a branch, commits, pushes; answers the commit. */
  commit: (message: string, files: Record<string, string | undefined>, branch?: string) => string;
}

const env = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'cox-git-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function origin(t: TestContext, files: Record<string, string> = { 'README.md': 'one\n' }): Origin {
  const dir = temporary(t);
  const url = join(dir, 'origin.git');
  const work = join(dir, 'work');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', url], { env });
  execFileSync('git', ['init', '-q', '-b', 'main', work], { env });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: work, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  git('remote', 'add', 'origin', url);
  const commit: Origin['commit'] = (message, changes, branch) => {
    if (branch !== undefined) git('checkout', '-q', '-B', branch);
    for (const [path, content] of Object.entries(changes)) {
      const file = join(work, path);
      if (content === undefined) rmSync(file, { recursive: true });
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
    }
    git('add', '-A');
    git('commit', '-q', '--allow-empty', '-m', message);
    git('push', '-q', 'origin', 'HEAD');
    return git('rev-parse', 'HEAD');
  };
  commit('first', files);
  return { url, git, commit };
}

/** Mirrors in a folder of the test's own; stopped afterwards. */
export function mirrors(
  t: TestContext,
  dir = temporary(t),
  protocols = ['file'],
  more: Partial<Pick<Parameters<typeof openGit>[0], 'wanted' | 'credentials' | 'clock'>> = {},
): Git {
  const git = openGit({
    worker,
    dir,
    clock: systemClock,
    log: silentLogger(),
    credentials: async () => undefined,
    signal: new AbortController().signal,
    protocols,
    ...more,
  });
  t.after(() => git.stop());
  return git;
}
