// Child processes that never outlive us, however we end.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Socket } from 'node:net';

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Standard output and error are appended here. */
  log: string;
}

/**
 * Reads on standard input, line by line, the ids to kill; when the line ends because its writer died, kills them
 * and removes the directory given as first argument. A SIGKILL gives us no chance to do that ourselves.
 */
const guardScript =
  'while read -r line; do pids=$line; done; [ -n "$pids" ] && kill -9 $pids 2>/dev/null; ' +
  '[ -n "$1" ] && rm -rf "$1"; exit 0';

/** The processes of one cluster. They run in sessions of their own, so that Ctrl-C reaches us first. */
export class Children {
  readonly #running = new Map<string, { child: ChildProcess; options: ChildOptions }>();
  readonly #guard: ChildProcess;

  /** `directory` is removed once everything has ended, if given. */
  constructor(directory?: string) {
    this.#guard = spawn('/bin/sh', ['-c', guardScript, 'guard', directory ?? ''], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#guard.stdin?.on('error', () => undefined);
    release(this.#guard);
  }

  get pids(): Record<string, number> {
    return Object.fromEntries(
      [...this.#running].flatMap(([name, { child }]) => (child.pid === undefined ? [] : [[name, child.pid]])),
    );
  }

  start(options: ChildOptions): void {
    const log = openSync(options.log, 'a');
    const child = spawn(options.command, options.args, {
      env: options.env ?? {},
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.on('error', () => undefined); // told by `ended`
    child.unref();
    this.#running.set(options.name, { child, options });
    this.#tellGuard();
  }

  /** One sentence about the first process that has ended without being asked to, with the end of its log. */
  ended(): string | undefined {
    for (const [name, { child, options }] of this.#running) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) continue;
      return (
        `${name} ended with ${child.signalCode ?? `code ${child.exitCode}`}: ` +
        `${readFileSync(options.log, 'utf8').trim().split('\n').slice(-8).join('\n')}`
      );
    }
    return undefined;
  }

  /** Kills the process and starts it again with the same arguments; resolves once the old one is gone. */
  async restart(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (!running) throw new Error(`no process is called ${name}`);
    await this.kill(name);
    this.start(running.options);
  }

  /** With `patienceMs` it is asked by SIGTERM first and killed when it has not ended by then. */
  async kill(name: string, patienceMs = 0): Promise<void> {
    const child = this.#running.get(name)?.child;
    this.#running.delete(name);
    if (child) await end(child, patienceMs);
    this.#tellGuard();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.kill(name)));
    const gone = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    if (isRunning(this.#guard)) await gone;
  }

  #tellGuard(): void {
    this.#guard.stdin?.write(`${Object.values(this.pids).join(' ')}\n`);
  }
}

function release(child: ChildProcess): void {
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess, patienceMs: number): Promise<void> {
  if (!isRunning(child)) return;
  const exit = once(child, 'exit');
  child.ref();
  child.kill(patienceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const late = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await exit;
  clearTimeout(late);
}
