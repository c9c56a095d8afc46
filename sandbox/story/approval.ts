// Step 5: somebody else approves exactly what they saw; a live edit in between voids it.
import type { Approval } from '../../src/model/coxswain.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { View } from '../slack/slack.ts';
import assert from 'node:assert/strict';
import { get, kubectl, list } from '../kube.ts';
import { channel } from '../people.ts';
import { images, secrets } from './changes.ts';
import { say } from './commands.ts';
import { deployed, exists, imageOf, waitingApproval } from './merge.ts';
import {
  approvalsOf,
  cardOf,
  checkOn,
  episodesOf,
  insist,
  isSynced,
  livingComment,
  press,
  requests,
  textOf,
  wait,
  waitApp,
  waitFor,
  type Stage,
} from './stage.ts';

/** Bob's modal with the diff and a button; he closes and opens it again while the effect is still being worked out. */
export async function review(stage: Stage, approval: Approval): Promise<View> {
  const { bob } = stage.scene.people;
  const reviewed = async (): Promise<View | undefined> => {
    await press(
      stage,
      { who: 'bob', card: () => cardOf(stage, 'approval', approval.metadata.name), button: 'Review' },
      () => bob.slack.openModals().length > 0,
    );
    const view = bob.slack.modal();
    if (view.body['submit'] !== undefined) return view;
    await bob.slack.close(view.id, true);
    return undefined;
  };
  return wait(stage, 'the modal shows what would be applied', reviewed);
}

function assertDiff(view: View): void {
  const text = textOf({ text: '', blocks: view.body });
  assert.match(text, /deletes.*ConfigMap/, 'the modal says what is deleted');
  assert.ok(text.includes(images.before) && text.includes(images.after), 'the modal shows the diff');
  for (const value of Object.values(secrets)) assert.ok(!text.includes(value), 'no Secret value in the modal');
}

export async function submitted(stage: Stage, view: View, digest: string): Promise<string> {
  const { bob } = stage.scene.people;
  const answered = async (): Promise<string | undefined> => {
    const found = (await requests(stage)).find(
      (request) =>
        request.spec.digest === digest && request.spec.actor.login === 'bob' && request.status?.phase !== undefined,
    );
    return found?.status && found.status.phase !== 'Pending'
      ? `${found.status.phase}: ${found.status.message ?? ''}`
      : undefined;
  };
  // Slack closes the modal when the submission was taken; from then on it is Coxswain's to answer, however often it
  // dies.
  const taken = (): boolean => !bob.slack.openModals().some((open) => open.id === view.id);
  await insist(
    stage,
    'bob submits the modal',
    () => bob.slack.submit(view.id),
    async () => taken() || (await answered()) !== undefined,
  );
  const said = await wait(stage, 'the submission is answered', answered);
  // Carried out by a later life than the one that took it: Slack never heard so, and its modal still stands.
  if (!taken()) await bob.slack.close(view.id, true);
  return said;
}

/** A live edit between card and click: what bob saw is not what would happen any more. */
async function voided(stage: Stage): Promise<void> {
  const { scene, tell } = stage;
  const seen = await waitingApproval(stage, 'checkout-prod');
  const [drift] = await episodesOf(stage, 'checkout-prod');
  const view = await review(stage, seen);
  assertDiff(view);
  await kubectl(scene.kubeconfigs.someone, [
    '-n',
    'checkout-prod',
    'patch',
    'configmap',
    'checkout-config',
    '--type=merge',
    '-p',
    '{"data":{"LOG_LEVEL":"trace"}}',
  ]);
  const next = await waitingApproval(stage, 'checkout-prod', seen.metadata.name);
  const said = await submitted(stage, view, seen.spec.digest);
  assert.match(said, new RegExp(`^Refused: .*${next.metadata.name}`), 'the submission of the old modal is refused');
  await waitFor(stage, 'the old card is void and says what differs', async () => {
    const old = (await approvalsOf(stage, 'checkout-prod')).find(
      (approval) => approval.metadata.name === seen.metadata.name,
    );
    assert.equal(old?.status?.phase, 'Superseded');
    assert.match(
      textOf(cardOf(stage, 'approval', seen.metadata.name) ?? { text: '', blocks: [] }),
      /void[\s\S]*ConfigMap checkout-prod\/checkout-config would be changed/,
    );
  });
  await waitFor(stage, 'the drift has a newer card', async () => {
    const episodes = await episodesOf(stage, 'checkout-prod');
    assert.equal(
      episodes.find((episode) => episode.metadata.name === drift?.metadata.name)?.status?.phase,
      'Superseded',
    );
    const open = episodes.find((episode) => episode.status?.phase === 'Open');
    assert.ok(open && cardOf(stage, 'episode', open.metadata.name), 'a card of the drift as it is now');
  });
  tell(
    'bob had the diff open when someone edited a ConfigMap live; his approval was refused, ' +
      'the card is void and names the difference',
  );
}

interface Job extends KubeObject {
  status?: { completionTime?: string };
}

interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; template: { spec: { containers: { image: string }[] } } };
}

function migration(stage: Stage): Promise<Job | undefined> {
  return get(stage.scene.kube, '/apis/batch/v1/namespaces/checkout-prod/jobs/checkout-migrate');
}

/** The Job of the PreSync hook ran anew, and was done before the new version began. */
async function assertMigratedFirst(stage: Stage, image: string, before: string | undefined): Promise<void> {
  const job = await migration(stage);
  const done = job?.status?.completionTime;
  assert.ok(done, 'the migration ran to its end');
  assert.notEqual(job.metadata.uid, before, 'it is a new run');
  const sets = await list<ReplicaSet>(stage.scene.kube, '/apis/apps/v1/namespaces/checkout-prod/replicasets');
  const now = sets.find((set) => (set.spec.replicas ?? 0) > 0 && set.spec.template.spec.containers[0]?.image === image);
  const began = now?.metadata.creationTimestamp ?? '';
  assert.ok(Date.parse(done) <= Date.parse(began), `the migration ended at ${done}, the new version began at ${began}`);
}

/** All places follow to the end. */
export async function followed(stage: Stage, at: { pull: number; sha: string; approvals: Approval[] }): Promise<void> {
  const { pull, sha, approvals } = at;
  for (const name of ['checkout-prod', 'payments-prod']) await deployed(stage, sha, name, true);
  await waitFor(stage, 'cards, comment and checks follow to Healthy', () => {
    for (const approval of approvals)
      assert.match(
        textOf(cardOf(stage, 'approval', approval.metadata.name) ?? { text: '', blocks: [] }),
        /✅[\s\S]*Healthy/,
      );
    assert.match(livingComment(stage, pull)?.body ?? '', /✅ Merged and rolled out/);
    for (const name of ['coxswain/approval', 'coxswain/rollout'])
      assert.equal(checkOn(stage, sha, name)?.conclusion, 'success', name);
  });
}

export async function approval(stage: Stage, pull: number, sha: string): Promise<void> {
  const { scene, tell } = stage;
  const before = (await migration(stage))?.metadata.uid;
  await voided(stage);
  const waiting = await waitingApproval(stage, 'checkout-prod');
  const payments = await waitingApproval(stage, 'payments-prod');
  await press(
    stage,
    { who: 'carol', card: () => cardOf(stage, 'approval', waiting.metadata.name), button: 'Review' },
    () =>
      scene.people.carol.slack.ephemerals(channel).some((message) => message.text.includes('carol may not approve')),
  );
  assert.equal(scene.people.carol.slack.openModals().length, 0);
  const view = await review(stage, waiting);
  assertDiff(view);
  assert.match(await submitted(stage, view, waiting.spec.digest), /^Done/);
  await waitApp(
    stage,
    'checkout-prod',
    'syncs what was approved',
    (app) => isSynced(app) && app.status?.operationState?.syncResult?.revision === sha,
  );
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.after);
  assert.ok(
    !(await exists(stage, '/api/v1/namespaces/checkout-prod/configmaps/checkout-feature-flags')),
    'the approved deletion was carried out',
  );
  assert.ok(
    await exists(stage, '/apis/policy/v1/namespaces/checkout-prod/poddisruptionbudgets/checkout'),
    'the approved object is there',
  );
  await assertMigratedFirst(stage, images.after, before);
  tell(
    'bob approved the newest card in Slack; the migration ran first, then exactly the approved effect was ' +
      'applied, the deletion included',
  );
  await say(stage, pull, {
    who: 'bob',
    text: '/cox approve payments-prod',
    reaction: 'rocket',
    answer: /bob.*\/cox approve payments-prod[\s\S]*approved/,
  });
  await waitApp(
    stage,
    'payments-prod',
    'syncs after /cox approve',
    (app) => isSynced(app) && app.status?.operationState?.syncResult?.revision === sha,
  );
  await followed(stage, { pull, sha, approvals: [waiting, payments] });
  await waitFor(stage, 'the drift has ended with the sync', async () => {
    for (const episode of await episodesOf(stage, 'checkout-prod'))
      assert.ok(!['Open', 'Reverting'].includes(episode.status?.phase ?? 'Open'));
  });
  tell('he approved payments-prod by a comment; card, comment, checks and deployments are at Healthy');
}
