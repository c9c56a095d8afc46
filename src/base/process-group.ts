// Git at the head of a process group of its own: what it starts, such as git remote-http or ssh, ends with it.
import { existsSync } from 'node:fs';
import { ChildProcess } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';

/** Linux has it everywhere. Without it git alone is ended, and its helpers when they next write to it. */
const setsid = ['/usr/bin/setsid', '/bin/setsid'].find((path) => existsSync(path));

/** What simple-git starts to have git lead a group: setsid becomes git, with the same process id. */
export function leaderOfGroup(git: string): string | [string, string] {
  return setsid === undefined ? git : [setsid, git];
}

const starting = new AsyncLocalStorage<(child: ChildProcess) => void>();

// simple-git keeps its processes to itself; Node tells of every one (diagnostics_channel, "child_process").
subscribe('child_process', (message) => {
  if (typeof message !== 'object' || message === null || !('process' in message)) return;
  if (message.process instanceof ChildProcess) starting.getStore()?.(message.process);
});

/** What `act` starts is ended with the signal: the process, and all of its group if it leads one. */
export async function endingWith<Result>(signal: AbortSignal, act: () => Promise<Result>): Promise<Result> {
  const started: ChildProcess[] = [];
  const end = (): void => started.forEach(endGroup);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await starting.run((child) => void started.push(child), act);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** The leader first, so that it starts nothing meanwhile. Until Node has seen its end the id is nobody else's. */
function endGroup(leader: ChildProcess): void {
  if (leader.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return;
  leader.kill('SIGKILL');
  for (const stream of [leader.stdout, leader.stderr]) stream?.destroy(); // whoever else holds them is not waited for
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // It leads no group, or not yet: there is nobody else.
  }
}
