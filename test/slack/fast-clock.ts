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
