// Step 1: the root application is applied once, everything becomes Synced; production's first sync is approved like any
// other.
import assert from 'node:assert/strict';
import { apply } from '../kube.ts';
import { bootstrapObjects, developed, production } from '../sample.ts';
import { review, submitted } from './approval.ts';
import { waitingApproval } from './merge.ts';
import { applications, approvalsOf, cardOf, isSynced, textOf, wait, waitApp, waitFor, type Stage } from './stage.ts';

export async function bootstrap(stage: Stage): Promise<void> {
  const { scene, tell } = stage;
  for (const object of await bootstrapObjects(scene.repository.dir)) await apply(scene.kube, object);
  tell('the root application is applied');
  await wait(
    stage,
    'the root application brings the others',
    async () => (await applications(stage)).length === 1 + developed.length + production.length || undefined,
  );
  for (const name of ['root', ...developed]) await waitApp(stage, name, 'becomes Synced and Healthy', isSynced);
  tell('development is Synced and Healthy');
  for (const name of production) {
    await wait(stage, `${name} waits for its first approval`, async () => {
      const [approval] = await approvalsOf(stage, name);
      return approval && cardOf(stage, 'approval', approval.metadata.name);
    });
  }
  tell('production waits for approval: four cards in Slack');
  for (const name of production) {
    const approval = await waitingApproval(stage, name);
    const view = await review(stage, approval);
    assert.match(await submitted(stage, view, approval.spec.digest), /^Done/);
  }
  for (const name of production) await waitApp(stage, name, 'becomes Synced and Healthy', isSynced);
  await waitFor(stage, 'the cards of the first sync end', async () => {
    for (const name of production) {
      const [approval, ...more] = await approvalsOf(stage, name);
      assert.ok(approval && more.length === 0, `one Approval of ${name}`);
      assert.equal(approval.status?.phase, 'Applied');
      assert.match(textOf(cardOf(stage, 'approval', approval.metadata.name) ?? { text: '', blocks: [] }), /✅/);
    }
  });
  tell('bob has reviewed and approved each; all nine applications are Synced and Healthy');
}
