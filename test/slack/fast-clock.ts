// A clock that runs faster than the world, so that waiting for Slack's patience takes no time.
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';

/** `speed` of its seconds pass in one of ours; it begins now. */
export function fastClock(speed: number): Clock {
  const began = systemClock.now();
  return {
    steady: () => performance.now() * speed,
    now: () => began + (systemClock.now() - began) * speed,
    after: (ms, fn) => systemClock.after(ms / speed, fn),
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

/** As fast as the world until `slow` says otherwise: what was stored before is not later than what comes then. */
export function slowingClock(): Clock & { slow(speed: number): void } {
  let clock = systemClock;
  return {
    steady: () => clock.steady(),
    now: () => clock.now(),
    after: (ms, fn) => clock.after(ms, fn),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    slow: (speed) => void (clock = fastClock(speed)),
  };
}
