// Step 7: the deploy is taken back by a pull request that Coxswain opens.
import type { Pull } from '../github/world.ts';
import assert from 'node:assert/strict';
import { git } from '../github/git/git.ts';
import { channel } from '../people.ts';
import { images } from './changes.ts';
import { say } from './commands.ts';
import { followed } from './approval.ts';
import { exists, imageOf, merge, waitingApproval } from './merge.ts';
import { checkOn, insist, isSynced, livingComment, repository, wait, waitApp, waitFor, type Stage } from './stage.ts';

function revertPull(stage: Stage): Pull | undefined {
  const found = [...repository(stage).pulls.values()].filter((pull) => pull.headRef.startsWith('coxswain/revert-'));
  assert.ok(found.length <= 1, 'one revert pull request');
  return found[0];
}

/** As `git revert` writes it. */
async function assertMessage(stage: Stage, pull: Pull, merged: { number: number; sha: string }): Promise<void> {
  const message = await git(repository(stage).dir, ['log', '-1', '--format=%B', pull.headSha, '--']);
  const [subject = '', , ...body] = message.split('\n');
  const taken = (await git(repository(stage).dir, ['log', '-1', '--format=%s', merged.sha, '--'])).trim();
  assert.equal(subject, `Revert "${taken}"`);
  assert.equal(pull.title, subject);
  assert.match(
    body.join('\n'),
    new RegExp(`^This reverts commit ${merged.sha}, reversing\\nchanges made to [0-9a-f]{40}\\.`),
  );
  assert.match(message, /^Requested-by: alice$/m);
}

export async function revert(stage: Stage, merged: { number: number; sha: string }): Promise<void> {
  const { scene, tell } = stage;
  await insist(
    stage,
    'alice asks for the revert',
    () => scene.people.alice.slack.command(channel, '/cox revert checkout-prod'),
    () => revertPull(stage) !== undefined,
  );
  const pull = await wait(stage, 'the revert pull request', () => revertPull(stage));
  await assertMessage(stage, pull, merged);
  await waitFor(stage, 'the revert has its own comment', () => {
    const body = livingComment(stage, pull.number)?.body ?? '';
    for (const name of ['checkout-dev', 'checkout-prod', 'payments-prod'])
      assert.match(body, new RegExp(`\\[${name}\\]`));
    assert.match(body, new RegExp(`^\\+ .*image: ${images.before}$`, 'm'));
    assert.equal(checkOn(stage, pull.headSha, 'coxswain/diff')?.conclusion, 'success');
  });
  tell(
    `alice wrote /cox revert checkout-prod in Slack; #${pull.number} takes the deploy back, with a comment of its own`,
  );
  const sha = await merge(stage, pull.number, { image: images.before });
  const approvals = [await waitingApproval(stage, 'checkout-prod'), await waitingApproval(stage, 'payments-prod')];
  await say(stage, pull.number, {
    who: 'bob',
    text: '/cox approve',
    reaction: 'rocket',
    answer: /bob.*\/cox approve`[\s\S]*checkout-prod: approved[\s\S]*payments-prod: approved/,
  });
  for (const name of ['checkout-prod', 'payments-prod'])
    await waitApp(
      stage,
      name,
      'goes back',
      (app) => isSynced(app) && app.status?.operationState?.syncResult?.revision === sha,
    );
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.before);
  assert.ok(
    await exists(stage, '/api/v1/namespaces/checkout-prod/configmaps/checkout-feature-flags'),
    'what was pruned is back',
  );
  assert.ok(
    !(await exists(stage, '/apis/policy/v1/namespaces/checkout-prod/poddisruptionbudgets/checkout')),
    'what was created is gone',
  );
  await followed(stage, { pull: pull.number, sha, approvals });
  tell('alice merged it, bob approved it in the pull request: production is where it was');
}
