// Mirrors that nobody uses: removed, also those of a former process, but never what another process has open.
import type { TestContext } from 'node:test';
import type { Origin } from './origin.ts';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { mirrorName } from '../../src/git/url.ts';
import { until } from '../../sandbox/condition.ts';
import { mirrors, origin, temporary } from './origin.ts';

const dayMs = 24 * 3_600_000;

/** As a process left it that ran so long ago. */
async function leftBehind(t: TestContext, dir: string, from: Origin, ageMs: number): Promise<string> {
  const git = mirrors(t, dir);
  await git.repository(from.url).fetch();
  await git.stop();
  const folder = join(dir, mirrorName(from.url));
  const then = (Date.now() - ageMs) / 1000;
  utimesSync(folder, then, then);
  return folder;
}

test('a mirror of a former process goes after a start when no application reads it', async (t) => {
  const dir = temporary(t);
  const [old, read, recent] = [origin(t), origin(t), origin(t)];
  const [gone, kept, fresh] = [
    await leftBehind(t, dir, old, 2 * dayMs),
    await leftBehind(t, dir, read, 2 * dayMs),
    await leftBehind(t, dir, recent, dayMs / 2),
  ];
  const other = join(dir, 'notes');
  mkdirSync(other);
  utimesSync(other, 1, 1);
  const git = mirrors(t, dir, ['file'], { wanted: () => [read.url] });
  await git.stop();
  assert.deepEqual([gone, kept, fresh, other].map(existsSync), [false, true, true, true]);
});

test('a mirror that another process of the same folder reads stays', async (t) => {
  const dir = temporary(t);
  const from = origin(t);
  const clock = new SteppedClock(Date.now());
  const first = mirrors(t, dir, ['file'], { clock, wanted: () => [from.url] });
  await first.repository(from.url).fetch();
  const folder = join(dir, mirrorName(from.url));
  utimesSync(folder, 1, 1);
  clock.step(3_600_000);
  await until('the mirror is marked as used', () => (statSync(folder).mtimeMs > 1_000 ? true : undefined));
  const second = mirrors(t, dir, ['file'], { wanted: () => [] });
  await second.stop();
  assert.ok(existsSync(folder));
  assert.ok(await first.repository(from.url).resolve('main'));
});

test('a mirror that only pull requests asked for goes when nobody asks any more', async (t) => {
  const dir = temporary(t);
  const from = origin(t);
  const clock = new SteppedClock(Date.now());
  const git = mirrors(t, dir, ['file'], { clock, wanted: () => [] });
  const asked = clock.now();
  await git.repository(from.url).fetch();
  const folder = join(dir, mirrorName(from.url));
  await until('it is gone', () => {
    clock.step(6 * 3_600_000);
    return existsSync(folder) ? undefined : true;
  });
  assert.ok(clock.now() - asked > dayMs);
  await git.repository(from.url).fetch();
  assert.ok(existsSync(folder));
});
