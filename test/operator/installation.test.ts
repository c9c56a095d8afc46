// The page's Installation: what Coxswain says of itself is what `cox doctor` finds from outside.
import type { Finding } from '../../src/policy/finding.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGitHub } from '../../sandbox/github/github.ts';
import { readManifest } from '../../sandbox/github/manifest.ts';
import { applicationsFinding } from '../../src/operator/installation.ts';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { testCluster } from '../control-plane.ts';

const tokens = { botToken: 'xoxb-sandbox-bot', appToken: 'xapp-sandbox-app' };

test('the page tells each part of the installation, what is wrong first, and no credential', async (t) => {
  const { kubeconfig, namespace } = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-installation-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const github = await startGitHub({ dir: join(dir, 'github'), manifest: readManifest() });
  t.after(() => github.stop());
  const slack = await startSlack(tokens);
  t.after(() => slack.stop());
  slack.state.lacks.add('channels:history');
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: {
      KUBECONFIG: kubeconfig,
      COX_NAMESPACE: namespace,
      COX_PUBLIC_URL: 'https://coxswain.example.com',
      COX_GITHUB_APP_ID: String(github.app.id),
      COX_GITHUB_PRIVATE_KEY: github.app.privateKey,
      COX_GITHUB_WEBHOOK_SECRET: github.app.webhookSecret,
      COX_GITHUB_API_URL: github.apiUrl,
      COX_SLACK_API_URL: slack.apiUrl,
      COX_SLACK_BOT_TOKEN: tokens.botToken,
      COX_SLACK_APP_TOKEN: tokens.appToken,
    },
  });
  t.after(() => operator.end());
  operator.spawn();
  await operator.ready();
  // An answer comes through the socket: Coxswain knows by then that it is open.
  const ann = slack.actAs(slack.createUser({ name: 'ann' }).name);
  slack.createChannel({ name: 'deploys' });
  await slack.waitFor('a connection', () => slack.connected > 0);
  assert.ok((await ann.command('deploys', '/cox help')).acked);
  const opened = (): number => slack.state.requests.filter(({ method }) => method === 'apps.connections.open').length;
  const before = opened();
  const text = await (await fetch(`${operator.url}/api/installation`)).text();
  assert.deepEqual([before > 0, opened()], [true, before], 'Slack opens few sockets a minute');
  const states = Object.fromEntries((JSON.parse(text) as Finding[]).map(({ what, state }) => [what, state]));
  // Whether the shared cluster has them is for other tests to say.
  const { 'Admission policies': policies, ...others } = states;
  assert.ok(policies);
  assert.deepEqual(others, {
    Definitions: 'good',
    Rights: 'good',
    Clock: 'good',
    Engine: 'good',
    Settings: 'good',
    Tools: 'good',
    'Public address': 'good',
    Applications: 'good',
    'GitHub app': 'good',
    'GitHub permissions': 'good',
    'GitHub events': 'good',
    'GitHub installed': 'waiting',
    'GitHub webhook': 'bad',
    'Slack bot token': 'good',
    'Slack scopes': 'bad',
    'Slack socket': 'good',
  });
  assert.match(text, /"detail":"The app lacks channels:history\."/);
  const page = await (await fetch(`${operator.url}/installation`)).text();
  const rows = [...page.matchAll(/<th scope="row">(\S+) ([^<]+)<\/th>/g)].map(([, mark, what]) => `${mark} ${what}`);
  assert.equal(rows.length, Object.keys(states).length);
  const marks = rows.map((row) => row.slice(0, 1)).join('');
  assert.match(marks, /^❌+⏳*✅+$/);
  assert.ok(rows.includes('❌ Slack scopes'), rows.join('\n'));
  for (const shown of [text, page]) assert.doesNotMatch(shown, /xoxb-|xapp-sandbox|BEGIN/);
  assert.match(await (await fetch(operator.url)).text(), /<a href="installation">Installation<\/a>/);
});

test('causes for which applications cannot be compared hold no credentials and no values of Secrets', () => {
  const conditions = [
    'Secret "login" is invalid: data.password: Invalid value: "hunter2"',
    'fetch https://bot:hunter2@git.example/a failed',
    `${'x'.repeat(250)} https://bot:hunter2hunter2hunter2hunter2hunter2hunter2@git.example/a`,
  ].map((message) => ({ type: 'ComparisonError' as const, message }));
  const spec = { project: 'default', destination: { namespace: 'shop' } };
  const app = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application' as const,
    metadata: { name: 'web', namespace: 'argocd' },
    spec,
    status: { conditions },
  };
  const { state, detail } = applicationsFinding([app]);
  assert.equal(state, 'bad');
  assert.match(detail, /^3 cannot be compared: it may quote a Secret: .* · fetch https:\/\/\*\*\*@git\.example/);
  assert.doesNotMatch(detail, /hunter2/);
});
