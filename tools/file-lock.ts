// A lock file held by a living process: two builders on one machine do not do the same work twice.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process of this machine holds `path`. A lock whose holder is dead is taken over.
 * It saves work and protects nothing: what is built under it must be put in place atomically all the same.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, onWait?: (pid: number) => void): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !take(path); told = true) {
    const holder = Number(readIfThere(path));
    if (!isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) onWait?.(holder);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** An empty answer (the holder has created the file and not yet written its id, or has just removed it) counts as alive. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8') || String(process.pid);
  } catch {
    return String(process.pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
