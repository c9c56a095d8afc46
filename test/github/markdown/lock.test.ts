// A lock as the comment of a pull request shows it: in the gate's column and above everything else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderComment } from '../../../src/github/markdown/comment.ts';
import { app, changed, configMap, preview } from './sample.ts';

test('a lock is told first, with who, until when and why, and a stranger’s reason is no Markdown', async () => {
  const change = [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: 'debug' }))];
  const lock = 'locked by ann until 2026-03-01T10:00:00Z: @acme/all <b>moves</b>';
  const { body } = await renderComment({
    preview: preview([app('web', { change }, { automated: true, lock }), app('api', { change }, { automated: true })]),
    activity: '',
    publicUrl: 'https://cox.example.com',
    refused: '',
  });
  assert.match(body, /> \[!WARNING\]\n> - \*\*web\*\* 🔒 locked by ann until 2026-03-01T10:00:00Z: /);
  assert.match(body, /Nothing of it is synced before: `\/cox unlock web` ends that\.\n/);
  assert.match(body, /\/web\) \| none \| 🔒 locked · auto on merge \|/);
  assert.match(body, /\/api\) \| none \| auto on merge \|/);
  assert.match(body, /\*\*Next\*\*\n\n- On merge \*api\* syncs by itself\.\n/);
  assert.doesNotMatch(body, /@acme|<b>moves/);
});
