// The git room: bare mirrors of repositories, read and written without a checkout.
import type { Clock } from '../base/clock.ts';
import type { Files } from '../model/files.ts';
import type { Logger } from '../base/log.ts';
import type { Repository } from './repository.ts';

export interface GitOptions {
  /** Folder of the mirrors; may be lost at any time, belongs to one process at a time. */
  dir: string;
  clock: Clock;
  log: Logger;
  /** Asked before every request to a server. */
  credentials: (repoUrl: string) => Promise<{ username: string; password: string } | undefined>;
  signal: AbortSignal;
  /** The git binary; default `git` on PATH. At least 2.38. */
  git?: string;
  /** Transports that may be used; default https, http, ssh and git. Tests add `file`. */
  protocols?: string[];
}

export interface GitCounts {
  fetches: number;
  /** Objects read from git; what the caches answer is not counted. */
  reads: number;
  pushes: number;
  /** Git processes started. */
  processes: number;
}

export interface Git {
  /** The mirror of that URL; URLs that differ only in `.git`, a slash at the end or the case of the host have one mirror. */
  repository(url: string): Repository;
  readonly counts: Readonly<GitCounts>;
  /** Ends every git process; what was under way rejects. */
  stop(): Promise<void>;
}

/** The files of one commit. */
export type FilesOf = (repository: Repository, commit: string) => Files;
