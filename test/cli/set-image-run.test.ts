// `cox set-image` in a clone, onto the branch while others push, and as a pull request.
import type { Answer } from '../../sandbox/github/faults.ts';
import { test } from 'node:test';
import { promisify } from 'node:util';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGitHub } from '../../sandbox/github/github.ts';
import { bed, runCox } from './fixture.ts';

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const files = {
  'imaged/kustomization.yaml': 'resources: [../base]\nimages:\n- name: acme/web # ours\n  newTag: v1\n',
  'base/kustomization.yaml': 'resources: [a.yaml]\n',
  'base/a.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: {name: imaged}\nspec:\n  containers:\n  - {name: web, image: acme/web}\n' +
    '  - {name: side, image: acme/side:v1}\n',
  'charted/Chart.yaml': 'apiVersion: v2\nname: charted\nversion: 1.0.0\n',
  'charted/values.yaml': 'image: {repository: acme/web, tag: v1}\nother: {repository: acme/side, tag: v1}\n',
  'charted/prod.yaml': '# prod\nimage: {repository: acme/web, tag: v1} # ours\n',
};
const author = { GIT_AUTHOR_NAME: 'Ana', GIT_AUTHOR_EMAIL: 'ana@example.com' };

test('files of a clone are written where the application has its images, and nothing else is touched', async (t) => {
  const { stage, env, url } = await bed(t, files);
  const source = { repoURL: url, targetRevision: 'main' };
  await stage.apply('imaged', { source: { ...source, path: 'imaged' } });
  await stage.apply('charted', { source: { ...source, path: 'charted', helm: { valueFiles: ['prod.yaml'] } } });
  const cox = (...args: string[]): ReturnType<typeof runCox> =>
    runCox(['set-image', ...args], { env, cwd: join(stage.clone, 'base') });
  const read = (file: string): string => readFileSync(join(stage.clone, file), 'utf8');

  const first = await cox('imaged', 'acme/web=v2', '--repo', url);
  assert.deepEqual(first, { code: 0, out: 'imaged/kustomization.yaml\n', err: '' });
  assert.equal(read('imaged/kustomization.yaml'), files['imaged/kustomization.yaml'].replace('v1', 'v2'));
  // No entry yet, but its base names it.
  assert.equal((await cox('imaged', 'acme/side=v2', '--repo', url)).code, 0);
  assert.match(read('imaged/kustomization.yaml'), /- name: acme\/side\n {2}newTag: v2\n$/);

  // The last of its value files that names the image wins; the chart's own has the other one.
  const both = await cox('charted', 'acme/web=v2', 'acme/side=v3', '--repo', url);
  assert.deepEqual(both.out.split('\n').sort(), ['', 'charted/prod.yaml', 'charted/values.yaml']);
  assert.equal(read('charted/prod.yaml'), files['charted/prod.yaml'].replace('v1', 'v2'));
  assert.equal(
    read('charted/values.yaml'),
    files['charted/values.yaml'].replace('acme/side, tag: v1', 'acme/side, tag: v3'),
  );

  const again = await cox('charted', 'acme/web=v2', '--repo', url);
  assert.deepEqual(again, { code: 0, out: '', err: 'cox: all of it stands there already\n' });
  const before = git(stage.clone, 'diff');
  const wrong = await cox('charted', 'acme/web=v9', 'acme/wbe=v9', '--repo', url);
  assert.equal(wrong.code, 3);
  assert.match(wrong.err, /no file of charted in this repository names the image acme\/wbe \(E_PATH\)/);
  assert.equal(git(stage.clone, 'diff'), before, 'all of it or nothing');
  for (const [args, message] of [
    [['charted'], /write cox set-image <app> <image>=<tag>/],
    [['charted', 'acme/web'], /is no image and what it is to be/],
    [['charted', 'acme/web=v2', '--push', '--pr'], /exclude each other/],
    [['charted', 'acme/web=v2'], /no application reads .*infra\.git; --repo names another repository/],
  ] as const) {
    const told = await cox(...args);
    assert.deepEqual([told.code, told.out], [2, '']);
    assert.match(told.err, message);
  }
});

test('a commit on the branch follows whoever was quicker, and a pull request is opened once', async (t) => {
  const { stage, env } = await bed(t, files);
  const github = await startGitHub({ dir: env['TMPDIR'] ?? '' });
  t.after(async () => {
    await github.stop();
    assert.deepEqual(github.violations, []);
  });
  await github.createRepository({ owner: 'acme', name: 'infra', from: stage.clone });
  const ana = github.user('ana', { 'acme/infra': 'write' });
  const url = github.gitUrl('acme/infra');
  await stage.apply('imaged', { source: { repoURL: url, path: 'imaged', targetRevision: 'main' } });
  await stage.apply('charted', { source: { repoURL: url, path: 'charted', targetRevision: '' } });
  const { token } = github.actAs('ana').account;
  const own = { ...env, ...author, GITHUB_TOKEN: token ?? '', GITHUB_API_URL: github.apiUrl };
  const cox = (...args: string[]): ReturnType<typeof runCox> => runCox(['set-image', ...args], { env: own });

  const runs = await Promise.all([
    cox('imaged', 'acme/web=v2', '--push'),
    cox('charted', 'acme/web=v2', '--push'),
    cox('charted', 'acme/side=v2', '--push'),
  ]);
  assert.deepEqual(
    runs.map(({ code, err }) => [code, err]),
    runs.map(() => [0, '']),
  );
  const clone = join(env['TMPDIR'] ?? '', 'after');
  const bare = ana.gitUrl('acme/infra');
  // Its server is in this process.
  const served = promisify(execFile);
  await served('git', ['clone', '-q', bare, clone]);
  const log = git(clone, 'log', '--format=%an %s', '--no-merges', '-3').trim().split('\n').sort();
  assert.deepEqual(log, ['Ana charted: acme/side:v2', 'Ana charted: acme/web:v2', 'Ana imaged: acme/web:v2']);
  assert.equal(
    readFileSync(join(clone, 'charted/values.yaml'), 'utf8'),
    files['charted/values.yaml'].replaceAll('v1', 'v2'),
  );

  const push = (answer: Answer): void =>
    github.faults.inject({ match: (request) => request.path.endsWith('.git/git-receive-pack'), answer });
  push({ pushRule: 'GH006: Protected branch update failed' });
  const ruled = await cox('imaged', 'acme/web=v5', '--push');
  assert.equal(ruled.code, 3);
  assert.match(ruled.err, /GH006: Protected branch update failed \(E_GIT\)[^]*Open a pull request instead, with --pr/);
  push({ status: 503 });
  assert.equal((await cox('charted', 'acme/side=v3', '--push')).code, 0, 'trouble of the server passes');

  const first = await cox('imaged', 'acme/web=v3', '--pr');
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /\/acme\/infra\/pull\/1\n$/);
  assert.deepEqual(await cox('imaged', 'acme/web=v3', '--pr'), {
    code: 0,
    out: first.out,
    err: 'cox: the pull request was there already\n',
  });
  assert.equal((await cox('charted', 'acme/side=v4', '--push')).code, 0);
  assert.deepEqual(await cox('imaged', 'acme/web=v3', '--pr'), {
    ...{ code: 0, out: first.out },
    err: 'cox: the pull request was there already\n',
  });
  await served('git', ['-C', clone, 'fetch', '-q', bare, 'refs/pull/1/head']);
  assert.match(git(clone, 'diff', 'HEAD', 'FETCH_HEAD'), /\n-\s+newTag: v2\n\+\s+newTag: v3\n/);
  await served('git', ['-C', clone, 'fetch', '-q', bare, '+refs/heads/*:refs/remotes/all/*']);
  const branch = git(clone, 'for-each-ref', '--format=%(refname)', 'refs/remotes/all/cox/').trim();
  const head = branch.replace('refs/remotes/all/', 'refs/heads/');
  await served('git', ['-C', clone, 'push', '-q', '--force', bare, `HEAD:${head}`]);
  const other = await cox('imaged', 'acme/web=v3', '--pr');
  assert.equal(other.code, 3);
  assert.match(other.err, /the branch cox\/set-image\/imaged-[0-9a-f-]+ is there with other files \(E_GIT\)/);
  const none = await runCox(['set-image', 'imaged', 'acme/web=v4', '--pr'], { env: { ...own, GITHUB_TOKEN: '' } });
  assert.equal(none.code, 3);
  assert.match(none.err, /GITHUB_TOKEN is not set.*E_CONFIG|E_GIT_AUTH|Authentication|could not read/s);
});
