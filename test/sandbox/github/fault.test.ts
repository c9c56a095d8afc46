// Faults on purpose at the sandbox GitHub: refusals, cut connections, webhook trouble, and being killed at a request.
import type { Octokit } from '@octokit/core';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asApp, openPull, repo, withGitHub } from './fixture.ts';

const statusIs =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof Error && 'status' in error && error.status === status;

function comment(octokit: Octokit, number: number, body = 'hello'): Promise<unknown> {
  return octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    ...repo,
    issue_number: number,
    body,
  });
}

async function count(octokit: Octokit, number: number): Promise<number> {
  return (
    await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...repo, issue_number: number })
  ).data.length;
}

test('the secondary limit answers with Retry-After, a server error passes, and only so many requests are hit', () =>
  withGitHub(async ({ github, octokit }) => {
    const number = await openPull(github);
    github.faults.inject({ match: ({ method }) => method === 'POST', answer: { limit: 429, retryAfter: 7 } });
    github.faults.inject({ match: ({ path }) => path.includes('/comments'), answer: { status: 502 } });
    await assert.rejects(
      comment(octokit, number),
      (error: { status?: number; response?: { headers: Record<string, string> } }) =>
        error.status === 429 && error.response?.headers['retry-after'] === '7',
    );
    await assert.rejects(comment(octokit, number), statusIs(502));
    await comment(octokit, number);
    assert.equal(await count(octokit, number), 1);
  }));

test('a cut answer leaves the work done, a cut request does not', () =>
  withGitHub(async ({ github, octokit }) => {
    const number = await openPull(github);
    await count(octokit, number);
    const posts = ({ method }: { method: string }): boolean => method === 'POST';
    github.faults.inject({ match: posts, answer: { cut: 'before' } });
    await assert.rejects(comment(octokit, number));
    assert.equal(await count(octokit, number), 0);
    github.faults.inject({ match: posts, answer: { cut: 'after' } });
    await assert.rejects(comment(octokit, number));
    assert.equal(await count(octokit, number), 1);
  }));

test('a request can be held until the test lets it go', () =>
  withGitHub(async ({ github, octokit }) => {
    const number = await openPull(github);
    await count(octokit, number);
    const gate = Promise.withResolvers<void>();
    github.faults.inject({ match: ({ method }) => method === 'POST', answer: { until: gate.promise } });
    const held = comment(octokit, number);
    assert.equal(await count(octokit, number), 0);
    gate.resolve();
    await held;
    assert.equal(await count(octokit, number), 1);
  }));

test('webhooks are lost, doubled and reordered, listed and redelivered', () =>
  withGitHub(async ({ github, received, events }) => {
    const number = await openPull(github);
    await events();
    received.length = 0;
    const ann = github.actAs('ann');
    github.faults.hooks('lose', { event: 'issue_comment' });
    ann.comment('acme/infra', number, 'lost');
    assert.deepEqual(await events(), []);
    github.faults.hooks('double', { event: 'issue_comment' });
    ann.comment('acme/infra', number, 'twice');
    assert.equal((await events()).length, 2);
    assert.equal(received[0]?.id, received[1]?.id);
    github.faults.hooks('swap', { event: 'issue_comment' });
    const first = ann.comment('acme/infra', number, 'first');
    await ann.review('acme/infra', number, { state: 'COMMENTED', body: 'second' });
    await events();
    assert.deepEqual(
      received
        .slice(2)
        .map((each) => each.event)
        .sort(),
      ['issue_comment', 'pull_request_review'],
    );
    assert.ok(first > 0);
    const app = asApp(github);
    const { data: failed } = await app.request('GET /app/hook/deliveries', { status: 'failure' });
    assert.deepEqual(
      failed.map((each) => [each.event, each.status_code]),
      [['issue_comment', 504]],
    );
    await app.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: Number(failed[0]?.id) });
    await events();
    assert.equal(received.at(-1)?.id, failed[0]?.guid);
    const { data: newest } = await app.request('GET /app/hook/deliveries', { per_page: 1 });
    assert.deepEqual(
      newest.map((each) => [each.redelivery, each.status]),
      [[true, 'OK']],
    );
    const { data: one } = await app.request('GET /app/hook/deliveries/{delivery_id}', {
      delivery_id: Number(newest[0]?.id),
    });
    assert.equal((one.request.payload as { action?: string }).action, 'created');
  }));

test('the kill switch sees what the App changes; a killed client gets no answer, before or after', async () => {
  const log: string[] = [];
  let die: 'before' | 'after' | null = null;
  const at =
    (side: 'before' | 'after') =>
    async (label: string): Promise<void> => {
      log.push(`${side} ${label}`);
      if (die !== side) return;
      die = null;
      throw new Error('killed');
    };
  await withGitHub(
    async ({ github, octokit }) => {
      const number = await openPull(github);
      github.actAs('ann').comment('acme/infra', number, 'by a person');
      await count(octokit, number);
      assert.deepEqual(log, []);
      die = 'before';
      await assert.rejects(comment(octokit, number));
      assert.equal(await count(octokit, number), 1);
      die = 'after';
      await assert.rejects(comment(octokit, number));
      assert.equal(await count(octokit, number), 2);
      await comment(octokit, number);
      const label = `POST /repos/acme/infra/issues/${number}/comments`;
      assert.deepEqual(log, [
        `before ${label}`,
        `before ${label}`,
        `after ${label}`,
        `before ${label}`,
        `after ${label}`,
      ]);
    },
    { killSwitch: { before: at('before'), after: at('after') } },
  );
});

test('two equal runs have the same dump, whatever their ids and times', async () => {
  const dumps: unknown[] = [];
  for (const padding of [0, 3]) {
    await withGitHub(async ({ github, octokit }) => {
      for (let at = 0; at < padding; at++) github.user(`extra${at}`);
      const number = await openPull(github);
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...repo,
        pull_number: number,
      });
      await comment(octokit, number, `at ${data.head.sha} on ${new Date().toISOString()} see ${data.html_url}`);
      await octokit.request('POST /repos/{owner}/{repo}/check-runs', {
        ...repo,
        name: 'coxswain/diff',
        head_sha: data.head.sha,
        conclusion: 'success',
        output: { title: 'fine', summary: '' },
      });
      await octokit.request('POST /repos/{owner}/{repo}/deployments', {
        ...repo,
        ref: data.head.sha,
        environment: 'staging',
        auto_merge: false,
        required_contexts: [],
      });
      await github.actAs('ann').merge('acme/infra', number);
      dumps.push(await github.dump());
    });
  }
  assert.deepEqual(dumps[0], dumps[1]);
  assert.match(JSON.stringify(dumps[0]), /"state":"merged".*at <sha> on <time> see <host>\/acme\/infra\/pull\/1/);
});
