// Free ports of the loopback interface, each for one process as long as that lives, whether or not it listens there at
// the moment.
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One file for each port that is taken, with the id of the process that has it. */
const folder = join(tmpdir(), 'coxswain-ports');
const own = new Set<string>();
process.once('exit', () => {
  for (const file of own) rmSync(file, { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // others have ports, or nobody ever had one
  }
});

/**
 * `count` different ports that nobody has, below the range that the system hands out to clients. Whoever is restarted
 * finds theirs free.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries += 1) {
    if (tries > 1_000) throw new Error('no free port between 12000 and 32000');
    const port = randomInt(12_000, 32_000);
    if (!found.has(port) && isReserved(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

/** True when it is ours from now on. */
function isReserved(port: number): boolean {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, String(port));
  if (!own.has(file) && !isAlive(holderOf(file))) rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    return false; // somebody else was quicker, or has it
  }
  own.add(file);
  return true;
}

function holderOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0; // nobody has it
  }
}

/** 0, and an id that cannot be one, are nobody's. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
