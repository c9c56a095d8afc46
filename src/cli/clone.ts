// The person's own clone: where it is from, and its files as a commit that the clone itself never gets to know.
import type { Repository } from '../git/repository.ts';
import type { Session } from './session.ts';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../base/errors.ts';
import { redactText } from '../base/log.ts';
import { run, stderrOf } from '../base/process.ts';

type Environment = Record<string, string>;

export interface Clone {
  /** Its top folder. */
  root(): Promise<string>;
  /** What its remote `origin` is called; undefined: it has none. */
  origin(): Promise<string | undefined>;
  /** Commit of that name; undefined: the clone knows none. */
  commitOf(revision: string): Promise<string | undefined>;
  /** The files as they are, ignored ones left out, on top of the newest commit. */
  workTree(): Promise<string>;
  /** Name of the branch that is checked out; undefined: none is. */
  branch(): Promise<string | undefined>;
  /** All that the mirror lacks of that commit. */
  bring(commit: string, mirror: Repository): Promise<void>;
}

/** Which clone it is: a hook is told where its own is, a folder says the same (git rev-parse --local-env-vars). */
const ofHooks: ReadonlySet<string> = new Set([
  ...['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_PREFIX', 'GIT_INDEX_FILE'],
  ...['GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES'],
]);

/** Of the person's own git. Without a home there is no configuration but that of the clone. */
export function environmentOf({ options }: Session): Environment {
  const set = Object.entries(options.env).flatMap(([name, value]) =>
    value === undefined || ofHooks.has(name) ? [] : [[name, value]],
  );
  return {
    ...(options.env['HOME'] ? {} : { GIT_CONFIG_GLOBAL: '/dev/null' }),
    ...(Object.fromEntries(set) as Environment),
    ...{ LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
  };
}

/** Throws E_GIT where there is a clone that git will not read. */
async function isInside(text: (args: string[]) => Promise<string>): Promise<boolean> {
  const inside = await text(['rev-parse', '--is-inside-work-tree']).catch((error: unknown) => {
    const said = stderrOf(error).trim();
    if (/not a git repository/i.test(said)) return 'false';
    throw new AppError('E_GIT', `git cannot read the clone: ${redactText(said.split('\n')[0] ?? '')}`, {
      cause: error,
      hint: 'Whose folder it is not must be told to git: git config --global --add safe.directory <folder>.',
    });
  });
  return inside === 'true';
}

/** The clone that the folder is in; undefined: it is in none. */
export async function openClone(session: Session, folder: string): Promise<Clone | undefined> {
  const { signal } = session;
  const env = environmentOf(session);
  const git = async (args: string[], more: { env?: Environment; input?: string } = {}): Promise<Buffer> => {
    const { stdout } = await run('git', ['-C', folder, ...args], { ...more, env: { ...env, ...more.env }, signal });
    return stdout;
  };
  const text = async (args: string[], more?: Environment): Promise<string> =>
    (await git(args, more ? { env: more } : {})).toString('utf8').trim();
  /** undefined: git says no. */
  const asked = (args: string[]): Promise<string | undefined> =>
    text(args).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'E_PROCESS') return undefined;
      throw error;
    });
  if (!(await isInside(text))) return undefined;
  return {
    root: () => text(['rev-parse', '--show-toplevel']),
    origin: () => asked(['remote', 'get-url', 'origin']),
    commitOf: (revision) => asked(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]),
    branch: () => asked(['symbolic-ref', '--quiet', '--short', 'HEAD']),
    workTree: async () => {
      const dir = await session.folder();
      const objects = join(dir, 'objects');
      await mkdir(objects);
      const own = await text(['rev-parse', '--path-format=absolute', '--git-path', 'objects']);
      // What is written here is found by the commands that follow, and by nobody else.
      Object.assign(env, {
        GIT_OBJECT_DIRECTORY: objects,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: own,
      });
      const index = { GIT_INDEX_FILE: join(dir, 'index') };
      await copyFile(await text(['rev-parse', '--path-format=absolute', '--git-path', 'index']), index.GIT_INDEX_FILE)
        // Nothing was ever added.
        .catch(() => undefined);
      await text(['-c', 'advice.addEmbeddedRepo=false', 'add', '--all', '--', ':/'], index);
      const tree = await text(['write-tree'], index);
      const head = await asked(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
      if (head !== undefined && (await text(['rev-parse', `${head}^{tree}`])) === tree) return head;
      const name = ['-c', 'user.name=cox', '-c', 'user.email=cox@localhost'];
      return text([...name, 'commit-tree', tree, ...(head ? ['-p', head] : []), '-m', 'The files as they are'], {});
    },
    bring: async (commit, mirror) => {
      if (await mirror.has(commit)) return;
      const known = [];
      for (const id of (await text(['rev-parse', '--remotes'])).split('\n'))
        if (id !== '' && (await mirror.has(id))) known.push(`^${id}`);
      const pack = await git(['pack-objects', '--revs', '--thin', '--stdout', '--quiet'], {
        input: `${[commit, ...known].join('\n')}\n`,
      }).catch((error: unknown) => {
        throw new AppError('E_GIT', `git pack-objects: ${stderrOf(error) || errorMessage(error)}`, { cause: error });
      });
      await mirror.takePack(pack);
    },
  };
}
