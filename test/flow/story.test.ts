// The story of a change, from the pull request to the cluster and back, with nothing going wrong.
import { test } from 'node:test';
import { startScene } from '../../sandbox/scene.ts';
import { playStory } from '../../sandbox/story.ts';

test(
  'a change goes by pull request and approval into the cluster, drift is taken back, and a revert works',
  { timeout: 480_000 },
  async (t) => {
    const scene = await startScene();
    try {
      await scene.coxswain.start();
      await playStory(scene, { tell: (line) => t.diagnostic(line) });
    } catch (error) {
      t.diagnostic(scene.coxswain.logs().split('\n').slice(-40).join('\n'));
      throw error;
    } finally {
      await scene.stop();
    }
  },
);
