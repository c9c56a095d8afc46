// The command language: one grammar for pull request comments, Slack and the command line. Pure.
import type { Verb } from '../model/coxswain.ts';
import { splitUntil } from '../policy/until.ts';

interface VerbHelp {
  usage: string;
  does: string;
  /** The right that it needs (argocd-rbac-cm); undefined: none. */
  right: string | undefined;
  /** Its options: `value` takes the next word, `flag` stands alone. */
  options?: Readonly<Record<string, 'value' | 'flag'>>;
  /** What follows the application is free text: words that look like options are words. */
  freeText?: boolean;
  /** The first words after the application say until when. */
  timed?: boolean;
}

/** Every application: of those that the pull request touches, elsewhere of those that the person may see. */
const all = { all: 'flag' } as const;

/** What can be asked, in the order in which help prints it. */
export const verbs: Readonly<Record<Verb, VerbHelp>> = {
  help: { usage: '/cox help', does: 'shows this list', right: undefined },
  status: { usage: '/cox status [app]', does: 'tells sync status and health', right: 'get', options: all },
  diff: {
    usage: '/cox diff [app]',
    does: 'compares again and refreshes the answer',
    right: 'get',
    options: all,
  },
  sync: {
    usage: '/cox sync <app>',
    does: 'applies what Git says now',
    right: 'sync',
    options: all,
  },
  retry: {
    usage: '/cox retry <app>',
    does: 'tries a sync that failed again: the same revision, under the same approval if it still holds',
    right: 'sync',
    options: all,
  },
  approve: {
    usage: '/cox approve [app] [--digest d]',
    does: 'approves exactly the effect that is shown',
    right: 'approve',
    options: { digest: 'value' },
  },
  reject: {
    usage: '/cox reject <app> <reason>',
    does: 'refuses the effect that is shown, and tells its authors why',
    right: 'approve',
    options: { digest: 'value' },
    freeText: true,
  },
  reopen: {
    usage: '/cox reopen <app> [--digest d]',
    does: 'asks again for what was rejected or has expired',
    right: 'approve',
    options: { digest: 'value' },
  },
  heal: {
    usage: '/cox heal <app> [reason]',
    does: 'puts what was edited in the cluster back to what Git says, and nothing else',
    right: 'revert',
    freeText: true,
  },
  revert: {
    usage: '/cox revert <app> [--only]',
    does: "opens the pull request that takes the last deploy back; --only: just that application's part of it",
    right: 'revert',
    options: { only: 'flag' },
  },
  rollback: {
    usage: '/cox rollback <app> [reason]',
    does: 'goes back to what was synced before, at once, and opens the pull request that takes the deploy back in Git',
    right: 'revert',
    freeText: true,
  },
  hold: {
    usage: '/cox hold <app>',
    does: 'opens the pull request that turns automated sync off, which Argo CD does not ask the gate about',
    right: 'update',
  },
  snooze: {
    usage: '/cox snooze <app> <4h | 2d | 09:00 | tomorrow | 2026-12-01 09:00> [reason]',
    does: 'leaves a drift that people know of until then; another drift is told at once',
    right: 'snooze',
    options: { until: 'value' },
    freeText: true,
    timed: true,
  },
  unsnooze: { usage: '/cox unsnooze <app>', does: 'tells a snoozed drift again', right: 'snooze' },
  lock: {
    usage: '/cox lock <app> [reason] [--for 24h]',
    does: 'keeps everything from syncing it for a time, and shows that on every pull request that touches it',
    right: 'sync',
    options: { ...all, for: 'value' },
    freeText: true,
  },
  unlock: {
    usage: '/cox unlock <app>',
    does: 'ends its lock, whoever set it',
    right: 'sync',
    options: all,
  },
};

export interface Command {
  verb: keyof typeof verbs;
  /** The application as it was written; empty when none was named. */
  application: string;
  /** What follows the application, words joined by one space. */
  rest: string;
  /** `--name value`, `--name=value` and `name=value`; a flag is 'true'. */
  options: Record<string, string>;
}

type Parsed = { ok: true; command: Command } | { ok: false; message: string; suggestion?: string };

/** Edit distance, for "did you mean"; two letters that changed places are one slip. */
function distance(a: string, b: string): number {
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (above[j - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, exchanged));
    }
    [above, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

/** The only one of `known` that begins so, else the nearest, unless even that is far off. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.slice(0, 80);
  const begun = wanted.length > 1 ? known.filter((item) => item.startsWith(wanted)) : [];
  if (begun.length === 1) return begun[0];
  const ranked = known
    .map((item) => ({ item, far: distance(wanted, item) }))
    .sort((a, b) => a.far - b.far || (a.item < b.item ? -1 : 1));
  const best = ranked[0];
  return best && best.far <= Math.max(1, Math.floor(wanted.length / 2)) ? best.item : undefined;
}

/** Composers rewrite quotes and double dashes, copying brings code ticks and invisible characters along. */
function plain(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/[“”„«»]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/(^|\s)[–—](?=[a-z])/gi, '$1--')
    .replaceAll('`', '')
    .trim();
}

interface Word {
  text: string;
  /** It began with a quote, and is never an option. */
  quoted: boolean;
}

/** Words; double quotes keep spaces together, an open one reaches to the end. */
function words(text: string): Word[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([raw]) => ({
    text: raw.replaceAll('"', ''),
    quoted: raw.startsWith('"'),
  }));
}

function isVerb(word: string): word is keyof typeof verbs {
  return Object.hasOwn(verbs, word);
}

interface Split {
  plain: string[];
  options: Record<string, string>;
  /** What is wrong with an option. */
  fault?: string;
}

function noOption(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `there is no option --${name.slice(0, 40)}${near ? `; did you mean --${near}?` : ''}`;
}

/** Takes the verb's own options out; other words stay where they are. */
function split(tokens: readonly Word[], { options: known = {}, freeText = false }: VerbHelp): Split {
  const found: Split = { plain: [], options: {} };
  const left = [...tokens];
  for (let token = left.shift(); token; token = left.shift()) {
    const [, dashes = '', name = '', value] =
      (token.quoted ? undefined : /^(--)?([a-z][a-z-]*)(?:=(.*))?$/s.exec(token.text)) ?? [];
    const kind = Object.hasOwn(known, name) && (dashes !== '' || value !== undefined) ? known[name] : undefined;
    if (kind === 'flag') found.options[name] = value ?? 'true';
    else if (kind === 'value') {
      found.options[name] = value ?? left.shift()?.text ?? '';
      if (found.options[name] === '') return { ...found, fault: `--${name} needs a value` };
    } else if (dashes !== '' && !freeText) return { ...found, fault: noOption(name, Object.keys(known)) };
    else found.plain.push(token.text);
  }
  return found;
}

/** What people who come from other tools write, and the command that does it here. */
const elsewhere: Readonly<Record<string, keyof typeof verbs>> = {
  undo: 'rollback',
  rerun: 'retry',
  again: 'retry',
  apply: 'sync',
  deploy: 'sync',
  plan: 'diff',
  preview: 'diff',
  refresh: 'diff',
  lgtm: 'approve',
  deny: 'reject',
  wake: 'unsnooze',
  freeze: 'lock',
  unfreeze: 'unlock',
  thaw: 'unlock',
  info: 'status',
  health: 'status',
  commands: 'help',
};

function unknownVerb(word: string): Parsed {
  const shown = word.slice(0, 40);
  const lower = word.toLowerCase();
  const near = Object.hasOwn(elsewhere, lower) ? elsewhere[lower] : nearest(lower, Object.keys(verbs));
  return near
    ? { ok: false, message: `"${shown}" is not a command; did you mean \`/cox ${near}\`?`, suggestion: near }
    : { ok: false, message: `"${shown}" is not a command; \`/cox help\` lists them` };
}

/** What says until when stands before the reason; a word that is there and says none is told so when it is asked. */
function timedWords(
  verb: keyof typeof verbs,
  others: string[],
  options: Record<string, string>,
): { until: Record<string, string>; rest: string[] } {
  if (!verbs[verb].timed || options['until'] !== undefined) return { until: {}, rest: others };
  const { until, rest } = splitUntil(others);
  if (until !== '') return { until: { until }, rest };
  const [word, ...more] = others;
  return word === undefined ? { until: {}, rest: [] } : { until: { until: word }, rest: more };
}

/** Parses what follows `/cox`. Never guesses a verb: an unknown one is answered with the nearest. */
export function parseCommand(text: string): Parsed {
  const [first, ...rest] = words(plain(text));
  const word = first?.text ?? 'help';
  const verb = word.toLowerCase();
  if (!isVerb(verb)) return unknownVerb(word);
  const { plain: names, options, fault } = split(rest, verbs[verb]);
  if (fault !== undefined) return { ok: false, message: `${fault}; write \`${verbs[verb].usage}\`` };
  const [application = '', ...others] = names;
  const { until, rest: said } = timedWords(verb, others, options);
  return { ok: true, command: { verb, application, rest: said.join(' '), options: { ...options, ...until } } };
}

/** Every command with what it does, one a line; with the name of one, that one alone, or the nearest to it. */
export function helpText(about = ''): string {
  const word = about.toLowerCase();
  if (word !== '' && !isVerb(word)) {
    const unknown = unknownVerb(about);
    return unknown.ok ? '' : unknown.message;
  }
  const known = isVerb(word) ? [verbs[word]] : Object.values(verbs);
  return known.map((verb) => `${verb.usage} — ${verb.does}`).join('\n');
}

/**
 * The first line of a comment that begins with `/cox`, outside quotes and fences, without the word itself; undefined if
 * there is none.
 */
export function commandIn(body: string): string | undefined {
  let fence = '';
  for (const line of body.split(/\r?\n/)) {
    const [before = '', marks = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    const info = line.slice(before.length);
    if (fence === '' && marks !== '' && !(marks.startsWith('`') && info.includes('`'))) fence = marks;
    else if (fence !== '' && marks.startsWith(fence) && info.trim() === '') fence = '';
    else if (fence === '') {
      const match = /^ {0,3}\/cox(?:\s+(\S.*))?$/s.exec(line.trimEnd());
      if (match) return match[1] ?? '';
    }
  }
  return undefined;
}
