// Text of strangers made harmless for GitHub's Markdown: mentions, references, links, HTML and back-ticks do nothing.
import { withoutTrailing } from '../../base/trim.ts';

// Control and bidirectional characters can make a line read as what it is not.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const zeroWidth = '\u200b';

/** One line without control characters, cut to `max` code points (default 300). */
export function oneLine(text: string, max = 300): string {
  const flat = text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(invisible, '')
    .trim();
  const points = [...flat];
  return points.length > max ? `${points.slice(0, max - 1).join('')}…` : flat;
}

function escaped(line: string): string {
  return line
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~]/g, '\\$&')
    .replace(/[@#]/g, `$&${zeroWidth}`)
    .replace(/:\/\//g, `:${zeroWidth}//`)
    .replace(/\bwww\./gi, (found) => `${found.slice(0, 3)}${zeroWidth}.`)
    .replace(/\bGH-(?=\d)/gi, (found) => `${found}${zeroWidth}`);
}

/** Prose: punctuation that Markdown or HTML would read is escaped; `@name`, `#12` and URLs stay plain text. */
export function plain(text: string, max?: number): string {
  return escaped(oneLine(text, max));
}

/** For `<summary>`, `<b>` and `<code>`. */
export function html(text: string, max?: number): string {
  return oneLine(text, max)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/[@#]/g, `$&${zeroWidth}`)
    .replace(/:\/\//g, `:${zeroWidth}//`);
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

/** A code span, whatever the text holds. */
export function code(text: string, max?: number): string {
  const line = oneLine(text, max) || ' ';
  const ticks = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

/**
 * Markdown that stands in a table cell: bars do not end the cell, not even in code spans (GitHub Flavored Markdown:
 * tables).
 */
export function cell(markdown: string): string {
  return markdown.replace(/(?<!\\)\|/g, '\\|').replace(/\n/g, ' ');
}

/** A sentence of ours: what stands between back-ticks in it is code. */
export function prose(text: string, max?: number): string {
  return oneLine(text, max)
    .split(/`([^`]+)`/)
    .map((part, at) => (at % 2 === 1 ? code(part) : escaped(part)))
    .join('');
}

/** A fenced block whose fence is longer than any run of back-ticks inside. */
export function fence(text: string, language = ''): string {
  const body = withoutTrailing(text.replace(/\r\n?/g, '\n').replace(invisible, ''), '\n');
  const ticks = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${ticks}${language}\n${body}\n${ticks}`;
}

/** `1 change`, `3 changes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `a, b and 3 more`, of Markdown. */
export function namesOf(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

/**
 * GitHub allows 65,536 characters in a comment and 65,535 in each text of a check; tools disagree on what a character
 * is, so we hold both to this.
 */
export const bodyBudget = 60_000;

/** Characters or bytes, whichever are more. */
export function sizeOf(text: string): number {
  return Math.max(text.length, Buffer.byteLength(text));
}

/** As many of the lines as fit, and what `more` says of how many are left out, the `unlisted` ones among them. */
export function fitted(lines: string[], budget: number, more: (left: number) => string, unlisted = 0): string {
  let size = 0;
  const kept: string[] = [];
  for (const line of lines) {
    size += sizeOf(line) + 1;
    if (size > budget - (unlisted > 0 || kept.length + 1 < lines.length ? 200 : 0))
      return [...kept, more(lines.length - kept.length + unlisted)].join('\n');
    kept.push(line);
  }
  return [...kept, ...(unlisted > 0 ? [more(unlisted)] : [])].join('\n');
}
