// Every command: its words, what follows them, the options that it takes, and what it does.
import type { Command } from './app/commands.ts';
import type { OptionName } from './options.ts';
import { appCommands, following } from './app/commands.ts';
import { usage } from './options.ts';
import { settingCommands } from './setting/commands.ts';

/** Options that every command takes. */
export const everywhere: readonly OptionName[] = ['output', 'namespace', 'kubeconfig', 'context', 'help'];

const decides = [
  'Who may is decided by the rights of the GitHub login that cli.identities links to the user of the',
  'kubeconfig, as in a pull request.',
];

/** By the words that call them. */
const commands = {
  ...appCommands,
  approve: {
    args: '<app>',
    does: 'approve exactly the effect that waits',
    takes: 'one',
    options: ['digest', ...following],
    notes: decides,
  },
  reject: {
    args: '<app>',
    does: 'refuse the effect that waits',
    takes: 'one',
    options: ['digest', 'reason', ...following],
    notes: decides,
  },
  reopen: {
    args: '<app>',
    does: 'ask again for what was rejected or has expired',
    takes: 'one',
    options: ['digest', ...following],
    notes: decides,
  },
  revert: {
    args: '<app>',
    does: 'open the pull request that takes the last deploy back',
    takes: 'one',
    options: ['only', ...following],
    notes: decides,
  },
  drift: {
    args: '[app]',
    does: 'what was changed in the cluster beside Git (exit code 1 if anything)',
    takes: 'words',
    options: [],
  },
  preview: {
    args: '',
    does: 'what merging the files of this folder would change in the cluster (exit code 1 if anything)',
    takes: 'nothing',
    options: ['repo', 'base', 'revision', 'markdown'],
    notes: [
      'The files of the clone as they are, committed or not; --revision names a branch or commit instead. Nothing is',
      'written to the clone, the repository or the cluster. Values of Secrets are masked. Exit code 3: what merging',
      'would do cannot be told as a whole. COX_PUBLIC_URL: the pages that --markdown links.',
      '',
      'Examples',
      '  cox preview',
      '  cox preview --revision my-branch --base main --markdown',
    ],
  },
  'set-image': {
    args: '<app> <image>=<tag>...',
    does: 'write another tag or digest of an image into the files of an application',
    takes: 'words',
    options: ['repo', 'push', 'pr'],
    notes: [
      'The images of a kustomization, the values of a chart, or the manifests themselves; every other byte stays.',
      'Without --push or --pr the files of the clone are written, nothing is committed. <image>=@sha256:… sets a',
      'digest, <image>=other/name:tag another name. --pr needs GITHUB_TOKEN, and GITHUB_SERVER_URL for an own GitHub.',
      '',
      'Examples',
      '  cox set-image web ghcr.io/acme/web=1.4.2',
      '  cox set-image web-prod ghcr.io/acme/web=1.4.2 --pr',
    ],
  },
  ...settingCommands,
  'proj list': { args: '', does: 'projects with what they permit', takes: 'nothing', options: [] },
  'proj get': { args: '<project>', does: 'one project', takes: 'words', options: [] },
  render: {
    args: '<app>',
    does: 'the manifests of an application, as YAML (cox app manifests)',
    takes: 'one',
    options: ['revision'],
  },
  doctor: {
    args: '',
    does: 'what of the installation is not as it should be (exit code 1 if anything)',
    takes: 'nothing',
    options: [],
    notes: [
      'Looks at definitions, rights, clock, engine, settings, public address and applications, and asks GitHub and',
      'Slack with the credentials of the Deployment coxswain, as far as you may read them; it sends them nowhere else,',
      'and changes nothing. The page of Coxswain says the same of itself, under Installation.',
    ],
  },
  'setup github': {
    args: '',
    does: 'the address of the page that makes the GitHub App, for one browser',
    takes: 'nothing',
    options: [],
  },
  completion: {
    args: 'bash|zsh|fish',
    does: 'a script that completes commands, options and applications',
    takes: 'words',
    options: [],
    notes: [
      'Examples',
      '  source <(cox completion bash)',
      '  cox completion zsh > "${fpath[1]}/_cox"',
      '  cox completion fish > ~/.config/fish/completions/cox.fish',
    ],
  },
  version: { args: '', does: 'the version of cox', takes: 'nothing', options: [] },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

/** The command as a value of the general type. */
export function commandNamed(name: CommandName): Command {
  return commands[name];
}

/** In the order of help. */
export const commandNames = Object.keys(commands).filter((name): name is CommandName => Object.hasOwn(commands, name));

/** Words that begin commands of two words, such as `app`. */
export const groups: readonly string[] = [
  ...new Set(commandNames.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? '')),
];

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

async function unknown(word: string, among: readonly string[], what: string): Promise<Error> {
  const { nearest } = await import('../chatops/command.ts');
  const near = nearest(word, among);
  return usage(`"${word}" is not ${what}${near ? `; did you mean ${near}?` : `; there is ${among.join(', ')}`}`);
}

/** The command that the words begin with, and the words after it. Throws Usage, which names the nearest one. */
export async function commandOf(words: readonly string[]): Promise<{ command: CommandName; rest: string[] }> {
  const [first = '', second, ...rest] = words;
  if (isCommand(first)) return { command: first, rest: words.slice(1) };
  if (!groups.includes(first)) {
    const all = [...new Set(commandNames.map((name) => name.split(' ')[0] ?? '')), 'help'];
    throw await unknown(first, all, 'a command');
  }
  const verbs = commandNames.flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
  if (second === undefined) throw usage(`cox ${first} needs one of: ${verbs.join(', ')}`);
  const name = `${first} ${second}`;
  if (!isCommand(name)) throw await unknown(second, verbs, `a command of cox ${first}`);
  return { command: name, rest };
}

/** Throws Usage when the command does not take one of the options, or not so many words. */
export function checkLine(name: CommandName, given: readonly string[], rest: readonly string[]): void {
  const { takes, options, args } = commandNamed(name);
  const taken: readonly string[] = [...everywhere, ...options];
  const foreign = given.find((option) => !taken.includes(option));
  if (foreign !== undefined) throw usage(`cox ${name} does not take --${foreign}`);
  const [first, ...more] = rest;
  if (takes === 'nothing' && first !== undefined)
    throw usage(`cox ${name} takes no ${name === 'app list' ? 'application' : 'more words'}`);
  if (takes === 'one' && (first === undefined || more.length > 0)) throw usage(`cox ${name} needs one application`);
  if (takes === 'one-and-more' && (first === undefined || more.length > 1)) throw usage(`write cox ${name} ${args}`);
  if (
    takes === 'several' &&
    first === undefined &&
    !given.some((option) => option === 'selector' || option === 'project')
  )
    throw usage(`cox ${name} needs an application, or -l or -p`);
}
