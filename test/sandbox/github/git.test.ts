// Git over smart HTTP at the sandbox GitHub: who may clone and push, and what a push raises.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { type Fixture, openPull, repo, withGitHub } from './fixture.ts';

const run = promisify(execFile);
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

async function git(dir: string, ...args: string[]): Promise<string> {
  return (await run('git', args, { cwd: dir, env })).stdout.trim();
}

async function installationUrl({ github, octokit }: Fixture): Promise<string> {
  const auth = (await octokit.auth({ type: 'installation' })) as { token: string };
  return github.gitUrl('acme/infra').replace('://', `://x-access-token:${auth.token}@`);
}

test('the App clones and pushes with its installation token, and a push synchronises the pull request', () =>
  withGitHub(async (fixture) => {
    const { github, dir, events, received } = fixture;
    const number = await openPull(github);
    await git(
      dir,
      'clone',
      '--quiet',
      '--filter=blob:none',
      '--branch',
      'bump',
      await installationUrl(fixture),
      'clone',
    );
    const clone = join(dir, 'clone');
    await writeFile(join(clone, 'new.yaml'), 'a: 1\n');
    await git(clone, 'add', '.');
    await git(clone, 'commit', '--quiet', '-m', 'new');
    await git(clone, 'push', '--quiet', 'origin', 'bump');
    const head = await git(clone, 'rev-parse', 'HEAD');
    const { data } = await fixture.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...repo,
      pull_number: number,
    });
    assert.equal(data.head.sha, head);
    assert.deepEqual((await events()).slice(-2), ['push', 'pull_request.synchronize']);
    const push = received.findLast((each) => each.event === 'push')?.payload;
    assert.equal(push?.['after'], head);
    assert.deepEqual(
      (push?.['commits'] as { added: string[] }[]).map((each) => each.added),
      [['new.yaml']],
    );
    assert.equal(
      await git(clone, 'ls-remote', 'origin', `refs/pull/${number}/head`),
      `${head}\trefs/pull/${number}/head`,
    );
  }));

test('a branch that must not exist yet is pushed once', () =>
  withGitHub(async (fixture) => {
    const url = await installationUrl(fixture);
    await git(fixture.dir, 'clone', '--quiet', '--bare', url, 'clone');
    const clone = join(fixture.dir, 'clone');
    const push = (from: string) =>
      git(
        clone,
        'push',
        '--quiet',
        '--force-with-lease=refs/heads/coxswain/revert-1:',
        url,
        `${from}:refs/heads/coxswain/revert-1`,
      );
    await push('main');
    await assert.rejects(push('main~1'), /stale info|rejected/);
    assert.deepEqual(await fixture.events(), ['push']);
  }));

test('strangers are asked for a password, wrong ones refused, readers may not push', () =>
  withGitHub(async ({ github, dir }) => {
    const bob = github.actAs('bob');
    await assert.rejects(git(dir, 'ls-remote', github.gitUrl('acme/infra')), /could not read Username|Authentication/);
    await assert.rejects(
      git(dir, 'ls-remote', github.gitUrl('acme/infra').replace('://', '://x:wrong@')),
      /Authentication failed/,
    );
    await git(dir, 'clone', '--quiet', bob.gitUrl('acme/infra'), 'clone');
    await assert.rejects(git(join(dir, 'clone'), 'push', '--quiet', 'origin', 'HEAD:refs/heads/x'), /403|denied/);
    await github.createRepository({ owner: 'acme', name: 'open', private: false });
    assert.match(await git(dir, 'ls-remote', github.gitUrl('acme/open')), /refs\/heads\/main/);
  }));
