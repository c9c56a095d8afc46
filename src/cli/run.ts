// Runs one command line: reads it, does it, and turns what went wrong into words and an exit code.
import type { Environment, Options } from './options.ts';
import type { Out } from './output.ts';
import { help } from './help.ts';
import { Usage, checkGiven, commands, readLine, usage } from './options.ts';

interface Setting {
  env: Environment;
  out: Out;
  /** Whether the result may be coloured. */
  color: boolean;
  signal: AbortSignal;
}

async function unknown(word: string, known: readonly string[], what: string): Promise<Error> {
  const { nearest } = await import('../chatops/command.ts');
  const near = nearest(word, known);
  return usage(`"${word}" is not ${what}${near ? `; did you mean ${near}?` : `; there is ${known.join(', ')}`}`);
}

/** The command and its arguments, by the words of the line. */
async function commandOf(words: string[]): Promise<{ command: string; rest: string[] }> {
  const [first = '', second, ...rest] = words;
  if (Object.hasOwn(commands, first)) return { command: first, rest: words.slice(1) };
  if (first === 'setup' && second === 'github' && rest.length === 0) return { command: 'setup github', rest };
  if (first === 'setup') throw usage('there is cox setup github, without more words');
  if (first !== 'app') throw await unknown(first, ['app', 'render', 'doctor', 'setup', 'help'], 'a command');
  const verbs = Object.keys(commands).flatMap((name) => (name.startsWith('app ') ? [name.slice(4)] : []));
  if (second === undefined) throw usage(`cox app needs one of: ${verbs.join(', ')}`);
  if (!verbs.includes(second)) throw await unknown(second, verbs, 'a command of cox app');
  return { command: `app ${second}`, rest };
}

async function dispatch(command: string, name: string, options: Options, { out, signal }: Setting): Promise<number> {
  const { withSession } = await import('./session.ts');
  return withSession(options, { out, signal }, async (session) => {
    switch (command) {
      case 'app list':
        return (await import('./app.ts')).list(session);
      case 'app get':
        return (await import('./app.ts')).get(session, await session.application(name));
      case 'app history':
        return (await import('./app.ts')).history(session, await session.application(name));
      case 'app sync':
        return (await import('./sync.ts')).sync(session, await session.application(name));
      case 'setup github':
        return (await import('./setup.ts')).setupGitHub(session);
      case 'doctor':
        return (await import('./doctor.ts')).doctor(session);
      case 'app diff':
        return (await import('./diff.ts')).diff(session, await session.application(name));
      default:
        return (await import('./render.ts')).render(session, await session.application(name));
    }
  });
}

/** Exit code: 0 done, 1 a difference or a failed operation, 2 wrong usage, 3 an error, 130 interrupted. */
export async function cox(argv: string[], setting: Setting): Promise<number> {
  const { out, signal } = setting;
  try {
    const line = readLine(argv, setting.env, setting.color);
    if (line.help || line.words[0] === 'help') {
      out.result(help);
      return 0;
    }
    if (line.words.length === 0) {
      out.note(help);
      return 2;
    }
    const { command, rest } = await commandOf(line.words);
    checkGiven(command, line.given);
    const [name = '', ...more] = rest;
    const ofAll = command === 'app list' || command === 'doctor';
    if (ofAll && name) throw usage(`cox ${command} takes no application`);
    if (!ofAll && command !== 'setup github' && (!name || more.length > 0))
      throw usage(`cox ${command} needs one application`);
    return await dispatch(command, name, line.options, setting);
  } catch (error) {
    if (error instanceof Usage) {
      out.note(`cox: ${error.message}\nSee cox --help.`);
      return 2;
    }
    if (signal.aborted) return 130;
    const { errorText } = await import('./error-text.ts');
    out.note(errorText(error));
    return 3;
  }
}
