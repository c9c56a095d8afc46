// Slack's mrkdwn and date tokens as HTML.
import type { SlackState } from '../workspace/state.ts';
import { stringOf, type Json } from '../workspace/json.ts';
import { emojiOf } from './emoji.ts';
import { escapeHtml, Html, html, link } from './html.ts';

/** Marks that stand for finished pieces while the text around them is formatted; removed from the input first. */
const open = '\uE000';
const close = '\uE001';

function decode(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

const ago: [number, string][] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

function agoOf(seconds: number): string {
  const [size, unit] = ago.find(([least]) => seconds >= least) ?? [1, 'second'];
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

/** Slack's date formats, in the machine's own time zone. */
export function formatDate(seconds: number, format: string, nowMs: number): string {
  const date = new Date(seconds * 1000);
  const day = (options: Intl.DateTimeFormatOptions): string => date.toLocaleDateString('en-US', options);
  const pretty =
    date.toDateString() === new Date(nowMs).toDateString() ? 'today' : day({ month: 'short', day: 'numeric' });
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const values: Record<string, string> = {
    date_num: date.toISOString().slice(0, 10),
    date: day({ year: 'numeric', month: 'long', day: 'numeric' }),
    date_short: day({ year: 'numeric', month: 'short', day: 'numeric' }),
    date_long: day({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }),
    date_pretty: pretty,
    date_short_pretty: pretty,
    date_long_pretty: pretty,
    day_divider_pretty: pretty,
    time,
    time_secs: date.toLocaleTimeString('en-GB'),
    ago: agoOf(nowMs / 1000 - seconds),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

export function mention(state: SlackState, kind: '@' | '#', id: string): Html {
  const name = kind === '@' ? state.users.get(id)?.name : state.channels.get(id)?.name;
  return html`<span class="mention">${kind}${name ?? id}</span>`;
}

function special(state: SlackState, body: string): Html {
  const [head = '', label] = body.split('|');
  const date = /^date\^(\d+)\^([^^]+)(?:\^(.+))?$/.exec(head);
  if (date) {
    const shown = formatDate(Number(date[1]), date[2] ?? '', state.clock.now());
    return date[3] ? link(date[3], shown) : html`<span title="${label}">${shown}</span>`;
  }
  if (head.startsWith('subteam^')) return html`<span class="mention">${label ?? `@${head.slice(8)}`}</span>`;
  return html`<span class="mention loud">@${head}</span>`;
}

function token(state: SlackState, body: string): Html {
  if (body.startsWith('@') || body.startsWith('#'))
    return mention(state, body.startsWith('@') ? '@' : '#', body.slice(1).split('|')[0] ?? '');
  if (body.startsWith('!')) return special(state, body.slice(1));
  const [url = '', label] = body.split('|');
  return /^(https?|mailto):/i.test(url)
    ? link(decode(url), decode(label ?? url.replace(/^mailto:/, '')))
    : html`${`<${body}>`}`;
}

const marks: [RegExp, string][] = [
  [/(^|[^\w*])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\w*])/g, 'b'],
  [/(^|[^\w_])_(?!\s)([^_\n]+?)(?<!\s)_(?![\w_])/g, 'i'],
  [/(^|[^\w~])~(?!\s)([^~\n]+?)(?<!\s)~(?![\w~])/g, 's'],
];

function quoted(lines: string): string {
  return lines.replace(
    /(?:^&gt; ?.*(?:\n|$))+/gm,
    (block) => `<blockquote>${block.replace(/^&gt; ?/gm, '').trimEnd()}</blockquote>`,
  );
}

/** Everything that is not mrkdwn is escaped. */
export function mrkdwn(state: SlackState, source: string): Html {
  const pieces: string[] = [];
  const keep = (piece: Html): string => `${open}${pieces.push(piece.text) - 1}${close}`;
  const marked = source
    .replaceAll(open, '')
    .replaceAll(close, '')
    .replace(/```\n?([\s\S]+?)\n?```/g, (_, code: string) => keep(html`<pre>${decode(code)}</pre>`))
    .replace(/`([^`\n]+)`/g, (_, code: string) => keep(html`<code>${decode(code)}</code>`))
    .replace(/<([^<>\n]+)>/g, (_, body: string) => keep(token(state, body)))
    .replace(/:([a-z0-9_+'-]+):/g, (_, name: string) =>
      keep(html`<span class="emoji" title=":${name}:">${emojiOf(name)}</span>`),
    );
  const formatted = marks.reduce(
    (text, [pattern, tag]) => text.replace(pattern, `$1<${tag}>$2</${tag}>`),
    quoted(escapeHtml(decode(marked))),
  );
  return new Html(
    formatted.replace(new RegExp(`${open}(\\d+)${close}`, 'g'), (_, index: string) => pieces[Number(index)] ?? ''),
  );
}

/** Text with emoji names shown, nothing else. */
export function plain(text: string): Html {
  return new Html(
    escapeHtml(text).replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => {
      const shown = emojiOf(name);
      return shown === whole ? whole : `<span class="emoji">${shown}</span>`;
    }),
  );
}

/** A plain_text or mrkdwn object. */
export function textObject(state: SlackState, value: Json | undefined): Html {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return html``;
  return value['type'] === 'mrkdwn' ? mrkdwn(state, stringOf(value['text'])) : plain(stringOf(value['text']));
}
