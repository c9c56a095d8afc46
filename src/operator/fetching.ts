// The fetcher and what it may do, out of the settings.
import type { Clock } from '../base/clock.ts';
import type { Worker } from '../base/worker.ts';
import type { Remotes } from '../engine/remote/remotes.ts';
import type { Access } from '../fetch/http.ts';
import type { Fetcher } from '../fetch/fetch.ts';
import type { Git } from '../git/git.ts';
import type { AppProject } from '../model/project.ts';
import type { Settings } from '../store/settings.ts';
import { join } from 'node:path';
import { createRemotes } from '../engine/remote/remotes.ts';
import { openFetcher } from '../fetch/fetch.ts';
import { isListedHost, loginFor } from '../store/repository-secrets.ts';

interface FetchingOptions {
  dataDir: string;
  /** Bytes of fetched content that are kept on disk; default 1 GiB. */
  maxBytes?: number;
  git: Git;
  worker: Worker;
  clock: Clock;
  settings(): Settings;
  projectOf(name: string): AppProject | undefined;
}

function accessOf(settings: Settings): Access {
  return {
    login: (url) => loginFor(settings, url),
    isListed: (url) => isListedHost(settings, url),
    authorities: (host) => settings.certificates.get(host),
  };
}

interface Fetching {
  remotes: Remotes;
  fetcher: Fetcher;
}

/** Nothing is fetched before a rendering asks for it. */
export function openFetching(options: FetchingOptions): Fetching {
  const { dataDir, maxBytes, git, worker, clock, settings, projectOf } = options;
  const fetcher = openFetcher({
    dir: join(dataDir, 'fetched'),
    ...(maxBytes !== undefined && { maxBytes }),
    clock,
    worker,
    access: () => accessOf(settings()),
  });
  return { fetcher, remotes: createRemotes({ git, fetcher, settings, projectOf }) };
}
