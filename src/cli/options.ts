// The options of the command line as a value, which command takes which, and the error of using it wrongly.
import { parseArgs } from 'node:util';
import type { Format } from './output.ts';
import { parseDuration } from '../policy/duration.ts';
import { formats } from './output.ts';

export type Environment = Record<string, string | undefined>;

export interface Options {
  format: Format;
  namespace: string;
  kubeconfig: string | undefined;
  context: string | undefined;
  revision: string | undefined;
  prune: boolean;
  wait: boolean;
  /** How long an operation is followed, in milliseconds; undefined: until it has ended. */
  timeoutMs: number | undefined;
  color: boolean;
  env: Environment;
}

/** Wrong usage: exit code 2, and nothing was done. */
export class Usage extends Error {}

/** The error of using the command line wrongly. */
export function usage(message: string): Error {
  return new Usage(message);
}

const everywhere = ['output', 'namespace', 'kubeconfig', 'context', 'help'];

/** Every command with the options that it takes beside those of all. */
export const commands: Readonly<Record<string, readonly string[]>> = {
  'app list': [],
  'app get': [],
  'app diff': ['revision'],
  'app sync': ['revision', 'prune', 'no-wait', 'timeout'],
  'app history': [],
  render: ['revision'],
  'setup github': [],
  doctor: [],
};

function parse(argv: string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o' },
        namespace: { type: 'string', short: 'n' },
        kubeconfig: { type: 'string' },
        context: { type: 'string' },
        revision: { type: 'string' },
        prune: { type: 'boolean' },
        'no-wait': { type: 'boolean' },
        timeout: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice for positionals that begin with a dash.
    throw error instanceof TypeError ? usage(error.message.split(/\. |\n/)[0] ?? '') : error;
  }
}

interface Values {
  output?: string | undefined;
  namespace?: string | undefined;
  kubeconfig?: string | undefined;
  context?: string | undefined;
  revision?: string | undefined;
  prune?: boolean | undefined;
  'no-wait'?: boolean | undefined;
  timeout?: string | undefined;
  help?: boolean | undefined;
}

function formatOf(text: string | undefined): Format {
  const format = formats.find((item) => item === (text ?? 'table'));
  if (!format) throw usage(`-o ${text ?? ''} is not a format; use ${formats.join(', ')}`);
  return format;
}

function timeoutOf(text: string | undefined): number | undefined {
  const parsed = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && !parsed) throw usage(`--timeout is "${text}", but must be a duration such as 90s or 5m`);
  return parsed;
}

interface Line {
  words: string[];
  /** Names of the options that were given. */
  given: string[];
  help: boolean;
  options: Options;
}

/** Throws Usage. */
export function readLine(argv: string[], env: Environment, color: boolean): Line {
  const { values, positionals } = parse(argv);
  return {
    words: positionals,
    given: Object.keys(values),
    help: values.help ?? false,
    options: {
      format: formatOf(values.output),
      namespace: values.namespace ?? (env['COX_NAMESPACE'] || 'argocd'),
      kubeconfig: values.kubeconfig,
      context: values.context,
      revision: values.revision,
      prune: values.prune ?? false,
      wait: !values['no-wait'],
      timeoutMs: timeoutOf(values.timeout),
      color: color && !env['NO_COLOR'],
      env,
    },
  };
}

/** Throws Usage when the command does not take one of the options. */
export function checkGiven(command: string, given: readonly string[]): void {
  const foreign = given.find((name) => !everywhere.includes(name) && !commands[command]?.includes(name));
  if (foreign) throw usage(`cox ${command} does not take --${foreign}`);
}
