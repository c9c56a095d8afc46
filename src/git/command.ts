// Runs git through simple-git, with an environment of its own, and turns its failures into our errors.
import type { Clock } from '../base/clock.ts';
import debug from 'debug';
import { simpleGit } from 'simple-git';
import { AppError, errorMessage } from '../base/errors.ts';
import { redactText } from '../base/log.ts';
import { toolMissing } from '../base/process.ts';
import { endingWith, leaderOfGroup } from '../base/process-group.ts';

interface CommandOptions {
  env?: GitVariables;
  /** Standard input; default none. */
  input?: string | Buffer;
  /** Exit codes that are answers; default [0]. */
  okCodes?: number[];
  /** Milliseconds; default 90,000. */
  timeoutMs?: number;
  /** It talks to a server, by helpers that have to end with it. */
  network?: true;
}

export interface Answer {
  /** null: a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * `what`: a word for messages: "fetch", "merge", … Throws E_GIT and E_GIT_AUTH (transient), E_TOOLS without
 * git, or the reason of the signal.
 */
export type GitCommand = (what: string, args: string[], options?: CommandOptions) => Promise<Answer>;

export interface CommandSetup {
  git: string;
  /** Private HOME without any configuration. */
  home: string;
  protocols: string[];
  clock: Clock;
  signal: AbortSignal;
  onStart: () => void;
}

// simple-git shows the whole environment of every process, credentials too, to whoever sets DEBUG.
debug.enable(`${debug.disable()},-simple-git,-simple-git:*`);

/** Guarded variables that we set ourselves; simple-git refuses any other. */
const allowed = [
  'GIT_ALLOW_PROTOCOL',
  'GIT_AUTHOR_DATE',
  'GIT_AUTHOR_EMAIL',
  'GIT_AUTHOR_NAME',
  'GIT_COMMITTER_DATE',
  'GIT_COMMITTER_EMAIL',
  'GIT_COMMITTER_NAME',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_KEY_0',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_VALUE_0',
  'GIT_DIR',
  'GIT_INDEX_FILE',
  'GIT_LITERAL_PATHSPECS',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_SSL_NO_VERIFY',
  'GIT_TERMINAL_PROMPT',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;

export type GitVariables = Partial<Record<(typeof allowed)[number], string>>;

/** What these variables can do is what we want of them: no global file, credentials, ssh that asks nobody. */
const unsafe = { allowUnsafeConfigPaths: true, allowUnsafeConfigEnvCount: true, allowUnsafeSshCommand: true };

const maxOutput = 64 * 2 ** 20;

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

/** Git in the bare repository `dir`. */
export function gitCommand(setup: CommandSetup, dir: string): GitCommand {
  return async (what, args, options = {}) => {
    setup.signal.throwIfAborted();
    setup.onStart();
    const { timeoutMs = 90_000, okCodes = [0] } = options;
    const ending = new AbortController();
    const limit = (of: string): void =>
      ending.abort(new AppError('E_GIT', `git ${what}: git took more than ${of}`, { kind: 'transient' }));
    const onStop = (): void => ending.abort(setup.signal.reason);
    const cancel = setup.clock.after(timeoutMs, () => limit(`${timeoutMs / 1000} s`));
    setup.signal.addEventListener('abort', onStop, { once: true });
    try {
      const env = { ...gitEnvironment(setup), GIT_DIR: dir, ...options.env };
      const binary = options.network ? leaderOfGroup(setup.git) : setup.git;
      const answer = await endingWith(ending.signal, () =>
        raw(args, { binary, env, input: options.input ?? '', signal: ending.signal, limit }),
      );
      if (isNotStarted(answer)) throw toolMissing(setup.git, new Error(answer.stderr.trim().split('\n')[0]));
      if (answer.code === null || !okCodes.includes(answer.code)) throw failure(what, answer);
      return answer;
    } catch (error) {
      ending.signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      throw new AppError('E_GIT', `git ${what}: ${errorMessage(error)}`, { kind: 'transient', cause: error });
    } finally {
      cancel();
      setup.signal.removeEventListener('abort', onStop);
    }
  };
}

interface Run {
  binary: string | [string, string];
  env: Record<string, string>;
  input: string | Buffer;
  signal: AbortSignal;
  limit: (of: string) => void;
}

/**
 * One operation of one instance: an abort ends an instance for good, and its environment is that of everything it has
 * in flight.
 */
async function raw(args: string[], { binary, env, input, signal, limit }: Run): Promise<Answer> {
  const ended: Omit<Answer, 'stdout'> = { code: null, stderr: '' };
  const instance = simpleGit({
    binary,
    abort: signal,
    allowEnvironment: allowed,
    unsafe,
    config: ['gc.autoDetach=false'],
    // Even without an input: standard input would never end.
    input: () => Buffer.from(input),
    // Not when git ends, but when all has been read: 50 ms after its end simple-git takes what it has.
    completion: { onExit: false },
    // Every end comes by here: its own rule takes exit 1 and a killed process for success if git said nothing.
    errors: (_error, { exitCode, stdErr }) => {
      Object.assign(ended, { code: exitCode, stderr: Buffer.concat(stdErr).toString('utf8') });
      return undefined;
    },
  });
  const stdout = await instance
    .env(env)
    .outputHandler((_command, out, err) => {
      let size = 0;
      const count = (chunk: Buffer): void => {
        size += chunk.length;
        if (size > maxOutput) limit(`${maxOutput} bytes of output`);
      };
      out.on('data', count);
      err.on('data', count);
      // For a process that printed nothing simple-git waits 50 ms longer, and git is silent by design.
      out.once('end', () => out.emit('data', Buffer.alloc(0)));
    })
    .raw(args);
  return { ...ended, stdout };
}

// git tells the reason in words alone; they are stable under LC_ALL=C.
const refused = [
  /authentication failed|could not read (username|password)|permission denied|returned error: 40[13]/i,
  /invalid credentials/i,
  /host key verification failed/i,
];

/** Git itself only says then that it could not read. */
const sshReason = /^Host key verification failed|Permission denied \([a-z,-]*\)/m;

/** setsid says so when there is no git, Node when there is no setsid or no room for a process. */
function isNotStarted({ code }: Answer): boolean {
  return code !== null && (code < 0 || code === 127);
}

function failure(what: string, { code, stderr }: Answer): AppError {
  const said = redactText(stderr);
  const line = said.split('\n').find((text) => /^(fatal|error):/.test(text)) ?? said.trim().split('\n').at(-1) ?? '';
  const told =
    (sshReason.exec(said)?.[0] ?? line.replace(/^(fatal|error): /, '')) ||
    `git ended ${code === null ? 'by a signal' : `with code ${code}`}`;
  const options = { kind: 'transient' as const, cause: { code, stderr } };
  if (!refused.some((pattern) => pattern.test(said))) return new AppError('E_GIT', `git ${what}: ${told}`, options);
  return new AppError('E_GIT_AUTH', `git ${what}: ${told}`, {
    ...options,
    hint: /host key verification failed/i.test(said)
      ? 'Add the host key of the server to argocd-ssh-known-hosts-cm, as ssh-keyscan prints it.'
      : 'Check the credentials of the repository, and that they may read it.',
  });
}
