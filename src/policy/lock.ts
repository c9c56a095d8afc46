// A lock: until it ends nothing is synced of the application, whoever asks. It is an annotation, so that it outlives
// this process and can be set by kubectl.
import type { ObjectMeta } from '../model/kube.ts';
import { isObject } from '../model/kube.ts';
import { cox } from '../model/annotations.ts';
import { rfc3339 } from '../base/clock.ts';
import { outsideText } from './outside-text.ts';

export interface Lock {
  /** GitHub login; '' where nobody is named. */
  by: string;
  reason: string;
  /** Clock ms; undefined: until somebody takes it away. */
  until: number | undefined;
  /** Name of the Request that asked for it. */
  request: string;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? outsideText(value) : '';
}

/** The one that holds now; what cannot be read holds until it is taken away. */
export function lockOf({ metadata }: { metadata: ObjectMeta }, now: number): Lock | undefined {
  const text = metadata.annotations?.[cox.lock];
  if (text === undefined) return undefined;
  const value = parsed(text);
  const unreadable = { by: '', reason: `its annotation ${cox.lock} cannot be read`, until: undefined, request: '' };
  if (!isObject(value)) return unreadable;
  const until = value['until'] === undefined ? undefined : Date.parse(textOf(value['until']));
  if (Number.isNaN(until)) return unreadable;
  const lock = { by: textOf(value['by']), reason: textOf(value['reason']), until, request: textOf(value['request']) };
  return until !== undefined && until <= now ? undefined : lock;
}

/** As the annotation holds it. */
export function lockValue({ by, reason, until, request }: Lock): string {
  return JSON.stringify({ by, reason, ...(until !== undefined && { until: rfc3339(until) }), request });
}

/** `locked by ann until 2026-03-01T10:00:00Z: the database moves`; a stranger's words are in it. */
export function lockText({ by, reason, until }: Lock): string {
  const who = by === '' ? '' : ` by ${by}`;
  const when = until === undefined ? '' : ` until ${rfc3339(until)}`;
  return `locked${who}${when}${reason === '' ? '' : `: ${reason}`}`;
}

/** Like a sync window that is closed; undefined where no lock holds. */
export function lockWindow(
  app: { metadata: ObjectMeta },
  now: number,
): { permitted: false; why: string; changesAt?: number } | undefined {
  const lock = lockOf(app, now);
  return lock && { permitted: false, why: lockText(lock), ...(lock.until !== undefined && { changesAt: lock.until }) };
}
