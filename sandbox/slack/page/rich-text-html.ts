// Rich text and the markdown block as HTML.
import type { SlackState } from '../workspace/state.ts';
import { Marked } from 'marked';
import { isObject, objectsOf, stringOf, type Json, type JsonObject } from '../workspace/json.ts';
import { emojiOf } from './emoji.ts';
import { escapeHtml, Html, html, link, type Part } from './html.ts';
import { formatDate, mention } from './mrkdwn.ts';

const tags: Record<string, string> = { bold: 'b', italic: 'i', strike: 's', underline: 'u', code: 'code' };

function styled(style: Json | undefined, inner: Html): Html {
  if (!isObject(style)) return inner;
  return Object.entries(tags).reduce(
    (shown, [name, tag]) => (style[name] === true ? new Html(`<${tag}>${shown.text}</${tag}>`) : shown),
    inner,
  );
}

function inline(state: SlackState, element: JsonObject): Html {
  const text = (name: string): string => stringOf(element[name]);
  const shown: Record<string, () => Html> = {
    text: () => html`${text('text')}`,
    link: () => link(text('url'), text('text') || text('url')),
    user: () => mention(state, '@', text('user_id')),
    channel: () => mention(state, '#', text('channel_id')),
    usergroup: () => html`<span class="mention">@${text('usergroup_id')}</span>`,
    team: () => html`<span class="mention">@${text('team_id')}</span>`,
    broadcast: () => html`<span class="mention loud">@${text('range')}</span>`,
    emoji: () => html`<span class="emoji" title=":${text('name')}:">${emojiOf(text('name'))}</span>`,
    color: () =>
      html`<span class="swatch" style="background:${
        /^#[0-9a-f]{3,8}$/i.test(text('value')) ? text('value') : 'transparent'
      }"></span>${text('value')}`,
    date: () => html`${formatDate(Number(element['timestamp']), text('format'), state.clock.now())}`,
  };
  return styled(element['style'], shown[text('type')]?.() ?? html``);
}

function diffLine(line: string): Html {
  const kind = line.startsWith('+')
    ? 'added'
    : line.startsWith('-')
      ? 'removed'
      : line.startsWith('@@')
        ? 'hunk'
        : 'same';
  return html`<span class="diff ${kind}">${line}</span>`;
}

function preformatted(state: SlackState, element: JsonObject): Html {
  const parts = objectsOf(element['elements']);
  const isDiff = element['language'] === 'diff';
  const body: Part = isDiff
    ? parts
        .map((part) => stringOf(part['text']))
        .join('')
        .split('\n')
        .map(diffLine)
    : parts.map((part) => inline(state, part));
  return html`<pre class="${isDiff ? 'has-diff' : ''}">${body}</pre>`;
}

function listOf(state: SlackState, element: JsonObject): Html {
  const items = objectsOf(element['elements']).map(
    (item) => html`<li>${objectsOf(item['elements']).map((part) => inline(state, part))}</li>`,
  );
  const indent = `indent-${typeof element['indent'] === 'number' ? element['indent'] : 0}`;
  return element['style'] === 'ordered'
    ? html`<ol class="${indent}">${items}</ol>`
    : html`<ul class="${indent}">${items}</ul>`;
}

export function richText(state: SlackState, block: JsonObject): Html {
  const shown = objectsOf(block['elements']).map((element) => {
    const inner = (): Html[] => objectsOf(element['elements']).map((part) => inline(state, part));
    if (element['type'] === 'rich_text_preformatted') return preformatted(state, element);
    if (element['type'] === 'rich_text_list') return listOf(state, element);
    return element['type'] === 'rich_text_quote'
      ? html`<blockquote>${inner()}</blockquote>`
      : html`<div class="line">${inner()}</div>`;
  });
  return html`<div class="rich">${shown}</div>`;
}

/** Standard Markdown without raw HTML, images, or links that could run something. */
export function markdown(text: string): Html {
  const marked = new Marked({
    gfm: true,
    renderer: {
      html: ({ text: raw }) => escapeHtml(raw),
      image: ({ text: alt }) => escapeHtml(alt),
      link({ href, tokens }) {
        return link(href, new Html(this.parser.parseInline(tokens))).text;
      },
    },
  });
  return html`<div class="rich markdown">${new Html(marked.parse(text, { async: false }))}</div>`;
}
