// What `cox --help`, `cox help <command>` and `cox <command> --help` print.
import type { CommandName } from './commands.ts';
import type { OptionName } from './options.ts';
import { commandNamed, commandNames, everywhere } from './commands.ts';
import { known } from './options.ts';

const column = 36;

function row(left: string, right: string): string {
  return left.length < column - 2 ? `  ${left.padEnd(column - 2)}${right}` : `  ${left}\n${' '.repeat(column)}${right}`;
}

function optionRow(name: OptionName): string {
  const { does, ...option } = known[name];
  const short = 'short' in option ? `-${option.short}, ` : '    ';
  return row(`${short}--${name}${'value' in option ? ` ${option.value}` : ''}`, does);
}

function commandRow(name: CommandName): string {
  const { args, does } = commandNamed(name);
  return row(`cox ${name} ${args}`.trim(), does);
}

const notes = [
  'An application is named by its name or by namespace/name. Diff, manifests and render run here, with the rights of',
  'the kubeconfig and with the programs manifests and render. Secret values are never shown.',
  '',
  'Exit code: 0 done, 1 a difference or a failed operation, 2 wrong usage, 3 an error, 130 interrupted.',
  '',
  'Environment: KUBECONFIG, COX_NAMESPACE, COX_TOOLS_DIR (folder of manifests and render; default PATH), NO_COLOR.',
];

/** All commands. */
export const help = [
  'cox — GitOps for Kubernetes, from the command line',
  '',
  'Usage',
  ...commandNames.map(commandRow),
  '',
  'Options of all commands (cox help <command> tells the others)',
  ...everywhere.map(optionRow),
  '',
  ...notes,
].join('\n');

/** The commands that begin with that word. */
export function helpOfGroup(group: string): string {
  const names = commandNames.filter((name) => name.startsWith(`${group} `));
  return ['Usage', ...names.map(commandRow), '', `cox help ${group} <command> tells what it takes.`].join('\n');
}

/** One command, whole; by choice without the options that all commands take. */
export function helpOf(name: CommandName, everything = true): string {
  const { args, does, options, notes: own = [] } = commandNamed(name);
  return [
    `${`cox ${name} ${args}`.trim()} — ${does}`,
    ...(own.length > 0 ? ['', ...own] : []),
    ...(options.length > 0 ? ['', 'Options', ...options.map(optionRow)] : []),
    ...(everything ? ['', 'Options of all commands', ...everywhere.map(optionRow)] : []),
  ].join('\n');
}
