// The sandbox GitHub's pages: what a person does by hand has the same effect as the API, and nothing hostile gets
// through.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPull, withGitHub } from './fixture.ts';

interface Browser {
  get(path: string): Promise<string>;
  /** Posts a form and follows it; the path that the page ends on. */
  post(
    name: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<{ status: number; to: string }>;
}

function browse(url: string): Browser {
  let cookie = '';
  return {
    get: async (path) => (await fetch(url + path, { headers: { cookie } })).text(),
    post: async (name, form, headers = {}) => {
      const body = new URLSearchParams({ back: '/', ...form });
      const response = await fetch(`${url}/-/do/${name}`, {
        method: 'POST',
        redirect: 'manual',
        body,
        headers: { cookie, ...headers },
      });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
      await response.text();
      return { status: response.status, to: response.headers.get('location') ?? '' };
    },
  };
}

const repo = 'acme/infra';

test('a person edits a file, opens a pull request, comments, approves and merges, all on the pages', () =>
  withGitHub(async ({ github, events }) => {
    const page = browse(github.url);
    assert.match(await page.get('/'), /acme\/infra/);
    assert.match(await page.get('/acme/infra/edit/main/apps/web.yaml'), /image: web:1/);
    const edited = await page.post('commit', {
      repo,
      path: 'apps/web.yaml',
      from: 'main',
      branch: 'my/change',
      content: 'image: web:9\r\n',
      message: 'web: nine',
    });
    assert.equal(edited.to, '/acme/infra/compare/main...my/change');
    assert.match(await page.get(edited.to), /\+image: web:9/);
    assert.match(await page.get('/acme/infra/pulls'), /my\/change.*Compare &amp; pull request/s);
    const opened = await page.post('open-pull', {
      repo,
      head: 'my/change',
      base: 'main',
      title: 'Nine',
      body: 'because',
    });
    assert.equal(opened.to, '/acme/infra/pull/1');
    await page.post('comment', { repo, number: '1', body: '**hello**' });
    await page.post('as', { login: 'bob' });
    assert.match(await page.get('/acme/infra/pull/1'), /<option value="bob" selected>/);
    await page.post('comment', { repo, number: '1', body: '', review: 'APPROVED' });
    assert.equal((await page.post('merge', { repo, number: '1', method: 'squash' })).status, 403);
    await page.post('as', { login: 'ann' });
    await page.post('merge', { repo, number: '1', method: 'squash' });
    const shown = await page.get('/acme/infra/pull/1');
    assert.match(shown, /<strong>hello<\/strong>/);
    assert.match(shown, /Merged/);
    assert.deepEqual(await events(), [
      'push',
      'pull_request.opened',
      'issue_comment.created',
      'pull_request_review.submitted',
      'pull_request.closed',
      'push',
    ]);
    assert.match(await page.get('/acme/infra/pull/1/files'), /web:9/);
    assert.match(await page.get('/acme/infra/tree/main/apps'), /web\.yaml/);
    assert.match(await page.get('/acme/infra/webhooks'), /issue_comment\.created/);
  }));

test('a check shows its buttons, and pressing one raises the webhook', () =>
  withGitHub(async ({ github, octokit, events }) => {
    const number = await openPull(github);
    const sha = github.world.repositories[0]?.pulls.get(number)?.headSha ?? '';
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/check-runs', {
      owner: 'acme',
      repo: 'infra',
      name: 'coxswain/diff',
      head_sha: sha,
      conclusion: 'success',
      output: { title: 'fine', summary: '# All **fine**' },
      actions: [{ label: 'Refresh', description: 'Look again', identifier: 'refresh' }],
    });
    const page = browse(github.url);
    assert.match(await page.get(`/acme/infra/pull/${number}`), /All checks have passed.*Refresh<\/button>/s);
    assert.match(await page.get(`/acme/infra/runs/${data.id}`), /<h1>All <strong>fine<\/strong><\/h1>/);
    await page.post('press', { repo, sha, name: 'coxswain/diff', identifier: 'refresh' });
    assert.equal((await events()).at(-1), 'check_run.requested_action');
  }));

test('a ready-made change becomes a branch', () =>
  withGitHub(async ({ github }) => {
    const change = async (read: (path: string) => Promise<string | null>): Promise<Record<string, string>> => ({
      'apps/web.yaml': `${await read('apps/web.yaml')}# more\n`,
    });
    github.offer({ repo, title: 'Add more', description: 'More of it.', branch: 'more', body: 'Please.', change });
    const page = browse(github.url);
    assert.match(await page.get('/acme/infra/pulls'), /Add more/);
    const made = await page.post('scenario', { repo, branch: 'more' });
    assert.match(await page.get(made.to), /\+# more/);
  }));

test('hostile titles, bodies, branches and forms of other sites do nothing', () =>
  withGitHub(async ({ github }) => {
    const ann = github.actAs('ann');
    await ann.commit(repo, {
      branch: '<img/src=x>',
      files: { '<b>.txt': '<script>\n' },
      message: '<script>alert(1)</script>',
    });
    const number = await ann.openPullRequest(repo, {
      head: '<img/src=x>',
      title: '<script>alert(2)</script>',
      body: '</main><script>alert(3)</script>',
    });
    const page = browse(github.url);
    for (const path of [
      `/acme/infra/pull/${number}`,
      `/acme/infra/pull/${number}/files`,
      '/acme/infra/pulls',
      '/acme/infra/webhooks',
      '/acme/infra/tree/main',
    ]) {
      const shown = await page.get(path);
      assert.doesNotMatch(shown, /<script>|<img\/src|<b>\.txt/, path);
      assert.equal(shown.match(/<\/main>/g)?.length, 1, path);
    }
    assert.equal(
      (await page.post('comment', { repo, number: String(number), body: 'x' }, { origin: 'http://elsewhere.example' }))
        .status,
      403,
    );
    assert.equal((await page.post('as', { login: 'bob', back: '//elsewhere.example' })).to, '/');
    assert.equal(github.world.repositories[0]?.comments.length, 0);
  }));

test('an open page is told when something changes', () =>
  withGitHub(async ({ github }) => {
    const number = await openPull(github);
    const stop = new AbortController();
    const response = await fetch(`${github.url}/-/events`, { signal: stop.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.match((await reader?.read())?.value ?? '', /retry/);
    github.actAs('ann').comment(repo, number, 'news');
    assert.match((await reader?.read())?.value ?? '', /changed/);
    stop.abort();
  }));
