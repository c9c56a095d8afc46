// A sandbox GitHub with one repository and a few people, and an Octokit that is our App.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { type GitHubOptions, type SandboxGitHub, startGitHub } from '../../../sandbox/github/github.ts';

interface Received {
  event: string;
  action: string | undefined;
  id: string;
  signature: string;
  body: string;
  payload: Record<string, unknown>;
}

export interface Fixture {
  github: SandboxGitHub;
  octokit: Octokit;
  dir: string;
  received: Received[];
  /** After every webhook has arrived. */
  events(): Promise<string[]>;
}

export const repo = { owner: 'acme', repo: 'infra' };

function appOctokit(github: SandboxGitHub, installationId: number | undefined): Octokit {
  const auth = {
    appId: github.app.id,
    privateKey: github.app.privateKey,
    ...(installationId === undefined ? {} : { installationId }),
  };
  return new Octokit({
    baseUrl: github.apiUrl,
    authStrategy: createAppAuth,
    auth,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
}

/** An Octokit with the App's JWT alone. */
export function asApp(github: SandboxGitHub): Octokit {
  return appOctokit(github, undefined);
}

/**
 * Starts everything, runs the test, stops everything, and fails when a published schema was broken, unless told
 * otherwise.
 */
export async function withGitHub(
  test: (fixture: Fixture) => Promise<void>,
  options: Partial<GitHubOptions> & { violations?: 'expected' } = {},
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sandbox-github-'));
  const received: Received[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const header = (name: string): string => String(request.headers[name] ?? '');
      const payload = JSON.parse(body) as Record<string, unknown>;
      const action = typeof payload['action'] === 'string' ? payload['action'] : undefined;
      received.push({
        event: header('x-github-event'),
        action,
        id: header('x-github-delivery'),
        signature: header('x-hub-signature-256'),
        body,
        payload,
      });
      response.writeHead(202).end('ok');
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const address = receiver.address();
  const webhookUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`;
  const github = await startGitHub({ dir, webhookUrl, webhookSecret: 'a secret', ...options });
  try {
    await github.createRepository({ owner: 'acme', name: 'infra' });
    const ann = github.user('ann', { 'acme/infra': 'write' });
    github.user('bob', { 'acme/infra': 'read' });
    await ann.commit('acme/infra', {
      branch: 'main',
      files: { 'README.md': 'infra\n', 'apps/web.yaml': 'image: web:1\n' },
      message: 'apps: web',
    });
    const octokit = appOctokit(github, github.world.installations[0]?.id);
    const events = async (): Promise<string[]> => {
      await github.settled();
      return received.map((each) => (each.action === undefined ? each.event : `${each.event}.${each.action}`));
    };
    await github.settled();
    received.length = 0;
    await test({ github, octokit, dir, received, events }).finally(() => {
      if (options.violations !== 'expected') assert.deepEqual(github.violations, []);
    });
    await github.settled();
    if (options.violations !== 'expected') assert.deepEqual(github.violations, []);
  } finally {
    await github.stop();
    receiver.close();
    receiver.closeAllConnections();
    await rm(dir, { recursive: true, force: true });
  }
}

/** A branch with one commit and its pull request. */
export async function openPull(
  github: SandboxGitHub,
  branch = 'bump',
  files: Record<string, string | null> = { 'apps/web.yaml': 'image: web:2\n' },
): Promise<number> {
  const ann = github.actAs('ann');
  await ann.commit('acme/infra', { branch, files, message: `web: ${branch}` });
  return ann.openPullRequest('acme/infra', { head: branch, title: `Change ${branch}`, body: 'Why: because.' });
}
