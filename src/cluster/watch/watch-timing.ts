// How long a watch waits for what.

/** Milliseconds. */
export interface WatchTiming {
  /**
   * Without a byte for so long the connection counts as dead; default 90,000 (bookmarks come about every minute). Where
   * none come it doubles up to `maxLifeMs`.
   */
  idleMs: number;
  /** Time until the answer begins; default 30,000. */
  headersMs: number;
  /** First and longest waiting time between attempts; default 800 and 30,000. */
  baseMs: number;
  maxMs: number;
  /** Asked lifetime of a watch, chosen at random between these; default 300,000 and 600,000. */
  minLifeMs: number;
  maxLifeMs: number;
}

export const defaultTiming: WatchTiming = {
  idleMs: 90_000,
  headersMs: 30_000,
  baseMs: 800,
  maxMs: 30_000,
  minLifeMs: 300_000,
  maxLifeMs: 600_000,
};

/** Milliseconds without a byte after which a connection counts as dead, when so many before it said nothing at all. */
export function patience({ idleMs, maxLifeMs }: WatchTiming, silences: number): number {
  return Math.min(idleMs * 2 ** silences, Math.max(idleMs, maxLifeMs));
}
