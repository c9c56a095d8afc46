// What is remembered of answers: for a time, once for all who ask, and never a failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { TtlCache } from '../../src/base/ttl-cache.ts';

test('an answer counts for its time, is shared on its way, and asked anew when it says too little', async () => {
  const clock = new SteppedClock(1); // lru-cache takes a start at 0 for no time at all
  const recent = new TtlCache<string>({ clock, forMs: 1000, keeps: (value) => value !== '' });
  const answers: (string | Error)[] = ['one', 'two', '', 'three', new Error('cut'), 'four'];
  let asked = 0;
  const ask = (): Promise<string> => {
    const answer = answers[asked] ?? 'none';
    asked += 1;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  assert.deepEqual(await Promise.all([recent.get('a', ask), recent.get('a', ask)]), ['one', 'one']);
  clock.step(1000);
  assert.equal(await recent.get('a', ask), 'one');
  clock.step(1);
  assert.equal(await recent.get('a', ask), 'two');
  assert.equal(await recent.get('b', ask), '');
  assert.equal(await recent.get('b', ask), 'three');
  await assert.rejects(recent.get('c', ask), /cut/);
  assert.equal(await recent.get('c', ask), 'four');
  assert.equal(asked, 6);
});
