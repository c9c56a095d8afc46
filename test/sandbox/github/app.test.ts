// How the App authenticates at the sandbox GitHub, and how answers are paged, cached and refused.
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { asApp, openPull, repo, withGitHub } from './fixture.ts';

const statusIs =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof Error && 'status' in error && error.status === status;

test('the App finds itself, its installation and its repositories', () =>
  withGitHub(async ({ github, octokit }) => {
    const app = asApp(github);
    assert.equal((await app.request('GET /app')).data?.slug, 'coxswain');
    const { data: installations } = await app.request('GET /app/installations');
    const { data: installation } = await app.request('GET /repos/{owner}/{repo}/installation', repo);
    assert.deepEqual(
      installations.map((each) => each.id),
      [installation.id],
    );
    const { data } = await octokit.request('GET /installation/repositories');
    assert.deepEqual(
      data.repositories.map((each) => each.full_name),
      ['acme/infra'],
    );
  }));

test('a JWT of another key is refused', () =>
  withGitHub(async ({ github }) => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const stranger = new Octokit({
      baseUrl: github.apiUrl,
      authStrategy: createAppAuth,
      auth: { appId: github.app.id, privateKey },
    });
    await assert.rejects(stranger.request('GET /app'), statusIs(401));
  }));

test('an expired installation token is refused, and a new one works', () =>
  withGitHub(async ({ github }) => {
    const mint = async (): Promise<Octokit> => {
      const installation = { installation_id: github.world.installations[0]?.id ?? 0 };
      const { data } = await asApp(github).request(
        'POST /app/installations/{installation_id}/access_tokens',
        installation,
      );
      return new Octokit({ baseUrl: github.apiUrl, auth: data.token });
    };
    const first = await mint();
    await first.request('GET /repos/{owner}/{repo}', repo);
    github.expireTokens();
    await assert.rejects(first.request('GET /repos/{owner}/{repo}', repo), statusIs(401));
    assert.equal((await (await mint()).request('GET /repos/{owner}/{repo}', repo)).data.default_branch, 'main');
  }));

test('a token narrowed to reading may not write, and one of other repositories sees nothing', () =>
  withGitHub(async ({ github }) => {
    await github.createRepository({ owner: 'acme', name: 'other' });
    const installation = { installation_id: github.world.installations[0]?.id ?? 0 };
    const mint = async (narrow: object): Promise<Octokit> => {
      const { data } = await asApp(github).request('POST /app/installations/{installation_id}/access_tokens', {
        ...installation,
        ...narrow,
      });
      return new Octokit({ baseUrl: github.apiUrl, auth: data.token });
    };
    const number = await openPull(github);
    const reader = await mint({ permissions: { issues: 'read', pull_requests: 'read' } });
    await assert.rejects(
      reader.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...repo,
        issue_number: number,
        body: 'no',
      }),
      statusIs(403),
    );
    const elsewhere = await mint({ repositories: ['other'] });
    await assert.rejects(elsewhere.request('GET /repos/{owner}/{repo}', repo), statusIs(404));
  }));

test('people, roles and teams are told', () =>
  withGitHub(async ({ github, octokit }) => {
    github.team('acme', 'platform', ['bob']);
    const role = async (username: string): Promise<string> =>
      (await octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', { ...repo, username }))
        .data.role_name;
    assert.equal(await role('ann'), 'write');
    assert.equal(await role('bob'), 'read');
    github.user('eve');
    assert.equal(await role('eve'), 'none');
    const membership = (username: string) =>
      octokit.request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', {
        org: 'acme',
        team_slug: 'platform',
        username,
      });
    assert.equal((await membership('bob')).data.state, 'active');
    await assert.rejects(membership('ann'), statusIs(404));
    const { data: members } = await octokit.request('GET /orgs/{org}/teams/{team_slug}/members', {
      org: 'acme',
      team_slug: 'platform',
    });
    assert.deepEqual(
      members.map((each) => each.login),
      ['bob'],
    );
    const { id } = github.actAs('ann').account;
    assert.equal((await octokit.request('GET /users/{username}', { username: 'ann' })).data.id, id);
    assert.equal((await octokit.request('GET /user/{account_id}', { account_id: id })).data.login, 'ann');
  }));

test('lists come in pages with links, and an unchanged answer costs nothing', () =>
  withGitHub(async ({ github, octokit }) => {
    const number = await openPull(github);
    for (let at = 1; at <= 5; at++) github.actAs('bob').comment('acme/infra', number, `comment ${at}`);
    const list = (page: number) =>
      octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...repo,
        issue_number: number,
        per_page: 2,
        page,
      });
    const first = await list(1);
    assert.deepEqual(
      first.data.map((each) => each.body),
      ['comment 1', 'comment 2'],
    );
    assert.match(String(first.headers.link), /page=2[^>]*>; rel="next".*page=3[^>]*>; rel="last"/);
    assert.deepEqual(
      (await list(3)).data.map((each) => each.body),
      ['comment 5'],
    );
    const remaining = first.headers['x-ratelimit-remaining'];
    const etag = String(first.headers.etag);
    await assert.rejects(
      octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...repo,
        issue_number: number,
        per_page: 2,
        page: 1,
        headers: { 'if-none-match': etag },
      }),
      statusIs(304),
    );
    assert.ok(Number(remaining) > 0);
  }));

test('every part of a rule broken by a client is a violation: route, field, type', () =>
  withGitHub(
    async ({ github, octokit }) => {
      await assert.rejects(octokit.request('GET /repos/{owner}/{repo}/subscribers', repo), statusIs(404));
      assert.deepEqual(
        github.violations.map((each) => each.side),
        ['route'],
      );
      const number = await openPull(github);
      const comment = { ...repo, issue_number: number };
      await assert.rejects(
        octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...comment,
          body: 'x',
          surprise: 1,
        }),
        statusIs(500),
      );
      await assert.rejects(
        octokit.request('POST /repos/{owner}/{repo}/check-runs', {
          ...repo,
          name: 'x',
          head_sha: 'main',
          status: 'done' as 'queued',
        }),
        statusIs(500),
      );
      await assert.rejects(
        octokit.request('GET /repos/{owner}/{repo}/pulls', { ...repo, state: 'everything' as 'all' }),
        statusIs(500),
      );
      assert.deepEqual(
        github.violations.slice(1).map((each) => each.side),
        ['request', 'request', 'request'],
      );
      assert.match(github.violations[1]?.fault ?? '', /surprise/);
    },
    { violations: 'expected' },
  ));

test('an answer that the published schema refuses is a violation of the sandbox itself', () =>
  withGitHub(
    async ({ github, octokit }) => {
      const number = await openPull(github);
      const pull = github.world.repositories[0]?.pulls.get(number);
      assert.ok(pull);
      Object.assign(pull, { title: 17 });
      await assert.rejects(
        octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...repo, pull_number: number }),
        statusIs(500),
      );
      assert.deepEqual(
        github.violations.map((each) => each.side),
        ['answer'],
      );
      assert.match(github.violations[0]?.fault ?? '', /\/title must be string/);
      github.actAs('ann').comment('acme/infra', number, 'hello');
      assert.equal(github.violations.at(-1)?.side, 'webhook');
    },
    { violations: 'expected' },
  ));

test('an App that is made from a manifest is given its credentials for a code, once', () =>
  withGitHub(async ({ github }) => {
    const manifest = JSON.stringify({
      name: 'My Deploys',
      url: 'https://example.com',
      hook_attributes: { url: 'https://example.com/webhooks/github' },
      redirect_url: 'https://example.com/back',
      default_permissions: { metadata: 'read', contents: 'read' },
      default_events: ['push'],
    });
    const form = { method: 'POST', body: new URLSearchParams({ manifest }) };
    const asked = await fetch(`${github.url}/organizations/acme/settings/apps/new?state=s`, form);
    assert.match(await asked.text(), /Create GitHub App for acme/);
    const body = new URLSearchParams({ manifest, state: 's' });
    const made = await fetch(`${github.url}/-/do/make-app`, { method: 'POST', body, redirect: 'manual' });
    const back = new URL(made.headers.get('location') ?? 'none:');
    assert.equal(`${back.origin}${back.pathname} ${back.searchParams.get('state')}`, 'https://example.com/back s');
    const stranger = new Octokit({ baseUrl: github.apiUrl });
    const exchange = { code: back.searchParams.get('code') ?? '' };
    const { data } = await stranger.request('POST /app-manifests/{code}/conversions', exchange);
    assert.deepEqual(
      [data.slug, data.permissions, data.events, data.webhook_secret, data.pem],
      ['my-deploys', { metadata: 'read', contents: 'read' }, ['push'], 'a secret', github.app.privateKey],
    );
    await assert.rejects(stranger.request('POST /app-manifests/{code}/conversions', exchange), statusIs(404));
    const { data: hook } = await asApp(github).request('GET /app/hook/config');
    assert.equal(hook.url, 'https://example.com/webhooks/github');
  }));
