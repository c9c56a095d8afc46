// The git room: bare mirrors of repositories, read and written without a checkout.
import type { CredentialsFor } from './remote.ts';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Clock } from '../base/clock.ts';
import type { GitCommand } from './command.ts';
import type { Files } from '../model/files.ts';
import type { Logger } from '../base/log.ts';
import type { LogOptions, Repository } from './repository.ts';
import type { Reach } from './url.ts';
import type { Worker } from '../base/worker.ts';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { authorizationOf } from './access.ts';
import { createRefsClient } from './advertised.ts';
import { Constraints } from './constraint.ts';
import { checkUrl, mirrorName } from './url.ts';
import { gitCommand, gitEnvironment } from './command.ts';
import { Mirror } from './mirror.ts';
import { ObjectReader } from './object-reader.ts';
import { Trees } from './trees.ts';
import { unusedMirrors } from './unused.ts';

interface GitOptions {
  /** Folder of the mirrors; may be lost at any time, belongs to one process at a time. */
  dir: string;
  /**
   * URLs of all repositories that are read for good: other mirrors are removed when no process has used them for a day
   * or two. Default: nothing is removed.
   */
  wanted?: () => Iterable<string>;
  clock: Clock;
  log: Logger;
  /** Asked before every request to a server. */
  credentials: CredentialsFor;
  signal: AbortSignal;
  /** Knows version constraints. */
  worker: Worker;
  /** The git binary; default `git` on PATH. At least 2.38. */
  git?: string;
  /** Transports that may be used; default https, http, ssh and git. Tests add `file`. */
  protocols?: string[];
}

interface GitCounts {
  fetches: number;
  /** Objects read from git; what the caches answer is not counted. */
  reads: number;
  pushes: number;
  /** Git processes started. */
  processes: number;
}

export interface Git {
  /**
   * The mirror of that URL; URLs that differ only in `.git`, a slash at the end or the case of the host have one
   * mirror. Default of `reach`: in everybody's name; each other one has a mirror of its own.
   */
  repository(url: string, reach?: Reach): Repository;
  /** What requests to that repository's server carry in `authorization`; undefined: nothing. */
  authorization(url: string, reach?: Reach): Promise<string | undefined>;
  /**
   * Nobody reads it any more: its process, its folder and what is kept in memory go. Asked for again, it is opened
   * again.
   */
  forget(url: string, reach?: Reach): void;
  readonly counts: Readonly<GitCounts>;
  /** Ends every git process; what was under way rejects. */
  stop(): Promise<void>;
}

interface Open {
  mirror: Mirror;
  objects: ObjectReader;
  /** When it was asked for last (clock ms). */
  askedAt: number;
}

/** What makes mirrors, each with a reader of its own; all share what asks servers for refs. */
function opening(
  { dir, log, credentials, clock, worker, git = 'git' }: GitOptions,
  { counts, protocols, signal }: { counts: GitCounts; protocols: string[]; signal: AbortSignal },
): { open: (url: string, reach: Reach) => Open; close: () => Promise<void> } {
  const onStart = (): void => void (counts.processes += 1);
  const gitAt = (repository: string): GitCommand =>
    gitCommand({ git, home: dir, protocols, clock, signal, onStart }, repository);
  const refsClient = createRefsClient();
  const constraints = new Constraints(worker);
  const open = (url: string, reach: Reach): Open => {
    const repository = join(dir, mirrorName(url, reach));
    const borrowed: CredentialsFor = (of, purpose) => credentials(reach.as ?? of, purpose, reach);
    const objects = new ObjectReader(
      () => {
        onStart();
        return readingObjects({ git, repository, home: dir, protocols });
      },
      () => void (counts.reads += 1),
    );
    const fetched = (): void => {
      counts.fetches += 1;
      log.debug({ repository: url }, 'fetching');
    };
    const remote = { url, dir: repository, git: gitAt(repository), gitAt, refsClient, signal, credentials: borrowed };
    const onPush = (): void => void (counts.pushes += 1);
    const trees = new Trees(objects, () => mirror.suspect());
    const onBroken = (): void => {
      log.warn({ repository: url }, 'the mirror of a repository lacks objects, and is fetched anew');
      objects.renew();
    };
    const mirror: Mirror = new Mirror({ remote, objects, trees, constraints, onFetch: fetched, onPush, onBroken });
    return { mirror, objects, askedAt: 0 };
  };
  return { open, close: () => refsClient.close() };
}

/** Nothing is fetched before a repository is asked for something. */
export function openGit(options: GitOptions): Git {
  const { dir, log, protocols = ['https', 'http', 'ssh', 'git'] } = options;
  const counts: GitCounts = { fetches: 0, reads: 0, pushes: 0, processes: 0 };
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const opener = opening(options, { counts, protocols, signal });
  const mirrors = new Map<string, Open>();
  const close = (name: string): boolean => {
    mirrors.get(name)?.objects.stop();
    return mirrors.delete(name);
  };
  const unused = unusedMirrors({
    dir,
    clock: options.clock,
    log,
    used: () => ({
      kept: new Set([...(options.wanted?.() ?? [])].map((url) => mirrorName(url))),
      open: new Map([...mirrors].map(([name, { askedAt }]) => [name, askedAt])),
    }),
    close,
  });
  if (options.wanted) unused.start();

  const stop = async (): Promise<void> => {
    stopping.abort(new DOMException('git is stopped', 'AbortError'));
    for (const { objects } of mirrors.values()) objects.stop();
    await unused.stop();
    await opener.close();
  };
  signal.addEventListener('abort', () => void stop(), { once: true });

  return {
    repository: (url, reach = {}) => {
      checkUrl(url, protocols);
      const name = mirrorName(url, reach);
      const known = mirrors.get(name) ?? opener.open(url, reach);
      known.askedAt = options.clock.now();
      mirrors.set(name, known);
      return known.mirror;
    },
    async authorization(url, reach = {}) {
      return authorizationOf((await options.credentials(reach.as ?? url, 'read', reach)) ?? {});
    },
    forget(url, reach) {
      const name = mirrorName(url, reach);
      if (close(name)) unused.remove(name, url);
    },
    counts,
    stop,
  };
}

/** The whole message. Rejects when the mirror does not have the commit. */
export async function commitMessage(git: Git, repoUrl: string, commit: string): Promise<string> {
  return (await git.repository(repoUrl).commit(commit)).message;
}

/** Names of those who wrote them, newest first, without doubles. Rejects when the mirror does not have the commits. */
export async function commitAuthors(git: Git, repoUrl: string, range: LogOptions): Promise<string[]> {
  const commits = await git.repository(repoUrl).log({ limit: range.from === undefined ? 1 : 50, ...range });
  return [...new Set(commits.filter(({ parents }) => parents.length < 2).map(({ author }) => author.name))];
}

/** The files of one commit (or tree). */
export function filesOf(repository: Repository, commit: string): Files {
  return repository.filesAt(commit);
}

interface Reading {
  git: string;
  repository: string;
  home: string;
  protocols: string[];
}

function readingObjects({ git, repository, home, protocols }: Reading): ChildProcessWithoutNullStreams {
  return spawn(git, [`--git-dir=${repository}`, 'cat-file', '--batch'], {
    env: gitEnvironment({ home, protocols }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
