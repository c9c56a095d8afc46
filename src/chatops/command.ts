// The command language: one grammar for pull request comments, Slack and the command line. Pure.
import type { Verb } from '../model/coxswain.ts';

export interface VerbHelp {
  usage: string;
  does: string;
  /** The right that it needs (argocd-rbac-cm); undefined: none. */
  right: string | undefined;
}

/** What can be asked, in the order in which help prints it. */
export const verbs: Record<Exclude<Verb, 'revert-drift'>, VerbHelp> = {
  help: { usage: '/cox help', does: 'shows this list', right: undefined },
  status: { usage: '/cox status [app]', does: 'tells sync status and health', right: 'get' },
  diff: { usage: '/cox diff [app]', does: 'compares again and refreshes the answer', right: 'get' },
  sync: { usage: '/cox sync <app>', does: 'applies what Git says now', right: 'sync' },
  approve: { usage: '/cox approve [app]', does: 'approves exactly the effect that is shown', right: 'approve' },
  reject: { usage: '/cox reject [app] [reason]', does: 'refuses the effect that is shown', right: 'approve' },
  revert: { usage: '/cox revert <app>', does: 'opens the pull request that takes the last deploy back', right: 'revert' },
};

export interface Command {
  verb: keyof typeof verbs;
  /** The application as it was written; empty when none was named. */
  application: string;
  /** What follows the application, words joined by one space. */
  rest: string;
  /** `--name value`, `--name=value` and `name=value`; a bare `--name` is 'true'. */
  options: Record<string, string>;
}

export type Parsed = { ok: true; command: Command } | { ok: false; message: string; suggestion?: string };

/** Edit distance, for "did you mean". */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The nearest of `known`, unless even that is far off. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((item) => ({ item, far: distance(word, item) })).sort((a, b) => a.far - b.far || (a.item < b.item ? -1 : 1));
  const best = ranked[0];
  return best && best.far <= Math.max(2, Math.floor(word.length / 2)) ? best.item : undefined;
}

/** Composers rewrite quotes and double dashes; code ticks come with copying. */
function plain(text: string): string {
  return text.normalize('NFC').replace(/[“”„]/g, '"').replace(/[‘’]/g, "'").replace(/[–—]/g, '--').replaceAll('`', '').trim();
}

function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

function isVerb(word: string): word is keyof typeof verbs {
  return Object.hasOwn(verbs, word);
}

function options(tokens: string[]): { plain: string[]; options: Record<string, string> } {
  const found: Record<string, string> = {};
  const left: string[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? '';
    const pair = /^(?:--)?([a-z][a-z-]*)=(.*)$/.exec(token);
    const flag = /^--([a-z][a-z-]*)$/.exec(token);
    if (pair?.[1]) found[pair[1]] = pair[2] ?? '';
    else if (flag?.[1]) {
      const value = tokens[index + 1];
      const takes = value !== undefined && !value.startsWith('--');
      found[flag[1]] = takes ? value : 'true';
      if (takes) index += 1;
    } else left.push(token);
  }
  return { plain: left, options: found };
}

/** Parses what follows `/cox`. Never guesses a verb: an unknown one is answered with the nearest. */
export function parseCommand(text: string): Parsed {
  const [first = 'help', ...rest] = words(plain(text));
  const verb = first.toLowerCase();
  if (!isVerb(verb)) {
    const near = nearest(verb, Object.keys(verbs));
    const message = near ? `"${first.slice(0, 40)}" is not a command; did you mean \`/cox ${near}\`?` : `"${first.slice(0, 40)}" is not a command; \`/cox help\` lists them`;
    return { ok: false, message, ...(near && { suggestion: near }) };
  }
  const split = options(rest);
  const [application = '', ...others] = split.plain;
  return { ok: true, command: { verb, application, rest: others.join(' '), options: split.options } };
}

/** The first line of a comment that begins with `/cox`, outside quotes and fences, without the word itself; undefined if there is none. */
export function commandIn(body: string): string | undefined {
  let fence = '';
  for (const line of body.split(/\r?\n/)) {
    const opened = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (opened && !fence) fence = opened;
    else if (opened && fence && opened.startsWith(fence)) fence = '';
    else if (!fence) {
      const match = /^\/cox(?:\s+(.*))?$/.exec(line.trimEnd());
      if (match) return match[1] ?? '';
    }
  }
  return undefined;
}
