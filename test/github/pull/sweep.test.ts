// What webhooks lose is swept: after refusals too, and for as long as an approval waits.
import type { Bed } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { eventually } from '../../control-plane.ts';
import { bed, openPull, progressOf, repo } from '../fixture.ts';
import { app, changed, configMap } from '../markdown/sample.ts';

const sweepMs = 10 * 60_000;
const web = app('web-dev', {
  change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: 'debug' }))],
});

async function sweep(b: Bed, clock: SteppedClock): Promise<void> {
  clock.step(sweepMs);
  await b.sweep();
}

test('a pull request whose webhook was lost gets its comment at the next sweep', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  b.sandbox.faults.hooks('lose', { times: 100 });
  await openPull(b.sandbox);
  await b.quiet();
  assert.deepEqual(b.comments(), []);
  await sweep(b, clock);
  assert.equal(b.comments().length, 1);
});

test('a refused sweep is followed by the next one, and an installation that refuses hides no other', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  b.sandbox.faults.hooks('lose', { times: 100 });
  await openPull(b.sandbox);
  b.sandbox.faults.inject({ match: ({ path }) => path === '/app', answer: { status: 403 } });
  b.sandbox.faults.inject({
    match: ({ path }) => path === '/repos/acme/infra/pulls?per_page=100&state=open',
    answer: { status: 404 },
  });
  await sweep(b, clock);
  assert.deepEqual(b.comments(), []);
  await b.sandbox.createRepository({ owner: 'gone', name: 'infra' });
  const gone = b.sandbox.world.installations.find((each) => each.account.login === 'gone')?.id ?? 0;
  b.sandbox.faults.inject({
    match: ({ path }) => path.startsWith(`/app/installations/${gone}/`),
    times: 100,
    answer: { status: 404 },
  });
  await sweep(b, clock);
  assert.equal(b.comments().length, 1);
});

test('a pull request that GitHub refused to let us speak in is taken up again by the next sweep', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  b.sandbox.faults.hooks('lose', { times: 100 });
  await openPull(b.sandbox);
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/comments'),
    answer: { status: 422 },
  });
  await sweep(b, clock);
  assert.deepEqual(b.comments(), []);
  await sweep(b, clock);
  assert.equal(b.comments().length, 1);
  assert.equal(b.script.previews.length, 2);
  // The comment itself moved the pull request once more; from then on nothing is asked.
  await sweep(b, clock);
  const looked = b.script.previews.length;
  await sweep(b, clock);
  assert.equal(b.script.previews.length, looked);
});

test('a rate limit that lasts longer than one request waits is no refusal', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/comments'),
    times: 6,
    answer: { limit: 403, retryAfter: 1 },
  });
  await openPull(b.sandbox);
  await eventually('the comment', () => {
    clock.step(100);
    return b.comments().length > 0 ? true : undefined;
  });
});

test('a merge that waits for approval is followed after a restart, however old it is', async (t) => {
  const b = await bed(t);
  const from = await b.sandbox.actAs('bob').commit(repo, { branch: 'main', files: { 'a.txt': '1' }, message: 'one' });
  b.script.progress = [progressOf('web-prod', 'waiting', { gated: true })];
  const number = await openPull(b.sandbox);
  const revision = await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  const pull = b.sandbox.world.repositories[0]?.pulls.get(number);
  if (pull) pull.updatedAt = '2020-01-01T00:00:00Z';
  const { namespace } = b.store;
  await b.store.approvals.create({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-prod-abcdef012345', namespace },
    spec: {
      application: `${namespace}/web-prod`,
      digest: 'a'.repeat(64),
      revision,
      ranges: [{ repo: b.sandbox.gitUrl(repo), from, to: revision }],
      operations: [],
    },
  });
  b.script.progress = [progressOf('web-prod', 'success', { gated: true, message: 'Synced, Healthy' })];
  const asked: string[] = [];
  b.sandbox.faults.inject({ match: ({ path }) => asked.push(path) === 0, answer: { status: 500 } });
  await b.restart();
  assert.match(b.comments()[0] ?? '', /Merged and rolled out/);
  // However many commits it has, one question is about fifty of them.
  assert.deepEqual(
    [asked.filter((path) => /\/commits\/\w+\/pulls/.test(path)), asked.filter((path) => path === '/graphql').length],
    [[], 1],
  );
});

test('a command that is heard hours later is refused with the reason', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  const number = await openPull(b.sandbox);
  await b.quiet();
  b.sandbox.faults.hooks('lose', { event: 'issue_comment', times: 1 });
  b.sandbox.actAs('bob').comment(repo, number, '/cox sync web-dev');
  await b.quiet();
  assert.deepEqual(b.requests(), []);
  clock.step(2 * 3_600_000);
  await b.sweep();
  const [late] = b.requests();
  assert.deepEqual({ verb: late?.spec.verb, text: late?.spec.args['text'] }, { verb: 'help', text: 'sync web-dev' });
  assert.match(late?.spec.args['error'] ?? '', /asked more than an hour before/);
});

test('a command whose webhook was lost is heard at the next sweep, whatever was looked at in between', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [web];
  const number = await openPull(b.sandbox);
  await b.quiet();
  b.sandbox.faults.hooks('lose', { event: 'issue_comment', times: 1 });
  b.sandbox.actAs('bob').comment(repo, number, '/cox help');
  await b.quiet();
  clock.step(120_000);
  b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
  await b.quiet();
  assert.deepEqual(b.requests(), []);
  await sweep(b, clock);
  assert.equal(b.requests().length, 1);
});
