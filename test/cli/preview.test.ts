// `cox preview` in a clone: what merging its files, or a branch, would change in the live cluster.
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { automated, config, dataOf, editByHand, synced } from '../engine/manifests.ts';
import { bed, runCox } from './fixture.ts';

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const secret = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: previewed}\nstringData: {password: ${value}}\n`;

test('the files of a clone, committed or not, are previewed, and nothing is written anywhere', async (t) => {
  const { stage, env, url } = await bed(t, {
    'previewed/a.yaml': config('previewed', '1'),
    'previewed/s.yaml': secret('hunter1'),
    'calm/a.yaml': config('calm', '1'),
  });
  for (const name of ['previewed', 'calm'])
    await stage.apply(name, { source: { repoURL: url, path: name, targetRevision: 'main' }, syncPolicy: automated });
  for (const name of ['previewed', 'calm']) await synced(stage, name);
  const cox = (...args: string[]): ReturnType<typeof runCox> =>
    runCox(['preview', '--repo', url, ...args], { env, cwd: stage.clone });
  const none = await cox();
  assert.deepEqual([none.code, none.out.split('\n')[0], none.err], [0, '✅ No application is touched', '']);

  writeFileSync(join(stage.clone, 'previewed/a.yaml'), config('previewed', '2'));
  writeFileSync(join(stage.clone, 'previewed/s.yaml'), secret('hunter2'));
  writeFileSync(join(stage.clone, 'previewed/new.yaml'), config('previewed-new', '1'));
  const before = [git(stage.clone, 'status', '--porcelain'), git(stage.clone, 'count-objects', '-v')];
  const index = readdirSync(join(stage.clone, '.git')).sort();
  const found = await cox();
  assert.equal(found.code, 1, found.err);
  assert.match(found.out, /^✅ 1 application changes · nothing is applied yet\n[0-9a-f]{7} onto main@[0-9a-f]{7}\n/);
  assert.match(found.out, /\n\npreviewed · .* · changed · syncs by itself on merge\n/);
  assert.match(
    found.out,
    /\n===== ConfigMap .*previewed · changed · previewed\/a\.yaml:1 =====\n[\s\S]*\n-.*"?1"?\n\+.*2/,
  );
  assert.match(found.out, /===== ConfigMap .*previewed-new · created · previewed\/new\.yaml:1 =====/);
  assert.match(found.out, /===== Secret .*previewed · changed/);
  assert.doesNotMatch(found.out, /hunter|calm/);
  assert.deepEqual([git(stage.clone, 'status', '--porcelain'), git(stage.clone, 'count-objects', '-v')], before);
  assert.deepEqual(readdirSync(join(stage.clone, '.git')).sort(), index);
  assert.deepEqual(await dataOf(stage, 'previewed'), { value: '1' });

  git(stage.clone, 'checkout', '-qb', 'two');
  git(stage.clone, 'add', '-A');
  git(stage.clone, 'commit', '-qm', 'two');
  const committed = await cox('--revision', 'two', '-o', 'json');
  assert.equal(committed.code, 1, committed.err);
  const told = JSON.parse(committed.out) as { apps: { name: string; status: string }[]; considered: number };
  assert.deepEqual(
    [told.considered, told.apps.map(({ name, status }) => [name, status])],
    [2, [['previewed', 'changed']]],
  );
  assert.doesNotMatch(committed.out, /hunter/);
});

test('what merging cannot do, and what is asked wrongly, is told with its place and exit code', async (t) => {
  const { stage, env, url } = await bed(t, { 'faulty/a.yaml': config('faulty', '1') });
  await stage.apply('faulty', { source: { repoURL: url, path: 'faulty', targetRevision: 'main' } });
  await stage.until('faulty', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  const cox = (args: string[], cwd = stage.clone): ReturnType<typeof runCox> =>
    runCox(['preview', ...args], { env, cwd });
  writeFileSync(join(stage.clone, 'faulty/a.yaml'), 'apiVersion: v1\nkind: [\n');
  const broken = await cox(['--repo', url]);
  assert.equal(broken.code, 3);
  assert.match(broken.out, /^❌ 1 application cannot be synced as it stands\n/);
  assert.match(broken.out, /error: faulty\/a\.yaml:\d+: .*\(E_[A-Z]+\)/);

  git(stage.clone, 'checkout', '-q', '--', '.');
  writeFileSync(join(stage.clone, 'faulty/a.yaml'), config('faulty', 'mine'));
  git(stage.clone, 'checkout', '-qb', 'mine');
  git(stage.clone, 'commit', '-qam', 'mine');
  git(stage.clone, 'checkout', '-q', 'main');
  stage.commit({ 'faulty/a.yaml': config('faulty', 'theirs') });
  const conflict = await cox(['--repo', url, '--revision', 'mine']);
  assert.deepEqual([conflict.code, conflict.out.split('\n').at(2)], [1, 'conflict: faulty/a.yaml']);

  for (const [args, cwd, message] of [
    [[], env['TMPDIR'], /run it in one, or name --repo and --revision/],
    [[], stage.clone, /no application reads .*infra\.git; --repo names another repository/],
    [['--repo', url, '--revision', 'nowhere'], stage.clone, /revision "nowhere" does not exist/],
    [['--repo', url, '--base', 'nowhere'], stage.clone, /revision "refs\/heads\/nowhere" does not exist/],
  ] as const) {
    const told = await cox([...args], cwd);
    assert.match(told.err, message);
    assert.ok(told.code === 2 || told.code === 3, String(told.code));
    assert.equal(told.out, '');
  }
});

test('drift that was there before is told apart from what the files change', async (t) => {
  const { stage, env, url } = await bed(t, { 'drifting/a.yaml': config('drifting', '1') });
  const source = { repoURL: url, path: 'drifting', targetRevision: 'main' };
  await stage.apply('drifting', { source, syncPolicy: { automated: { prune: true } } });
  await synced(stage, 'drifting');
  await editByHand(stage, 'drifting', { more: 'by hand', value: 'hand' });
  writeFileSync(join(stage.clone, 'drifting/b.yaml'), config('drifting-b', '1'));
  const { out, err, code } = await runCox(['preview', '--repo', url], { env, cwd: stage.clone });
  assert.equal(code, 1, err);
  assert.match(out, /\ndrifted: ConfigMap .*drifting · data\.value\n/);
  assert.match(out, /===== ConfigMap .*drifting-b · created/);
});

test('the default branch is the one the server means, and a hook’s variables lead to no other clone', async (t) => {
  const { stage, env, url } = await bed(t, { 'branched/a.yaml': config('branched', '1') });
  // Two branches of one commit: only the server knows which one HEAD means.
  git(stage.clone, 'push', '-q', 'origin', 'HEAD:refs/heads/develop');
  git(fileURLToPath(stage.url), 'symbolic-ref', 'HEAD', 'refs/heads/develop');
  await stage.apply('branched', { source: { repoURL: url, path: 'branched', targetRevision: '' } });
  await stage.until('branched', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  writeFileSync(join(stage.clone, 'branched/b.yaml'), config('branched-b', '1'));
  const hook = { GIT_DIR: join(stage.clone, '.git'), GIT_INDEX_FILE: join(stage.clone, '.git/index'), GIT_PREFIX: '' };
  const { code, out, err } = await runCox(['preview', '--repo', url], {
    env: { ...env, ...hook },
    cwd: join(stage.clone, 'branched'),
  });
  assert.equal(code, 1, err);
  assert.match(out, /onto develop@/);
  assert.match(out, /ConfigMap .*branched-b · created/);
  assert.doesNotMatch(out, /deleted/);
});
