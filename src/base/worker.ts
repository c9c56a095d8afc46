// A tool that is kept running and answers one request after the other over its standard input: started by the first
// one, and again after it ended.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, systemClock } from './clock.ts';
import { AppError } from './errors.ts';
import { toolMissing } from './process.ts';

interface WorkerOptions {
  /** Absolute, or a name on PATH. */
  path: string;
  /** Milliseconds that one request may take; default 30,000. */
  timeoutMs?: number;
  /** Bytes of one answer; default 128 MiB. */
  maxOutput?: number;
  /** Bytes that the process may hold, where the system has a means: more is its end. Default: 8 GiB reserved. */
  memory?: number;
  /** The whole environment. Default: PATH, and what bounds Go's memory. */
  env?: Record<string, string>;
  /** Milliseconds after which a process that nobody asks is ended; default never. */
  idleMs?: number;
}

interface WorkerAnswer {
  value: unknown;
  blobs: Buffer[];
}

/** The first blob of an answer. */
interface Head {
  value?: unknown;
  error?: string;
  /** The process is of no use after it. */
  last?: boolean;
}

interface Call {
  message: Buffer[];
  timeoutMs: number;
  attempts: number;
  resolve: (answer: WorkerAnswer) => void;
  reject: (error: unknown) => void;
}

/** E_PROCESS_LIMIT of one request; what it took stands apart from the path of the tool, which tells people nothing. */
export class WorkerLimitError extends AppError {
  /** `more than 30 s`. */
  readonly took: string;

  constructor(path: string, took: string) {
    super('E_PROCESS_LIMIT', `${path} took ${took}`, { hint: 'Make the input smaller.' });
    this.took = took;
  }
}

/** Go reserves far more address space than it uses. */
const reserved = '--as=8589934592';
const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));
const environment = { PATH: process.env['PATH'] ?? '', GOMEMLIMIT: '512MiB', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Requests wait for each other, so an input that is the end of the process is the end of its own request alone. What
 * the process is asked depends on nothing that it was asked before. An idle process keeps nobody from ending: it ends
 * with its standard input.
 */
export class Worker {
  readonly #options: Required<Omit<WorkerOptions, 'memory'>>;
  readonly #limits: string[];
  #cancelIdle: (() => void) | undefined;
  #child: ChildProcessWithoutNullStreams | undefined;
  #answers: MessageReader | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;
  readonly #waiting: Call[] = [];

  constructor({ memory, ...options }: WorkerOptions) {
    this.#options = {
      timeoutMs: 30_000,
      maxOutput: 128 * 2 ** 20,
      env: environment,
      idleMs: Infinity,
      ...options,
    };
    this.#limits = [reserved, ...(memory === undefined ? [] : [`--data=${memory}`])];
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /**
   * Throws E_PROCESS_LIMIT for an input that takes too long or makes too much, E_PROCESS if the tool refuses it,
   * E_TOOLS if it is not there.
   */
  call(
    verb: string,
    parameters: unknown,
    blobs: readonly Uint8Array[] = [],
    timeoutMs = this.#options.timeoutMs,
  ): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stoppedError());
      const head = Buffer.from(JSON.stringify({ verb, parameters }));
      this.#waiting.push({ message: encode([head, ...blobs]), timeoutMs, attempts: 0, resolve, reject });
      if (this.#waiting.length === 1) this.#send();
    });
  }

  /** What was under way rejects. */
  stop(): void {
    this.#stopped = true;
    this.#end();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#stoppedError());
  }

  #stoppedError(): AppError {
    return new AppError('E_PROCESS', `${this.#options.path} is stopped`, { kind: 'transient' });
  }

  #send(): void {
    this.#cancelIdle?.();
    const [call] = this.#waiting;
    if (!call) return this.#rest();
    call.attempts += 1;
    const child = (this.#child ??= this.#start());
    keepAlive(child, true);
    this.#cancelTimer = systemClock.after(call.timeoutMs, () =>
      this.#fail(this.#tooMuch(`more than ${call.timeoutMs / 1000} s`)),
    );
    child.stdin.cork();
    for (const part of call.message) child.stdin.write(part);
    child.stdin.uncork();
  }

  #rest(): void {
    keepAlive(this.#child, false);
    const { idleMs } = this.#options;
    if (this.#child && Number.isFinite(idleMs)) this.#cancelIdle = afterAll(idleMs, () => this.#end());
  }

  #start(): ChildProcessWithoutNullStreams {
    const { path, env } = this.#options;
    const child = spawn(prlimit ?? path, prlimit ? [...this.#limits, path] : [], {
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#answers = new MessageReader(this.#options.maxOutput);
    child.stdin.on('error', () => undefined); // its end is seen by close
    child.stderr.resume(); // it may quote what it was asked
    child.stdout.on('data', (chunk: Buffer) => {
      if (child === this.#child) this.#receive(chunk);
    });
    child.on('error', (cause) => {
      if (child === this.#child) this.#fail(toolMissing(path, cause));
    });
    child.on('close', (code) => {
      if (child === this.#child) this.#ended(code);
    });
    return child;
  }

  /** By itself, or by somebody else's hand: what it was asked is asked once more. */
  #ended(code: number | null): void {
    this.#end();
    const [call] = this.#waiting;
    if (!call) return;
    if (code === 127 || code === 126)
      this.#fail(toolMissing(this.#options.path, new Error('it is not there'))); // as prlimit says it
    else if (call.attempts < 2) this.#send();
    else
      this.#fail(
        new AppError('E_PROCESS', `${this.#options.path} ended twice in the middle of a request`, {
          kind: 'transient',
        }),
      );
  }

  #receive(chunk: Buffer): void {
    const answers = this.#answers?.add(chunk);
    if (answers === 'too-large')
      return this.#fail(this.#tooMuch(`more than ${this.#options.maxOutput} bytes of output`));
    if (!answers) return;
    this.#cancelTimer?.();
    const call = this.#waiting.shift();
    const [first, ...blobs] = answers;
    const { value = null, error, last } = headOf(first);
    if (last) this.#end();
    this.#send();
    if (error !== undefined) call?.reject(new AppError('E_PROCESS', error));
    else call?.resolve({ value, blobs });
  }

  /** Ends the process and the request that it was at; the next one finds a new process. */
  #fail(error: AppError): void {
    this.#end();
    this.#waiting.shift()?.reject(error);
    this.#send();
  }

  #end(): void {
    this.#cancelTimer?.();
    this.#cancelIdle?.();
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }

  #tooMuch(what: string): AppError {
    return new WorkerLimitError(this.#options.path, what);
  }
}

function headOf(blob: Buffer | undefined): Head {
  try {
    return JSON.parse(String(blob)) as Head;
  } catch {
    return { error: 'the answer is no JSON', last: true };
  }
}

function keepAlive(child: ChildProcessWithoutNullStreams | undefined, alive: boolean): void {
  for (const part of [child, child?.stdin, child?.stdout, child?.stderr]) {
    // pipes of a child are sockets, which their type does not say
    const handle = part as { ref?(): void; unref?(): void } | undefined;
    if (alive) handle?.ref?.();
    else handle?.unref?.();
  }
}

/** The length of the whole, then blobs, each with its own length before it. */
function encode(blobs: readonly Uint8Array[]): Buffer[] {
  const whole = blobs.reduce((sum, blob) => sum + 4 + blob.length, 0);
  return [
    number(whole),
    ...blobs.flatMap((blob) => [number(blob.length), Buffer.from(blob.buffer, blob.byteOffset, blob.length)]),
  ];
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Joins an answer once, when it is complete, and takes it apart. */
class MessageReader {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #whole: number | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): Buffer[] | 'too-large' | undefined {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < 4) return undefined;
    this.#whole ??= Buffer.concat(this.#chunks, 4).readUInt32BE();
    if (this.#whole > this.#limit) return 'too-large';
    if (this.#size < this.#whole + 4) return undefined;
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks.length = 0;
    this.#size = 0;
    this.#whole = undefined;
    return blobsOf(all.subarray(4));
  }
}

function blobsOf(message: Buffer): Buffer[] {
  const blobs: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const end = at + 4 + message.readUInt32BE(at);
    blobs.push(message.subarray(at + 4, end));
    at = end;
  }
  return blobs;
}
