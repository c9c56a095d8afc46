// What the person's own git knows: credential helpers, askpass, whatever `git clone` would use for them.
import { run } from '../base/process.ts';
import { usage } from './options.ts';

/**
 * Username and password for an http(s) address (git-credential). undefined: git knows none, or is not there. Nothing is
 * asked at the terminal, nothing is stored.
 */
export async function ownCredential(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<{ username: string; password: string } | undefined> {
  // The protocol is a line an attribute: an address that holds more than one line could name another host.
  if (!/^https?:\/\/[^\s\p{Cc}]+$/iu.test(url)) return undefined;
  const set = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  try {
    const { stdout } = await run('git', ['credential', 'fill'], {
      env: { ...Object.fromEntries(set), GIT_TERMINAL_PROMPT: '0' },
      input: `url=${url}\n\n`,
      timeoutMs: 30_000,
      signal,
    });
    const answer = new Map(
      stdout
        .toString('utf8')
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const [username, password] = [answer.get('username'), answer.get('password')];
    return username && password ? { username, password } : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/**
 * Who commits, as git itself finds out: GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL, then the configuration. Throws Usage
 * where git knows nobody.
 */
export async function ownIdentity(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<{ name: string; email: string }> {
  const set = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const asked = async (variable: string, key: string): Promise<string> => {
    const named = env[variable];
    if (named) return named;
    const options = { env: Object.fromEntries(set), okCodes: [0, 1], signal };
    const { stdout } = await run('git', ['config', '--get', key], options);
    return stdout.toString('utf8').trim();
  };
  const name = await asked('GIT_AUTHOR_NAME', 'user.name');
  const email = await asked('GIT_AUTHOR_EMAIL', 'user.email');
  if (name && email) return { name, email };
  throw usage('git does not know who commits: set user.name and user.email, or GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL');
}
