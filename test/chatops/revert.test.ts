// `/cox revert`: the branch, the commit and the pull request that take a deploy back, made as `git revert` makes them.
import type { Request } from '../../src/model/coxswain.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { bed, outcome } from './fixture.ts';
import { Cut } from './cut.ts';

const policy = 'p, role:all, applications, *, */*, allow\ng, bob, role:all';
const createdAt = '2026-03-01T10:00:00Z';

function show(b: Bed, format: string, ref: string): string {
  return execFileSync('git', ['--git-dir', b.origin.url, 'show', '-s', `--format=${format}`, ref], {
    encoding: 'utf8',
  }).replace(/\n+$/, '\n');
}

function file(b: Bed, ref: string, path: string): string {
  return execFileSync('git', ['--git-dir', b.origin.url, 'show', `${ref}:${path}`], { encoding: 'utf8' });
}

function branches(b: Bed): string[] {
  return execFileSync('git', ['--git-dir', b.origin.url, 'branch', '--format=%(refname:short)'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => name !== 'main');
}

/** An application that was deployed at these revisions, oldest first. */
async function deployed(b: Bed, name: string, revisions: string[], targetRevision = 'main'): Promise<void> {
  const history = revisions.map((revision, id) => ({
    id,
    revision,
    deployedAt: createdAt,
    source: { repoURL: b.origin.url },
  }));
  await b.application(name, {
    targetRevision,
    status: { history, sync: { status: 'Synced', revision: revisions.at(-1) } },
  });
}

async function ready(b: Bed): Promise<void> {
  await b.settings(policy);
  await b.project('shop');
}

test('a pull request holds the commit of git revert, with author, date and trailers of the request', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n', 'api/a.yaml': 'x\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web to two\n\nIt is faster.', { 'web/a.yaml': 'image: two\n' });
  const now = b.origin.commit('Something else', { 'api/a.yaml': 'y\n' });
  await deployed(b, 'web', [first, now]);
  const request = await b.ask('revert', { application: 'web', createdAt });
  const branch = `coxswain/revert-${change.slice(0, 12)}`;
  assert.deepEqual(outcome(request), [
    'Done',
    `web: pull request #1 takes back ${change.slice(0, 7)} "Bump web to two"`,
  ]);
  assert.deepEqual(request.status?.result, { pull: 'https://github.test/acme/infra/pull/1' });
  assert.deepEqual(branches(b), [branch]);
  assert.equal(file(b, branch, 'web/a.yaml'), 'image: one\n');
  assert.equal(file(b, branch, 'api/a.yaml'), 'y\n', 'later commits stay');
  assert.equal(show(b, '%P', branch), `${now}\n`);
  assert.equal(
    show(b, '%B', branch),
    `Revert "Bump web to two"\n\nThis reverts commit ${change}.\n\nRequested-by: bob\n` +
      `Coxswain-Application: ${b.namespace}/web\n`,
  );
  assert.equal(show(b, '%an <%ae> %aI', branch), 'bob <2+bob@users.noreply.github.com> 2026-03-01T10:00:00+00:00\n');
  const [pull] = b.forge.pulls;
  assert.deepEqual([pull?.base, pull?.head, pull?.title], ['main', branch, 'Revert "Bump web to two"']);
  assert.match(
    pull?.body ?? '',
    /^Takes back the last deploy of \*\*web\*\*: reverts [0-9a-f]{40}\.\n\nAsked for by `bob` in Slack\. /,
  );
});

test('asked again, by the same request or another person, it answers the pull request that is there', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web', { 'web/a.yaml': 'image: two\n' });
  await deployed(b, 'web', [first, change, change]);
  const request = await b.ask('revert', { application: 'web', createdAt });
  const branch = branches(b)[0] ?? '';
  const head = show(b, '%H', branch);
  b.origin.commit('Meanwhile', { 'other/x': '1\n' });
  assert.deepEqual(outcome(await b.again(request)), outcome(request));
  assert.deepEqual(outcome(await b.ask('revert', { application: 'web' })), outcome(request));
  assert.equal(show(b, '%H', branch), head);
  assert.equal(b.forge.pulls.length, 1);
});

test('a merge is reverted against its first parent, and the revert of a revert is a reapply', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  b.origin.commit('one of two', { 'web/a.yaml': 'image: two\n' }, 'feature');
  b.origin.commit('two of two', { 'web/b.yaml': 'new: true\n' });
  b.origin.git('checkout', '-q', 'main');
  b.origin.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #5 from acme/feature', 'feature');
  b.origin.git('push', '-q', 'origin', 'HEAD');
  const merge = b.origin.git('rev-parse', 'HEAD');
  await deployed(b, 'web', [first, merge]);
  await b.ask('revert', { application: 'web' });
  const branch = `coxswain/revert-${merge.slice(0, 12)}`;
  assert.equal(show(b, '%T', branch), show(b, '%T', first), 'everything that the merge brought is gone');
  assert.match(
    show(b, '%B', branch),
    new RegExp(
      `^Revert "Merge pull request #5 from acme/feature"\n\nThis reverts commit ${merge}, reversing\n` +
        `changes made to ${first}\\.\n`,
    ),
  );

  b.origin.git('fetch', '-q', 'origin');
  b.origin.git('merge', '-q', '--ff-only', `origin/${branch}`);
  b.origin.git('push', '-q', 'origin', 'HEAD');
  await deployed(b, 'web', [first, merge, b.origin.git('rev-parse', 'HEAD')]);
  await b.ask('revert', { application: 'web' });
  assert.equal(b.forge.pulls[1]?.title, 'Reapply "Merge pull request #5 from acme/feature"');
});

test('a conflict is answered with its files, and nothing is pushed', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web', { 'web/a.yaml': 'image: two\n' });
  await deployed(b, 'web', [first, change]);
  b.origin.commit('And again', { 'web/a.yaml': 'image: three\n' });
  assert.deepEqual(outcome(await b.ask('revert', { application: 'web' })), [
    'Refused',
    `web: ${change.slice(0, 7)} cannot be reverted alone, later commits changed the same lines: web/a.yaml`,
  ]);
  assert.deepEqual([branches(b), b.forge.pulls], [[], []]);
});

test('what cannot be taken back is said, one reason for each', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web', { 'web/a.yaml': 'image: two\n' });
  const gone = b.origin.commit('Back', { 'web/a.yaml': 'image: one\n' });
  b.origin.git('tag', 'v1');
  b.origin.git('push', '-q', 'origin', 'v1');
  const cases: [string[], string, RegExp][] = [
    [[first], 'main', /^web: there is no earlier deploy to go back to$/],
    [[first, first], 'main', /no earlier deploy/],
    [[first, change], 'v1', /^web: it follows v1, which is no branch/],
    [[first, change], 'main', new RegExp(`^web: what ${change.slice(0, 7)} changed is not on main any more`)],
  ];
  for (const [revisions, target, message] of cases) {
    await deployed(b, 'web', revisions, target);
    const request = await b.ask('revert', { application: 'web' });
    assert.equal(request.status?.phase, 'Refused');
    assert.match(request.status?.message ?? '', message);
  }
  await deployed(b, 'nothing', [first, gone]);
  assert.match(
    (await b.ask('revert', { application: 'nothing' })).status?.message ?? '',
    /^nothing: nothing of it changed since its first known deploy$/,
  );
  assert.deepEqual([branches(b), b.forge.pulls], [[], []]);
});

test('a history that syncs of one commit have filled does not hide the deploy before it', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n', 'api/a.yaml': 'x\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web', { 'web/a.yaml': 'image: two\n' });
  const now = b.origin.commit('Something else', { 'api/a.yaml': 'y\n' });
  const again = (name: string, revision: string): Promise<void> =>
    b.application(name, {
      status: {
        history: Array.from({ length: 10 }, (_, at) => ({
          id: at + 7,
          revision,
          deployedAt: createdAt,
          source: { repoURL: b.origin.url },
        })),
        sync: { status: 'Synced', revision },
      },
    });
  await again('web', now);
  assert.deepEqual(outcome(await b.ask('revert', { application: 'web', createdAt })), [
    'Done',
    `web: pull request #1 takes back ${change.slice(0, 7)} "Bump web"`,
  ]);
  // Nothing was there before the commit that brought it.
  await again('api', first);
  assert.match((await b.ask('revert', { application: 'api' })).status?.message ?? '', /^api: nothing of it changed/);
});

test('deploys that changed nothing of the application are stepped over', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'image: one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump web', { 'web/a.yaml': 'image: two\n' });
  const other = b.origin.commit('Elsewhere', { 'api/a.yaml': 'y\n' });
  await deployed(b, 'web', [first, change, other]);
  assert.match(
    (await b.ask('revert', { application: 'web' })).status?.message ?? '',
    new RegExp(`takes back ${change.slice(0, 7)}`),
  );
});

test("with --only just the application's part of a wider commit is taken back, on a branch of its own", async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'one\n', 'api/a.yaml': 'one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Both', { 'web/a.yaml': 'two\n', 'api/a.yaml': 'two\n' });
  await deployed(b, 'web', [first, change]);
  await b.ask('revert', { application: 'web', args: { only: 'true' } });
  const branch = `coxswain/revert-${change.slice(0, 12)}-web`;
  assert.deepEqual(branches(b), [branch]);
  assert.deepEqual([file(b, branch, 'web/a.yaml'), file(b, branch, 'api/a.yaml')], ['one\n', 'two\n']);
});

test('a push that the server refuses for good is answered with its words', async (t) => {
  const b = await bed(t, { files: { 'web/a.yaml': 'one\n' } });
  await ready(b);
  const first = b.origin.git('rev-parse', 'HEAD');
  const change = b.origin.commit('Bump', { 'web/a.yaml': 'two\n' });
  await deployed(b, 'web', [first, change]);
  mkdirSync(`${b.origin.url}/hooks`, { recursive: true });
  writeFileSync(
    `${b.origin.url}/hooks/pre-receive`,
    '#!/bin/sh\necho "error: GH013: commits must be signed" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  const request = await b.ask('revert', { application: 'web' });
  assert.equal(request.status?.phase, 'Failed');
  assert.match(request.status?.message ?? '', /pre-receive hook declined: GH013: commits must be signed/);
  assert.deepEqual([branches(b), b.forge.pulls], [[], []]);
});

test(
  'cut off at any write, before or after it was handled, every command ends as if nothing had been',
  { timeout: 120_000 },
  async (t) => {
    const cut = new Cut();
    const b = await bed(t, { files: { 'web/a.yaml': 'image: 0\n' }, killSwitch: cut });
    await ready(b);
    await b.chatops.stop(); // requests are made by the test's own connection; the room starts when the order stands
    b.forge.around = (side) => cut.fire(side);
    const verbs = ['revert', 'approve', 'sync'] as const;
    const run = async (name: string, at: number, side: 'before' | 'after'): Promise<unknown> => {
      const first = b.origin.commit(`${name} first`, { [`${name}/a.yaml`]: 'image: 1\n' });
      const change = b.origin.commit('Bump', { [`${name}/a.yaml`]: 'image: 2\n' });
      await deployed(b, name, [first, change]);
      const waiting = await b.approval(name, name.padEnd(64, '0'));
      cut.order(at, side);
      await b.restart();
      const requests: Request[] = [];
      for (const verb of verbs)
        requests.push(
          await b.ask(verb, {
            application: name,
            origin: { kind: 'cli' },
            createdAt,
            ...(verb === 'approve' && { digest: name.padEnd(64, '0') }),
          }),
        );
      await b.chatops.stop();
      const count = cut.seen;
      cut.order(0, 'before');
      const app = b.store.applications.get(`${b.namespace}/${name}`);
      const pulls = b.forge.pulls.filter((pull) => pull.head === `coxswain/revert-${change.slice(0, 12)}`);
      return {
        count,
        phases: requests.map((request) => request.status?.phase),
        pulls: pulls.length,
        branch: show(b, '%s', `coxswain/revert-${change.slice(0, 12)}`),
        approvals: b.store.approvals
          .get(`${b.namespace}/${waiting}`)
          ?.status?.approvals?.map((item) => item.actor.login),
        operation: app?.operation?.info?.length,
      };
    };
    const { count, ...calm } = (await run('calm', 0, 'before')) as { count: number };
    assert.deepEqual(calm, {
      phases: ['Done', 'Done', 'Done'],
      pulls: 1,
      branch: 'Revert "Bump"\n',
      approvals: ['bob'],
      operation: 1,
    });
    assert.ok(count >= 6, `only ${count} writes`);
    for (let at = 1; at <= count; at += 1) {
      for (const side of ['before', 'after'] as const) {
        const { count: _, ...end } = (await run(`k${at}${side}`, at, side)) as { count: number };
        assert.deepEqual(end, calm, `cut ${side} write ${at}`);
      }
    }
  },
);
