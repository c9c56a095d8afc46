// Ids of two sandboxes, one after the other: a cluster that remembers what was done in the first must not take the
// second for it.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGitHub } from '../../sandbox/github/github.ts';
import { startSlack } from '../../sandbox/slack/slack.ts';

const repo = 'acme/infra';

/** Of the first comment, the first trigger and the first channel. */
async function firstIds(t: TestContext): Promise<unknown[]> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-ids-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const github = await startGitHub({ dir });
  const slack = await startSlack({ botToken: 'xoxb-sandbox', appToken: 'xapp-sandbox' });
  await github.createRepository({ owner: 'acme', name: 'infra' });
  const ann = github.user('ann', { [repo]: 'write' });
  await ann.commit(repo, { branch: 'one', files: { 'a.txt': '1' }, message: 'one' });
  const number = await ann.openPullRequest(repo, { head: 'one', title: 'One' });
  const ids = [
    ann.comment(repo, number, '/cox diff'),
    slack.state.newTrigger(slack.createUser({ name: 'ann' }).id),
    slack.createChannel({ name: 'deploys' }).id,
  ];
  await Promise.all([github.stop(), slack.stop()]);
  return ids;
}

test('another sandbox gives other ids', async (t) => {
  const [first, second] = [await firstIds(t), await firstIds(t)];
  assert.deepEqual(
    first.filter((id) => second.includes(id)),
    [],
  );
});
