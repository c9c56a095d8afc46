// Nobody can pass for somebody else among the authors of a change: not by a name, not by an address, not by a push.
import type { TestContext } from 'node:test';
import type { CommitRange } from '../../../src/model/history.ts';
import type { GateAuthors } from '../../../src/policy/gate.ts';
import type { Bed } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createAuthors } from '../../../src/engine/approval/authors.ts';
import { openGit } from '../../../src/git/git.ts';
import { temporary } from '../../git/origin.ts';
import { worker } from '../../worker.ts';
import { bed as githubBed, repo } from '../fixture.ts';

const exec = promisify(execFile);

type AuthorsBed = Bed & { told(range: Omit<CommitRange, 'repo'>): Promise<GateAuthors> };

/** `told`: who made what lies in the range, as the engine asks it. */
async function bed(t: TestContext): Promise<AuthorsBed> {
  const b = await githubBed(t);
  const git = openGit({
    worker,
    dir: temporary(t),
    clock: systemClock,
    log: silentLogger(),
    credentials: (url) => b.client.credentials(url),
    signal: new AbortController().signal,
    protocols: ['http'],
  });
  t.after(() => git.stop());
  const url = b.sandbox.gitUrl(repo);
  return {
    ...b,
    told: (range) =>
      createAuthors(git, b.client).authorsOf({ ranges: [{ repo: url, ref: 'main', ...range }], unknown: [] }),
  };
}

const nowhere = (name: string): { name: string; email: string } => ({ name, email: `${name}@laptop.invalid` });

function head(b: Bed): Promise<string> {
  return b.sandbox.actAs('bob').commit(repo, { branch: 'main', files: { 'start.txt': '1' }, message: 'start' });
}

async function ids(b: AuthorsBed, from: string, to: string): Promise<number[]> {
  return (await b.told({ from, to })).people.map((author) => author.id);
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
  await ann.commit(repo, {
    branch: 'x',
    files: { 'a.txt': '2' },
    message: 'hers in disguise',
    author: nowhere(String(ann.account.id)),
  });
  const number = await ann.openPullRequest(repo, { head: 'x', title: 'x' });
  const to = await bob.merge(repo, number, 'squash');
  assert.ok((await ids(b, from, to)).includes(ann.account.id));
});

test('whoever pushed a branch is an author of its pull request, whatever name stands in the commit', async (t) => {
  const b = await bed(t);
  b.sandbox.user('cleo', { [repo]: 'write' });
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  for (const author of [
    nowhere('somebody'),
    { name: 'bob', email: `${bob.account.id}+bob@users.noreply.github.com` },
  ]) {
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
  const pushed = await ann.commit(repo, {
    branch: 'main',
    files: { 'a.txt': '1' },
    message: 'direct',
    author: nowhere('somebody'),
  });
  assert.deepEqual(await ids(b, from, pushed), [ann.account.id]);
  await ann.commit(repo, { branch: 'y', files: { 'a.txt': '2' }, message: 'hers' });
  const to = await bob.merge(repo, await ann.openPullRequest(repo, { head: 'y', title: 'y' }), 'rebase');
  assert.deepEqual(await b.told({ from: pushed, to }), {
    people: [{ login: 'ann', id: ann.account.id, did: `wrote commit ${to.slice(0, 7)}` }],
    unknown: [],
  });
});

test("without a record of pushes, opener and merger stand for the author; a direct push is anybody's", async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  unrecorded(b);
  const from = await head(b);
  await ann.commit(repo, { branch: 'x', files: { 'a.txt': '1' }, message: 'whose?', author: nowhere('somebody') });
  const merged = await bob.merge(repo, await ann.openPullRequest(repo, { head: 'x', title: 'x' }), 'rebase');
  assert.deepEqual(new Set(await ids(b, from, merged)), new Set([ann.account.id, bob.account.id]));
  const pushed = await ann.commit(repo, {
    branch: 'main',
    files: { 'a.txt': '3' },
    message: 'direct',
    author: nowhere('somebody'),
  });
  assert.deepEqual(await b.told({ from: merged, to: pushed }), {
    people: [],
    unknown: [`commit ${pushed.slice(0, 7)} was written by somebody whose address belongs to no GitHub account`],
  });
});

test('who changed other folders is no author of this one, and who wrote an older part of it is', async (t) => {
  const b = await bed(t);
  b.sandbox.user('cleo', { [repo]: 'write' });
  const [ann, bob, cleo] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob'), b.sandbox.actAs('cleo')];
  await ann.commit(repo, { branch: 'main', files: { 'pay/a.txt': '1' }, message: 'older part' });
  const from = await cleo.commit(repo, { branch: 'main', files: { 'web/a.txt': '1' }, message: 'elsewhere' });
  await cleo.commit(repo, { branch: 'main', files: { 'web/b.txt': '1' }, message: 'elsewhere' });
  const to = await bob.commit(repo, { branch: 'main', files: { 'pay/b.txt': '1' }, message: 'newer part' });
  const logins = async (range: Omit<CommitRange, 'repo'>): Promise<string[]> =>
    (await b.told(range)).people.map((author) => author.login).sort();
  assert.deepEqual(await logins({ to, paths: ['pay'] }), ['ann', 'bob']);
  assert.deepEqual(await logins({ from, to, paths: ['pay'] }), ['bob']);
  assert.deepEqual(await logins({ from, to, paths: ['web'] }), ['cleo']);
});

test('of a pull request with many authors those count who touched the folder, rebased or merged', async (t) => {
  const b = await bed(t);
  b.sandbox.user('cleo', { [repo]: 'write' });
  const [ann, bob, cleo] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob'), b.sandbox.actAs('cleo')];
  for (const method of ['rebase', 'merge'] as const) {
    const from = await head(b);
    await ann.commit(repo, { branch: method, files: { [`pay/${method}.txt`]: '1' }, message: 'pays' });
    await cleo.commit(repo, { branch: method, files: { [`web/${method}.txt`]: '1' }, message: 'shows' });
    const to = await bob.merge(repo, await ann.openPullRequest(repo, { head: method, title: method }), method);
    assert.deepEqual(
      (await b.told({ from, to, paths: ['pay'] })).people.map(({ login }) => login),
      ['ann'],
      method,
    );
  }
});

test('who is named as co-author is one', async (t) => {
  const b = await bed(t);
  const [ann, bob] = [b.sandbox.actAs('ann'), b.sandbox.actAs('bob')];
  const from = await head(b);
  const message = `together\n\nCo-authored-by: Bob <${bob.account.id}+bob@users.noreply.github.com>`;
  const to = await ann.commit(repo, { branch: 'main', files: { 'a.txt': '1' }, message });
  assert.deepEqual((await ids(b, from, to)).toSorted(), [ann.account.id, bob.account.id].toSorted());
  const stranger = await ann.commit(repo, {
    branch: 'main',
    files: { 'a.txt': '2' },
    message: 'with whom?\n\nCo-authored-by: X <x@laptop.invalid>',
  });
  assert.equal((await b.told({ from: to, to: stranger })).unknown.length, 1);
});

test("a bot's commit is that of who merged it, and anybody's where nobody did", async (t) => {
  const b = await bed(t);
  const bob = b.sandbox.actAs('bob');
  const from = await head(b);
  const bot = { name: 'renovate[bot]', email: '29139614+renovate[bot]@users.noreply.github.com' };
  const asApp = b.sandbox.user('renovate[bot]', { [repo]: 'write' });
  asApp.account.type = 'Bot';
  await asApp.commit(repo, { branch: 'bump', files: { 'a.txt': '1' }, message: 'bump', author: bot });
  const merged = await bob.merge(repo, await asApp.openPullRequest(repo, { head: 'bump', title: 'bump' }), 'rebase');
  const found = await b.told({ from, to: merged });
  assert.deepEqual(
    [found.people.map(({ login, did }) => [login, did.slice(0, 7)]), found.unknown],
    [[['bob', 'merged ']], []],
  );
  const pushed = await asApp.commit(repo, { branch: 'main', files: { 'a.txt': '2' }, message: 'bump', author: bot });
  assert.deepEqual(await b.told({ from: merged, to: pushed }), {
    people: [],
    unknown: [`commit ${pushed.slice(0, 7)} is a bot's, and nobody is known to stand behind it`],
  });
});

test('who moves a branch back is an author, and so is who wrote what that undoes', async (t) => {
  const b = await bed(t);
  b.sandbox.user('cleo', { [repo]: 'write' });
  const [ann, cleo] = [b.sandbox.actAs('ann'), b.sandbox.actAs('cleo')];
  const old = await head(b);
  const from = await ann.commit(repo, { branch: 'main', files: { 'a.txt': '1' }, message: 'hers' });
  await b.told({ from: old, to: from });
  await exec(
    'sh',
    ['-c', `git clone -q --bare "$0" . && git push -q --force origin ${old}:refs/heads/main`, cleo.gitUrl(repo)],
    { cwd: temporary(t) },
  );
  assert.deepEqual((await b.told({ from, to: old })).people.map(({ login }) => login).sort(), ['ann', 'cleo']);
  assert.deepEqual((await b.told({ from, to: old, ref: 'v1' })).unknown, [
    `nobody can tell who moved v1 from ${from.slice(0, 7)} to ${old.slice(0, 7)}`,
  ]);
  unrecorded(b);
  assert.equal((await b.told({ from, to: old })).unknown.length, 1);
});

test('nine hundred commits of the folder are asked for in a few requests, others in none', async (t) => {
  const b = await bed(t);
  const from = await head(b);
  const ann = b.sandbox.actAs('ann');
  // After 900 commits of the one folder 300 of another.
  const stream = Array.from({ length: 1_200 }, (_, at) => {
    const [path, data] = [at < 900 ? 'pay/a.txt' : 'web/a.txt', String(at)];
    const who = `Ann <${ann.account.id}+ann@users.noreply.github.com> ${1_700_000_000 + at} +0000`;
    return (
      `commit refs/heads/main\nauthor ${who}\ncommitter ${who}\ndata 1\nx\n` +
      `${at === 0 ? `from ${from}\n` : ''}M 100644 inline ${path}\ndata ${data.length}\n${data}\n`
    );
  }).join('');
  // Straight into the repository: as if it had always been so.
  const [{ dir = '' } = {}] = b.sandbox.world.repositories;
  const file = join(temporary(t), 'stream');
  await writeFile(file, stream);
  await exec('sh', ['-c', 'git fast-import --quiet < "$0"', file], { cwd: dir });
  const at = async (revision: string): Promise<string> =>
    (await exec('git', ['rev-parse', revision], { cwd: dir })).stdout.trim();
  const [to, middle] = [await at('main'), await at('main~300')];
  let asked = 0;
  b.sandbox.faults.inject({
    match: ({ path }) => {
      if (!path.includes('.git/')) asked += 1;
      return false;
    },
    answer: { status: 500 },
  });
  await b.quiet();
  asked = 0;
  assert.deepEqual(
    (await b.told({ from, to, paths: ['pay'] })).people.map(({ login }) => login),
    ['ann'],
  );
  assert.ok(asked <= 20, `${asked} requests`);
  asked = 0;
  // Nobody is asked about the other folder.
  assert.deepEqual(await b.told({ from: middle, to, paths: ['pay'] }), { people: [], unknown: [] });
  assert.equal(asked, 0);
});

test('the reviewers that an environment requires are told by login, teams by their members', async (t) => {
  const b = await bed(t);
  const asked = (environment: string): Promise<string[] | undefined> =>
    b.client.reviewersOf(b.sandbox.gitUrl(repo), environment);
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
