// The watch of one kind: a streamed initial list, bookmarks, relists, and no event lost in the end.

/** Milliseconds. */
export interface WatchTiming {
  /** Without a byte for so long the connection counts as dead; default 90,000 (bookmarks come about every minute). */
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
