// Nobody can pass for somebody else among the authors of a change: not by a name, not by an address, not by a push.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bed } from './bed.ts';
import { bed, repo } from './bed.ts';

const nowhere = (name: string): { name: string; email: string } => ({ name, email: `${name}@laptop.invalid` });

function head(b: Bed): Promise<string> {
  return b.sandbox.actAs('bob').commit(repo, { branch: 'main', files: { 'start.txt': '1' }, message: 'start' });
}

async function ids(b: Bed, from: string, to: string): Promise<(number | undefined)[]> {
  return (await b.app.forge.authorsBetween(b.sandbox.gitUrl(repo), from, to))?.map((author) => author.id) ?? [];
}

/** As on servers that keep no record of pushes. */
function unrecorded(b: Bed): void {
  b.sandbox.faults.inject({ match: ({ path }) => path.includes('/activity'), times: 100, answer: { status: 404 } });
}

test('a commit in the name of an id hides nobody', async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  unrecorded(b);
  const from = await head(b);
  await ann.commit(repo, { branch: 'x', files: { 'a.txt': '1' }, message: 'hers' });
  await ann.commit(repo, { branch: 'x', files: { 'a.txt': '2' }, message: 'hers in disguise', author: nowhere(String(ann.account.id)) });
  const number = await ann.openPullRequest(repo, { head: 'x', title: 'x' });
  const to = await bob.merge(repo, number, 'squash');
  assert.ok((await ids(b, from, to)).includes(ann.account.id));
});

test('whoever pushed a branch is an author of its pull request, whatever name stands in the commit', async (t) => {
  const b = await bed(t);
  b.sandbox.user('cleo', { [repo]: 'write' });
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  for (const author of [nowhere('somebody'), { name: 'bob', email: `${bob.account.id}+bob@users.noreply.github.com` }]) {
    const from = await head(b);
    const branch = author.name;
    await bob.commit(repo, { branch, files: { 'a.txt': branch }, message: 'his' });
    const number = await bob.openPullRequest(repo, { head: branch, title: branch });
    await ann.commit(repo, { branch, files: { 'b.txt': branch }, message: 'not his', author });
    const to = await bob.merge(repo, number, 'squash');
    const found = await ids(b, from, to);
    assert.ok(found.includes(ann.account.id), branch);
    assert.ok(found.includes(bob.account.id), branch);
    assert.ok(!found.includes(b.sandbox.actAs('cleo').account.id), branch);
  }
});

test('a direct push makes its pusher an author, and a merge by button does not', async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  const from = await head(b);
  const pushed = await ann.commit(repo, { branch: 'main', files: { 'a.txt': '1' }, message: 'direct', author: nowhere('somebody') });
  assert.deepEqual((await ids(b, from, pushed)).filter((id) => id !== undefined), [ann.account.id]);
  await ann.commit(repo, { branch: 'y', files: { 'a.txt': '2' }, message: 'hers' });
  const to = await bob.merge(repo, await ann.openPullRequest(repo, { head: 'y', title: 'y' }), 'rebase');
  assert.deepEqual(await ids(b, pushed, to), [ann.account.id]);
});

test('where GitHub keeps no record of pushes, opener and merger stand for an unknown author, and a direct push is told', async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  unrecorded(b);
  const from = await head(b);
  await ann.commit(repo, { branch: 'x', files: { 'a.txt': '1' }, message: 'whose?', author: nowhere('somebody') });
  const merged = await bob.merge(repo, await ann.openPullRequest(repo, { head: 'x', title: 'x' }), 'rebase');
  assert.deepEqual(new Set((await ids(b, from, merged)).filter((id) => id !== undefined)), new Set([ann.account.id, bob.account.id]));
  const pushed = await ann.commit(repo, { branch: 'main', files: { 'a.txt': '3' }, message: 'direct', author: nowhere('somebody') });
  await assert.rejects(ids(b, merged, pushed), /nobody can tell who wrote commit [0-9a-f]{7}/);
});

test('the reviewers that an environment requires are told by login, teams by their members', async (t) => {
  const b = await bed(t);
  const asked = (environment: string): Promise<string[] | undefined> => b.app.forge.reviewersOf(b.sandbox.gitUrl(repo), environment);
  for (const name of ['cleo', 'dan', 'eve']) b.sandbox.user(name);
  b.sandbox.team('acme', 'sre', ['cleo', 'dan']);
  b.sandbox.team('acme', 'nobody', []);
  b.sandbox.environment(repo, 'prod eu/1', { reviewers: ['eve', '@acme/sre'], waitTimer: 5 });
  b.sandbox.environment(repo, 'staging', { waitTimer: 5 });
  b.sandbox.environment(repo, 'sealed', { reviewers: ['@acme/nobody'] });
  assert.deepEqual((await asked('prod eu/1'))?.toSorted(), ['cleo', 'dan', 'eve']);
  assert.equal(await asked('staging'), undefined);
  assert.equal(await asked('elsewhere'), undefined);
  assert.deepEqual(await asked('sealed'), []);
  b.sandbox.faults.inject({ match: ({ path }) => path.includes('/environments/'), answer: { status: 502 } });
  await assert.rejects(asked('staging'));
});
