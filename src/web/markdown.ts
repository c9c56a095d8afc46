// Markdown of ours as a page shows it. What it quotes is a stranger's: of HTML only what we write ourselves is kept.
import type { Tokens } from 'marked';
import type { Html } from './html.ts';
import { Marked } from 'marked';
import { escapeHtml } from './html.ts';
import { diffBlock } from './parts.ts';

/** All that our own texts use; each without an attribute but `open`. */
const ours = /<(?:\/?(?:details|summary|b|code|sub)|details open|br)>/g;

/** `open`: what is open now; a tag that would close something else is text. */
function kept(raw: string, open: string[]): string {
  let [text, from] = ['', 0];
  for (const { 0: tag, index } of raw.matchAll(ours)) {
    const [, closing, name = ''] = /^<(\/?)(\w+)/.exec(tag) ?? [];
    if (closing && open.at(-1) !== name) continue;
    if (closing) open.pop();
    else if (name !== 'br') open.push(name);
    text += unwritten(raw.slice(from, index)) + tag;
    from = index + tag.length;
  }
  return text + unwritten(raw.slice(from));
}

/** Entities that are written already stay what they are. */
function unwritten(text: string): string {
  return escapeHtml(text).replace(/&#38;(#\d{1,6}|[a-z]{2,6});/g, '&$1;');
}

function block({ text, lang }: Tokens.Code): string {
  return lang === 'diff' ? diffBlock(text).html : `<pre class="diff">${escapeHtml(text)}</pre>`;
}

function made(open: string[]): Marked {
  return new Marked({
    gfm: true,
    renderer: {
      html: ({ text }) => kept(text, open),
      code: block,
      link(token) {
        const inner = this.parser.parseInline(token.tokens);
        const { protocol } = URL.parse(token.href) ?? {};
        return protocol === 'https:' || protocol === 'http:'
          ? `<a href="${escapeHtml(token.href)}" rel="noreferrer">${inner}</a>`
          : inner;
      },
      image: ({ text }) => escapeHtml(text),
    },
  });
}

/** At most `bodyBudget` characters of it (GitHub takes no more in a text). */
export function markdown(source: string): Html {
  const open: string[] = [];
  const parsed = made(open).parse(source, { async: false });
  return {
    html:
      parsed +
      open
        .toReversed()
        .map((name) => `</${name}>`)
        .join(''),
  };
}
