// A mirror that lost objects: what is missing is no empty file, and the next fetch brings the whole anew.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGit } from '../../src/git/git.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { mirrorName } from '../../src/git/url.ts';
import { mirrors, origin, temporary } from './origin.ts';
import { worker } from '../worker.ts';

for (const what of ['file', 'folder', 'commit'] as const)
  test(`a ${what} that is gone is no empty one, and comes back with the next fetch at the latest`, async (t) => {
    const from = origin(t, { 'app/map.yaml': 'one\n' });
    const dir = temporary(t);
    const head = await mirrors(t, dir).repository(from.url).resolve('main');
    const lost = from.git('rev-parse', { file: 'HEAD:app/map.yaml', folder: 'HEAD:app', commit: 'HEAD' }[what]);
    const mirror = join(dir, mirrorName(from.url));
    rmSync(join(mirror, 'objects', lost.slice(0, 2), lost.slice(2)));
    const said: string[] = [];
    const log = Object.assign(silentLogger(), { warn: (_: unknown, text: string) => void said.push(text) });
    const git = openGit({
      ...{ worker, dir, clock: systemClock, log, protocols: ['file'], signal: new AbortController().signal },
      credentials: async () => undefined,
    });
    t.after(() => git.stop());
    const repository = git.repository(from.url);
    const read = repository.read(head, 'app/map.yaml');
    // Without a commit of a ref the mirror cannot even be opened: it is brought anew at once.
    if (what === 'commit') await read;
    else await assert.rejects(read, { code: 'E_GIT', kind: 'transient' });
    const next = from.commit('two', { 'other.yaml': 'two\n' });
    await repository.fetch().catch(() => undefined);
    await repository.fetch();
    assert.equal(String(await repository.read(head, 'app/map.yaml')), 'one\n');
    assert.equal(await repository.resolve('main'), next);
    assert.match(said.join(), /lacks objects, and is fetched anew/);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.tmp') || name.endsWith('.fresh')),
      [],
    );
  });
