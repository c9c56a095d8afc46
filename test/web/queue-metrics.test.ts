// What a work queue tells of itself, under the names of client-go, with a clock that only moves by steps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { SteppedClock } from '../../src/base/clock.ts';
import { KeyQueue } from '../../src/base/queue.ts';
import { createQueueMetrics } from '../../src/web/queue-metrics.ts';

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('a queue reports depth, adds, retries, waiting and working times, and what is under way, by name', async () => {
  const queues = createQueueMetrics();
  const registry = new Registry();
  queues.registerIn(registry);
  const clock = new SteppedClock();
  const ends: PromiseWithResolvers<void>[] = [];
  const queue = new KeyQueue({
    clock,
    concurrency: 2,
    metrics: queues.of('applications'),
    work: () => {
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    },
    onError: () => undefined,
  });
  queues.of('idle');
  const read = async (name: string): Promise<Record<string, number>> => {
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(`workqueue_${name}{`));
    return Object.fromEntries(
      lines.map((line) => [/name="(\w+)"/.exec(line)?.[1] ?? '', Number(line.split(' ').at(-1))]),
    );
  };
  queue.start();
  for (const key of ['a', 'b', 'c']) queue.add(key);
  queue.add('c');
  await settle();
  clock.step(3000);
  assert.deepEqual(await read('adds_total'), { applications: 3, idle: 0 });
  assert.deepEqual(await read('depth'), { applications: 1 });
  assert.deepEqual(await read('unfinished_work_seconds'), { applications: 6 });
  assert.deepEqual(await read('longest_running_processor_seconds'), { applications: 3 });
  ends[0]?.resolve();
  ends[1]?.reject(new Error('no'));
  await settle();
  assert.deepEqual(await read('retries_total'), { applications: 1, idle: 0 });
  assert.deepEqual(await read('work_duration_seconds_sum'), { applications: 6 });
  assert.deepEqual(await read('queue_duration_seconds_count'), { applications: 3 });
  assert.deepEqual(await read('queue_duration_seconds_sum'), { applications: 3 });
  assert.deepEqual(await read('unfinished_work_seconds'), { applications: 0 });
  clock.step(2000);
  assert.deepEqual(await read('longest_running_processor_seconds'), { applications: 2 });
  for (const end of ends) end.resolve();
  await settle();
  assert.deepEqual(await read('longest_running_processor_seconds'), { applications: 0 });
  await queue.stop();
});
