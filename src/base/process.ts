// Runs a tool without a shell, within limits of time and output.
import { spawn } from 'node:child_process';
import { AppError, errorMessage } from './errors.ts';

interface RunOptions {
  cwd?: string;
  /** The whole environment of the tool; nothing is inherited. Default: PATH only. */
  env?: Record<string, string>;
  input?: string | Buffer;
  /** Milliseconds; default 90,000 (Argo CD's exec timeout). */
  timeoutMs?: number;
  /** Bytes of standard output; default 64 MiB. */
  maxOutput?: number;
  signal?: AbortSignal;
  /** Exit codes that are answers rather than failures; default [0]. */
  okCodes?: number[];
}

interface RunResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/**
 * Throws E_PROCESS (terminal, message = last line of stderr), E_PROCESS_LIMIT, or E_TOOLS if it cannot be started; the
 * caller adds what it knows.
 */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs = 90_000, maxOutput = 64 * 2 ** 20, okCodes = [0] } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? { PATH: process.env['PATH'] ?? '' },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' as const }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    let limit: string | undefined;
    const stop = (why: string): void => {
      limit ??= why;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(`more than ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutput) stop(`more than ${maxOutput} bytes of output`);
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (err.length < 256) err.push(chunk);
    });
    child.stdin.on('error', () => undefined); // the tool may end before it has read all of its input
    child.stdin.end(options.input ?? '');
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(options.signal?.aborted ? options.signal.reason : toolMissing(command, cause));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const stderr = Buffer.concat(err).toString('utf8');
      if (limit)
        return reject(
          new AppError('E_PROCESS_LIMIT', `${command} took ${limit}`, {
            hint: 'Make the input smaller or raise the limit.',
          }),
        );
      if (code !== null && okCodes.includes(code)) return resolve({ code, stdout: Buffer.concat(out), stderr });
      reject(
        new AppError('E_PROCESS', stderr.trim().split('\n').at(-1) || `${command} ended with code ${code}`, {
          cause: { stderr, code },
        }),
      );
    });
  });
}

/** `path`: as it was called. */
export function toolMissing(path: string, cause: unknown): AppError {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return new AppError('E_TOOLS', `${path} cannot be started: ${errorMessage(cause)}`, { cause, hint: toolHint(name) });
}

/** What to do where that tool is not found. */
export function toolHint(name: string): string {
  return name === 'git'
    ? 'Install git and put it on PATH.'
    : `Put ${name} on PATH or into COX_TOOLS_DIR; in a clone node_modules/.bin/node tools/binaries.ts ${name} ` +
        'builds it.';
}

/** What the tool wrote to standard error before it failed, however often the error was wrapped since; '' if unknown. */
export function stderrOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return stderrOf(cause);
  return typeof cause === 'object' && cause !== null && 'stderr' in cause && typeof cause.stderr === 'string'
    ? cause.stderr
    : '';
}
