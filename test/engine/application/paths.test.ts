// A folder is the same folder however an Application writes its path.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, dataOf, push, synced } from '../manifests.ts';
import { preview } from '../../change/on-stage.ts';
import { stage } from '../fixture.ts';

test('files that are added are noticed by pushes and by pull requests, however the path is written', async (t) => {
  const paths = { dotted: './dotted', slashed: 'slashed/', round: 'slashed/../round' };
  const names = Object.keys(paths);
  const s = await stage(
    t,
    Object.fromEntries([...names, 'beside'].map((name) => [`${name}/a.yaml`, config(name, '1')])),
  );
  for (const [name, path] of Object.entries(paths)) {
    await s.apply(name, { source: { repoURL: s.url, path, targetRevision: 'main' }, syncPolicy: automated });
    await synced(s, name);
  }
  const added = Object.fromEntries([...names, 'beside'].map((name) => [`${name}/b.yaml`, config(`${name}-b`, '1')]));
  const found = await preview(s, added);
  assert.deepEqual(
    found.apps.map(({ name, effect }) => [name, effect?.change.map(({ action }) => action)]),
    names.toSorted().map((name) => [name, ['create']]),
  );
  await push(s, added);
  for (const name of names) {
    await s.until(
      name,
      'synced to the new file',
      (app) => app.status?.history?.length === 2 && app.status.sync?.status === 'Synced',
    );
    assert.deepEqual(await dataOf(s, `${name}-b`), { value: '1' });
  }
});
