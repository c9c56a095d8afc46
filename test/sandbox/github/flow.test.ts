// The life of pull requests, comments, checks and deployments at the sandbox GitHub, with the webhooks they raise.
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPull, repo, withGitHub } from './fixture.ts';

const statusIs =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof Error && 'status' in error && error.status === status;

test('a comment is made, reacted to, edited, found again and deleted, and webhooks are signed', () =>
  withGitHub(async ({ github, octokit, received, events }) => {
    const number = await openPull(github);
    const route = '/repos/{owner}/{repo}/issues/{issue_number}/comments' as const;
    const { data: made } = await octokit.request(`POST ${route}`, {
      ...repo,
      issue_number: number,
      body: '<!-- coxswain -->\nhello',
    });
    assert.equal(made.performed_via_github_app?.slug, 'coxswain');
    assert.equal(made.user?.login, 'coxswain[bot]');
    const one = { ...repo, comment_id: made.id };
    const reaction = { ...one, content: 'rocket' as const };
    assert.equal(
      (await octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', reaction)).status,
      201,
    );
    assert.equal(
      (await octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', reaction)).status,
      200,
    );
    const { data: reactions } = await octokit.request(
      'GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
      one,
    );
    assert.deepEqual(
      reactions.map((each) => [each.content, each.user?.login]),
      [['rocket', 'coxswain[bot]']],
    );
    await octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}', {
      ...one,
      reaction_id: Number(reactions[0]?.id),
    });
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...one, body: 'edited' });
    assert.equal(
      (await octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', one)).data.body,
      'edited',
    );
    await octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', one);
    assert.equal((await octokit.request(`GET ${route}`, { ...repo, issue_number: number })).data.length, 0);
    assert.deepEqual((await events()).slice(-3), [
      'issue_comment.created',
      'issue_comment.edited',
      'issue_comment.deleted',
    ]);
    for (const each of received)
      assert.equal(each.signature, `sha256=${createHmac('sha256', 'a secret').update(each.body).digest('hex')}`);
    const edited = received.find((each) => each.action === 'edited');
    assert.deepEqual(edited?.payload['changes'], { body: { from: '<!-- coxswain -->\nhello' } });
  }));

test('a body that is too long or empty is refused', () =>
  withGitHub(async ({ github, octokit }) => {
    const number = await openPull(github);
    const post = (body: string) =>
      octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...repo,
        issue_number: number,
        body,
      });
    await assert.rejects(post('x'.repeat(65_537)), statusIs(422));
    await assert.rejects(post(' '), statusIs(422));
    assert.equal((await post('x'.repeat(65_536))).status, 201);
  }));

test('check runs are found by name and App, completed, and their buttons pressed', () =>
  withGitHub(async ({ github, octokit, received, events }) => {
    const number = await openPull(github);
    const { data: pull } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...repo,
      pull_number: number,
    });
    const { sha } = pull.head;
    const check = {
      ...repo,
      name: 'coxswain/diff',
      head_sha: sha,
      external_id: `acme/infra#${number}`,
      status: 'in_progress' as const,
    };
    const { data: first } = await octokit.request('POST /repos/{owner}/{repo}/check-runs', check);
    const { data: second } = await octokit.request('POST /repos/{owner}/{repo}/check-runs', check);
    const find = (filter: 'latest' | 'all') =>
      octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
        ...repo,
        ref: sha,
        check_name: 'coxswain/diff',
        app_id: github.app.id,
        filter,
      });
    assert.deepEqual(
      (await find('latest')).data.check_runs.map((each) => each.id),
      [second.id],
    );
    assert.deepEqual(
      (await find('all')).data.check_runs.map((each) => each.id),
      [second.id, first.id],
    );
    const { data: done } = await octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      ...repo,
      check_run_id: second.id,
      conclusion: 'success',
      output: { title: '2 objects change', summary: 'all **fine**' },
      actions: [{ label: 'Refresh', description: 'Look again', identifier: 'refresh' }],
    });
    assert.equal(done.status, 'completed');
    assert.deepEqual(
      done.pull_requests.map((each) => each.number),
      [number],
    );
    github.actAs('ann').pressCheck('acme/infra', { sha, name: 'coxswain/diff', identifier: 'refresh' });
    github.actAs('ann').rerunCheck('acme/infra', { sha, name: 'coxswain/diff' });
    const checkEvents = (await events()).filter((event) => event.startsWith('check_run'));
    assert.deepEqual(checkEvents, [
      'check_run.created',
      'check_run.created',
      'check_run.completed',
      'check_run.requested_action',
      'check_run.rerequested',
    ]);
    assert.deepEqual(received.find((each) => each.action === 'requested_action')?.payload['requested_action'], {
      identifier: 'refresh',
    });
    await assert.rejects(
      octokit.request('POST /repos/{owner}/{repo}/check-runs', { ...check, head_sha: 'f'.repeat(40) }),
      statusIs(422),
    );
  }));

test('deployments are found by commit, environment and task, and keep their statuses', () =>
  withGitHub(async ({ octokit, events }) => {
    const { data: main } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...repo,
      ref: 'heads/main',
    });
    const { sha } = main.object;
    const create = (task: string) =>
      octokit.request('POST /repos/{owner}/{repo}/deployments', {
        ...repo,
        ref: sha,
        task,
        environment: 'staging',
        auto_merge: false,
        required_contexts: [],
        payload: { application: task },
      });
    const a = await create('coxswain:argocd/a');
    const b = await create('coxswain:argocd/b');
    assert.equal(a.status, 201);
    const idOf = (made: { data: object }): number => ('id' in made.data ? Number(made.data.id) : 0);
    const find = (task: string) =>
      octokit.request('GET /repos/{owner}/{repo}/deployments', { ...repo, sha, environment: 'staging', task });
    assert.deepEqual(
      (await find('coxswain:argocd/a')).data.map((each) => each.id),
      [idOf(a)],
    );
    const post = (id: number, state: 'in_progress' | 'success', inactive: boolean) =>
      octokit.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
        ...repo,
        deployment_id: id,
        state,
        description: state,
        auto_inactive: inactive,
      });
    const states = async (id: number) =>
      (
        await octokit.request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
          ...repo,
          deployment_id: id,
        })
      ).data.map((each) => each.state);
    await post(idOf(a), 'success', false);
    await post(idOf(b), 'in_progress', false);
    await post(idOf(b), 'success', false);
    assert.deepEqual(await states(idOf(a)), ['success']);
    assert.deepEqual(await states(idOf(b)), ['success', 'in_progress']);
    await post(idOf(b), 'success', true);
    assert.deepEqual(await states(idOf(a)), ['inactive', 'success']);
    assert.ok((await events()).includes('deployment_status.created'));
    const read = { ...repo, environment_name: 'staging' };
    assert.equal(
      (await octokit.request('GET /repos/{owner}/{repo}/environments/{environment_name}', read)).data.name,
      'staging',
    );
  }));

test('an environment tells who reviews', () =>
  withGitHub(async ({ github, octokit }) => {
    github.team('acme', 'platform', ['bob']);
    github.environment('acme/infra', 'production', { reviewers: ['ann', '@acme/platform'], preventSelfReview: true });
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/environments/{environment_name}', {
      ...repo,
      environment_name: 'production',
    });
    const rule = data.protection_rules?.find((each) => each.type === 'required_reviewers');
    assert.ok(rule && 'reviewers' in rule);
    assert.deepEqual(
      rule.reviewers?.map((each) => each.type),
      ['User', 'Team'],
    );
  }));

test('a pull request is opened once, synchronised by a push, listed, and merged for real', () =>
  withGitHub(async ({ github, octokit, received, events }) => {
    const ann = github.actAs('ann');
    const number = await openPull(github);
    const again = octokit.request('POST /repos/{owner}/{repo}/pulls', {
      ...repo,
      head: 'bump',
      base: 'main',
      title: 'again',
    });
    await assert.rejects(again, statusIs(422));
    const before = (
      await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...repo, pull_number: number })
    ).data;
    assert.equal(before.mergeable, null);
    await ann.commit('acme/infra', {
      branch: 'bump',
      files: { 'apps/api.yaml': 'image: api:1\n', 'README.md': null },
      message: 'api',
    });
    await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...repo, pull_number: number });
    const after = (
      await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...repo, pull_number: number })
    ).data;
    assert.deepEqual([after.mergeable, after.commits, after.changed_files], [true, 2, 3]);
    const files = (
      await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', { ...repo, pull_number: number })
    ).data;
    assert.deepEqual(
      files.map((each) => [each.filename, each.status, each.additions, each.deletions]),
      [
        ['README.md', 'removed', 0, 1],
        ['apps/api.yaml', 'added', 1, 0],
        ['apps/web.yaml', 'modified', 1, 1],
      ],
    );
    assert.match(files[2]?.patch ?? '', /^@@.*\n-image: web:1\n\+image: web:2/);
    const { data: merged } = await octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
      ...repo,
      pull_number: number,
      sha: after.head.sha,
    });
    const { data: commit } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { ...repo, ref: 'main' });
    assert.equal(commit.sha, merged.sha);
    assert.deepEqual(
      commit.parents.map((each) => each.sha),
      [after.base.sha, after.head.sha],
    );
    assert.match(commit.commit.message, new RegExp(`^Merge pull request #${number} from acme/bump`));
    const { data: of } = await octokit.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
      ...repo,
      commit_sha: merged.sha,
    });
    assert.deepEqual(
      of.map((each) => [each.number, each.merge_commit_sha]),
      [[number, merged.sha]],
    );
    assert.deepEqual(await events(), [
      'push',
      'pull_request.opened',
      'push',
      'pull_request.synchronize',
      'pull_request.closed',
      'push',
    ]);
    const closed = received.find((each) => each.action === 'closed')?.payload['pull_request'] as
      { merged?: boolean } | undefined;
    assert.equal(closed?.merged, true);
    const { data: found } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...repo,
      head: 'acme:bump',
      state: 'all',
    });
    assert.deepEqual(
      found.map((each) => each.number),
      [number],
    );
  }));

test('squash and rebase leave one commit or the same commits, and a conflict is refused', () =>
  withGitHub(async ({ github, octokit }) => {
    const ann = github.actAs('ann');
    const subjects = async (): Promise<string[]> => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
        ...repo,
        basehead: `${start}...main`,
      });
      return data.commits.map((each) => each.commit.message.split('\n')[0] ?? '');
    };
    const start = (await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...repo, ref: 'heads/main' }))
      .data.object.sha;
    const squash = await openPull(github, 'one', { a: '1\n' });
    const rebase = await openPull(github, 'two', { b: '1\n' });
    await ann.commit('acme/infra', { branch: 'two', files: { b: '2\n' }, message: 'second' });
    const conflict = await openPull(github, 'three', { a: 'other\n' });
    await ann.merge('acme/infra', squash, 'squash');
    await ann.merge('acme/infra', rebase, 'rebase');
    assert.deepEqual(await subjects(), [`Change one (#${squash})`, 'web: two', 'second']);
    await assert.rejects(
      octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...repo, pull_number: conflict }),
      statusIs(405),
    );
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/contents/{path}', { ...repo, path: 'b' });
    assert.ok(!Array.isArray(data) && data.type === 'file');
    assert.equal(Buffer.from(data.content, 'base64').toString(), '2\n');
  }));

test('a reference is created once and deleted, and people who may only read may not merge', () =>
  withGitHub(async ({ github, octokit, events }) => {
    const number = await openPull(github);
    const { data: main } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...repo,
      ref: 'heads/main',
    });
    const made = { ...repo, ref: 'refs/heads/coxswain/revert-1', sha: main.object.sha };
    await octokit.request('POST /repos/{owner}/{repo}/git/refs', made);
    await assert.rejects(octokit.request('POST /repos/{owner}/{repo}/git/refs', made), statusIs(422));
    await octokit.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', { ...repo, ref: 'heads/coxswain/revert-1' });
    await assert.rejects(
      octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...repo, ref: 'heads/coxswain/revert-1' }),
      statusIs(404),
    );
    await assert.rejects(github.actAs('bob').merge('acme/infra', number), statusIs(403));
    assert.deepEqual((await events()).slice(-2), ['push', 'push']);
  }));

test('a pull request is edited, closed, reopened and reviewed', () =>
  withGitHub(async ({ github, octokit, events }) => {
    const number = await openPull(github);
    const patch = (change: { title?: string; state?: 'open' | 'closed' }) =>
      octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', { ...repo, pull_number: number, ...change });
    await patch({ title: 'Another title' });
    await patch({ state: 'closed' });
    assert.equal((await patch({ state: 'open' })).data.state, 'open');
    await github.actAs('bob').review('acme/infra', number, { state: 'APPROVED', body: 'fine' });
    const { data: reviews } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      ...repo,
      pull_number: number,
    });
    assert.deepEqual(
      reviews.map((each) => [each.user?.login, each.state]),
      [['bob', 'APPROVED']],
    );
    assert.deepEqual((await events()).slice(2), [
      'pull_request.edited',
      'pull_request.closed',
      'pull_request.reopened',
      'pull_request_review.submitted',
    ]);
  }));
