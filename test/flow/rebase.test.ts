// A pull request of two commits, rebased onto the branch: each of them is followed, and what waits is decided there.
import type { Scene } from '../../sandbox/scene.ts';
import type { Stage } from '../../sandbox/story/stage.ts';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootstrap } from '../../sandbox/story/bootstrap.ts';
import { cox } from '../../src/cli/run.ts';
import { images } from '../../sandbox/story/changes.ts';
import { say } from '../../sandbox/story/commands.ts';
import { deployed, imageOf, waitingApproval } from '../../sandbox/story/merge.ts';
import { toolsFolder } from '../../sandbox/operator.ts';
import { startScene } from '../../sandbox/scene.ts';
import { checkOn, deploymentOf, isSynced, livingComment, waitApp, waitFor } from '../../sandbox/story/stage.ts';

/** The command line says of the branch what the comment says, but who its authors are, and what was shown before. */
async function previewedAlike(stage: Stage, number: number, branch: string): Promise<void> {
  const { scene } = stage;
  const said: string[] = [];
  const out = { result: (text: string) => void said.push(text), note: (text: string) => void said.push(text) };
  const env = {
    ...{
      PATH: process.env['PATH'],
      GIT_ASKPASS: scene.askpass,
      COX_TOOLS_DIR: await toolsFolder(join(scene.dir, 'cox')),
    },
    KUBECONFIG: scene.kubeconfigs.admin,
  };
  const args = ['preview', '--repo', scene.repository.url, '--revision', branch, '--markdown'];
  assert.equal(await cox(args, { env, out, color: false, signal: AbortSignal.timeout(60_000) }), 1, said.join('\n'));
  const comment = livingComment(stage, number)?.body ?? '';
  const [authors = ''] = / \(alice \(wrote commit [0-9a-f]{7}\)\)(?=: `\/cox approve)/.exec(comment) ?? [];
  assert.notEqual(authors, '', comment);
  const bare = comment
    .replace('<!-- coxswain -->\n', '')
    .replace(authors, '')
    .replace(/\[every version\]\(http:[^)]*\) of this · /, '')
    .replaceAll(/\[([^\]]*)\]\(http:[^)]*\/applications\/[^)]*\)/g, '$1');
  assert.equal(said.join('\n').trim(), bare.trim());
}

async function rebased(scene: Scene, tell: (line: string) => void): Promise<void> {
  const stage: Stage = { scene, tell, withinMs: 60_000, signal: undefined };
  await bootstrap(stage);
  const { alice } = scene.people;
  const repo = scene.repository.name;
  const edit = async (path: string, from: string, to: string): Promise<void> => {
    const text = await readFile(join(scene.repository.dir, path), 'utf8');
    assert.ok(text.includes(from), `${path} has ${from}`);
    const files = { [path]: text.replaceAll(from, to) };
    await alice.github.commit(repo, { branch: 'two', files, message: `${from} becomes ${to}` });
  };
  await edit('apps/checkout/base/deployment.yaml', images.before, images.after);
  await edit('apps/docs/dev/pages.yaml', 'Shop, dev', 'Shop, soon');
  const number = await alice.github.openPullRequest(repo, { head: 'two', title: 'Two steps', body: '' });
  await waitFor(stage, 'the comment names the applications of both commits', () => {
    for (const name of ['checkout-dev', 'checkout-prod', 'docs-dev'])
      assert.match(livingComment(stage, number)?.body ?? '', new RegExp(`\\[${name}\\]`));
  });
  await previewedAlike(stage, number, 'two');
  const sha = await alice.github.merge(repo, number, 'rebase');
  for (const name of ['checkout-dev', 'docs-dev']) await deployed(stage, sha, name, false);
  const approval = await waitingApproval(stage, 'checkout-prod');
  await waitFor(stage, 'tracker, deployments and checks tell of both commits', () => {
    const body = livingComment(stage, number)?.body ?? '';
    for (const name of ['checkout-dev', 'docs-dev']) assert.match(body, new RegExp(`\\[${name}\\]`));
    assert.match(body, /\[checkout-prod\].*waits for approval/);
    assert.match(body, /2 of 3 applications done/);
    assert.equal(deploymentOf(stage, sha, 'checkout-prod')?.statuses.at(-1)?.state, 'pending');
    assert.match(checkOn(stage, sha, 'coxswain/approval')?.output.title ?? '', /checkout-prod/);
    assert.ok(checkOn(stage, sha, 'coxswain/rollout'));
  });
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.before);
  // Her commit is the first of the two, and not the one that GitHub calls the merge.
  await say(stage, number, {
    who: 'alice',
    text: '/cox approve',
    reaction: 'confused',
    answer: /alice.*\/cox approve/,
  });
  await say(stage, number, {
    who: 'bob',
    text: '/cox approve',
    reaction: 'rocket',
    answer: /bob.*\/cox approve`[\s\S]*checkout-prod: approved/,
  });
  await waitApp(stage, 'checkout-prod', 'syncs what was approved', isSynced);
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.after);
  await waitFor(stage, 'everything says that all is done', () => {
    assert.match(livingComment(stage, number)?.body ?? '', /Merged and rolled out/);
    assert.equal(deploymentOf(stage, sha, 'checkout-prod')?.statuses.at(-1)?.state, 'success');
    assert.equal(checkOn(stage, sha, 'coxswain/rollout')?.conclusion, 'success');
  });
  assert.equal(approval.spec.application, 'argocd/checkout-prod');
  assert.deepEqual(scene.github.violations, []);
}

test(
  'both commits of a rebased pull request are followed, and its first one is approved there',
  { timeout: 480_000 },
  async (t) => {
    const scene = await startScene();
    try {
      await scene.coxswain.start();
      await rebased(scene, (line) => t.diagnostic(line));
    } catch (error) {
      t.diagnostic(scene.coxswain.logs().split('\n').slice(-40).join('\n'));
      throw error;
    } finally {
      await scene.stop();
    }
  },
);
