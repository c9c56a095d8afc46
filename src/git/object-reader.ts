// Reads objects through one long-lived `git cat-file --batch`, many requests in flight.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { AppError } from '../base/errors.ts';

interface GitObject {
  id: string;
  type: string;
  data: Buffer;
}

interface Pending {
  name: string;
  attempts: number;
  resolve: (object: GitObject | undefined) => void;
  reject: (error: unknown) => void;
}

interface Header {
  id: string;
  type: string;
  size: number;
}

/** The process is started by the first request and again after it died; what it had not answered is asked again. */
export class ObjectReader {
  readonly #start: () => ChildProcessWithoutNullStreams;
  readonly #onRead: () => void;
  #child: ChildProcessWithoutNullStreams | undefined;
  #pending: Pending[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  #header: Header | undefined;
  #stopped = false;

  constructor(start: () => ChildProcessWithoutNullStreams, onRead: () => void) {
    this.#start = start;
    this.#onRead = onRead;
  }

  /** `name`: an object id, or anything that rev-parse knows. undefined if there is none or the name is ambiguous. */
  read(name: string): Promise<GitObject | undefined> {
    if (/[\n\0]/.test(name)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new AppError('E_GIT', 'git is stopped', { kind: 'transient' }));
      this.#onRead();
      this.#send({ name, attempts: 0, resolve, reject });
    });
  }

  /** Another repository stands where it was: a process that knows it is started for what is asked from now on. */
  renew(): void {
    this.#child?.kill('SIGKILL'); // what it had not answered is asked again
  }

  stop(): void {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    for (const pending of this.#pending.splice(0))
      pending.reject(new AppError('E_GIT', 'git is stopped', { kind: 'transient' }));
  }

  #send(pending: Pending): void {
    this.#child ??= this.#launch();
    pending.attempts += 1;
    this.#pending.push(pending);
    this.#child.stdin.write(`${pending.name}\n`);
  }

  #launch(): ChildProcessWithoutNullStreams {
    const child = this.#start();
    this.#chunks = [];
    this.#length = 0;
    this.#header = undefined;
    child.stdin.on('error', () => undefined); // its end is seen by close
    child.stderr.resume();
    child.stdout.on('data', (chunk: Buffer) => {
      if (child === this.#child) this.#receive(chunk);
    });
    child.on('error', () => undefined);
    child.on('close', () => this.#ended(child));
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    for (const pending of this.#pending.splice(0)) {
      if (pending.attempts < 3) this.#send(pending);
      else pending.reject(new AppError('E_GIT', 'git cat-file ended unexpectedly', { kind: 'transient' }));
    }
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // Bodies are joined once, when they are complete.
    if (this.#header && this.#length < this.#header.size + 1) return;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    for (;;) {
      if (!this.#header) {
        const end = rest.indexOf(10);
        if (end < 0) break;
        this.#header = this.#readHeader(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
        if (!this.#header) continue;
      }
      if (rest.length < this.#header.size + 1) break;
      const { id, type, size } = this.#header;
      const data = Buffer.from(rest.subarray(0, size)); // a copy: a slice would keep the whole chunk alive
      rest = rest.subarray(size + 1);
      this.#header = undefined;
      this.#pending.shift()?.resolve({ id, type, data });
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
  }

  #readHeader(line: string): Header | undefined {
    const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(line);
    if (match?.[1] && match[2]) return { id: match[1], type: match[2], size: Number(match[3]) };
    this.#pending.shift()?.resolve(undefined); // "<name> missing" or "<name> ambiguous"
    return undefined;
  }
}
