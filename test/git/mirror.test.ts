// Mirrors: fetching, resolving, reading, and surviving what kills them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { filesOf } from '../../src/git/git.ts';
import { mirrorName } from '../../src/git/url.ts';
import { mirrors, origin, temporary } from './origin.ts';

function hasCode(code: string) {
  return (error: unknown): boolean => error instanceof AppError && error.code === code;
}

test('the first fetch lists every ref as new, a later one only what changed', async (t) => {
  const from = origin(t);
  const git = mirrors(t);
  const repository = git.repository(from.url);
  const first = await repository.fetch();
  assert.deepEqual(first.changes.map(({ ref, before }) => [ref, before]).sort(), [
    ['HEAD', undefined],
    ['refs/heads/main', undefined],
  ]);
  assert.deepEqual(await repository.fetch(), { changes: [] });
  const before = await repository.resolve('main');
  const after = from.commit('second', { 'a.txt': 'a' });
  from.commit('other', { 'b.txt': 'b' }, 'topic');
  const { changes } = await repository.fetch();
  assert.deepEqual(
    changes.find(({ ref }) => ref === 'refs/heads/main'),
    { ref: 'refs/heads/main', before, after },
  );
  from.git('push', '-q', 'origin', ':topic');
  assert.deepEqual(
    (await repository.fetch()).changes.map(({ ref, after: now }) => [ref, now]),
    [['refs/heads/topic', undefined]],
  );
  assert.equal(git.counts.fetches, 4);
});

test('a repository that is forgotten leaves no folder, and is fetched anew when it is asked for again', async (t) => {
  const from = origin(t);
  const dir = temporary(t);
  const git = mirrors(t, dir);
  for (let round = 0; round < 3; round += 1) {
    const repository = git.repository(from.url);
    await repository.fetch();
    assert.ok(await repository.resolve('main'));
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith(mirrorName(from.url))),
      [mirrorName(from.url)],
    );
    git.forget(from.url);
    git.forget(from.url);
  }
  await git.stop();
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith(mirrorName(from.url))),
    [],
  );
});

test('calls while a fetch runs share one following fetch', async (t) => {
  const from = origin(t);
  const git = mirrors(t);
  const repository = git.repository(from.url);
  await repository.fetch();
  const before = git.counts.fetches;
  await Promise.all([repository.fetch(), repository.fetch(), repository.fetch(), repository.fetch()]);
  assert.equal(git.counts.fetches - before, 2);
});

test('a revision is a branch, a tag, a commit, a short commit, HEAD, nothing, or a version constraint', async (t) => {
  const from = origin(t);
  const first = from.git('rev-parse', 'HEAD');
  from.git('tag', 'v1.0.0');
  const second = from.commit('second', { 'a.txt': 'a' });
  from.git('tag', '-a', 'v1.2.0', '-m', 'annotated');
  from.git('tag', 'v2.0.0-rc.1');
  from.git('push', '-q', '--tags', 'origin');
  const topic = from.commit('topic', { 'b.txt': 'b' }, 'topic/x');
  const repository = mirrors(t).repository(from.url);
  const rows: [string | undefined, string][] = [
    ['main', second],
    ['', second],
    [undefined, second],
    ['HEAD', second],
    ['refs/heads/main', second],
    ['topic/x', topic],
    ['v1.0.0', first],
    ['v1.2.0', second],
    ['refs/tags/v1.2.0', second],
    [first, first],
    [first.slice(0, 9), first],
    ['v1.*', second],
    ['~1.0', first],
    ['>=1.0.0 <1.2', first],
    ['^1', second],
    ['>=2.0.0-0', second],
    ['1.x || 3.x', second],
  ];
  for (const [revision, expected] of rows) assert.equal(await repository.resolve(revision), expected, String(revision));
  for (const revision of ['nowhere', '^3', 'f'.repeat(40), '--upload-pack=x', 'main:README.md', '>=2']) {
    await assert.rejects(repository.resolve(revision), hasCode('E_REVISION'), revision);
  }
});

test('with a tagPrefix versions and constraints mean tags that begin so, and nothing else does', async (t) => {
  const from = origin(t);
  const commits = new Map<string, string>();
  for (const tag of ['a/1.0.0', 'a/1.10.0', 'b/v1.2.0', 'b/v1.1.0', '2.0.0', '2024']) {
    commits.set(tag, from.commit(tag, { 'x.txt': tag }));
    from.git('tag', tag);
  }
  from.git('push', '-q', '--tags', 'origin');
  const branch = from.commit('branch', { 'b.txt': 'b' }, '1.x');
  const repository = mirrors(t).repository(from.url);
  for (const [prefix, revision, tag] of [
    ['a/', '1.x', 'a/1.10.0'],
    ['a/', '<1.10', 'a/1.0.0'],
    ['a/', '1.0.0', 'a/1.0.0'],
    ['b/', '^1', 'b/v1.2.0'],
    ['b/', 'v1.1.0', 'b/v1.1.0'],
    ['b/v', '1.1.x', 'b/v1.1.0'],
    ['', '2.x', '2.0.0'],
  ] as const)
    assert.equal(await repository.resolve(revision, prefix), commits.get(tag), `${prefix} ${revision}`);
  assert.equal(await repository.resolve('1.x', 'c/'), branch);
  assert.equal(await repository.resolve('main', 'a/'), commits.get('2024'));
  assert.equal(await repository.resolve(commits.get('a/1.0.0'), 'a/'), commits.get('a/1.0.0'));
  for (const missing of ['2.0.0', '2024', 'v1.0.0'])
    await assert.rejects(repository.resolve(missing, 'a/'), { code: 'E_REVISION', message: /refs\/tags\/a\// });
});

test('version constraints are read as Argo CD reads them, tags of one and two parts too', async (t) => {
  const from = origin(t);
  const at = new Map<string, string>();
  for (const tag of ['v1.0', '1.2.0', 'v1.10.0', '2', 'v2.1.0-rc.1', 'v2.1', 'release-9', '3.0.0+build']) {
    at.set(tag, from.commit(tag, { 'tag.txt': tag }));
    from.git('tag', tag);
  }
  from.git('push', '-q', '--tags', 'origin');
  const branch = from.commit('branch', { 'b.txt': 'b' }, '1.x');
  at.set('branch', branch);
  at.set('other', from.commit('other', { 'c.txt': 'c' }, '7.x'));
  const rows: [revision: string, tag: string][] = [
    ['v1.0', 'v1.0'],
    ['2', '2'],
    ['1.x', 'v1.10.0'],
    ['v1.*', 'v1.10.0'],
    ['1.0.x', 'v1.0'],
    ['>=1.0.0', '3.0.0+build'],
    ['~1.0', 'v1.0'],
    ['~> 1.0', 'v1.0'],
    ['~1', 'v1.10.0'],
    ['1.0 - 1.5', '1.2.0'],
    ['1.0 - 2', 'v2.1'],
    ['=> 1.1, =< 1.9', '1.2.0'],
    ['=<1.2', '1.2.0'],
    ['=1.2', '1.2.0'],
    ['!=3, >1', 'v2.1'],
    ['<2.1.0-0', '2'],
    ['>2.1.0-a <2.1', 'v2.1.0-rc.1'],
    ['^1 || ^2', 'v2.1'],
    ['*', '3.0.0+build'],
    ['X', '3.0.0+build'],
    ['7.x', 'other'],
  ];
  const repository = mirrors(t).repository(from.url);
  for (const [revision, tag] of rows)
    assert.equal(await repository.resolve(revision), at.get(tag), `${revision} is ${tag}`);
  for (const revision of ['<'.repeat(200_000), '1', '1.2', 'v3', '^4', '~>', '>=', '1.0 -', 'x.1.y', '> release'])
    await assert.rejects(repository.resolve(revision), hasCode('E_REVISION'), revision);
});

test('an empty repository can be mirrored and says that it has no default branch', async (t) => {
  const dir = temporary(t);
  execFileSync('git', ['init', '-q', '--bare', join(dir, 'empty.git')]);
  const repository = mirrors(t).repository(join(dir, 'empty.git'));
  assert.deepEqual(await repository.fetch(), { changes: [] });
  await assert.rejects(repository.resolve(''), /the default branch does not exist/);
});

test('addresses of unwanted transports and options in disguise never reach git', (t) => {
  const git = mirrors(t);
  for (const url of ['ext::sh -c id', '--upload-pack=id', 'https://example.com/x.git', ''])
    assert.throws(() => git.repository(url), hasCode('E_GIT'));
});

test('addresses that differ only in spelling, as Argo CD compares them, have one mirror', () => {
  assert.equal(mirrorName('https://GitHub.example/acme/infra.git'), mirrorName('https://github.example/acme/infra/'));
  assert.equal(mirrorName('git@github.example:acme/infra.git'), mirrorName('ssh://git@github.example/acme/infra'));
  assert.equal(
    mirrorName('https://me:secret@github.example/acme/infra'),
    mirrorName('https://github.example/Acme/Infra'),
  );
  assert.notEqual(mirrorName('https://github.example/acme/infra'), mirrorName('ssh://git@github.example/acme/infra'));
});

test('files are read from objects, and an unrelated commit reads only the trees on its path', async (t) => {
  const from = origin(t, { 'apps/a/x.yaml': 'x', 'apps/b/y.yaml': 'y', 'run.sh': '#!', empty: '' });
  const git = mirrors(t);
  const repository = git.repository(from.url);
  const first = await repository.resolve('main');
  const files = filesOf(repository, first);
  assert.deepEqual(
    (await files.list('apps', true)).map(({ path, kind }) => `${kind} ${path}`),
    ['dir apps/a', 'file apps/a/x.yaml', 'dir apps/b', 'file apps/b/y.yaml'],
  );
  assert.equal(String(await files.read('./apps//a/x.yaml')), 'x');
  assert.equal(String(await files.read('empty')), '');
  assert.equal(await files.read('apps'), undefined);
  assert.equal(await files.kind('apps/../apps'), undefined);
  assert.equal((await files.entry(''))?.kind, 'dir');
  assert.equal(await files.id('apps/a'), from.git('rev-parse', 'HEAD:apps/a'));
  const second = await (async () => {
    const commit = from.commit('b', { 'apps/b/y.yaml': 'z' });
    await repository.fetch();
    return commit;
  })();
  const before = git.counts.reads;
  assert.equal(await filesOf(repository, second).id('apps/a'), await files.id('apps/a'));
  assert.notEqual(await filesOf(repository, second).id('apps/b'), await files.id('apps/b'));
  assert.ok(git.counts.reads - before <= 4, 'commit, root and apps');
  assert.deepEqual(await repository.changedPaths(first, second), ['apps/b/y.yaml']);
  assert.deepEqual(await repository.files(second, 'apps/b'), [
    { path: 'apps/b/y.yaml', id: await repository.objectId(second, 'apps/b/y.yaml') },
  ]);
  await assert.rejects(repository.read(second, 'nope'), hasCode('E_PATH'));
});

test('many reads at once are pipelined, large and binary content is whole', async (t) => {
  const large = 'line of text\n'.repeat(300_000);
  const from = origin(t, {
    large,
    ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f/${index}`, `content ${index}`])),
  });
  const git = mirrors(t);
  const repository = git.repository(from.url);
  const head = await repository.resolve('main');
  const read = await Promise.all([
    repository.read(head, 'large'),
    ...Array.from({ length: 300 }, (_, index) => repository.read(head, `f/${index}`)),
  ]);
  assert.equal(read[0]?.length, large.length);
  assert.ok(read.slice(1).every((data, index) => String(data) === `content ${index}`));
});

test('a commit outside of all branches is fetched by its ref or its id', async (t) => {
  const from = origin(t);
  from.git('checkout', '-q', '--detach');
  from.git('commit', '-q', '--allow-empty', '-m', 'pull');
  const sha = from.git('rev-parse', 'HEAD');
  from.git('push', '-q', 'origin', 'HEAD:refs/pull/7/head');
  const git = mirrors(t);
  const repository = git.repository(from.url);
  assert.equal(await repository.has(sha), false);
  await repository.fetchCommit(sha, 'refs/pull/7/head');
  assert.equal((await repository.commit(sha)).message, 'pull\n');
  const fetches = git.counts.fetches;
  await repository.fetchCommit(sha);
  assert.equal(git.counts.fetches, fetches, 'what is there asks nobody');
  await mirrors(t).repository(from.url).fetchCommit(sha);
});

test('a mirror goes on after its reader died, lock files were left behind, or a copy was half made', async (t) => {
  const from = origin(t, { 'a.txt': 'a' });
  const dir = temporary(t);
  const before = mirrors(t, dir);
  const head = await before.repository(from.url).resolve('main');
  await before.stop();
  const [name] = readdirSync(dir);
  writeFileSync(join(dir, name ?? '', 'packed-refs.lock'), '');
  writeFileSync(join(dir, name ?? '', 'refs/heads/main.lock'), '');
  execFileSync('mkdir', [join(dir, `${name}.1.tmp`)]);
  const after = mirrors(t, dir);
  assert.deepEqual(readdirSync(dir), [name]);
  const repository = after.repository(from.url);
  assert.equal(await repository.resolve('main'), head);
  const next = from.commit('next', { 'a.txt': 'b' });
  await repository.fetch();
  assert.equal(await repository.resolve('main'), next);
  assert.equal((await repository.commit(next)).message, 'next\n');
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dir) && line.includes('cat-file'));
  assert.equal(children.length, 1);
  process.kill(Number.parseInt(children[0] ?? '', 10), 'SIGKILL');
  assert.equal(String(await repository.read(next, 'a.txt')), 'b');
});

test('a branch is created once and never overwritten', async (t) => {
  const from = origin(t);
  const first = from.git('rev-parse', 'HEAD');
  const second = from.commit('second', { 'a.txt': 'a' });
  const repository = mirrors(t).repository(from.url);
  await repository.fetch();
  assert.equal(await repository.push('refs/heads/coxswain/x', first, { createOnly: true }), 'created');
  assert.equal(await repository.push('refs/heads/coxswain/x', first, { createOnly: true }), 'exists');
  assert.equal(await repository.push('refs/heads/coxswain/x', second, { createOnly: true }), 'exists');
  assert.equal(await repository.remoteRef('refs/heads/coxswain/x'), first);
  assert.equal(await repository.remoteRef('refs/heads/none'), undefined);
  await assert.rejects(repository.push('refs/heads/a:refs/heads/main', first, { createOnly: true }), hasCode('E_GIT'));
});

test('names that are not UTF-8 are kept apart', async (t) => {
  const from = origin(t, { 'a/x': '1' });
  const folder = `${from.git('rev-parse', '--show-toplevel')}/a/`;
  const write = (byte: number, text: string): void =>
    writeFileSync(Buffer.concat([Buffer.from(folder), Buffer.from([byte])]), text);
  write(0xe4, '1');
  write(0xf6, '1');
  const before = from.commit('names', {});
  write(0xf6, '2');
  const after = from.commit('change', {});
  const repository = mirrors(t).repository(from.url);
  await repository.fetch();
  const files = filesOf(repository, after);
  const paths = (await files.list('a')).map(({ path }) => path);
  assert.equal(new Set(paths).size, 3);
  assert.deepEqual((await Promise.all(paths.map((path) => files.read(path)))).map(String).sort(), ['1', '1', '2']);
  assert.equal((await repository.changedPaths(before, after)).length, 1);
});
