// What the start needs around it: ports, a data folder, tools. It waits for each; the log and /readyz say for which.
import type { Api } from '../cluster/api.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Starting } from './readiness.ts';
import { accessSync, constants, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, describeError, errorMessage } from '../base/errors.ts';
import { toolHint } from '../base/process.ts';
import { isStatus } from '../cluster/api-error.ts';

/** Milliseconds between two looks: nobody waits long after the cause is gone. */
const everyMs = 3_000;

export interface Waiting {
  starting: Starting;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

/** Repeats what fails for a known reason until it succeeds. The log tells each reason once, /readyz the present one. */
export async function untilDone<T>(work: () => T | Promise<T>, { starting, clock, log, signal }: Waiting): Promise<T> {
  for (let told = ''; ;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const text = describeError(error);
      starting.why = `starting: waits: ${text}`;
      if (text !== told) log.warn({ err: error, hint: error.hint }, 'the start waits');
      told = text;
    }
    await clock.sleep(everyMs, signal);
  }
}

/** Throws E_CONFIG unless files can be made in it. */
export function requireDataFolder(dir: string): void {
  const probe = join(dir, `.probe-${process.pid}`);
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (cause) {
    throw new AppError('E_CONFIG', `the data folder ${dir} cannot be written: ${errorMessage(cause)}`, {
      cause,
      hint: 'Give this user the right to write there, or name another folder in COX_DATA_DIR.',
    });
  }
}

/** Throws E_CONFIG where it does not exist. Who may not read namespaces lives in one. */
export async function requireNamespace(api: Pick<Api, 'get'>, name: string, signal: AbortSignal): Promise<void> {
  try {
    if (await api.get({ group: '', kind: 'Namespace', namespace: '', name }, { signal })) return;
  } catch (error) {
    if (isStatus(error, 403)) return;
    throw error;
  }
  throw new AppError('E_CONFIG', `the namespace ${name} does not exist`, {
    hint: `Run kubectl create namespace ${name}, or name another one in COX_NAMESPACE.`,
  });
}

/** Paths by name, bare where they are looked for on PATH. Throws E_TOOLS that names what is missing. */
export function requireTools(paths: Readonly<Record<string, string>>): void {
  const missing = Object.entries(paths).filter(([, path]) => !isFound(path));
  if (missing.length === 0) return;
  const places = missing.map(([name, path]) =>
    path === name ? `${name} (looked on PATH)` : `${name} (looked at ${path})`,
  );
  throw new AppError('E_TOOLS', `missing: ${places.join(', ')}`, {
    hint: missing.map(([name]) => toolHint(name)).join(' '),
  });
}

function isFound(named: string): boolean {
  const places = named.includes('/')
    ? [named]
    : (process.env['PATH'] ?? '').split(':').flatMap((folder) => (folder ? join(folder, named) : []));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false; // not there, or not ours to run
    }
  });
}
