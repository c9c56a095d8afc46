// Runs one command line: reads it, does it, and turns what went wrong into words and an exit code.
import type { Environment, Line } from './options.ts';
import type { CommandName } from './commands.ts';
import type { Out } from './output.ts';
import type { Session } from './session.ts';
import { checkLine, commandOf, groups } from './commands.ts';
import { Usage, readLine } from './options.ts';

interface Setting {
  env: Environment;
  out: Out;
  /** Whether the result may be coloured. */
  color: boolean;
  signal: AbortSignal;
}

type Run = (session: Session, words: readonly string[]) => Promise<number>;

/** A command for the one application that is named first. */
async function one(session: Session, [name = '']: readonly string[]): ReturnType<Session['application']> {
  return session.application(name);
}

/** What each command does; its code is loaded when it is called. Answers the exit code. */
const runs: Record<Exclude<CommandName, 'completion' | 'version'>, Run> = {
  'app list': async (session) => (await import('./app/show.ts')).list(session),
  'app get': async (session, words) => (await import('./app/show.ts')).get(session, await one(session, words)),
  'app resources': async (session, words) =>
    (await import('./app/show.ts')).resources(session, await one(session, words)),
  'app history': async (session, words) => (await import('./app/show.ts')).history(session, await one(session, words)),
  'app diff': async (session, words) => (await import('./app/diff.ts')).diff(session, await one(session, words)),
  'app manifests': async (session, words) =>
    (await import('./app/manifests.ts')).manifests(session, await one(session, words)),
  'app sync': async (session, words) => (await import('./app/sync.ts')).sync(session, words),
  'app wait': async (session, words) => (await import('./app/wait.ts')).wait(session, words),
  'app rollback': async (session, words) =>
    (await import('./app/rollback.ts')).rollback(session, await one(session, words), words[1]),
  'app terminate-op': async (session, words) =>
    (await import('./app/rollback.ts')).terminate(session, await one(session, words)),
  'app delete': async (session, words) => (await import('./app/delete.ts')).remove(session, words),
  'app create': async (session, words) => (await import('./app/write.ts')).create(session, words),
  'app set': async (session, words) => (await import('./app/write.ts')).set(session, words),
  'app unset': async (session, words) => (await import('./app/write.ts')).unset(session, words),
  'app edit': async (session, words) => (await import('./app/edit.ts')).edit(session, await one(session, words)),
  'app logs': async (session, words) => (await import('./app/logs.ts')).logs(session, await one(session, words)),
  'app actions': async (session, words) =>
    (await import('./app/actions.ts')).actions(session, await one(session, words), words[1]),
  approve: async (session, words) => (await import('./request.ts')).ask(session, 'approve', await one(session, words)),
  reject: async (session, words) => (await import('./request.ts')).ask(session, 'reject', await one(session, words)),
  reopen: async (session, words) => (await import('./request.ts')).ask(session, 'reopen', await one(session, words)),
  revert: async (session, words) => (await import('./request.ts')).ask(session, 'revert', await one(session, words)),
  drift: async (session, words) => (await import('./drift.ts')).drift(session, words),
  preview: async (session) => (await import('./preview/preview.ts')).preview(session),
  'set-image': async (session, words) => (await import('./set-image/set-image.ts')).setImage(session, words),
  'repo list': async (session) => (await import('./setting/repo.ts')).list(session),
  'repo add': async (session, words) => (await import('./setting/repo.ts')).add(session, words),
  'repo rm': async (session, words) => (await import('./setting/repo.ts')).remove(session, words),
  'cluster list': async (session) => (await import('./setting/cluster.ts')).list(session),
  'cluster add': async (session, words) => (await import('./setting/cluster.ts')).add(session, words),
  'cluster rm': async (session, words) => (await import('./setting/cluster.ts')).remove(session, words),
  'proj list': async (session) => (await import('./project.ts')).list(session),
  'proj get': async (session, words) => (await import('./project.ts')).get(session, words),
  render: async (session, words) => (await import('./app/manifests.ts')).render(session, await one(session, words)),
  doctor: async (session) => (await import('./doctor.ts')).doctor(session),
  'setup github': async (session) => (await import('./setup.ts')).setupGitHub(session),
};

async function helpFor(words: readonly string[]): Promise<string> {
  const { help, helpOf, helpOfGroup } = await import('./help.ts');
  const [first, second] = words;
  if (first === undefined) return help;
  if (second === undefined && groups.includes(first)) return helpOfGroup(first);
  return helpOf((await commandOf(words)).command);
}

async function dispatch(line: Line, { out, signal }: Setting): Promise<number> {
  const { command, rest } = await commandOf(line.words);
  checkLine(command, line.given, rest);
  if (command === 'version' || command === 'completion') {
    const { completion, version } = await import('./local.ts');
    out.result(command === 'version' ? version() : completion(rest));
    return 0;
  }
  const { withSession } = await import('./session.ts');
  return withSession(line.options, { out, signal }, (session) => runs[command](session, rest));
}

/** Exit code: 0 done, 1 a difference or a failed operation, 2 wrong usage, 3 an error, 130 interrupted. */
export async function cox(argv: string[], setting: Setting): Promise<number> {
  const { out, signal } = setting;
  try {
    const line = readLine(argv, setting.env, setting.color);
    const [first, ...more] = line.words;
    const { help, version } = line.options.values;
    if (version) {
      out.result((await import('./local.ts')).version());
      return 0;
    }
    if (help || first === 'help') {
      out.result(await helpFor(first === 'help' ? more : line.words));
      return 0;
    }
    if (first === undefined) {
      out.note(await helpFor([]));
      return 2;
    }
    return await dispatch(line, setting);
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
