// Work on many things at once: all of it is done, in order, and others get their turn meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inParallel } from '../../src/base/semaphore.ts';

function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a long list of things that wait for nothing leaves others their turn', async () => {
  let [turns, open] = [0, true];
  const turn = (): void => {
    turns += 1;
    if (open) setImmediate(turn);
  };
  setImmediate(turn);
  const items = Array.from({ length: 100 }, (_, at) => at);
  const results = await inParallel(items, 8, async (item) => {
    busy(1);
    return item * 2;
  });
  open = false;
  assert.deepEqual(
    results,
    items.map((item) => item * 2),
  );
  assert.ok(turns > 2, `${turns} turns`);
});

test('many workers do not take one turn together', async () => {
  let [begun, most, open] = [0, 0, true];
  const turn = (): void => {
    most = Math.max(most, begun);
    begun = 0;
    if (open) setImmediate(turn);
  };
  setImmediate(turn);
  const items = Array.from({ length: 100 }, (_, at) => at);
  await inParallel(items, 16, async () => {
    begun += 1;
    for (let step = 0; step < 3; step += 1) {
      busy(1);
      await Promise.resolve();
    }
  });
  open = false;
  assert.ok(most <= 6, `${most} items began in one turn`);
});

test('after a failure nothing further is begun', async () => {
  const begun: number[] = [];
  const work = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('second');
    return Promise.resolve(item);
  });
  await assert.rejects(work, /second/);
  assert.ok(begun.length < 5);
});
