// The story of a change, from the pull request to the cluster and back, played by the people of a scene.
import type { Scene } from './scene.ts';
import type { Stage } from './story/stage.ts';
import assert from 'node:assert/strict';
import { approval } from './story/approval.ts';
import { bootstrap } from './story/bootstrap.ts';
import { secrets } from './story/changes.ts';
import { commands } from './story/commands.ts';
import { drift } from './story/drift.ts';
import { firstMerge } from './story/merge.ts';
import { pullRequest } from './story/pull-request.ts';
import { revert } from './story/revert.ts';
import { list } from './kube.ts';

interface StoryOptions {
  /** Told what happens, a sentence at a time. */
  tell?: (line: string) => void;
  /** How long any one thing may take; default 60,000. */
  withinMs?: number;
  /** Argo CD syncs and heals. */
  besideArgo?: boolean;
  signal?: AbortSignal;
}

/** Nothing that anybody can read holds a Secret's value. */
async function assertSecretsKept({ scene }: Stage): Promise<void> {
  const kept = ['approvals', 'requests', 'driftepisodes', 'syncrecords'].map(
    (plural) => `/apis/coxswain.dev/v1alpha1/${plural}`,
  );
  const stored = await Promise.all(
    [...kept, '/apis/argoproj.io/v1alpha1/applications', '/api/v1/events'].map((path) => list(scene.kube, path)),
  );
  const { requests, notices } = scene.slack.state;
  // A pull request's files hold what its author committed; everything else is Coxswain's.
  const told = scene.github.world.repositories.map(({ comments, checks, deployments, pulls }) => [
    comments,
    checks,
    deployments,
    [...pulls.values()].map(({ title, body }) => [title, body]),
  ]);
  const said = [told, [requests, notices], stored].map((each) => JSON.stringify(each));
  said.push(scene.coxswain.logs());
  assert.ok(said.every((text) => text.length > 100));
  for (const value of Object.values(secrets)) {
    for (const form of [value, Buffer.from(value).toString('base64')]) {
      for (const text of said) {
        const at = text.indexOf(form);
        assert.ok(at < 0, `a Secret's value was told: …${text.slice(Math.max(0, at - 100), at)}`);
      }
    }
  }
}

/**
 * Coxswain must have been started. Throws at the first thing that is not as it should be. Everything a person does is
 * done once.
 */
export async function playStory(scene: Scene, options: StoryOptions = {}): Promise<void> {
  const { tell = (): void => undefined, withinMs = 60_000, besideArgo, signal } = options;
  const stage: Stage = { scene, withinMs, signal, tell: (line) => tell(`   ${line}`) };
  const chapter = (number: number, title: string): void => tell(`${number}. ${title}`);
  chapter(1, 'Bootstrap');
  await bootstrap(stage);
  chapter(2, 'A pull request');
  const number = await pullRequest(stage);
  chapter(3, 'Commands');
  await commands(stage, number);
  chapter(4, 'Merge');
  const sha = await firstMerge(stage, number);
  chapter(5, 'Approval');
  await approval(stage, number, sha);
  chapter(6, 'Drift');
  await drift(stage, besideArgo);
  chapter(7, 'Revert');
  await revert(stage, { number, sha });
  await assertSecretsKept(stage);
  assert.deepEqual(scene.github.violations, []);
  assert.deepEqual(scene.slack.violations, []);
}
