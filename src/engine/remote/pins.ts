// What a sync fetched beside its repositories, as a SyncRecord keeps it.
import type { Fetched } from './remotes.ts';

/** A merge patch keeps what it does not name. */
export function removedFrom(
  before: Record<string, string> | undefined,
  after: Record<string, string>,
): Record<string, null> {
  return Object.fromEntries(
    Object.keys(before ?? {})
      .filter((name) => !Object.hasOwn(after, name))
      .map((name) => [name, null]),
  );
}

/** What was fetched, as it is remembered; undefined where that is nothing. */
export function asPins(fetched: readonly Fetched[]): Record<string, string> | undefined {
  return fetched.length === 0 ? undefined : Object.fromEntries(fetched.map(({ what, is }) => [what, is]));
}
