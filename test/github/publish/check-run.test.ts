// A check run over its life: what GitHub adds up is sent once, and a result is not taken back by a slow second look.
import type { Bed } from '../fixture.ts';
import type { CheckRun } from '../../../sandbox/github/world.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { eventually } from '../../control-plane.ts';
import { bed, openPull } from '../fixture.ts';
import { app } from '../markdown/sample.ts';

function checks(b: Bed): CheckRun[] {
  return b.sandbox.world.repositories[0]?.checks ?? [];
}

function failing(...messages: string[]): ReturnType<typeof app>[] {
  return messages.map((message, at) =>
    app(`web-${at}`, undefined, {
      error: { code: 'E_RENDER', message, place: { file: 'apps/web.yaml', line: at + 1 } },
    }),
  );
}

test('an annotation is sent once, however often the check is written, after a restart too', async (t) => {
  const b = await bed(t);
  b.script.apps = failing('one');
  const number = await openPull(b.sandbox);
  await b.quiet();
  const annotations = (): unknown[] => checks(b)[0]?.output.annotations.map((each) => each['message']) ?? [];
  assert.deepEqual(annotations(), ['one']);
  b.script.apps = failing('one', 'two');
  b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
  await b.quiet();
  assert.deepEqual(annotations(), ['one', 'two']);
  b.script.apps = failing('one', 'two', 'three');
  await b.restart();
  assert.deepEqual(annotations(), ['one', 'two', 'three']);
  assert.equal(checks(b).length, 1);
});

test('a slow second look at the same head takes no result back', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  b.script.apps = [app('web', { change: [] })];
  const number = await openPull(b.sandbox);
  await b.quiet();
  for (const again of ['known', 'after a restart']) {
    const [gate, looked, writes] = [Promise.withResolvers<void>(), b.script.previews.length, [] as string[]];
    b.script.gate = gate.promise;
    b.sandbox.faults.inject({
      match: ({ method, path }) => {
        if (method !== 'GET' && path.startsWith('/repos/')) writes.push(`${method} ${path}`);
        return false;
      },
      answer: { status: 500 },
    });
    const restarted = again === 'known' ? undefined : b.restart();
    b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
    await eventually('the next preview', () => b.script.previews.length > looked || undefined);
    clock.step(3000);
    gate.resolve();
    await restarted;
    await b.quiet();
    assert.deepEqual(writes, [], again);
  }
  assert.deepEqual(
    checks(b).map((check) => check.conclusion),
    ['success'],
  );
});

test('a pull request that touches nothing gets no comment, however long that takes to find out', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  const gate = Promise.withResolvers<void>();
  b.script.gate = gate.promise;
  await openPull(b.sandbox);
  await eventually('the preview', () => b.script.previews.length > 0 || undefined);
  clock.step(3000);
  await eventually('the running check', () => checks(b).find((check) => check.status === 'in_progress'));
  gate.resolve();
  await b.quiet();
  assert.deepEqual(
    checks(b).map((check) => check.conclusion),
    ['skipped'],
  );
  assert.deepEqual(b.sandbox.world.repositories[0]?.comments, []);
});
