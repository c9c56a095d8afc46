// What became of a pull request: one that we open is found again as long as it stands, and a merge is told from a mere
// end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, openPull, progressOf, repo } from './fixture.ts';
import { app } from './markdown/sample.ts';

test('a proposal that was closed is made anew, one that is open or merged is found', async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  await bob.commit(repo, { branch: 'main', files: { 'start.txt': '1' }, message: 'start' });
  await ann.commit(repo, { branch: 'back', files: { 'a.txt': '1' }, message: 'back' });
  const [owner = '', name = ''] = repo.split('/');
  const ask = (): ReturnType<typeof b.forge.openPull> =>
    b.forge.openPull({ owner, repo: name, base: 'main', head: 'back', title: 'Back', body: '' });
  const first = await ask();
  assert.deepEqual(await ask(), { ...first, created: false });
  await ann.editPullRequest(repo, first.number, { state: 'closed' });
  const second = await ask();
  assert.deepEqual([second.created, second.number > first.number], [true, true]);
  await bob.merge(repo, second.number, 'merge');
  assert.deepEqual(await ask(), { ...second, created: false });
});

test('a merge is told with the commit that the branch got; what ended without one touches nothing', async (t) => {
  const b = await bed(t);
  const [owner = '', name = ''] = repo.split('/');
  const merged = await openPull(b.sandbox, 'merged');
  const closed = await openPull(b.sandbox, 'closed');
  b.script.apps = [app('web', {})];
  b.script.progress = [progressOf('api', 'success')];
  const touched = (number: number): Promise<string[]> =>
    b.forge.touchedBy({ owner, repo: name, number }, new AbortController().signal);
  const of = (number: number): ReturnType<typeof b.forge.mergeOf> => b.forge.mergeOf({ owner, repo: name, number });
  assert.deepEqual(await of(merged), { state: 'open' });
  assert.deepEqual(await touched(merged), ['argocd/web']);
  const sha = await b.sandbox.actAs('bob').merge(repo, merged, 'merge');
  await b.sandbox.actAs('ann').editPullRequest(repo, closed, { state: 'closed' });
  assert.deepEqual(await of(merged), { state: 'merged', sha });
  assert.deepEqual(await of(closed), { state: 'closed' });
  assert.deepEqual([await touched(merged), await touched(closed)], [['argocd/api'], []]);
});
