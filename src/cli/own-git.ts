// What the person's own git knows: credential helpers, askpass, whatever `git clone` would use for them.
import { run } from '../base/process.ts';

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
