// Folders of mirrors that nobody uses any more: those of a former process too, never one that another process uses.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** What nobody asked for in that time is not used any more. */
const unusedMs = 24 * 3_600_000;
/** Each process marks so often what it uses: another one may have the same folder. */
const markMs = 3_600_000;

interface UnusedOptions {
  dir: string;
  clock: Clock;
  log: Logger;
  /**
   * Folders that are used for good; of mirrors that are open here the last time that they were asked for (clock ms).
   */
  used(): { kept: ReadonlySet<string>; open: ReadonlyMap<string, number> };
  /** A mirror that is open here and was not asked for any more: it is closed. */
  close(name: string): void;
}

interface Unused {
  /** Looks at once, and then every hour. */
  start(): void;
  /** The folder goes; `url` is for the log. */
  remove(name: string, url: string): void;
  /** Resolves when nothing is removed any more. */
  stop(): Promise<void>;
}

function hasNoFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Mirrors that a killed process had not finished. */
function removeUnfinished(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const names = readdirSync(dir, { withFileTypes: true, encoding: 'utf8' }).filter(
    (entry) => entry.isDirectory() && entry.name.endsWith('.tmp'),
  );
  for (const { name } of names) rmSync(join(dir, name), { recursive: true, force: true });
}

/** At once it has another name, under which it is removed at the next start at the latest. */
async function removeFolder(folder: string): Promise<void> {
  const gone = `${folder}.${randomUUID()}.tmp`;
  try {
    renameSync(folder, gone);
  } catch (error) {
    if (hasNoFile(error)) return; // nothing was fetched
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/** The time of the folder says when a process used it last; a fetch moves it too. */
async function mark(folder: string, now: number): Promise<void> {
  await utimes(folder, now / 1000, now / 1000).catch((error: unknown) => {
    if (!hasNoFile(error)) throw error; // nothing was fetched yet
  });
}

async function look({ dir, clock, used, close }: UnusedOptions, remove: (name: string) => void): Promise<void> {
  const now = clock.now();
  const { kept, open } = used();
  for (const [name, askedAt] of open)
    if (kept.has(name) || askedAt > now - unusedMs) await mark(join(dir, name), now);
    else close(name);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const { name } = entry;
    if (!entry.isDirectory() || !name.endsWith('.git') || kept.has(name) || open.has(name)) continue;
    if ((await stat(join(dir, name))).mtimeMs <= now - unusedMs) remove(name);
  }
}

/** Makes the folder of all mirrors, and removes what was left half made in it. */
export function unusedMirrors(options: UnusedOptions): Unused {
  const { dir, clock, log } = options;
  const removals = new Set<Promise<void>>();
  let stopped = false;
  let cancel: () => void = () => undefined;
  let looking = Promise.resolve();
  const remove = (name: string, url: string): void => {
    const removal = removeFolder(join(dir, name))
      .catch((err: unknown) => log.warn({ repository: url, err }, 'the mirror of a repository cannot be removed'))
      .finally(() => removals.delete(removal));
    removals.add(removal);
  };
  const round = async (): Promise<void> => {
    try {
      await look(options, (name) => {
        log.info({ folder: name }, 'the mirror of a repository is removed: nobody used it for a day');
        remove(name, name);
      });
    } catch (err) {
      log.warn({ err }, 'mirrors that nobody uses could not be looked for; it is tried again');
    }
    if (!stopped) cancel = clock.after(markMs, () => void (looking = round()));
  };
  removeUnfinished(dir);
  return {
    start: () => void (looking = round()),
    remove,
    async stop() {
      stopped = true;
      cancel();
      await looking;
      await Promise.all(removals);
    },
  };
}
