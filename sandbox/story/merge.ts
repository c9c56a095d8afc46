// Step 4: the merge. Development follows, production waits, and every place says so.
import type { Approval } from '../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { get } from '../kube.ts';
import { images } from './changes.ts';
import {
  application,
  approvalsOf,
  cardOf,
  checkOn,
  deploymentOf,
  isSynced,
  livingComment,
  textOf,
  timed,
  wait,
  waitApp,
  waitFor,
  type Stage,
} from './stage.ts';

export async function imageOf(stage: Stage, namespace: string, name: string): Promise<string> {
  const deployment = await get(stage.scene.kube, `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  const spec = deployment?.['spec'] as { template: { spec: { containers: { image: string }[] } } } | undefined;
  return spec?.template.spec.containers[0]?.image ?? '';
}

export async function exists(stage: Stage, path: string): Promise<boolean> {
  return (await get(stage.scene.kube, path)) !== undefined;
}

/** The states of a deployment in the order in which they were written, without repetitions. */
function course(stage: Stage, sha: string, name: string): string[] {
  const states = deploymentOf(stage, sha, name)?.statuses.map((status) => status.state) ?? [];
  return states.filter((state, at) => state !== states[at - 1]);
}

function isInOrder(states: string[], order: string[]): boolean {
  const places = states.map((state) => order.indexOf(state));
  return places.every((place, at) => place >= 0 && place > (places[at - 1] ?? -1));
}

/** Waits until the application's deployment of that merge has ended well; without a gate it only ever went forwards. */
export async function deployed(stage: Stage, sha: string, name: string, gated: boolean): Promise<void> {
  await waitFor(stage, `the GitHub deployment of ${name} ends with success`, () => {
    const states = course(stage, sha, name);
    assert.equal(states.at(-1), 'success', states.join(' → '));
    assert.ok(
      gated ? states.includes('pending') : isInOrder(states, ['queued', 'in_progress', 'success']),
      states.join(' → '),
    );
  });
}

/** The Approval that waits for this application. */
export function waitingApproval(stage: Stage, name: string, besides?: string): Promise<Approval> {
  return wait(
    stage,
    `an Approval of ${name} waits`,
    async () =>
      (await approvalsOf(stage, name)).find(
        (approval) => approval.metadata.name !== besides && approval.status?.phase === 'Pending',
      ),
    async () =>
      (await approvalsOf(stage, name))
        .map((approval) => `${approval.metadata.name} ${approval.status?.phase ?? ''}`)
        .join(', '),
  );
}

async function assertWaits(stage: Stage, pull: number, sha: string, name: string): Promise<void> {
  const approval = await waitingApproval(stage, name);
  await waitFor(stage, `everything says that ${name} waits`, () => {
    assert.equal(deploymentOf(stage, sha, name)?.statuses.at(-1)?.state, 'pending', 'the deployment is pending');
    const check = checkOn(stage, sha, 'coxswain/approval');
    assert.equal(check?.conclusion, 'action_required', 'the check coxswain/approval asks for action');
    assert.match(check.output.title ?? '', new RegExp(name));
    assert.match(
      textOf(cardOf(stage, 'approval', approval.metadata.name) ?? { text: '', blocks: [] }),
      /waits for approval[\s\S]*Review/,
    );
    assert.match(livingComment(stage, pull)?.body ?? '', new RegExp(`\\[${name}\\].*waits for approval`));
  });
}

/** Merges as alice and follows until only production is left; answers the merge commit. */
export async function merge(stage: Stage, pull: number, expected: { image: string }): Promise<string> {
  const { scene, tell } = stage;
  let sha = '';
  const followed = await timed(async () => {
    sha = await scene.people.alice.github.merge(scene.repository.name, pull);
    await waitApp(
      stage,
      'checkout-dev',
      'syncs to the merge commit',
      (app) => isSynced(app) && app.status?.operationState?.syncResult?.revision === sha,
    );
  });
  assert.equal(await imageOf(stage, 'checkout-dev', 'checkout'), expected.image);
  tell(`alice merged #${pull} as ${sha.slice(0, 7)}; merge → checkout-dev Synced and Healthy ${followed} ms`);
  await deployed(stage, sha, 'checkout-dev', false);
  await waitFor(stage, 'the comment has become the tracker', () =>
    assert.match(livingComment(stage, pull)?.body ?? '', /Merged/),
  );
  for (const name of ['checkout-prod', 'payments-prod']) await assertWaits(stage, pull, sha, name);
  assert.equal((await application(stage, 'checkout-prod')).operation, undefined);
  return sha;
}

/** Step 4 of the story. */
export async function firstMerge(stage: Stage, pull: number): Promise<string> {
  const sha = await merge(stage, pull, { image: images.after });
  assert.ok(
    !(await exists(stage, '/api/v1/namespaces/checkout-dev/configmaps/checkout-feature-flags')),
    'pruned in development',
  );
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.before, 'production has not moved');
  assert.ok(
    await exists(stage, '/api/v1/namespaces/checkout-prod/configmaps/checkout-feature-flags'),
    'nothing is pruned in production',
  );
  stage.tell('production waits: Approval, pending deployment, coxswain/approval, Slack card');
  return sha;
}
