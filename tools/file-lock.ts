// A lock file held by a living process: two builders on one machine do not do the same work twice.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A holder says once a second that it lives: its id alone may belong to another process by now, or was never written.
 */
const beatMs = 1_000;
const staleMs = 15_000;

/**
 * Runs `work` while no other process of this machine holds `path`. A lock whose holder is dead is taken over.
 * It saves work and protects nothing: what is built under it must be put in place atomically all the same.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait?: (pid: number) => void,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !take(path);) {
    const holder = holderOf(path);
    if (holder === undefined) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told && holder > 0) {
      told = true;
      onWait?.(holder);
    }
    await sleep(200);
  }
  const beating = setInterval(() => beat(path), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beating);
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isFault(error, 'EEXIST')) return false;
    throw error;
  }
}

function beat(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Another process took it from us while this process was stopped: two build the same then, and no harm is done.
  }
}

/** undefined when nobody living holds it. Its id is 0 in the moment in which the holder has not written it yet. */
function holderOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Date.now() - statSync(path).mtimeMs > staleMs || (pid > 0 && !isAlive(pid)) ? undefined : pid;
  } catch (error) {
    if (isFault(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isFault(error, 'EPERM');
  }
}

function isFault(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
