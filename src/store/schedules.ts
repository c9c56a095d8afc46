// When what is looked at from time to time is looked at again, as coxswain-cm sets it.
import type { Logger } from '../base/log.ts';
import type { Running, Schedule } from '../base/schedule.ts';
import type { ScheduleName } from './schedule-settings.ts';
import type { Store } from './store.ts';
import { startSchedule } from '../base/schedule.ts';
import { scheduleNames } from './schedule-settings.ts';

/** Begins the look at each tick of the schedule, as it is set at that time. Returns what ends it. */
export type Recurring = (name: ScheduleName, look: () => Promise<void> | void) => () => void;

export interface Upcoming extends Schedule {
  name: ScheduleName;
  next: Date;
}

export interface Schedules {
  every: Recurring;
  /** Of what is looked at now and then, in the order of `scheduleNames`; jitter comes on top. */
  upcoming(): Upcoming[];
  stop(): void;
}

/** Follows the settings; another schedule takes the place of one that runs, the same one runs on. */
export function createSchedules(store: Pick<Store, 'settings' | 'onSettings'>, log: Logger): Schedules {
  const looks = new Map<ScheduleName, () => Promise<void> | void>();
  const running = new Map<ScheduleName, { schedule: Schedule; task: Running }>();
  const end = (name: ScheduleName): void => {
    running.get(name)?.task.stop();
    running.delete(name);
  };
  const plan = (name: ScheduleName): void => {
    const look = looks.get(name);
    const schedule = store.settings().schedules[name];
    const { expression, timeZone } = running.get(name)?.schedule ?? {};
    if (look && schedule?.expression === expression && schedule?.timeZone === timeZone) return;
    end(name);
    if (look && schedule) running.set(name, { schedule, task: startSchedule(name, schedule, { look, log }) });
  };
  const unfollow = store.onSettings(() => scheduleNames.forEach(plan));
  return {
    every(name, look) {
      looks.set(name, look);
      plan(name);
      return () => {
        looks.delete(name);
        end(name);
      };
    },
    upcoming: () =>
      scheduleNames.flatMap((name) => {
        const found = running.get(name);
        return found ? [{ name, ...found.schedule, next: found.task.next() }] : [];
      }),
    stop() {
      unfollow();
      scheduleNames.forEach(end);
    },
  };
}
