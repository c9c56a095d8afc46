// The story of a change, from the pull request to the cluster and back, played by the people of a scene.
import assert from 'node:assert/strict';
import type { Scene } from './scene.ts';
import { approval } from './story/approval.ts';
import { bootstrap } from './story/bootstrap.ts';
import { secrets } from './story/changes.ts';
import { commands } from './story/commands.ts';
import { drift } from './story/drift.ts';
import { firstMerge } from './story/merge.ts';
import { pullRequest } from './story/pull-request.ts';
import { revert } from './story/revert.ts';
import { cards, textOf, type Stage } from './story/stage.ts';

export interface StoryOptions {
  /** Told what happens, a sentence at a time. */
  tell?: (line: string) => void;
  /** How long any one thing may take; default 60,000. */
  withinMs?: number;
  signal?: AbortSignal;
}

/** Nothing that anybody can read holds a Secret's value. */
function assertSecretsKept({ scene }: Stage): void {
  const said = [...scene.github.world.repositories.flatMap((repository) => repository.comments.map((comment) => comment.body)), ...cards({ scene } as Stage).map(textOf), scene.coxswain.logs()];
  for (const value of Object.values(secrets)) {
    const forms = [value, Buffer.from(value).toString('base64')];
    assert.ok(!said.some((text) => forms.some((form) => text.includes(form))), 'no Secret value in comments, cards or logs');
  }
}

/** Coxswain must have been started. Throws at the first thing that is not as it should be. Everything a person does is done once. */
export async function playStory(scene: Scene, options: StoryOptions = {}): Promise<void> {
  const { tell = (): void => undefined, withinMs = 60_000, signal } = options;
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
  await drift(stage);
  chapter(7, 'Revert');
  await revert(stage, { number, sha });
  assertSecretsKept(stage);
  assert.deepEqual(scene.github.violations, []);
  assert.deepEqual(scene.slack.violations, []);
}
