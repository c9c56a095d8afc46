// Looks at mirrors of repositories, one at a time for each, whatever its URL is written like.
import type { Clock } from '../../base/clock.ts';
import type { Git } from '../../git/git.ts';
import type { Mirrored } from './sources.ts';
import { mirrorName } from '../../git/url.ts';
import { Paced } from './paced.ts';

interface Looks {
  /** undefined when looks that began at `since` (clock ms) or later have brought it up to date. */
  since(mirror: Mirrored, since: number, signal: AbortSignal): Promise<void> | undefined;
  /** Looks at all of them, by their names; answers those that could not be brought up to date, and why. */
  all(mirrors: ReadonlyMap<string, Mirrored>, signal: AbortSignal): Promise<Map<string, unknown>>;
  /** Mirrors that nobody reads any more go. */
  forgetUnused(wanted: (name: string) => boolean): void;
}

/** Nothing is fetched unasked. */
export function looksAt({ git, clock }: { git: Git; clock: Clock }): Looks {
  const fetchers = new Map<string, Mirrored & { paced: Paced }>();
  const since: Looks['since'] = ({ address, reach }, time, signal) => {
    const name = mirrorName(address, reach);
    const found = fetchers.get(name) ?? {
      ...{ address, ...(reach && { reach }) },
      paced: new Paced(clock, () => git.repository(address, reach).fetch()),
    };
    fetchers.set(name, found);
    return found.paced.since(time, signal);
  };
  return {
    since,
    async all(mirrors, signal) {
      const failed = new Map<string, unknown>();
      const look = async ([name, mirror]: readonly [string, Mirrored]): Promise<void> => {
        try {
          await since(mirror, clock.now(), signal);
        } catch (error) {
          failed.set(name, error);
        }
      };
      await Promise.all([...mirrors].map(look));
      return failed;
    },
    forgetUnused(wanted) {
      for (const [name, { address, reach, paced }] of fetchers) {
        if (wanted(name) || !paced.idle) continue;
        fetchers.delete(name);
        git.forget(address, reach);
      }
    },
  };
}
