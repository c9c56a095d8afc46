// A permission that the App lacks takes away what needs it and nothing else, and says who can grant it.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { bed, openPull, progressOf, repo } from './fixture.ts';
import { app, changed, configMap } from './markdown/sample.ts';

const web = app('web-dev', {
  change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: 'debug' }))],
});
const grants =
  'whoever owns the App adds that in its settings, and then an owner of the account where it is installed accepts it';
const sweepMs = 10 * 60_000;

/** The App may do that no more. A token keeps what it was made with, so ours begins anew. */
async function without(b: Bed, permission: string, level?: string): Promise<void> {
  const { [permission]: _, ...others } = b.sandbox.world.app.permissions;
  b.sandbox.world.app.permissions = { ...others, ...(level && { [permission]: level }) };
  await b.restart();
}

interface Shown {
  comment: string;
  /** Name and conclusion of each check. */
  checks: string[];
  deployments: (string | undefined)[];
}

function shown(b: Bed): Shown {
  const [repository] = b.sandbox.world.repositories;
  return {
    comment: b.comments()[0] ?? '',
    checks: repository?.checks.map((each) => `${each.name} ${each.conclusion ?? each.status}`) ?? [],
    deployments: repository?.deployments.map((each) => each.statuses.at(-1)?.state) ?? [],
  };
}

/** Opened, looked at, merged and rolled out. */
async function wholeLife(b: Bed): Promise<{ open: Shown; merged: Shown }> {
  b.script.apps = [web];
  b.script.progress = [progressOf('web-dev', 'success', { message: 'Synced, Healthy' })];
  const number = await openPull(b.sandbox);
  await b.quiet();
  const open = shown(b);
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  return { open, merged: shown(b) };
}

const all = { open: ['coxswain/diff success'], merged: ['coxswain/diff success', 'coxswain/rollout success'] };

test('without deployments comment and checks tell the rollout, and the comment tells what is missing', async (t) => {
  const b = await bed(t);
  await without(b, 'deployments');
  const { open, merged } = await wholeLife(b);
  assert.deepEqual([open.checks, merged.checks, merged.deployments], [all.open, all.merged, []]);
  assert.match(merged.comment, /Merged and rolled out/);
  assert.ok(
    merged.comment.includes(
      `⚠️ **Deployments are missing here:** GitHub refuses them. Resource not accessible by integration`,
    ),
  );
  assert.match(merged.comment, new RegExp(`It needs deployments: (read|write): ${grants}`));
});

test('without checks comment and deployments tell the rollout, and the comment tells what is missing', async (t) => {
  const b = await bed(t);
  await without(b, 'checks');
  const { open, merged } = await wholeLife(b);
  assert.deepEqual([open.checks, merged.checks, merged.deployments], [[], [], ['success']]);
  assert.match(open.comment, /1 application changes/);
  for (const { comment } of [open, merged])
    assert.match(comment, new RegExp(`Checks are missing here:.*It needs checks: (read|write): ${grants}`));
});

test('without comments the checks tell the difference, the rollout and what is missing', async (t) => {
  const b = await bed(t);
  await without(b, 'issues');
  await without(b, 'pull_requests', 'read');
  const { open, merged } = await wholeLife(b);
  assert.deepEqual(
    [open.checks, merged.checks, merged.deployments, merged.comment],
    [all.open, all.merged, ['success'], ''],
  );
  for (const { output } of b.sandbox.world.repositories[0]?.checks ?? [])
    assert.match(
      output.summary ?? '',
      new RegExp(`Comments are missing here:.*It needs .*issues: (read|write).*: ${grants}`),
    );
});

test('without comments none is doubled when they may be written and not read', async (t) => {
  const b = await bed(t);
  b.script.apps = [web];
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'GET' && path.includes('/issues/1/comments'),
    times: 3,
    answer: { status: 403 },
  });
  const number = await openPull(b.sandbox);
  await b.quiet();
  for (let look = 0; look < 4; look += 1) {
    b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
    await b.quiet();
  }
  assert.equal(b.comments().length, 1);
  assert.doesNotMatch(b.comments()[0] ?? '', /missing here/);
});

test('a command whose reaction GitHub refuses is taken up, and its answer stands in the comment', async (t) => {
  const b = await bed(t);
  b.script.apps = [web];
  const number = await openPull(b.sandbox);
  await b.quiet();
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/reactions'),
    times: 100,
    answer: { status: 403 },
  });
  b.sandbox.actAs('bob').comment(repo, number, '/cox diff web-dev');
  await b.quiet();
  const [request, ...more] = b.requests();
  assert.deepEqual([request?.spec.verb, more], ['diff', []]);
  const done = await b.store.requests.patch(
    `${request?.metadata.namespace}/${request?.metadata.name}`,
    { status: { phase: 'Done', message: 'web-dev is compared again' } },
    { subresource: 'status' },
  );
  await b.forge.answer(done, { ok: true, text: 'web-dev is compared again' });
  await b.quiet();
  assert.match(b.comments()[0] ?? '', /🚀 `bob` `\/cox diff web-dev` — web-dev is compared again/);
  assert.match(b.comments()[0] ?? '', /Reactions are missing here/);
});

test('what is granted later is taken up by the next sweep, and the row goes', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  await without(b, 'deployments');
  const { merged } = await wholeLife(b);
  assert.deepEqual(merged.deployments, []);
  b.sandbox.world.app.permissions = { ...b.sandbox.world.app.permissions, deployments: 'write' };
  clock.step(sweepMs);
  await b.sweep();
  assert.deepEqual(shown(b).deployments, ['success']);
  assert.doesNotMatch(shown(b).comment, /missing here/);
});
