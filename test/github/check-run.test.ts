// A check run over its life: what GitHub adds up is sent once, and a result is not taken back by a slow second look.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bed } from './bed.ts';
import type { CheckRun } from '../../sandbox/github/world.ts';
import { bed, openPull } from './bed.ts';
import { app } from './sample.ts';

function checks(b: Bed): CheckRun[] {
  return b.sandbox.world.repositories[0]?.checks ?? [];
}

function failing(...messages: string[]): ReturnType<typeof app>[] {
  return messages.map((message, at) => app(`web-${at}`, undefined, { error: { code: 'E_RENDER', message, place: { file: 'apps/web.yaml', line: at + 1 } } }));
}

test('an annotation is sent once, however often the check is written, after a restart too', async (t) => {
  const b = await bed(t);
  b.script.apps = failing('one');
  const number = await openPull(b.sandbox);
  await b.quiet();
  const annotations = (): unknown[] => checks(b)[0]?.output.annotations.map((each) => each['message']) ?? [];
  assert.deepEqual(annotations(), ['one']);
  b.script.apps = failing('one', 'two');
  b.app.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
  await b.quiet();
  assert.deepEqual(annotations(), ['one', 'two']);
  b.script.apps = failing('one', 'two', 'three');
  await b.restart();
  assert.deepEqual(annotations(), ['one', 'two', 'three']);
  assert.equal(checks(b).length, 1);
});
