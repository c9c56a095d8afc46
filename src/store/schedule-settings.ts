// The keys `schedule.*` of coxswain-cm: cron expressions and the time zone that they are read in.
import type { Schedule } from '../base/schedule.ts';
import { isTimeZone, scheduleFault, scheduleOf } from '../base/schedule.ts';

/** resync: repositories; sweep: pull requests, for what webhooks lost; retention: what ended long ago. */
export const scheduleNames = ['resync', 'sweep', 'retention'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** undefined: never. */
export type ScheduleSettings = Readonly<Record<ScheduleName, Schedule | undefined>> & {
  /** `schedule.timeZone`, in which people's times of day are read too. */
  readonly timeZone: string;
};

const minute = 60_000;

/** `resyncMs`: Argo CD's timeout.reconciliation, which counts without a `schedule.resync`; 0 is never. */
export function readSchedules(
  own: Readonly<Record<string, string>>,
  resyncMs: number,
  faults: string[],
): ScheduleSettings {
  const zone = own['schedule.timeZone']?.trim() ?? 'UTC';
  const timeZone = isTimeZone(zone) ? zone : 'UTC';
  if (timeZone !== zone)
    faults.push(`schedule.timeZone is "${zone}", but must be a name of the time zone database such as Europe/Berlin`);
  const read = (name: ScheduleName, text: string | undefined, fallback?: Schedule): Schedule | undefined => {
    if (text === undefined) return fallback;
    const expression = text.trim();
    const fault = fieldsFault(expression) ?? scheduleFault({ expression, timeZone });
    if (fault === undefined) return { expression, timeZone, jitterMs: 0 };
    faults.push(`schedule.${name} is "${text}", but must be a cron expression such as */10 * * * *: ${fault}`);
    return fallback;
  };
  return {
    timeZone,
    resync: read('resync', own['schedule.resync'], resyncMs > 0 ? scheduleOf(resyncMs) : undefined),
    sweep: read('sweep', own['schedule.sweep'], { ...scheduleOf(10 * minute), jitterMs: 0 }),
    retention: read('retention', own['schedule.retention'], { ...scheduleOf(60 * minute), jitterMs: 0 }),
  };
}

/** Seconds are for the defaults alone: a forge counts requests. */
function fieldsFault(expression: string): string | undefined {
  const fields = expression.split(/\s+/).length;
  return expression.startsWith('@') || fields === 5 ? undefined : `it has ${fields} fields instead of 5`;
}
