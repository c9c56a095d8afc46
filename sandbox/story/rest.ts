// When a story has come to rest: nothing runs, and whatever ended is told to its end. Only then two stories can be
// compared.
import type { Application } from '../../src/model/application.ts';
import type { Approval, DriftEpisode } from '../../src/model/coxswain.ts';
import type { Scene } from '../scene.ts';
import assert from 'node:assert/strict';
import { list } from '../kube.ts';
import { waitFor } from './stage.ts';

const argo = '/apis/argoproj.io/v1alpha1/namespaces/argocd';
const cox = '/apis/coxswain.dev/v1alpha1/namespaces/argocd';
/** Somebody, or the next sync, has still to end these: their cards are not final. */
const standing = ['Pending', 'Open', 'Snoozed'];

/** Resolves at rest; throws after `withinMs` with what still moves. */
export async function atRest(scene: Scene, withinMs: number): Promise<void> {
  await waitFor({ scene, withinMs, signal: undefined, tell: () => undefined }, 'everything is at rest', async () => {
    for (const { metadata, status, operation } of await list<Application>(scene.kube, `${argo}/applications`)) {
      assert.ok(operation === undefined && status?.operationState?.phase !== 'Running', `${metadata.name} syncs`);
    }
    const records = [
      ...(await list<Approval>(scene.kube, `${cox}/approvals`)),
      ...(await list<DriftEpisode>(scene.kube, `${cox}/driftepisodes`)),
    ];
    for (const { metadata, status } of records) {
      const phase = status?.phase ?? 'Pending';
      assert.ok(phase !== 'Approved' && phase !== 'Reverting', `${metadata.name} is ${phase}`);
      if (standing.includes(phase)) continue;
      assert.ok(
        Object.values(status?.cards ?? {}).every((card) => card.final === true),
        `the cards of ${metadata.name} do not tell its end yet`,
      );
    }
  });
}
