// The options of the command line as a value, and the error of using it wrongly.
import type { SyncResourceRef } from '../model/application.ts';
import type { Format } from './output.ts';
import { parseArgs } from 'node:util';
import { parseDuration } from '../policy/duration.ts';
import { formats } from './output.ts';

export type Environment = Record<string, string | undefined>;

interface Known {
  type: 'string' | 'boolean';
  short?: string;
  /** It may be given several times. */
  multiple?: true;
  /** What stands for its value in the help. */
  value?: string;
  /** All values that it takes; default: any. */
  choices?: readonly string[];
  does: string;
}

/** Every option that some command takes, in the order of the help. Names are Argo CD's where it has one. */
export const known = {
  output: { type: 'string', short: 'o', value: 'FORMAT', does: 'table, wide, name, json or yaml (default table)' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAME',
    does: 'of the Applications (default COX_NAMESPACE or argocd)',
  },
  kubeconfig: { type: 'string', value: 'FILE', does: 'default KUBECONFIG, then ~/.kube/config' },
  context: { type: 'string', value: 'NAME', does: 'context of the kubeconfig' },
  selector: { type: 'string', short: 'l', value: 'SELECTOR', does: 'applications with these labels, such as team=web' },
  project: { type: 'string', short: 'p', value: 'NAME', multiple: true, does: 'applications of this project' },
  revision: { type: 'string', value: 'REVISION', does: "branch, tag or commit instead of the application's own" },
  repo: { type: 'string', value: 'URL', does: "the repository, as Applications name it (default the clone's origin)" },
  path: { type: 'string', value: 'FOLDER', does: 'of the manifests in the repository' },
  'helm-chart': { type: 'string', value: 'NAME', does: 'a chart of a Helm repository, instead of --path' },
  'dest-server': { type: 'string', value: 'URL', does: 'the cluster (default the one of Coxswain)' },
  'dest-name': { type: 'string', value: 'NAME', does: 'the cluster by its name' },
  'dest-namespace': { type: 'string', value: 'NAME', does: 'where its objects are' },
  'sync-policy': {
    type: 'string',
    value: 'auto|none',
    choices: ['auto', 'automated', 'automatic', 'none'],
    does: 'whether it syncs by itself',
  },
  'auto-prune': { type: 'boolean', does: 'syncing by itself, it also deletes' },
  'self-heal': { type: 'boolean', does: 'syncing by itself, it also undoes changes in the cluster' },
  'sync-option': { type: 'string', value: 'NAME=VALUE', multiple: true, does: 'such as CreateNamespace=true' },
  values: { type: 'string', value: 'FILE', multiple: true, does: 'a file of values of its chart, in the repository' },
  'helm-set': { type: 'string', value: 'NAME=VALUE', multiple: true, does: 'a value of its chart' },
  'release-name': { type: 'string', value: 'NAME', does: 'of the Helm release (default the name of the application)' },
  'kustomize-image': { type: 'string', value: 'IMAGE', multiple: true, does: 'such as web=ghcr.io/acme/web:1.4.2' },
  label: { type: 'string', value: 'NAME=VALUE', multiple: true, does: 'of the Application' },
  'source-position': { type: 'string', value: 'N', does: 'the source of several that is meant, from 1' },
  file: { type: 'string', value: 'FILE', does: 'an Application as YAML or JSON; - reads standard input' },
  upsert: { type: 'boolean', does: 'change one that is there' },
  container: { type: 'string', short: 'c', value: 'NAME', does: 'only this container' },
  follow: { type: 'boolean', short: 'f', does: 'go on with what comes' },
  tail: { type: 'string', value: 'LINES', does: 'only the last lines of each container' },
  since: { type: 'string', value: 'DURATION', does: 'only what is younger, such as 10m' },
  previous: { type: 'boolean', does: 'of the container before its last restart' },
  all: { type: 'boolean', does: 'all objects that the action is for' },
  username: { type: 'string', value: 'NAME', does: 'to log in with' },
  'password-stdin': { type: 'boolean', does: 'reads the password or token from standard input' },
  'ssh-private-key-path': { type: 'string', value: 'FILE', does: 'a private key that may read it' },
  type: { type: 'string', value: 'git|helm|oci', choices: ['git', 'helm', 'oci'], does: 'default git' },
  name: { type: 'string', value: 'NAME', does: 'how it is called here' },
  'insecure-skip-server-verification': { type: 'boolean', does: 'certificates and host keys are not looked at' },
  'system-namespace': { type: 'string', value: 'NAME', does: 'of the ServiceAccount there (default kube-system)' },
  base: { type: 'string', value: 'BRANCH', does: 'the branch to be merged into (default the default branch)' },
  markdown: { type: 'boolean', does: 'as the comment of a pull request says it' },
  push: { type: 'boolean', does: 'as a commit on the branch that the application follows' },
  pr: { type: 'boolean', does: 'as a pull request (GITHUB_TOKEN)' },
  prune: { type: 'boolean', does: 'also delete what is no longer in Git' },
  'dry-run': { type: 'boolean', does: 'try it at the API server, and change nothing' },
  force: { type: 'boolean', does: 'delete and create anew what cannot be changed' },
  resource: {
    type: 'string',
    value: 'GROUP:KIND:NAME',
    multiple: true,
    does: 'only this object; NAMESPACE/NAME where the name alone does not tell',
  },
  'no-wait': { type: 'boolean', does: 'ask, and do not follow what comes of it' },
  async: { type: 'boolean', does: 'the same, as the command line of Argo CD calls it' },
  timeout: { type: 'string', value: 'DURATION', does: 'stop following after that time, such as 5m; it goes on' },
  sync: { type: 'boolean', does: 'until it is Synced' },
  health: { type: 'boolean', does: 'until it is Healthy' },
  operation: { type: 'boolean', does: 'until no operation runs' },
  suspended: { type: 'boolean', does: 'Suspended will do as well as Healthy' },
  degraded: { type: 'boolean', does: 'until it is Degraded' },
  delete: { type: 'boolean', does: 'until it is gone' },
  source: {
    type: 'string',
    value: 'git|live',
    choices: ['git', 'live'],
    does: 'where the manifests are from (default git)',
  },
  orphaned: { type: 'boolean', does: 'what is in its namespace and belongs to no application' },
  digest: { type: 'string', value: 'DIGEST', does: 'of the effect that is meant, six of its digits or more' },
  reason: { type: 'string', value: 'TEXT', does: 'why, told to everybody who looks' },
  only: { type: 'boolean', does: "just this application's part of what was deployed" },
  cascade: {
    type: 'string',
    value: 'true|false',
    choices: ['true', 'false'],
    does: 'whether its objects go too (default true)',
  },
  yes: { type: 'boolean', short: 'y', does: 'do not ask again' },
  help: { type: 'boolean', short: 'h', does: 'what the command does and takes' },
  version: { type: 'boolean', does: 'the version of cox' },
} as const satisfies Record<string, Known>;

export type OptionName = keyof typeof known;

type Value<K extends Known> = K extends { multiple: true } ? string[] : K['type'] extends 'string' ? string : boolean;

/** What was given, by the long name; an option that was not given is not there. */
type Values = { [K in OptionName]?: Value<(typeof known)[K]> };

export interface Options {
  format: Format;
  namespace: string;
  kubeconfig: string | undefined;
  context: string | undefined;
  revision: string | undefined;
  /** The objects that a sync is limited to; empty: all. */
  resources: SyncResourceRef[];
  /** Whether what was asked for is followed to its end. */
  wait: boolean;
  /** How long it is followed, in milliseconds; undefined: until it has ended. */
  timeoutMs: number | undefined;
  color: boolean;
  env: Environment;
  values: Values;
}

/** Wrong usage: exit code 2, and nothing was done. */
export class Usage extends Error {}

/** The error of using the command line wrongly. */
export function usage(message: string): Error {
  return new Usage(message);
}

function parse(argv: string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: argv, allowPositionals: true, options: known });
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice for positionals that begin with a dash.
    throw error instanceof TypeError ? usage(error.message.split(/\. |\n/)[0] ?? '') : error;
  }
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

/**
 * `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`, as Argo CD's command line takes it (Argo CD:
 * cmd/argocd/commands/app.go, parseSelectedResources). Throws Usage.
 */
function resourceRef(text: string): SyncResourceRef {
  const [group, kind, named, ...more] = text.split(':');
  const [name, ...inside] = (named ?? '').split('/').reverse();
  if (group === undefined || !kind || !name || more.length > 0 || inside.length > 1)
    throw usage(`--resource is "${text}", but must be GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME`);
  return { group, kind, name, ...(inside[0] && { namespace: inside[0] }) };
}

/** Throws Usage when an option has a value that it does not take. */
function checkChoices(values: Values): void {
  for (const [name, option] of Object.entries<Known>(known)) {
    const value: unknown = Object.entries(values).find(([given]) => given === name)?.[1];
    if (option.choices && typeof value === 'string' && !option.choices.includes(value))
      throw usage(`--${name} is "${value}", but must be ${option.choices.join(' or ')}`);
  }
}

export interface Line {
  words: string[];
  /** Names of the options that were given. */
  given: string[];
  options: Options;
}

/** Reads the words and options of one line. Throws Usage. */
export function readLine(argv: string[], env: Environment, color: boolean): Line {
  const { values, positionals } = parse(argv);
  checkChoices(values);
  return {
    words: positionals,
    given: Object.keys(values),
    options: {
      format: formatOf(values.output),
      namespace: values.namespace ?? (env['COX_NAMESPACE'] || 'argocd'),
      kubeconfig: values.kubeconfig,
      context: values.context,
      revision: values.revision,
      resources: (values.resource ?? []).map(resourceRef),
      wait: !values['no-wait'] && !values.async,
      timeoutMs: timeoutOf(values.timeout),
      color: color && !env['NO_COLOR'],
      env,
      values,
    },
  };
}
