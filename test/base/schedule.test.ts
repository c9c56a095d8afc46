// Schedules by cron expressions, with the timers and the date of node-cron stepped.
import type { TestContext } from 'node:test';
import type { Logger } from '../../src/base/log.ts';
import type { Schedule } from '../../src/base/schedule.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { scheduleFault, scheduleOf, startSchedule } from '../../src/base/schedule.ts';

const start = Date.parse('2026-06-01T00:00:00Z');

interface Stepped {
  /** So many milliseconds pass, and what they begin gets a turn. */
  step(ms: number): Promise<void>;
  /** The process is asleep for so long. */
  sleep(ms: number): void;
}

function stepped(t: TestContext, now = start): Stepped {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now });
  return {
    async step(ms) {
      t.mock.timers.tick(ms);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
    sleep: (ms) => t.mock.timers.setTime(Date.now() + ms),
  };
}

function begin(
  t: TestContext,
  { look, log = silentLogger(), ...schedule }: Partial<Schedule> & { look: () => Promise<void> | void; log?: Logger },
): ReturnType<typeof startSchedule> {
  const wanted = { expression: '* * * * *', timeZone: 'UTC', jitterMs: 0, ...schedule };
  const running = startSchedule('test', wanted, { look, log });
  t.after(() => running.stop());
  return running;
}

const minute = 60_000;
const hour = 60 * minute;
for (const [ms, expression, gap] of [
  [300, '*/1 * * * * *', 1000],
  [1000, '*/1 * * * * *', 1000],
  [45_000, '*/30 * * * * *', 30_000],
  [minute, '*/1 * * * *', minute],
  [90_000, '*/1 * * * *', minute],
  [2 * minute, '*/2 * * * *', 2 * minute],
  [3 * minute, '*/3 * * * *', 3 * minute],
  [10 * minute, '*/10 * * * *', 10 * minute],
  [45 * minute, '*/30 * * * *', 30 * minute],
  [hour, '0 */1 * * *', hour],
  [5 * hour, '0 */4 * * *', 4 * hour],
  [24 * hour, '0 0 * * *', 24 * hour],
  [900 * hour, '0 0 * * *', 24 * hour],
] as const) {
  test(`a period of ${ms / 1000} s is kept as ${expression}`, async (t) => {
    assert.deepEqual(scheduleOf(ms), { expression, timeZone: 'UTC', jitterMs: gap / 2 });
    const { step } = stepped(t);
    let looks = 0;
    begin(t, { expression, look: () => void (looks += 1) });
    for (let gaps = 0; gaps < 2; gaps += 1) await step(gap);
    assert.equal(looks, 2);
  });
}

test('a look that is under way is not begun again, and the next tick after it begins one', async (t) => {
  const { step } = stepped(t);
  const ends: (() => void)[] = [];
  begin(t, { look: () => new Promise<void>((resolve) => ends.push(resolve)) });
  for (let minutes = 0; minutes < 3; minutes += 1) await step(minute);
  assert.equal(ends.length, 1);
  ends[0]?.();
  await step(0);
  await step(minute);
  assert.equal(ends.length, 2);
  ends[1]?.();
});

test('a look that fails is logged, and the next one comes', async (t) => {
  const { step } = stepped(t);
  const told: unknown[] = [];
  const log: Logger = { ...silentLogger(), warn: ({ schedule, err }) => void told.push([schedule, String(err)]) };
  let looks = 0;
  begin(t, {
    log,
    look: () => {
      looks += 1;
      throw new Error(`no ${looks}`);
    },
  });
  await step(minute);
  await step(minute);
  assert.deepEqual(told, [
    ['test', 'Error: no 1'],
    ['test', 'Error: no 2'],
  ]);
});

test('after a pause of the process of any length one look follows, at once', async (t) => {
  const { step, sleep } = stepped(t);
  let looks = 0;
  const running = begin(t, { look: () => void (looks += 1) });
  await step(minute);
  assert.equal(looks, 1);
  sleep(9.5 * hour);
  await step(minute);
  assert.equal(looks, 2);
  assert.ok(running.next().getTime() > Date.now());
});

test('a tick is held back by its jitter, and a stop takes back what is held', async (t) => {
  const { step } = stepped(t);
  t.mock.method(Math, 'random', () => 0.5);
  let looks = 0;
  const running = begin(t, { look: () => void (looks += 1), jitterMs: 20_000 });
  await step(minute);
  assert.equal(looks, 0);
  await step(10_000);
  assert.equal(looks, 1);
  await step(50_000);
  running.stop();
  await step(hour);
  assert.equal(looks, 1);
});

// What node-cron 4.6 does when clocks change. A look less, or an hour later, does no harm.
test('02:30 is left out on the day that has none, and comes at the second 02:30 of the other day', (t) => {
  const { sleep } = stepped(t, Date.parse('2026-03-28T12:00:00Z'));
  const running = begin(t, { expression: '30 2 * * *', timeZone: 'Europe/Berlin', look: () => undefined });
  assert.equal(running.next().toISOString(), '2026-03-30T00:30:00.000Z');
  sleep(Date.parse('2026-10-24T12:00:00Z') - Date.now());
  assert.equal(running.next().toISOString(), '2026-10-25T01:30:00.000Z');
});

test('the defaults come in the hour that clocks repeat too, since they are read in UTC', async (t) => {
  const { step } = stepped(t, Date.parse('2026-10-24T23:59:00Z'));
  const looks = { default: 0, berlin: 0 };
  begin(t, { ...scheduleOf(30 * minute), jitterMs: 0, look: () => void (looks.default += 1) });
  begin(t, { expression: '*/30 * * * *', timeZone: 'Europe/Berlin', look: () => void (looks.berlin += 1) });
  for (let half = 0; half < 6; half += 1) await step(30 * minute);
  assert.deepEqual(looks, { default: 6, berlin: 4 });
});

test('what node-cron would count for ever, or never find a day for, is a fault', () => {
  const fault = (expression: string, timeZone = 'UTC'): string | undefined => scheduleFault({ expression, timeZone });
  assert.equal(fault('0-4000000000 * * * *'), 'a number is too long');
  assert.equal(fault('0 0 L-29 2 *'), 'no day fits it');
  assert.equal(fault('0 0 * * *', 'Mars/Phobos'), 'Mars/Phobos is no time zone');
  assert.equal(fault('0 0 29 2 *'), undefined);
});
