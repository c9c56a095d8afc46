// Until when something is to be silent, as people say it: `4h`, `2d`, `09:00`, `tomorrow`, `2026-12-01 09:00`. Pure.

interface Moment {
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA name, in which times of day are read. */
  timeZone: string;
}

/** How it may be said, for whoever said it otherwise. */
export const untilExamples = '4h, 2d, 09:00, tomorrow 09:00 or 2026-12-01 09:00';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function span(text: string): number | undefined {
  if (!/^(\d{1,4}[mhdw]){1,4}$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([mhdw])/gy)) total += Number(amount) * (units[unit ?? ''] ?? 0);
  return total;
}

const morning = '09:00';

/** Undefined for a day or an hour that no calendar has. */
function clockTime(read: () => Temporal.ZonedDateTime): number | undefined {
  try {
    return read().epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Milliseconds since the epoch; undefined for what says no time. A time of day is the next one, a day alone is its
 * morning. Where the clocks change, an hour that a day lacks is the one after it (Temporal: disambiguation compatible).
 */
export function readUntil(text: string, { now, timeZone }: Moment): number | undefined {
  const said = text
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^(until|for|in) /, '');
  const length = span(said);
  if (length !== undefined) return now + length;
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  const [, tomorrow, hours] = /^(tomorrow)?(?:(?:^| (?:at )?)(\d{1,2}:\d{2}))?$/.exec(said) ?? [];
  if (tomorrow !== undefined || hours !== undefined)
    return clockTime(() => {
      const at = today.withPlainTime((hours ?? morning).padStart(5, '0'));
      const isNext = tomorrow !== undefined || at.epochMilliseconds <= now;
      return isNext ? today.add({ days: 1 }).withPlainTime((hours ?? morning).padStart(5, '0')) : at;
    });
  const [, day, time = morning, zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(z|[+-]\d{2}:\d{2})?)?$/.exec(said) ?? [];
  if (day === undefined) return undefined;
  const offset = zone === 'z' ? '+00:00' : zone;
  return clockTime(() => Temporal.PlainDateTime.from(`${day}T${time}`).toZonedDateTime(offset ?? timeZone));
}

/** The words at the beginning that say a time, and the others; `until` is '' when the first ones say none. */
export function splitUntil(words: readonly string[]): { until: string; rest: string[] } {
  for (let many = Math.min(4, words.length); many > 0; many -= 1) {
    const until = words.slice(0, many).join(' ');
    if (readUntil(until, { now: 0, timeZone: 'UTC' }) !== undefined) return { until, rest: words.slice(many) };
  }
  return { until: '', rest: [...words] };
}

/** Nothing is silenced for longer without somebody's saying so again. */
const mostMs = 7 * 86_400_000;
/** From so long on, others want to know why. */
const explainedMs = 86_400_000;

type End = { at: number } | { fault: string; about: 'until' | 'reason' };

/** The end that somebody asked for at that moment, clock ms; or what is wrong with it, one sentence. */
export function endAsked(asked: { until?: string; reason?: string }, moment: Moment): End {
  const shown = (asked.until ?? '').slice(0, 40);
  const wrong = (fault: string, about: 'until' | 'reason' = 'until'): End => ({ fault, about });
  if (shown === '') return wrong(`say until when: ${untilExamples}`);
  const at = readUntil(shown, moment);
  if (at === undefined) return wrong(`"${shown}" says no time; write ${untilExamples}`);
  if (at <= moment.now) return wrong(`"${shown}" has passed`);
  if (at - moment.now > mostMs) return wrong(`"${shown}" is more than a week from now`);
  return at - moment.now >= explainedMs && (asked.reason ?? '').trim() === ''
    ? wrong('for a day or longer, say why', 'reason')
    : { at };
}
