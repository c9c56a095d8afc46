// Where a cluster is and how to log in, from a kubeconfig.
import type { ClusterConfig } from './cluster-config.ts';
import type { Answer, Choice, Question } from './kubeconfig-reader.ts';
import { homedir } from 'node:os';
import { delimiter, extname, join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { run } from '../../base/process.ts';

export interface KubeconfigChoice {
  config: ClusterConfig;
  /** Namespace of the context; `default` if it names none. */
  namespace: string;
  context: string;
}

type Environment = Record<string, string | undefined>;

/** A person may have to log in at a browser that the plug-in opens. */
const loginMs = 300_000;

/**
 * The chosen (default: current) context of the kubeconfig files: `path`, else KUBECONFIG (several files are merged, the
 * first wins), else ~/.kube/config. Plug-ins have been asked once. Throws E_CONFIG.
 */
export async function loadKubeconfig(
  options: { path?: string; context?: string; env?: Environment } = {},
): Promise<KubeconfigChoice> {
  const named = options.env?.['KUBECONFIG']?.split(delimiter).filter((path) => path !== '') ?? [];
  const home = join(homedir(), '.kube', 'config');
  const paths = options.path !== undefined ? [options.path] : named.length > 0 ? named : [home];
  const question = { paths, context: options.context };
  const { login, ...choice } = await ask(question);
  if (login === undefined) return choice;
  let known: typeof login | undefined = login;
  const again = async (): Promise<typeof login> => {
    const given = known ?? (await ask(question)).login ?? { headers: {} };
    known = undefined;
    return given;
  };
  const { cert, key } = login;
  const own = { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
  return { ...choice, config: { ...choice.config, ...own, login: again } };
}

/** Of our own environment a plug-in sees all but our secrets. */
function pluginEnvironment(): Record<string, string> {
  const all = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return Object.fromEntries(all.filter(([name]) => !name?.startsWith('COX_'))) as Record<string, string>;
}

async function ask(question: Question): Promise<Choice> {
  // Beside this file, in the language that it is in: a package ships JavaScript.
  const reader = join(import.meta.dirname, `kubeconfig-reader${extname(import.meta.filename)}`);
  const input = JSON.stringify(question);
  const { stdout } = await run(process.execPath, [reader], {
    input,
    env: pluginEnvironment(),
    timeoutMs: loginMs,
  });
  const answer = JSON.parse(stdout.toString('utf8')) as Answer; // made by the reader
  if (!('fault' in answer)) return answer;
  throw new AppError('E_CONFIG', answer.fault, {
    ...(answer.why !== undefined && { cause: new Error(answer.why) }),
    hint: answer.hint ?? hint,
  });
}

const hint =
  'KUBECONFIG names the file (default ~/.kube/config), and its current context is used; ' +
  'cox takes --kubeconfig and --context too.';
