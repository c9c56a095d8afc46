// Whoever asks gets an answer: in pull requests of forks, in those that touch nothing, and in closed ones.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { app } from './markdown/sample.ts';
import { bed, openPull, repo } from './fixture.ts';

/** Asks for help there, carries it out as chatops does, and gives our comments. */
async function ask(b: Bed, number: number): Promise<string[]> {
  b.sandbox.actAs('bob').comment(repo, number, '/cox help');
  await b.quiet();
  const [found] = b.requests();
  assert.ok(found);
  const done = await b.store.requests.patch(
    `${found.metadata.namespace}/${found.metadata.name}`,
    { status: { phase: 'Done', message: 'this is the help' } },
    { subresource: 'status' },
  );
  await b.forge.answer(done, { ok: true, text: 'this is the help' });
  await b.quiet();
  return b.comments();
}

test('a fork is not looked at, and a command in its pull request is answered', async (t) => {
  const b = await bed(t);
  const cleo = b.sandbox.user('cleo', { [repo]: 'read' });
  await b.sandbox.createRepository({ owner: 'cleo', name: 'infra', forkOf: repo });
  await cleo.commit('cleo/infra', { branch: 'evil', files: { 'apps/web.yaml': 'image: evil\n' }, message: 'evil' });
  const number = await cleo.openPullRequest(repo, { head: 'cleo:evil', title: 'Trust me' });
  await b.quiet();
  assert.deepEqual(b.comments(), []);
  assert.deepEqual(b.script.previews, []);
  assert.deepEqual(
    b.sandbox.world.repositories[0]?.checks.map((check) => [check.name, check.conclusion]),
    [['coxswain/diff', 'neutral']],
  );
  const [comment, ...more] = await ask(b, number);
  assert.match(comment ?? '', /Branches of forks are not looked at[\s\S]*🚀 `bob` `\/cox help` — this is the help/);
  assert.deepEqual(more, []);
  assert.deepEqual(b.script.previews, []);
  b.script.apps = [app('web', {})];
  const [owner = '', name = ''] = repo.split('/');
  assert.deepEqual(await b.forge.touchedBy({ owner, repo: name, number }, new AbortController().signal), []);
});

test('a command in a pull request that touches nothing is answered', async (t) => {
  const b = await bed(t);
  const number = await openPull(b.sandbox);
  await b.quiet();
  const [comment, ...more] = await ask(b, number);
  assert.match(comment ?? '', /No application is touched[\s\S]*this is the help/);
  assert.deepEqual(more, []);
});

test('a command in a closed pull request is answered', async (t) => {
  const b = await bed(t);
  const number = await openPull(b.sandbox);
  await b.sandbox.actAs('ann').editPullRequest(repo, number, { state: 'closed' });
  await b.quiet();
  assert.deepEqual(b.comments(), []);
  const [comment, ...more] = await ask(b, number);
  assert.match(comment ?? '', /Closed without merging[\s\S]*this is the help/);
  assert.deepEqual(more, []);
});

test('a command in a merged pull request that touches nothing is answered', async (t) => {
  const b = await bed(t);
  const number = await openPull(b.sandbox);
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  assert.deepEqual(b.comments(), []);
  assert.match((await ask(b, number))[0] ?? '', /no application is touched[\s\S]*this is the help/);
});
