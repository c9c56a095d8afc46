// What a pull request takes out of Git is told with the place where it stood.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';
import { preview, rowOf } from './on-stage.ts';

test('a deletion names its file and line, also where nothing was compared since the start', async (t) => {
  const s = await stage(t, {
    'gone/all.yaml': `${config('gone-kept', '1')}---\n${config('gone-object', '1')}`,
  });
  await s.apply('gone', { syncPolicy: automated });
  await synced(s, 'gone');
  // As after a start: manifests that no comparison has seen.
  const found = await preview(
    s,
    { 'gone/all.yaml': config('gone-kept', '1') },
    {
      ...s.renderer,
      render: async (request) => {
        const part = await s.renderer.render(request);
        return { ...part, manifests: part.manifests.map((manifest) => structuredClone(manifest)) };
      },
    },
  );
  assert.deepEqual(
    rowOf(found, 'gone').effect?.change.map(({ key, action, place }) => [key.name, action, place]),
    [['gone-object', 'delete', { file: 'gone/all.yaml', line: 8, column: 1 }]],
  );
});
