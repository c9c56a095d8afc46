// The key queue: order, coalescing, delays, backoff and the end, under a clock that only moves by steps.
import type { KeyQueueOptions, Outcome } from '../../src/base/queue.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { KeyQueue } from '../../src/base/queue.ts';

interface Held {
  key: string;
  signal: AbortSignal;
  finish(outcome?: Outcome): void;
  fail(error: unknown): void;
}

function setUp(options: Partial<KeyQueueOptions> = {}): {
  clock: SteppedClock;
  queue: KeyQueue;
  held: Held[];
  errors: [string, number | undefined][];
} {
  const clock = new SteppedClock(1000);
  const held: Held[] = [];
  const errors: [string, number | undefined][] = [];
  const queue = new KeyQueue({
    clock,
    concurrency: 2,
    work: (key, signal) =>
      new Promise<Outcome | void>((resolve, reject) => held.push({ key, signal, finish: resolve, fail: reject })),
    onError: (key, _error, retryMs) => errors.push([key, retryMs]),
    ...options,
  });
  return { clock, queue, held, errors };
}

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

test('keys run in the order in which they were added, as many at a time as there are workers', async () => {
  const { queue, held } = setUp();
  for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
  assert.equal(held.length, 0);
  queue.start();
  await settle();
  assert.deepEqual(
    held.map((h) => h.key),
    ['a', 'b'],
  );
  held[0]?.finish();
  await settle();
  assert.deepEqual(
    held.map((h) => h.key),
    ['a', 'b', 'c'],
  );
  assert.equal(queue.size, 2);
});

test('a key added while it runs is run once more afterwards, and never twice at the same time', async () => {
  const { queue, held } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  for (let i = 0; i < 5; i += 1) queue.add('a');
  await settle();
  assert.equal(held.length, 1);
  held[0]?.finish();
  await settle();
  assert.equal(held.length, 2);
  held[1]?.finish();
  await settle();
  assert.equal(held.length, 2);
  assert.ok(queue.idle);
});

test('of several times for one key the earliest counts', async () => {
  const { clock, queue, held } = setUp();
  queue.start();
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 70);
  queue.addAfter('b', 60);
  clock.step(49);
  await settle();
  assert.equal(held.length, 0);
  clock.step(1);
  await settle();
  assert.deepEqual(
    held.map((h) => h.key),
    ['a'],
  );
  clock.step(100);
  await settle();
  assert.deepEqual(
    held.map((h) => h.key),
    ['a', 'b'],
  );
});

test('failures wait longer and longer up to the limit, and a success forgets them', async () => {
  const { clock, queue, held, errors } = setUp({ backoff: { baseMs: 10, maxMs: 35 } });
  queue.start();
  queue.add('a');
  for (const wait of [10, 20, 35, 35]) {
    await settle();
    held.at(-1)?.fail(new Error('no'));
    await settle();
    assert.deepEqual(errors.at(-1), ['a', wait]);
    clock.step(wait);
  }
  await settle();
  held.at(-1)?.finish({ after: 500 });
  await settle();
  clock.step(500);
  await settle();
  held.at(-1)?.fail(new Error('no'));
  await settle();
  assert.deepEqual(errors.at(-1), ['a', 10]);
});

test('a terminal failure is not tried again until the key is added', async () => {
  const { clock, queue, held, errors } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  held[0]?.fail(new AppError('E_MANIFEST', 'wrong'));
  await settle();
  assert.deepEqual(errors, [['a', undefined]]);
  clock.step(1e9);
  await settle();
  assert.equal(held.length, 1);
  queue.add('a');
  await settle();
  assert.equal(held.length, 2);
});

test('a run before the time of a retry makes the retry needless, but not a time that was asked for', async () => {
  const { clock, queue, held } = setUp({ backoff: { baseMs: 100, maxMs: 100 } });
  queue.start();
  queue.add('a');
  await settle();
  held[0]?.fail(new Error('no'));
  await settle();
  queue.add('a');
  await settle();
  held[1]?.finish();
  await settle();
  clock.step(1000);
  await settle();
  assert.equal(held.length, 2);
  queue.addAfter('a', 50);
  queue.add('a');
  await settle();
  held[2]?.finish();
  await settle();
  clock.step(50);
  await settle();
  assert.equal(held.length, 4);
});

test('stopping waits for the running work, drops the rest, and takes nothing new', async () => {
  const { queue, held } = setUp({ concurrency: 1 });
  queue.start();
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 10);
  await settle();
  const stopped = queue.stop();
  queue.add('d');
  held[0]?.finish();
  assert.equal(await stopped, true);
  assert.deepEqual(
    held.map((h) => h.key),
    ['a'],
  );
  assert.equal(queue.size, 0);
});

test('work that does not end by the deadline is aborted, then left alone', async () => {
  const { clock, queue, held } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  const stopped = queue.stop(100);
  clock.step(99);
  assert.equal(held[0]?.signal.aborted, false);
  clock.step(1);
  assert.equal(held[0]?.signal.aborted, true);
  clock.step(1000);
  assert.equal(await stopped, false);
});

test('no key is lost and none runs twice at once, whatever the order of adds, ends and failures', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    let state = seed;
    const random = (n: number): number => (state = (state * 48271) % 2147483647) % n;
    const running = new Set<string>();
    const wantedSince = new Map<string, number>();
    let turn = 0;
    const { clock, queue, held } = setUp({
      concurrency: 3,
      backoff: { baseMs: 1, maxMs: 16 },
      work: (key, signal) => {
        assert.ok(!running.has(key), `seed ${seed}: ${key} runs twice`);
        running.add(key);
        wantedSince.delete(key);
        return new Promise<Outcome | void>((resolve, reject) =>
          held.push({
            key,
            signal,
            finish: (outcome) => (running.delete(key), resolve(outcome)),
            fail: (error) => (running.delete(key), wantedSince.set(key, turn), reject(error)),
          }),
        );
      },
    });
    queue.start();
    for (turn = 0; turn < 300; turn += 1) {
      const key = `k${random(6)}`;
      const what = random(10);
      if (what < 4) (queue.add(key), wantedSince.set(key, turn));
      else if (what < 6) (queue.addAfter(key, 1 + random(20)), wantedSince.set(key, turn));
      else if (what < 8)
        held.splice(random(held.length || 1), 1)[0]?.finish(random(4) === 0 ? { after: 1 + random(9) } : undefined);
      else if (what < 9) held.splice(random(held.length || 1), 1)[0]?.fail(new Error('no'));
      else clock.step(random(10));
      assert.ok(running.size <= 3);
      await settle();
    }
    while (!queue.idle || queue.size > 0) {
      for (const job of held.splice(0)) job.finish();
      clock.step(20);
      await settle();
    }
    assert.deepEqual([...wantedSince.keys()], [], `seed ${seed}`);
  }
});

test('what a key waits for holds no worker: it runs again when that ends, and backs off while that fails', async () => {
  const { clock, queue, held, errors } = setUp({ concurrency: 1 });
  queue.start();
  const waiting = (): { until: Promise<void>; end(error?: Error): void } => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    return { until: promise, end: (error) => (error ? reject(error) : resolve()) };
  };
  const [first, second, third] = [waiting(), waiting(), waiting()];
  queue.add('a');
  await settle();
  held[0]?.finish({ until: first.until });
  queue.add('b');
  await settle();
  assert.deepEqual(
    held.map((item) => item.key),
    ['a', 'b'],
    'the worker is free for others',
  );
  held[1]?.finish();
  await settle();
  assert.deepEqual([queue.idle, queue.size], [true, 1]);
  queue.add('a');
  await settle();
  held[2]?.finish({ until: second.until }); // the newer counts
  await settle();
  first.end();
  await settle();
  assert.equal(held.length, 3);
  second.end(new AppError('E_GIT', 'away', { kind: 'transient' }));
  await settle();
  assert.deepEqual(errors, [['a', 5]]);
  clock.step(5);
  await settle();
  held[3]?.finish({ until: third.until });
  await settle();
  third.end(new AppError('E_GIT', 'away', { kind: 'transient' }));
  await settle();
  assert.deepEqual(
    errors,
    [
      ['a', 5],
      ['a', 10],
    ],
    'waiting is no success',
  );
  clock.step(10);
  await settle();
  held[4]?.finish();
  await settle();
  assert.equal(queue.size, 0);
});
