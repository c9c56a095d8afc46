// A branch that the server refuses: what it will say again ends with its words, what passes is worth another try.
import type { Answer } from '../../sandbox/github/faults.ts';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openGit } from '../../src/git/git.ts';
import { startGitHub } from '../../sandbox/github/github.ts';
import { temporary } from './origin.ts';
import { worker } from '../worker.ts';

test('a branch is pushed with the credential that may write, though another one reads', async (t) => {
  const dir = temporary(t);
  const github = await startGitHub({ dir });
  t.after(() => github.stop());
  await github.createRepository({ owner: 'acme', name: 'infra' });
  const people = {
    read: github.user('rita', { 'acme/infra': 'read' }),
    write: github.user('wim', { 'acme/infra': 'write' }),
  };
  const git = openGit({
    worker,
    dir: join(dir, 'mirrors'),
    clock: systemClock,
    log: silentLogger(),
    credentials: async (_url, purpose) => ({
      username: people[purpose].account.login,
      password: people[purpose].account.token ?? '',
    }),
    signal: new AbortController().signal,
  });
  t.after(() => git.stop());
  const repository = git.repository(github.gitUrl('acme/infra'));
  await repository.fetch();
  const sha = await repository.resolve('refs/heads/main');
  assert.equal(await repository.push('refs/heads/coxswain/revert-1', sha, { createOnly: true }), 'created');
});

test('a rule of the repository and a missing right end a push for good, trouble of the server does not', async (t) => {
  const dir = temporary(t);
  const github = await startGitHub({ dir });
  t.after(() => github.stop());
  await github.createRepository({ owner: 'acme', name: 'infra' });
  const ann = github.user('ann', { 'acme/infra': 'write' });
  const credentials = { username: 'ann', password: ann.account.token ?? '' };
  const git = openGit({
    worker,
    dir: join(dir, 'mirrors'),
    clock: systemClock,
    log: silentLogger(),
    credentials: async () => credentials,
    signal: new AbortController().signal,
  });
  t.after(() => git.stop());
  const repository = git.repository(github.gitUrl('acme/infra'));
  await repository.fetch();
  const sha = await repository.resolve('refs/heads/main');
  const refused = async (path: string, answer: Answer): Promise<{ kind: string; message: string }> => {
    github.faults.inject({ match: (request) => request.path.endsWith(path), answer });
    const error: unknown = await repository
      .push('refs/heads/coxswain/revert-1', sha, { createOnly: true })
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof AppError);
    return { kind: error.kind, message: error.message };
  };
  const rule = await refused('.git/git-receive-pack', { pushRule: 'GH013: Repository rule violations found' });
  assert.equal(rule.kind, 'terminal');
  assert.match(
    rule.message,
    /the server refuses the push: pre-receive hook declined: GH013: Repository rule violations found/,
  );
  assert.equal((await refused('.git/info/refs', { status: 403 })).kind, 'terminal');
  assert.equal((await refused('.git/git-receive-pack', { status: 503 })).kind, 'transient');
  assert.equal(await repository.push('refs/heads/coxswain/revert-1', sha, { createOnly: true }), 'created');
});
