// Step 2: a pull request, and the one comment that says what merging it would do to the cluster.
import type { CheckRun } from '../github/world.ts';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from '../kube.ts';
import { brokenFile, brokenLine, brokenManifest, images, newVersion, secrets, type Read } from './changes.ts';
import { cardOf, checkOn, episodesOf, livingComment, timed, wait, waitApp, waitFor, type Stage } from './stage.ts';

const branch = 'checkout-next';

/** What the sample repository says, before any change of the story. */
function reader(stage: Stage): Read {
  return (path) => readFile(join(stage.scene.repository.dir, path), 'utf8').catch(() => null);
}

/** A drift that is there before anybody opens a pull request. */
async function driftBefore(stage: Stage): Promise<void> {
  const { scene, tell } = stage;
  await kubectl(scene.kubeconfigs.someone, [
    '-n',
    'checkout-prod',
    'set',
    'resources',
    'deployment/checkout',
    '--limits=memory=256Mi',
  ]);
  await waitApp(
    stage,
    'checkout-prod',
    'is OutOfSync after the edit by hand',
    (app) => app.status?.sync?.status === 'OutOfSync',
  );
  await wait(stage, 'a card tells of the drift', async () => {
    const [episode] = await episodesOf(stage, 'checkout-prod');
    return episode && cardOf(stage, 'episode', episode.metadata.name);
  });
  tell('someone raised a memory limit in production with kubectl; a card tells of it');
}

function section(body: string, name: string): string {
  const found = body.split(/(?=<details[^>]*><summary><b>)/).find((part) => part.includes(`<b>${name}</b>`));
  assert.ok(found, `the comment has a section for ${name}`);
  return found;
}

/** Everything the first comment must show. */
function assertShown(body: string): void {
  for (const name of ['checkout-dev', 'checkout-prod', 'payments-prod'])
    assert.match(body, new RegExp(`\\| .*\\[${name}\\].*\\|`), `${name} stands in the table`);
  assert.doesNotMatch(body, /\[(docs|dashboards)-(dev|prod)\]|\[payments-dev\]/, 'nothing else does');
  const prod = section(body, 'checkout-prod');
  assert.match(prod, new RegExp(`^- .*image: ${images.before}$`, 'm'), 'the live image');
  assert.match(prod, new RegExp(`^\\+ .*image: ${images.after}$`, 'm'), 'the new image');
  assert.match(prod, /PodDisruptionBudget checkout-prod\/checkout.*created/, 'what is created');
  assert.match(prod, /ConfigMap checkout-prod\/checkout-feature-flags.*deleted/, 'what is pruned');
  assert.match(prod, /Secret checkout-prod\/checkout-credentials/, 'the Secret');
  assert.match(prod, /password/, 'the key that changed');
  assert.match(
    prod,
    /Drifted before this pull request[\s\S]*memory[\s\S]*256Mi/,
    'the drift that was there before stands apart',
  );
  assert.match(section(body, 'payments-prod'), /^\+ +replicas: 3$/m, 'the Helm value');
  for (const value of Object.values(secrets)) {
    assert.ok(!body.includes(value) && !body.includes(Buffer.from(value).toString('base64')), 'no Secret value');
  }
}

function finished(stage: Stage, sha: string, conclusion: CheckRun['conclusion']): Promise<CheckRun> {
  return wait(
    stage,
    `coxswain/diff ends with ${conclusion ?? ''}`,
    () => {
      const check = checkOn(stage, sha, 'coxswain/diff');
      return check?.status === 'completed' && check.conclusion === conclusion ? check : undefined;
    },
    () =>
      `${checkOn(stage, sha, 'coxswain/diff')?.conclusion ?? 'no conclusion'}: ` +
      `${checkOn(stage, sha, 'coxswain/diff')?.output.title ?? ''}; ` +
      `${livingComment(stage, 1)?.body ?? 'no comment'}`,
  );
}

/** Opens the pull request and answers its number. */
export async function pullRequest(stage: Stage): Promise<number> {
  const { scene, tell } = stage;
  const { alice } = scene.people;
  const repo = scene.repository.name;
  await driftBefore(stage);
  const first = await alice.github.commit(repo, {
    branch,
    files: await newVersion(reader(stage)),
    message: `Checkout with ${images.after}\n\nThe summer sale is over.`,
  });
  const number = await alice.github.openPullRequest(repo, {
    head: branch,
    title: `Checkout with ${images.after}`,
    body: 'The summer sale is over.',
  });
  const opened = await timed(() =>
    waitFor(stage, 'the comment shows what merging would do', () =>
      assertShown(livingComment(stage, number)?.body ?? ''),
    ),
  );
  tell(`alice opened #${number}; pull request → comment ${opened} ms`);
  await finished(stage, first, 'success');
  const comment = livingComment(stage, number);
  const broken = await alice.github.commit(repo, {
    branch,
    files: await brokenManifest(reader(stage)),
    message: 'Break a page',
  });
  const pushed = await timed(() =>
    waitFor(stage, 'the comment names file, line and cause', () => {
      const body = livingComment(stage, number)?.body ?? '';
      assert.ok(
        body.includes(`${brokenFile}:${brokenLine}`),
        `the comment names ${brokenFile}:${brokenLine}, but says: ${body}`,
      );
      assert.match(body, /E_MANIFEST/);
    }),
  );
  await finished(stage, broken, 'failure');
  tell(`she pushed a broken manifest; push → comment with file and line ${pushed} ms, the check fails`);
  const fixed = await alice.github.commit(repo, {
    branch,
    files: { [brokenFile]: await reader(stage)(brokenFile) },
    message: 'Mend the page',
  });
  const again = await timed(() =>
    waitFor(stage, 'the comment is as before', () => {
      const body = livingComment(stage, number)?.body ?? '';
      assertShown(body);
      assert.ok(body.includes(fixed.slice(0, 7)));
    }),
  );
  await finished(stage, fixed, 'success');
  assert.equal(livingComment(stage, number)?.id, comment?.id, 'it is the same comment, edited');
  tell(`she mended it; push → the same comment edited ${again} ms, the check succeeds`);
  return number;
}
