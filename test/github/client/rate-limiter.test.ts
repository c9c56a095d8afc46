// The budget never lets any stretch of time see more than its limit, and nobody waits before that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { Budget } from '../../../src/github/client/rate-limiter.ts';

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function bed(limits: { ms: number; points: number }[]): {
  clock: SteppedClock;
  budget: Budget;
  sent: [string, number][];
  ask: (name: string, points: number, share?: number, signal?: AbortSignal) => Promise<void>;
  step: (ms: number) => Promise<void>;
} {
  const clock = new SteppedClock();
  const budget = new Budget({ clock, limits });
  const sent: [string, number][] = [];
  const ask = (name: string, points: number, share = 1, signal?: AbortSignal): Promise<void> =>
    budget.take(points, { share, signal }).then(() => void sent.push([name, clock.now()]));
  const step = async (ms: number): Promise<void> => {
    await settle();
    clock.step(ms);
    await settle();
  };
  return { clock, budget, sent, ask, step };
}

test('all of a limit may be spent at once; then each waits, in the order asked, until enough is old', async () => {
  const { sent, ask, step } = bed([{ ms: 1000, points: 10 }]);
  for (const name of ['a', 'b']) void ask(name, 4);
  await step(300);
  void ask('c', 2);
  await step(100);
  for (const name of ['d', 'e', 'f']) void ask(name, 4);
  await step(599);
  assert.deepEqual(
    sent.map(([name]) => name),
    ['a', 'b', 'c'],
  );
  await step(1);
  assert.deepEqual(sent.slice(3), [
    ['d', 1000],
    ['e', 1000],
  ]);
  await step(999);
  assert.equal(sent.length, 5);
  await step(1);
  assert.deepEqual(sent.slice(5), [['f', 2000]]);
});

test('who may use a part only waits earlier, and does not hold up the others', async () => {
  const { sent, ask, step } = bed([{ ms: 1000, points: 10 }]);
  for (const name of ['w1', 'w2', 'w3']) void ask(name, 4, 0.8);
  await settle();
  void ask('r1', 1);
  void ask('r2', 1);
  await step(999);
  assert.deepEqual(
    sent.map(([name]) => name),
    ['w1', 'w2', 'r1', 'r2'],
  );
  await step(1);
  assert.deepEqual(sent.at(-1), ['w3', 1000]);
});

test('the longer limit holds as well; a closed budget opens at its time; who gives up frees the way', async () => {
  const { budget, sent, ask, step } = bed([
    { ms: 1000, points: 2 },
    { ms: 5000, points: 3 },
  ]);
  for (const name of ['a', 'b', 'c']) void ask(name, 1);
  await step(1000);
  assert.equal(sent.length, 3);
  const abort = new AbortController();
  const given = ask('d', 1, 1, abort.signal);
  void ask('e', 1);
  await step(3000);
  abort.abort(new Error('superseded'));
  await assert.rejects(given, /superseded/);
  budget.closeUntil(7000);
  await step(2999);
  assert.equal(sent.length, 3);
  await step(1);
  assert.deepEqual(sent.slice(3), [['e', 7000]]);
});
