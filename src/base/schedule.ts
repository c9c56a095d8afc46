// Recurring looks by cron expressions, kept by node-cron. A tick only begins a look: it may come late, twice or never.
import type { Logger } from './log.ts';
import { createTask, validateDetailed } from 'node-cron';

export interface Schedule {
  /** Five fields; six begin with the seconds. */
  expression: string;
  /** A name of the IANA database, in which the expression is read. */
  timeZone: string;
  /** Each tick is held back at random by less than so many milliseconds. */
  jitterMs: number;
}

export interface Running {
  /** The next tick without its jitter. */
  next(): Date;
  stop(): void;
}

/** No field needs longer numbers, and node-cron counts up to them. */
const longNumber = /\d{5}/;

/** Why the schedule can never run, in words of node-cron; undefined if it can. */
export function scheduleFault({ expression, timeZone }: Pick<Schedule, 'expression' | 'timeZone'>): string | undefined {
  if (longNumber.test(expression)) return 'a number is too long';
  const { errors } = validateDetailed(expression);
  if (errors.length > 0) return errors.map(({ message }) => message).join('; ');
  try {
    createTask(expression, () => undefined, { timezone: timeZone }).getNextRuns(1);
    return undefined;
  } catch {
    return isTimeZone(timeZone) ? 'no day fits it' : `${timeZone || 'nothing'} is no time zone`;
  }
}

/** Whether this Node knows the IANA name. */
export function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The schedule that cron can keep and whose gaps are the longest that are not longer than the period: a cron field
 * begins anew with each minute, hour and day. Half of a gap is the jitter, as Argo CD adds it to
 * `timeout.reconciliation` (Argo CD: util/settings, timeout.reconciliation.jitter). `ms` is more than 0.
 */
export function scheduleOf(ms: number): Schedule {
  const divisor = (whole: number, most: number): number => {
    let found = Math.max(1, Math.min(whole, Math.floor(most)));
    while (whole % found > 0) found -= 1;
    return found;
  };
  const [minute, hour, day] = [60_000, 3_600_000, 24 * 3_600_000];
  const every = (gap: number, expression: string): Schedule => ({ expression, timeZone: 'UTC', jitterMs: gap / 2 });
  if (ms >= day) return every(day, '0 0 * * *');
  if (ms >= hour) return every(divisor(24, ms / hour) * hour, `0 */${divisor(24, ms / hour)} * * *`);
  if (ms >= minute) return every(divisor(60, ms / minute) * minute, `*/${divisor(60, ms / minute)} * * * *`);
  return every(divisor(60, ms / 1000) * 1000, `*/${divisor(60, ms / 1000)} * * * * *`);
}

/**
 * Begins `look` at each tick, never while one is under way. After a pause of the whole process, however long, one look
 * follows. What a look throws is logged.
 */
export function startSchedule(
  name: string,
  { expression, timeZone, jitterMs }: Schedule,
  { look, log }: { look: () => Promise<void> | void; log: Logger },
): Running {
  const tell = (message: string | Error, err?: Error): void =>
    log.warn({ schedule: name, err: err ?? message }, 'scheduled run failed');
  const task = createTask(expression, () => look(), {
    name,
    timezone: timeZone,
    noOverlap: true,
    maxRandomDelay: jitterMs,
    missedExecutionTolerance: Infinity,
    suppressMissedWarning: true,
    logger: {
      info: (message) => log.debug({ schedule: name, message }, 'node-cron'),
      debug: (message) => log.debug({ schedule: name, message }, 'node-cron'),
      // That the one before still runs is all that it warns of.
      warn: (message) => log.debug({ schedule: name, message }, 'node-cron'),
      error: tell,
    },
  });
  void task.start();
  return {
    next: () => task.getNextRuns(1)[0] ?? new Date(NaN),
    stop: () => void task.destroy(),
  };
}
