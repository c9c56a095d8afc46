// Test merges and reverts, made without a checkout.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirrors, origin } from './origin.ts';

const author = { name: 'Grace', email: 'grace@example.com', at: 1_700_000_000_000 };
const lines = (...changed: [number, string][]): string => {
  const text = Array.from({ length: 12 }, (_, index) => `line ${index}`);
  for (const [index, value] of changed) text[index] = value;
  return `${text.join('\n')}\n`;
};

test('a test merge is a function of base and head', async (t) => {
  const from = origin(t, { 'a.txt': lines() });
  const head = from.commit('head', { 'a.txt': lines([0, 'head']) }, 'topic');
  from.git('checkout', '-q', 'main');
  const base = from.commit('base', { 'a.txt': lines([11, 'base']) });
  const [one, two] = [mirrors(t).repository(from.url), mirrors(t).repository(from.url)];
  await Promise.all([one.fetch(), two.fetch()]);
  const merged = await one.testMerge(base, head);
  assert.ok('commit' in merged);
  assert.equal(String(await one.read(merged.commit, 'a.txt')), lines([0, 'head'], [11, 'base']));
  assert.deepEqual((await one.commit(merged.commit)).parents, [base, head]);
  assert.deepEqual(await two.testMerge(base, head), merged);
});

test('a test merge that fails names the files', async (t) => {
  const from = origin(t, { 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const head = from.commit('head', { 'a.txt': 'head\n' }, 'topic');
  from.git('checkout', '-q', 'main');
  const base = from.commit('base', { 'a.txt': 'base\n' });
  const repository = mirrors(t).repository(from.url);
  await repository.fetch();
  assert.deepEqual(await repository.testMerge(base, head), { conflicts: ['a.txt'] });
});

test('a revert takes back one commit under later ones, with the message that git writes', async (t) => {
  const from = origin(t, { 'a.txt': lines() });
  const bad = from.commit('Raise the limit\n\nBecause.', { 'a.txt': lines([0, 'bad']) });
  const base = from.commit('later', { 'a.txt': lines([0, 'bad'], [11, 'later']) });
  const repository = mirrors(t).repository(from.url);
  const input = {
    commit: bad,
    base,
    author,
    trailers: [
      ['Reverted-by', 'grace'],
      ['Reason', 'too\nhigh'],
    ] as [string, string][],
  };
  const made = await repository.revert(input);
  assert.ok('commit' in made);
  const commit = await repository.commit(made.commit);
  assert.equal(
    commit.message,
    `Revert "Raise the limit"\n\nThis reverts commit ${bad}.\n\nReverted-by: grace\nReason: too high\n`,
  );
  assert.deepEqual([commit.parents, commit.author], [[base], author]);
  assert.equal(String(await repository.read(made.commit, 'a.txt')), lines([11, 'later']));
  assert.deepEqual(await repository.revert(input), made, 'the same input makes the same commit');
  from.git('revert', '--no-edit', bad);
  assert.equal(from.git('rev-parse', 'HEAD^{tree}'), made.tree);
  assert.equal(from.git('log', '-1', '--format=%B'), `Revert "Raise the limit"\n\nThis reverts commit ${bad}.`);
});

test('a merge is reverted by its first parent', async (t) => {
  const from = origin(t, { 'a.txt': 'a\n' });
  from.commit('topic', { 'b.txt': 'b\n' }, 'topic');
  from.git('checkout', '-q', 'main');
  const before = from.commit('main', { 'c.txt': 'c\n' });
  from.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #7', 'topic');
  from.git('push', '-q', 'origin', 'HEAD');
  const merge = from.git('rev-parse', 'HEAD');
  const repository = mirrors(t).repository(from.url);
  const made = await repository.revert({ commit: merge, base: merge, author });
  assert.ok('commit' in made);
  assert.equal(
    made.message,
    `Revert "Merge pull request #7"\n\nThis reverts commit ${merge}, reversing\nchanges made to ${before}.\n`,
  );
  assert.equal(made.tree, (await repository.commit(before)).tree);
});

test('a range is reverted as one, a revert of a revert reapplies, and some paths can be chosen', async (t) => {
  const from = origin(t, { 'a/x': '1\n', 'b/x': '1\n' });
  const start = from.git('rev-parse', 'HEAD');
  from.commit('one', { 'a/x': '2\n', 'a/new': 'n\n' });
  const last = from.commit('two', { 'b/x': '2\n', 'a/x': '3\n' });
  const repository = mirrors(t).repository(from.url);
  const made = await repository.revert({ from: start, commit: last, base: last, author });
  assert.ok('commit' in made);
  assert.equal(made.tree, (await repository.commit(start)).tree);
  assert.match(
    made.message,
    /^Revert 2 commits up to "two"\n\nThis reverts commit [0-9a-f]{40}\.\nThis reverts commit [0-9a-f]{40}\.\n$/,
  );
  const some = await repository.revert({ from: start, commit: last, base: last, author, paths: ['a'] });
  assert.ok('commit' in some);
  assert.deepEqual(await repository.changedPaths(last, some.commit), ['a/new', 'a/x']);
  assert.equal(await repository.objectId(some.commit, 'a/new'), undefined);
  const one = await repository.revert({ commit: last, base: last, author });
  assert.ok('commit' in one);
  const again = await repository.revert({ commit: one.commit, base: one.commit, author });
  assert.ok('commit' in again);
  assert.match(again.message, /^Reapply "two"\n/);
});

test('a revert answers conflicts, and says when nothing is left to take back', async (t) => {
  const from = origin(t, { 'a.txt': '1\n' });
  const bad = from.commit('two', { 'a.txt': '2\n' });
  const clash = from.commit('three', { 'a.txt': '3\n' });
  const gone = from.commit('back', { 'a.txt': '1\n' });
  const repository = mirrors(t).repository(from.url);
  assert.deepEqual(await repository.revert({ commit: bad, base: clash, author }), { conflicts: ['a.txt'] });
  assert.deepEqual(await repository.revert({ commit: bad, base: gone, author }), { empty: true });
});

test('the newest change is the last first-parent commit in which an input differs', async (t) => {
  const from = origin(t, { 'apps/a/x': '1', 'apps/b/x': '1' });
  const start = from.git('rev-parse', 'HEAD');
  from.commit('a', { 'apps/a/x': '2' });
  const wanted = from.commit('a again', { 'apps/a/x': '3' });
  const end = from.commit('b', { 'apps/b/x': '2' });
  const repository = mirrors(t).repository(from.url);
  await repository.fetch();
  assert.equal(await repository.newestChange(start, end, ['apps/a', 'base']), wanted);
  assert.equal(await repository.newestChange(start, end, ['base']), undefined);
  assert.equal(await repository.newestChange(wanted, end, ['apps/a']), undefined);
  assert.deepEqual(
    (await repository.log({ from: start, to: end, paths: ['apps/b'] })).map(({ message }) => message),
    ['b\n'],
  );
  assert.equal(await repository.mergeBase(start, end), start);
  assert.deepEqual([await repository.isAncestor(start, end), await repository.isAncestor(end, start)], [true, false]);
});

test('files are written into a tree without touching the others', async (t) => {
  const from = origin(t, { 'a/x': '1', 'a/y': '2' });
  const repository = mirrors(t).repository(from.url);
  const head = await repository.resolve('main');
  const tree = await repository.treeWith(
    head,
    new Map([
      ['a/x', 'new'],
      ['a/y', undefined],
      ['b/z', 'z'],
    ]),
  );
  assert.deepEqual(
    (await repository.files(tree, '')).map(({ path }) => path),
    ['a/x', 'b/z'],
  );
  const commit = await repository.commitTree({ tree, parents: [head], message: 'adopt', author });
  assert.deepEqual(await repository.changedPaths(head, commit), ['a/x', 'a/y', 'b/z']);
});
