// Shapes of history: a change counts with whoever made it, by whichever way it came to the branch or tag.
import type { TestContext } from 'node:test';
import type { GateAuthors } from '../../../src/policy/gate.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAuthors } from '../../../src/engine/approval/authors.ts';
import { approvalIn, config, isSynced, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agreeTo, bob, gate } from './fixture.ts';

const ids: Record<string, number> = { ana: 1, bob: 2, cleo: 3, dan: 4 };

interface Scene {
  s: Stage;
  git(...args: string[]): string;
  /** Who made what waits at that commit. */
  authors(name: string, revision: string): Promise<GateAuthors>;
}

/** `prod` and `web`, gated, made by ana and synced; whose a commit is, its subject says. */
async function scene(t: TestContext, targetRevision = 'main'): Promise<Scene> {
  const s = await stage(t, { 'README.md': 'x' });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
      cwd: s.clone,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  s.authors.of = (_repo, commits) =>
    commits.map((id) => {
      const login = git('log', '-1', '--format=%s', id);
      return { login, id: ids[login] };
    });
  s.commit({ 'prod/a.yaml': config('prod', '1'), 'web/a.yaml': config('web', '1') }, 'ana');
  git('tag', 'release');
  git('push', '-q', 'origin', 'release');
  await s.project('gated', gate);
  for (const path of ['prod', 'web'])
    await s.apply(path, { project: 'gated', source: { repoURL: s.url, path, targetRevision } });
  for (const name of ['prod', 'web']) {
    await agreeTo(s, name, bob);
    await s.until(name, 'synced', isSynced);
  }
  return {
    s,
    git,
    async authors(name, revision) {
      const { spec } = await approvalIn(s, name, 'Pending', (item) => item.spec.revision === revision);
      return createAuthors(s.git, s.forge).authorsOf({ ranges: spec.ranges ?? [], unknown: spec.unknown ?? [] });
    },
  };
}

function loginsOf({ people }: GateAuthors): string[] {
  return people.map(({ login }) => login).sort();
}

test('a merge whose second parent has the change is that of whoever wrote the branch', async (t) => {
  const { s, git, authors } = await scene(t);
  s.commit({ 'web/a.yaml': config('web', '2') }, 'dan');
  git('checkout', '-q', '-b', 'side', 'release');
  writeFileSync(join(s.clone, 'prod/a.yaml'), config('prod', '2'));
  git('commit', '-qam', 'cleo');
  git('checkout', '-q', '-');
  git('merge', '-q', '--no-ff', '-m', 'bob', 'side');
  git('push', '-q', 'origin', 'HEAD:main');
  const head = git('rev-parse', 'HEAD');
  await s.engine.onPush(s.url);
  assert.deepEqual(loginsOf(await authors('prod', head)), ['cleo']);
  assert.deepEqual(loginsOf(await authors('web', head)), ['dan']);
});

test('of commits that a rebase merge brings, each counts where it changes something', async (t) => {
  const { s, authors } = await scene(t);
  s.commit({ 'prod/a.yaml': config('prod', '2') }, 'cleo');
  const head = s.commit({ 'web/a.yaml': config('web', '2') }, 'dan');
  await s.engine.onPush(s.url);
  assert.deepEqual(loginsOf(await authors('prod', head)), ['cleo']);
  assert.deepEqual(loginsOf(await authors('web', head)), ['dan']);
});

test('a revert of a revert is asked anew, with nobody who agreed to the same effect before', async (t) => {
  const { s, git, authors } = await scene(t);
  const names: string[] = [];
  for (const [who, value] of [
    ['cleo', '2'],
    ['dan', '1'],
    ['cleo', '2'],
  ] as const) {
    const head = s.commit({ 'prod/a.yaml': config('prod', value) }, who);
    await s.engine.onPush(s.url);
    assert.deepEqual(loginsOf(await authors('prod', head)), [who]);
    const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === head);
    assert.deepEqual(asked.status?.approvals ?? [], []);
    names.push(asked.metadata.name);
    await agreeTo(s, 'prod', bob, (item) => item.spec.revision === head);
    await syncedTo(s, 'prod', head);
  }
  assert.equal(names[2], names[0], 'one effect, one Approval');
  assert.equal(git('rev-list', '--count', 'release..HEAD'), '3');
});

test('a tag that is moved back is whose is undone, and of somebody whom nobody knows', async (t) => {
  const { s, git, authors } = await scene(t, 'release');
  s.authors.moved = (ref) => ({ people: [], unknown: [`nobody knows who moved ${ref}`] });
  const first = git('rev-parse', 'release');
  const second = s.commit({ 'prod/a.yaml': config('prod', '2') }, 'cleo');
  git('tag', '-f', 'release');
  git('push', '-q', '-f', 'origin', 'release');
  await s.engine.onPush(s.url);
  assert.deepEqual(await authors('prod', second), { people: [{ login: 'cleo', id: 3, did: 'wrote it' }], unknown: [] });
  await agreeTo(s, 'prod', bob, (item) => item.spec.revision === second);
  await syncedTo(s, 'prod', second);

  git('push', '-q', '-f', 'origin', `${first}:refs/tags/release`);
  await s.engine.onPush(s.url);
  const back = await authors('prod', first);
  assert.deepEqual([loginsOf(back), back.unknown], [['cleo'], ['nobody knows who moved release']]);
});
