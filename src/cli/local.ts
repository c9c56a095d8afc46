// What needs no cluster: the version, and scripts by which shells complete a line.
import { readFileSync } from 'node:fs';
import { commandNamed, commandNames, everywhere } from './commands.ts';
import { known, usage } from './options.ts';

/** Of the package that this file belongs to. */
export function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return `cox ${text}`;
}

/** Lines `words of a command|options|what follows`; the words are empty for what may stand first. */
function tableLines(): string[] {
  return commandNames.map((name) => {
    const { options, takes } = commandNamed(name);
    const flags = [...options, ...everywhere].map((option) => `--${option}`).join(' ');
    const takesApplication = takes === 'one' || takes === 'several' || takes === 'one-and-more' || name === 'drift';
    return `${name}|${flags}|${takesApplication ? 'app' : name === 'completion' ? 'bash zsh fish' : ''}`;
  });
}

/** The words that may follow `words`, as a shell function that reads the table. */
const bash = (): string => `# bash completion of cox
_cox_table='${tableLines().join('\n')}'
_cox() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words='' word line name flags args found=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) words="$words\${words:+ }$word" ;; esac
  done
  while IFS='|' read -r name flags args; do
    if [[ "$words" == "$name" || "$words" == "$name "* ]]; then
      case "$current" in
        -*) found="$flags" ;;
        *) if [ "$args" = app ]; then found="$(cox app list -o name 2>/dev/null)"; else found="$args"; fi ;;
      esac
    elif [[ -z "$words" ]]; then found="$found \${name%% *}"
    elif [[ "$name" == "$words "* ]]; then found="$found \${name#"$words "}"
    fi
  done <<<"$_cox_table"
  COMPREPLY=($(compgen -W "$found" -- "$current"))
}
complete -F _cox cox`;

const zsh = (): string => `#compdef cox
autoload -U +X bashcompinit && bashcompinit
${bash()}`;

/** Fish asks by conditions: one line for each word that may follow. */
function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const lines = commandNames.flatMap((name) => {
    const { does, options, takes } = commandNamed(name);
    const [first = '', second] = name.split(' ');
    const under =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    const word =
      second === undefined
        ? `complete -c cox -f -n __fish_use_subcommand -a ${first} -d ${quoted(does)}`
        : `complete -c cox -f -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${quoted(does)}`;
    const apps =
      takes === 'one' || takes === 'several' || takes === 'one-and-more'
        ? [`complete -c cox -f -n '${under}' -a '(cox app list -o name 2>/dev/null)'`]
        : [];
    return [
      word,
      ...apps,
      ...options.map((option) => `complete -c cox -n '${under}' -l ${option} -d ${quoted(known[option].does)}`),
    ];
  });
  return ['# fish completion of cox', ...lines].join('\n');
}

/** The script for that shell. Throws Usage. */
export function completion([shell = '', ...more]: readonly string[]): string {
  const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };
  const script = Object.hasOwn(scripts, shell) && more.length === 0 ? scripts[shell] : undefined;
  if (!script) throw usage('cox completion needs one of: bash, zsh, fish');
  return script();
}
