// Who had a hand in the files of a folder: every commit that changed them, on whichever line of history, and nobody
// else.
import type { Origin } from './origin.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirrors, origin } from './origin.ts';

const limit = 100;

interface History {
  from: Origin;
  /** Subjects of the commits that touch the paths, sorted. */
  touching(paths: string[], start?: string): Promise<string[]>;
}

function history(t: Parameters<typeof origin>[0]): History {
  const from = origin(t);
  const repository = mirrors(t).repository(from.url);
  return {
    from,
    async touching(paths, start) {
      from.git('push', '-q', '--force', 'origin', 'HEAD:main');
      await repository.fetch();
      const found = await repository.touching({
        ...(start !== undefined && { from: start }),
        to: await repository.resolve('main'),
        paths,
        limit,
      });
      const subjects = await Promise.all(
        (found ?? []).map(async (id) => (await repository.commit(id)).message.split('\n', 1)[0] ?? ''),
      );
      return subjects.sort();
    },
  };
}

test('commits of other folders are left out, and so are those before the start', async (t) => {
  const { from, touching } = history(t);
  from.commit('first', { 'app/a.yaml': '1', 'other/b.yaml': '1' });
  const start = from.commit('second', { 'app/a.yaml': '2' });
  from.commit('elsewhere', { 'other/b.yaml': '2', 'apple/c.yaml': '1' });
  from.commit('third', { 'app/a.yaml': '3' });
  assert.deepEqual(await touching(['app']), ['first', 'second', 'third']);
  assert.deepEqual(await touching(['app'], start), ['third']);
  assert.deepEqual(await touching(['app/a.yaml', ':(glob)*'], start), ['third']);
  assert.deepEqual(await touching([]), []);
});

test('a change that was taken back on the way counts with the one that did it', async (t) => {
  const { from, touching } = history(t);
  const start = from.commit('first', { 'app/a.yaml': '1' });
  from.commit('evil', { 'app/a.yaml': '2' });
  from.commit('back', { 'app/a.yaml': '1' });
  assert.deepEqual(await touching(['app'], start), ['back', 'evil']);
});

test('a merge counts where it does more than merge', async (t) => {
  const { from, touching } = history(t);
  const start = from.commit('first', { 'app/a.yaml': 'a\n', 'other/b.yaml': '1' });
  const side = (branch: string, file: string, text: string): void => {
    from.git('checkout', '-q', '-b', branch);
    from.commit(`work on ${branch}`, { [file]: text }, branch);
    from.git('checkout', '-q', '-');
    from.commit(`beside ${branch}`, { 'other/b.yaml': branch });
  };
  side('clean', 'app/clean.yaml', '1');
  from.git('merge', '-q', '--no-ff', '-m', 'clean merge', 'clean');
  assert.deepEqual(await touching(['app'], start), ['work on clean']);

  side('evil', 'app/evil.yaml', '1');
  from.git('merge', '-q', '--no-ff', '--no-commit', 'evil');
  from.commit('evil merge', { 'app/a.yaml': 'slipped in\n' });
  assert.deepEqual(await touching(['app'], start), ['evil merge', 'work on clean', 'work on evil']);

  const mended = from.commit('mended', { 'app/a.yaml': 'mended\n' });
  from.git('checkout', '-q', '-b', 'dropping', `${mended}~1`);
  from.git('merge', '-q', '--no-ff', '-s', 'ours', '-m', 'drops the mend', mended);
  assert.deepEqual(await touching(['app'], mended), ['drops the mend']);
});

test('a file that was moved into the folder brings its history along, however often it was moved', async (t) => {
  const { from, touching } = history(t);
  const text = (last: string): string => `${'the same line\n'.repeat(20)}${last}\n`;
  from.commit('wrote it', { 'draft/x.yaml': text('1') });
  from.commit('beside it', { 'draft/y.yaml': 'another' });
  from.git('mv', 'draft/x.yaml', 'draft/z.yaml');
  from.commit('renamed it', { 'draft/z.yaml': text('2') });
  const start = from.commit('started', { 'app/a.yaml': '1' });
  from.git('mv', 'draft/z.yaml', 'app/z.yaml');
  from.commit('moved it in', {});
  assert.deepEqual(await touching(['app'], start), ['moved it in', 'renamed it', 'wrote it']);
  assert.deepEqual(await touching(['app']), ['moved it in', 'renamed it', 'started', 'wrote it']);
});

test('more commits than the limit are not listed', async (t) => {
  const from = origin(t);
  const repository = mirrors(t).repository(from.url);
  let head = '';
  for (const value of ['1', '2', '3']) head = from.commit(value, { 'app/a.yaml': value });
  await repository.fetch();
  assert.equal((await repository.touching({ to: head, paths: ['app'], limit: 3 }))?.length, 3);
  assert.equal(await repository.touching({ to: head, paths: ['app'], limit: 2 }), undefined);
});
