// One comment for the whole life of a pull request, whatever GitHub loses, doubles or cuts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commentMarker } from '../../../src/model/annotations.ts';
import { eventually } from '../../control-plane.ts';
import { bed, openPull, progressOf, repo } from '../fixture.ts';
import { app, changed, configMap, deleted } from '../markdown/sample.ts';

const web = (level: string): ReturnType<typeof app> =>
  app(
    'web-dev',
    { change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: level }))] },
    { environment: 'dev' },
  );

test('one comment follows a pull request from its opening to its merge, edited in place', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  const number = await openPull(b.sandbox);
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /1 application changes[\s\S]*\+ {2}LEVEL: debug/);
  const [comment] = b.sandbox.world.repositories[0]?.comments ?? [];

  b.script.apps = [web('trace')];
  await b.sandbox
    .actAs('ann')
    .commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: 3\n' }, message: 'more' });
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /\+ {2}LEVEL: trace/);

  b.script.progress = [progressOf('web-dev', 'success', { message: 'Synced, Healthy' })];
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /Merged and rolled out · 1 of 1 application done/);
  assert.equal(b.sandbox.world.repositories[0]?.comments[0]?.id, comment?.id);
});

test('a pull request that touches no application gets a skipped check and no comment', async (t) => {
  const b = await bed(t);
  await openPull(b.sandbox);
  await b.quiet();
  assert.deepEqual(b.comments(), []);
  const [check] = b.sandbox.world.repositories[0]?.checks ?? [];
  assert.equal(check?.name, 'coxswain/diff');
  assert.equal(check?.conclusion, 'skipped');
});

test('an error fails the check with an annotation at file and line', async (t) => {
  const b = await bed(t);
  b.script.apps = [
    app('web', undefined, {
      error: { code: 'E_RENDER', message: 'could not find expected key', place: { file: 'apps/web.yaml', line: 1 } },
    }),
  ];
  await openPull(b.sandbox);
  await b.quiet();
  const [check] = b.sandbox.world.repositories[0]?.checks ?? [];
  assert.equal(check?.conclusion, 'failure');
  assert.deepEqual(
    check?.output.annotations.map(({ path, start_line: line, message }) => ({ path, line, message })),
    [{ path: 'apps/web.yaml', line: 1, message: 'could not find expected key' }],
  );
  assert.match(b.comments()[0] ?? '', /`apps\/web\.yaml:1`/);
});

test('closing without merging folds the comment to one line and the diff that it had', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  const number = await openPull(b.sandbox);
  await b.quiet();
  await b.sandbox.actAs('ann').editPullRequest(repo, number, { state: 'closed' });
  await b.quiet();
  const [comment = '', ...more] = b.comments();
  assert.deepEqual(more, []);
  assert.ok(comment.startsWith(`${commentMarker}\nClosed without merging: nothing was applied.\n\n<details><summary>`));
});

test('surplus comments of ours are removed and the first one stays; those of people are left alone', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  b.sandbox.faults.hooks('lose', { times: 50 });
  const number = await openPull(b.sandbox);
  const installation = await ourOctokit(b.sandbox);
  for (const text of ['one', 'two', 'three']) await installation(number, `${commentMarker}\n${text}`);
  const human = b.sandbox.actAs('bob').comment(repo, number, `${commentMarker}\nI pretend to be the bot`);
  b.sandbox.faults.clear();
  await b.restart();
  const comments = b.sandbox.world.repositories[0]?.comments ?? [];
  assert.equal(comments.filter((comment) => comment.app !== null).length, 1);
  assert.ok(comments.some((comment) => comment.id === human));
  assert.match(comments[0]?.body ?? '', /LEVEL: debug/);
});

/** Writes comments as the App, behind its back. */
async function ourOctokit(
  sandbox: Awaited<ReturnType<typeof bed>>['sandbox'],
): Promise<(number: number, body: string) => Promise<void>> {
  const { openHost } = await import('../../../src/github/client/probot.ts');
  const { systemClock } = await import('../../../src/base/clock.ts');
  const { silentLogger } = await import('../../../src/base/log.ts');
  const api = await openHost({
    appId: sandbox.app.id,
    privateKey: sandbox.app.privateKey,
    webhookSecret: sandbox.app.webhookSecret,
    apiUrl: sandbox.apiUrl,
    clock: systemClock,
    log: silentLogger(),
    random: () => 0,
  });
  const octokit = await api.installation(sandbox.world.installations[0]?.id ?? 0);
  return async (number, body) => {
    await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      owner: 'acme',
      repo: 'infra',
      issue_number: number,
      body,
    });
  };
}

test('a comment deleted without a webhook is made anew in the same pass, and the check is written', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  await openPull(b.sandbox);
  await b.quiet();
  b.sandbox.world.repositories[0]?.comments.splice(0);
  b.script.apps = [web('trace')];
  const sha = await b.sandbox
    .actAs('ann')
    .commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: 6\n' }, message: 'more' });
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /LEVEL: trace/);
  assert.deepEqual(
    b.sandbox.world.repositories[0]?.checks.filter((check) => check.headSha === sha).map((check) => check.conclusion),
    ['success'],
  );
});

test('an answer that is cut after the comment was made leads to one comment', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/comments'),
    answer: { cut: 'after' },
  });
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/check-runs'),
    answer: { cut: 'after' },
  });
  await openPull(b.sandbox);
  await eventually('the check', () =>
    b.sandbox.world.repositories[0]?.checks.find((check) => check.conclusion === 'success'),
  );
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.equal(b.sandbox.world.repositories[0]?.checks.length, 1);
});

test('refusals of the server and rate limits are waited out, and nothing is done twice', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/comments'),
    answer: { limit: 403, retryAfter: 1 },
  });
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/check-runs'),
    answer: { status: 502 },
  });
  b.sandbox.expireTokens();
  await openPull(b.sandbox);
  await eventually('the check', () =>
    b.sandbox.world.repositories[0]?.checks.find((check) => check.conclusion === 'success'),
  );
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.equal(b.sandbox.world.repositories[0]?.checks.length, 1);
});

test('doubled and reordered webhooks change nothing in the end, and lost ones are swept', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  b.sandbox.faults.hooks('double', { times: 2 });
  await openPull(b.sandbox);
  b.sandbox.faults.hooks('swap', { times: 1 });
  await b.sandbox
    .actAs('ann')
    .commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: 4\n' }, message: 'more' });
  await b.quiet();
  assert.equal(b.comments().length, 1);
  b.sandbox.faults.hooks('lose', { times: 100 });
  await openPull(b.sandbox, 'second');
  await b.sandbox.settled();
  b.sandbox.faults.clear();
  await b.restart();
  assert.equal(b.comments().length, 2);
});

test('a result for a head that has moved is dropped', async (t) => {
  const b = await bed(t);
  const gate = Promise.withResolvers<void>();
  b.script.gate = gate.promise;
  b.script.apps = [web('debug')];
  await openPull(b.sandbox);
  await eventually('the preview of the first head', () => (b.script.previews.length > 0 ? true : undefined));
  await b.sandbox
    .actAs('ann')
    .commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: 5\n' }, message: 'more' });
  await eventually('the first to be aborted and the second to begin', () =>
    b.script.aborted > 0 && b.script.previews.length > 1 ? true : undefined,
  );
  gate.resolve();
  await b.quiet();
  // On a slow machine the first head may have been announced; it never has a result.
  const results = b.sandbox.world.repositories[0]?.checks.filter((check) => check.conclusion !== null) ?? [];
  assert.equal(new Set(results.map((check) => check.headSha)).size, 1);
});

test('an unchanged result writes nothing, after a restart too', async (t) => {
  const b = await bed(t);
  b.script.apps = [app('web', { change: [deleted(configMap('old', { a: 'b' }))] })];
  const number = await openPull(b.sandbox);
  await b.quiet();
  const before = b.sandbox.world.repositories[0]?.comments[0]?.updatedAt;
  const writes: string[] = [];
  b.sandbox.faults.inject({
    match: ({ method, path }) => {
      if (method !== 'GET' && !path.includes('access_tokens')) writes.push(`${method} ${path}`);
      return false;
    },
    answer: { status: 500 },
  });
  b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
  await b.quiet();
  await b.restart();
  assert.deepEqual(writes, []);
  assert.equal(b.sandbox.world.repositories[0]?.comments[0]?.updatedAt, before);
});

test('a check that is asked to run again is written again, though it says the same', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  const number = await openPull(b.sandbox);
  await b.quiet();
  const [check] = b.sandbox.world.repositories[0]?.checks ?? [];
  assert.ok(check);
  for (const again of ['known', 'after a restart']) {
    if (again === 'after a restart') await b.restart();
    b.sandbox.actAs('ann').rerunCheck(repo, { sha: check.headSha, name: 'coxswain/diff' });
    assert.equal(check.rerequested, true);
    await b.quiet();
    assert.deepEqual(
      { rerequested: check.rerequested, conclusion: check.conclusion },
      { rerequested: false, conclusion: 'success' },
      again,
    );
  }
  b.script.progress = [progressOf('web-dev', 'success')];
  const sha = await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  b.sandbox.actAs('ann').rerunCheck(repo, { sha, name: 'coxswain/rollout' });
  await b.quiet();
  assert.deepEqual(
    b.sandbox.world.repositories[0]?.checks.map((each) => each.rerequested),
    [false, false],
  );
});

test('a result that takes long is announced, and replaces the announcement', async (t) => {
  const b = await bed(t);
  const gate = Promise.withResolvers<void>();
  b.script.gate = gate.promise;
  b.script.apps = [web('debug')];
  await openPull(b.sandbox);
  await eventually('the announcement', () => b.comments().find((body) => body.includes('⏳')));
  await eventually('the running check', () =>
    b.sandbox.world.repositories[0]?.checks.find((check) => check.status === 'in_progress'),
  );
  gate.resolve();
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /LEVEL: debug/);
  assert.deepEqual(
    b.sandbox.world.repositories[0]?.checks.map((check) => check.conclusion),
    ['success'],
  );
});

test('a move of the base branch looks at the open pulls again, and writes nothing if nothing changed', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  await openPull(b.sandbox);
  await b.quiet();
  const [before, looked] = [b.comments(), b.script.previews.length];
  await b.sandbox.actAs('ann').commit(repo, { branch: 'main', files: { 'other.txt': '1' }, message: 'other' });
  await b.quiet();
  assert.ok(b.script.previews.length > looked);
  assert.deepEqual(b.comments(), before);
});
