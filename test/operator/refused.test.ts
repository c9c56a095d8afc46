// A GitHub App or a Slack token that is refused: the log says which with its next step, once, and /readyz says it.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startGitHub } from '../../sandbox/github/github.ts';
import { createOperator, toolsFolder, type Operator } from '../../sandbox/operator.ts';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { eventually, testCluster } from '../control-plane.ts';

async function operatorWith(t: TestContext, env: Record<string, string>): Promise<Operator> {
  const cluster = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-refused-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: cluster.namespace, ...env },
  });
  t.after(() => operator.end());
  operator.spawn();
  return operator;
}

function readyz(operator: Operator, says: RegExp): Promise<string> {
  return eventually(`readyz says ${String(says)}`, async () => {
    const answer = await fetch(`${operator.healthUrl}/readyz`);
    const text = `${answer.status} ${(await answer.text()).trim()}`;
    return says.test(text) ? text : undefined;
  });
}

/** Code and hint of each line of that message. */
function told(operator: Operator, message: string): { code: string; hint: string }[] {
  return operator
    .logs()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line) as { err: { code: string }; hint: string })
    .map(({ err, hint }) => ({ code: err.code, hint }));
}

const key = (): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey;

async function gitHub(t: TestContext): Promise<Awaited<ReturnType<typeof startGitHub>>> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-github-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const github = await startGitHub({ dir });
  t.after(() => github.stop());
  return github;
}

test("another App's key, or an id that no App has, is told, and the operator is not ready", async (t) => {
  const github = await gitHub(t);
  for (const appId of [String(github.app.id), '424242']) {
    const operator = await operatorWith(t, {
      COX_GITHUB_APP_ID: appId,
      COX_GITHUB_PRIVATE_KEY: key(),
      COX_GITHUB_WEBHOOK_SECRET: 'hush',
      COX_GITHUB_API_URL: github.apiUrl,
    });
    const text = await readyz(operator, /GitHub/);
    assert.match(text, /^503 GitHub refuses the App: .+ \(E_GITHUB\)\. Check app-id and private-key of the Secret/);
  }
});

const tokens = { botToken: 'xoxb-sandbox-bot', appToken: 'xapp-sandbox-app' };

for (const [which, variable] of [
  ['bot-token', 'COX_SLACK_BOT_TOKEN'],
  ['app-token', 'COX_SLACK_APP_TOKEN'],
] as const)
  test(`a wrong ${which} of Slack is told once, and the operator is not ready`, async (t) => {
    const slack = await startSlack(tokens);
    t.after(() => slack.stop());
    const operator = await operatorWith(t, {
      COX_SLACK_API_URL: slack.apiUrl,
      COX_SLACK_BOT_TOKEN: tokens.botToken,
      COX_SLACK_APP_TOKEN: tokens.appToken,
      [variable]: variable === 'COX_SLACK_BOT_TOKEN' ? 'xoxb-wrong-token' : 'xapp-wrong-token',
    });
    assert.match(
      await readyz(operator, /Slack/),
      new RegExp(`^503 Slack refuses the ${which}: invalid_auth \\(E_SLACK\\)`),
    );
    const [first, ...more] = told(operator, 'Slack refuses a token');
    assert.equal(first?.code, 'E_SLACK');
    assert.match(first?.hint ?? '', new RegExp(`into the Secret coxswain-slack as ${which}`));
    assert.deepEqual(more, []);
    assert.doesNotMatch(operator.logs(), /wrong-token/);
  });
