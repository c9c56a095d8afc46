// Runs git with an environment of its own and turns its failures into our errors.
import { AppError } from '../base/errors.ts';
import { redactText } from '../base/log.ts';
import { run, stderrOf } from '../base/process.ts';
import type { RunResult } from '../base/process.ts';

export interface CommandOptions {
  /** The bare repository; default none. */
  repository?: string;
  env?: Record<string, string>;
  input?: string | Buffer;
  /** Exit codes that are answers; default [0]. */
  okCodes?: number[];
  /** Milliseconds; default 90,000. */
  timeoutMs?: number;
}

/** One sentence of what was being done, for messages: "fetch", "merge", … */
export type GitCommand = (what: string, args: string[], options?: CommandOptions) => Promise<RunResult>;

export interface CommandSetup {
  git: string;
  /** Private HOME without any configuration. */
  home: string;
  protocols: string[];
  signal: AbortSignal;
  onStart: () => void;
}

/** Nothing of the user's or the system's git configuration counts, and nothing ever asks a terminal. */
export function gitEnvironment(setup: Pick<CommandSetup, 'home' | 'protocols'>): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: setup.home,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: setup.protocols.join(':'),
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  };
}

export function gitCommand(setup: CommandSetup): GitCommand {
  const base = gitEnvironment(setup);
  return async (what, args, options = {}) => {
    setup.onStart();
    try {
      return await run(
        setup.git,
        options.repository === undefined ? args : [`--git-dir=${options.repository}`, ...args],
        {
          env: { ...base, ...options.env },
          signal: setup.signal,
          timeoutMs: options.timeoutMs ?? 90_000,
          ...(options.input !== undefined && { input: options.input }),
          ...(options.okCodes && { okCodes: options.okCodes }),
        },
      );
    } catch (error) {
      throw translate(error, what);
    }
  };
}

// git tells the reason in words alone; they are stable under LC_ALL=C.
const refused =
  /authentication failed|could not read (username|password)|permission denied|returned error: 40[13]|invalid credentials/i;

function translate(error: unknown, what: string): unknown {
  if (!(error instanceof AppError) || error.code === 'E_TOOLS') return error;
  if (error.code === 'E_PROCESS_LIMIT')
    return new AppError('E_GIT', `git ${what}: ${error.message}`, { kind: 'transient', cause: error });
  const said = redactText(stderrOf(error) || error.message);
  const line = said.split('\n').find((text) => /^(fatal|error):/.test(text)) ?? said.trim().split('\n').at(-1) ?? '';
  const message = `git ${what}: ${line.replace(/^(fatal|error): /, '')}`;
  if (refused.test(said)) {
    return new AppError('E_GIT_AUTH', message, {
      kind: 'transient',
      cause: error,
      hint: 'Check the credentials of the repository, and that they may read it.',
    });
  }
  return new AppError('E_GIT', message, { kind: 'transient', cause: error });
}
