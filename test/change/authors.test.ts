// Whose change a pull request is, told before the merge: by all commits of it and of what waits below it.
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { approvalIn, config, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';
import { agree, bob, gate } from '../engine/approval/fixture.ts';
import { git, previewOf, rowOf } from './on-stage.ts';

const ids: Record<string, number> = { ana: 1, bob: 2, cleo: 3, dan: 4 };

/** The subject of a commit is who wrote it, and the forge says the same. */
function commit(s: Stage, who: string, file: string, text: string): void {
  writeFileSync(join(s.clone, file), text);
  git(s, 'add', '-A');
  git(s, 'commit', '-qm', who);
}

/** Synced with the first commit; of a gated project. */
async function gatedStage(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t, { 'whose/a.yaml': config('whose', '1'), 'whose/b.yaml': config('more', '1'), readme: 'x' });
  await s.project('gated', gate);
  await s.apply('whose', { project: 'gated', source: { repoURL: s.url, path: 'whose', targetRevision: 'main' } });
  await approvalIn(s, 'whose', 'Pending');
  assert.equal((await agree(s, bob, [], 'whose')).done, true);
  await synced(s, 'whose');
  s.authors.of = (_repo, commits) =>
    commits.map((id) => {
      const login = git(s, 'log', '-1', '--format=%s', id);
      return { login, id: ids[login] };
    });
  return s;
}

test('authors are those of all commits of the branch and of what waits on main, nobody of elsewhere', async (t) => {
  const s = await gatedStage(t);
  const main = git(s, 'rev-parse', '--abbrev-ref', 'HEAD');
  git(s, 'checkout', '-qB', 'change', 'origin/main');
  commit(s, 'ana', 'whose/a.yaml', config('whose', '2'));
  commit(s, 'dan', 'readme', 'another folder');
  commit(s, 'bob', 'whose/a.yaml', config('whose', '3'));
  commit(s, 'dan', 'readme', 'the head');
  git(s, 'push', '-qf', 'origin', 'change');
  const head = git(s, 'rev-parse', 'HEAD');
  git(s, 'checkout', '-q', main);
  git(s, 'reset', '-q', '--hard', 'origin/main');
  commit(s, 'cleo', 'whose/b.yaml', config('more', '2'));
  git(s, 'push', '-q', 'origin', `HEAD:main`);
  const found = rowOf(await previewOf(s, head), 'whose').authors;
  assert.deepEqual(found?.people.map(({ login, did }) => `${login} ${did}`).sort(), [
    'ana wrote it',
    'bob wrote it',
    'cleo wrote it',
    'eve opened #7',
  ]);
});

test('while nobody can be asked no authors are told, and the preview is whole without them', async (t) => {
  const s = await gatedStage(t);
  git(s, 'checkout', '-qB', 'change', 'origin/main');
  commit(s, 'ana', 'whose/a.yaml', config('whose', '2'));
  git(s, 'push', '-qf', 'origin', 'change');
  delete s.authors.of;
  s.authors.list = undefined;
  const row = rowOf(await previewOf(s, git(s, 'rev-parse', 'HEAD')), 'whose');
  assert.deepEqual([row.authors, row.effect?.change.length, row.approvals], [undefined, 1, 1]);
});
