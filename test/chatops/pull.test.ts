// What a pull request decides: exactly the Approvals that its own merge brought.
import type { TestContext } from 'node:test';
import type { Request } from '../../src/model/coxswain.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, outcome } from './fixture.ts';

const digest = 'd'.repeat(64);
const rights = 'p, bob, applications, approve, shop/*, allow\np, bob, applications, get, shop/*, allow';
const inPull = (number: number): Pick<Request['spec'], 'pull' | 'origin'> => ({
  pull: { owner: 'acme', repo: 'infra', number },
  origin: { kind: 'comment', commentId: number },
});

interface World {
  b: Bed;
  /** Oldest first; the application was synced at the second, and the fifth waits. */
  commits: string[];
  name: string;
}

/** A gated application for which the third to the fifth commit of its branch wait. */
async function waiting(t: TestContext): Promise<World> {
  const b = await bed(t);
  await b.settings(rights);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const commits = ['one', 'two', 'three', 'four', 'five', 'six'].map((text) =>
    b.origin.commit(text, { 'web/a.yaml': `a: ${text}\n` }),
  );
  const name = await b.approval('web', digest, {
    revision: commits[4] ?? '',
    ranges: [{ repo: b.origin.url, from: commits[1] ?? '', to: commits[4] ?? '' }],
  });
  commits.forEach((sha, at) => (b.forge.merges[at + 1] = { state: 'merged', sha }));
  b.forge.merges[20] = { state: 'open' };
  b.forge.merges[21] = { state: 'closed' };
  return { b, commits, name };
}

for (const verb of ['approve', 'reject'] as const) {
  test(`${verb} decides nothing in a pull request that did not bring what waits`, async (t) => {
    const { b, name } = await waiting(t);
    const unrelated =
      `web: what waits there (${name}) was not brought by this pull request; ` +
      'decide about it in the one that brought it, or in Slack';
    const open = 'nothing waits yet: what this pull request brings is decided after the merge';
    const closed = 'nothing waits: this pull request was closed without a merge';
    for (const more of [
      { application: 'web' },
      { application: 'web', digest },
      { application: 'web', args: { digest: 'dddddd' } },
    ]) {
      assert.deepEqual(outcome(await b.ask(verb, { ...inPull(20), ...more })), ['Refused', open]);
      assert.deepEqual(outcome(await b.ask(verb, { ...inPull(21), ...more })), ['Refused', closed]);
      for (const number of [1, 2, 6])
        assert.deepEqual(
          outcome(await b.ask(verb, { ...inPull(number), ...more })),
          ['Refused', unrelated],
          `pull request ${number}`,
        );
    }
    assert.deepEqual(outcome(await b.ask(verb, inPull(20))), ['Refused', open]);
    for (const number of [1, 2, 6])
      assert.deepEqual(outcome(await b.ask(verb, inPull(number))), [
        'Refused',
        'nothing that this pull request brought waits for approval',
      ]);
    const status = b.store.approvals.get(`${b.namespace}/${name}`)?.status;
    assert.deepEqual([status?.phase, status?.approvals], ['Pending', []]);
  });
}

test('every pull request of the merges that wait decides about them, named or not, and Slack about all', async (t) => {
  const { b, name } = await waiting(t);
  const reset = (): Promise<unknown> =>
    b.store.approvals.patch(
      `${b.namespace}/${name}`,
      { status: { phase: 'Pending', message: 'waiting for approval', approvals: [] } },
      { subresource: 'status' },
    );
  for (const number of [3, 4, 5]) {
    for (const more of [{}, { application: 'web' }]) {
      assert.deepEqual(
        outcome(await b.ask('approve', { ...inPull(number), ...more })),
        ['Done', 'web: approved; it syncs now'],
        `pull request ${number}`,
      );
      await reset();
    }
  }
  assert.deepEqual(outcome(await b.ask('approve', { application: 'web', digest })), [
    'Done',
    'web: approved; it syncs now',
  ]);
});

test('a merge of another repository, or one that no mirror knows, brought nothing', async (t) => {
  const { b, commits } = await waiting(t);
  b.forge.merges[30] = { state: 'merged', sha: 'c'.repeat(40) };
  b.forge.merges[31] = { state: 'merged', sha: commits[4] ?? '' };
  assert.match(
    (await b.ask('approve', { ...inPull(30), application: 'web' })).status?.message ?? '',
    /was not brought by this pull request/,
  );
  const elsewhere = { ...inPull(31), pull: { owner: 'acme', repo: 'docs', number: 31 } };
  assert.match(
    (await b.ask('approve', { ...elsewhere, application: 'web' })).status?.message ?? '',
    /was not brought by this pull request/,
  );
});

test('before a first sync every pull request that brought a part decides, and one that did not does not', async (t) => {
  const b = await bed(t);
  await b.settings(rights);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const commits = (['web/a', 'web/b', 'other/c', 'web/a', 'other/d', 'web/b', 'other/e', 'web/f'] as const).map(
    (file, at) => b.origin.commit(file, { [`${file}.yaml`]: `a: ${at}\n` }),
  );
  const name = await b.approval('web', digest, {
    revision: commits[6] ?? '',
    ranges: [{ repo: b.origin.url, to: commits[6] ?? '', paths: ['web'] }],
  });
  const merged = (from: number, to: number): World['b']['forge']['merges'][number] => ({
    state: 'merged',
    sha: commits[to] ?? '',
    ...(from > 0 && { base: commits[from - 1] ?? '' }),
  });
  // By the numbers of their first and last commits, as a rebase brings several.
  Object.assign(b.forge.merges, {
    1: merged(0, 0),
    2: merged(1, 2),
    3: merged(3, 4),
    6: merged(5, 5),
    7: merged(6, 6),
  });
  Object.assign(b.forge.merges, { 4: merged(2, 2), 5: merged(4, 4), 8: merged(7, 7) });
  for (const number of [4, 5, 8])
    assert.deepEqual(
      outcome(await b.ask('approve', inPull(number))),
      ['Refused', 'nothing that this pull request brought waits for approval'],
      `pull request ${number}`,
    );
  for (const number of [1, 2, 3, 6, 7]) {
    assert.deepEqual(
      outcome(await b.ask('approve', inPull(number))),
      ['Done', 'web: approved; it syncs now'],
      `pull request ${number}`,
    );
    await b.store.approvals.patch(
      `${b.namespace}/${name}`,
      { status: { phase: 'Pending', message: 'waiting for approval', approvals: [] } },
      { subresource: 'status' },
    );
  }
});
