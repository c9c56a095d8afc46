// Words for Slack: a stranger's text stays text, whatever stands in it.
import type {
  ContextBlock,
  KnownBlock,
  RichTextBlock,
  RichTextBlockElement,
  RichTextElement,
  RichTextList,
  RichTextPreformatted,
  RichTextSection,
} from '@slack/types';

// Control and bidirectional characters can make a line read as what it is not.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Without invisible characters and those that turn the direction of text. */
export function plain(text: string): string {
  return text.replace(invisible, '');
}

/**
 * Slack's three special characters; after this no mention, link or channel can be made of it (Slack: formatting text).
 */
export function escapeText(text: string): string {
  return plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Safe inside mrkdwn: the escapes above, and marks that format nothing. */
export function escapeMrkdwn(text: string): string {
  return escapeText(text).replace(/[*_~`]/g, (char) => `${char}\u200b`);
}

/** A code span; back-ticks in it would end it. */
export function code(text: string): string {
  return `\`${escapeText(text).replaceAll('`', "'") || ' '}\``;
}

/** Undoes what Slack does to a command's text. */
export function unescapeText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** `limit`: UTF-16 units, the ellipsis among them. */
export function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** `1 field`, `3 fields`. */
export function count(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? '' : 's'}`;
}

function isWeb(url: string | undefined): url is string {
  return url !== undefined && /^https?:\/\//.test(url) && URL.canParse(url);
}

/** `<url|words>` with a name that may be anybody's; an address that is none of the web is left out. */
export function link(url: string | undefined, name: string): string {
  const words = escapeMrkdwn(name).replaceAll('|', '/');
  return isWeb(url) ? `<${new URL(url).href.replace(/[|<>]/g, encodeURIComponent)}|${words}>` : words;
}

/** Shown in the reader's own time zone. */
export function moment(time: string): string {
  const at = Math.floor(Date.parse(time) / 1000);
  return Number.isFinite(at) ? `<!date^${at}^{date_short_pretty} at {time}|${escapeText(time)}>` : escapeText(time);
}

/** A piece of rich text, which is always literal: nothing in it can mention, link or format but what is said here. */
export type Part =
  | string
  | { bold: string }
  | { code: string }
  | { url: string | undefined; bold: string }
  | { at: string }
  /** Slack id of somebody who is called, and reads it. */
  | { user: string };

function element(part: Part): RichTextElement[] {
  if (typeof part === 'string') return part === '' ? [] : [{ type: 'text', text: plain(part) || ' ' }];
  if ('code' in part) return [{ type: 'text', text: plain(part.code) || ' ', style: { code: true } }];
  if ('user' in part) return [{ type: 'user', user_id: part.user }];
  if ('at' in part) {
    const timestamp = Math.floor(Date.parse(part.at) / 1000);
    return Number.isFinite(timestamp)
      ? [{ type: 'date', timestamp, format: '{date_short_pretty} at {time}', fallback: part.at }]
      : [];
  }
  const text = plain(part.bold) || ' ';
  if ('url' in part && isWeb(part.url)) return [{ type: 'link', url: part.url, text, style: { bold: true } }];
  return [{ type: 'text', text, style: { bold: true } }];
}

/** Parts of one line of rich text, always literal. */
export function line(...parts: Part[]): RichTextSection {
  return { type: 'rich_text_section', elements: parts.flatMap(element) };
}

/** A bulleted list of such lines. */
export function list(items: Part[][]): RichTextList {
  return { type: 'rich_text_list', style: 'bullet', elements: items.map((parts) => line(...parts)) };
}

/** The published types do not know `language` yet; docs.slack.dev does. */
interface DiffBox extends RichTextPreformatted {
  language: 'diff';
}

/** Lines in a monospace box, coloured by their first character. */
export function diffBox(text: string): DiffBox {
  return { type: 'rich_text_preformatted', language: 'diff', elements: [{ type: 'text', text: plain(text) || ' ' }] };
}

/** A block of rich text. */
export function rich(...elements: RichTextBlockElement[]): RichTextBlock {
  return { type: 'rich_text', elements };
}

/** mrkdwn made of our own words and escaped values only; `verbatim`: Slack finds no mentions and links by itself. */
export function section(mrkdwn: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: clip(mrkdwn, 2900), verbatim: true } };
}

/** The small print under a card: facts with a dot between them. */
export function facts(...mrkdwn: string[]): ContextBlock {
  return {
    type: 'context',
    elements: [
      { type: 'mrkdwn', text: clip(mrkdwn.filter((fact) => fact !== '').join('  ·  '), 1900), verbatim: true },
    ],
  };
}
