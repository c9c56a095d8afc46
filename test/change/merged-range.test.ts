// What a merge brought, by every way of merging: the applications of all its commits are followed.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergedRange, touchedBy } from '../../src/change/touched.ts';
import { application, configMap, world, type World } from './fixture.ts';

const signal = new AbortController().signal;

interface Merged {
  w: World;
  /** The branch before the merge. */
  before: string;
  head: string;
}

/** A pull request of three commits, each of another application, beside one that the branch got meanwhile. */
function opened(t: TestContext): Merged {
  const w = world(t, {
    'apps/pay/a.yaml': configMap('pay', '1'),
    'apps/web/a.yaml': configMap('web', '1'),
    'apps/docs/a.yaml': configMap('docs', '1'),
    'apps/other/a.yaml': configMap('other', '1'),
  });
  for (const name of ['pay', 'web', 'docs', 'other']) w.apps.set(`argocd/${name}`, application(w.origin, name));
  w.origin.commit('pay: 2', { 'apps/pay/a.yaml': configMap('pay', '2') }, 'feature');
  w.origin.commit('web: 2', { 'apps/web/a.yaml': configMap('web', '2') });
  const head = w.origin.commit('docs: 2', { 'apps/docs/a.yaml': configMap('docs', '2') });
  w.origin.git('checkout', '-q', 'main');
  const before = w.origin.commit('other: 2', { 'apps/other/a.yaml': configMap('other', '2') });
  return { w, before, head };
}

async function seen(
  { w }: Merged,
  merged: string,
  base?: string,
): Promise<{ base: string | undefined; touched: string[] }> {
  w.origin.git('push', '-q', 'origin', 'main');
  const pull = w.pull('feature', {
    merged: { sha: merged },
    ...(base !== undefined && { base: { ref: 'main', sha: base } }),
  });
  const range = await mergedRange(w.deps, pull, merged);
  return { base: range?.base, touched: await touchedBy(w.deps, pull, signal) };
}

const all = ['argocd/docs', 'argocd/pay', 'argocd/web'];

const ways: { name: string; merge: (m: Merged) => void; touched?: string[] }[] = [
  {
    name: 'a merge commit',
    merge: ({ w }) => void w.origin.git('merge', '-q', '--no-ff', '-m', 'Merge #1', 'feature'),
  },
  {
    name: 'a squash',
    merge: ({ w }) => {
      w.origin.git('merge', '-q', '--squash', 'feature');
      w.origin.git('commit', '-q', '-m', 'All of it (#1)');
    },
  },
  { name: 'a rebase of three commits', merge: ({ w, head }) => void w.origin.git('cherry-pick', `main..${head}`) },
  {
    name: 'a rebase in which one commit is empty by now',
    touched: ['argocd/docs', 'argocd/pay'],
    merge: ({ w, head }) => void w.origin.git('cherry-pick', `${head}~2`, head),
  },
];

for (const { name, merge, touched = all } of ways) {
  test(`${name} is followed from before its first commit`, async (t) => {
    const m = opened(t);
    merge(m);
    assert.deepEqual(await seen(m, m.w.origin.git('rev-parse', 'HEAD')), { base: m.before, touched });
  });
}

test('what somebody else pushed before a rebase of the same words is not counted in', async (t) => {
  const m = opened(t);
  const { w, head } = m;
  const before = w.origin.commit('pay: 2', { 'apps/other/a.yaml': configMap('other', '3') });
  w.origin.git('cherry-pick', `feature~3..${head}`);
  assert.deepEqual(await seen(m, w.origin.git('rev-parse', 'HEAD')), { base: before, touched: all });
});

for (const [how, args] of [
  ['rebased', ['rebase', '-q', 'main']],
  ['with the branch merged into them', ['merge', '-q', '-m', 'Merge main', 'main']],
] as const) {
  test(`commits that were pushed to the branch as they are, ${how}, are all followed`, async (t) => {
    const m = opened(t);
    const { w } = m;
    w.origin.git('checkout', '-q', 'feature');
    w.origin.git(...args);
    w.origin.git('push', '-q', '-f', 'origin', 'feature');
    w.origin.git('checkout', '-q', 'main');
    w.origin.git('merge', '-q', '--ff-only', 'feature');
    const pushed = w.origin.git('rev-parse', 'HEAD');
    assert.deepEqual(await seen(m, pushed, m.before), { base: m.before, touched: all });
    // Where GitHub does not remember another base than what the branch has now, the last commit is followed.
    assert.equal((await seen(m, pushed, pushed)).base, w.origin.git('rev-parse', 'HEAD~1'));
  });
}

test('a single commit that was rebased is that commit', async (t) => {
  const m = opened(t);
  const { w, before } = m;
  w.origin.git('push', '-q', '-f', 'origin', 'feature~2:refs/heads/feature');
  w.origin.git('cherry-pick', 'feature~2');
  assert.deepEqual(await seen(m, w.origin.git('rev-parse', 'HEAD')), { base: before, touched: ['argocd/pay'] });
});
