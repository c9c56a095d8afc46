// Markdown as GitHub shows it: tables, task lists, alerts, coloured differences, and of raw HTML only what is harmless.
import { Marked, type Tokens } from 'marked';
import { escapeHtml, Html } from './html.ts';
import { balance, safeLink, sanitizeToken } from './sanitize.ts';

const alerts: Record<string, string> = {
  NOTE: 'Note',
  TIP: 'Tip',
  IMPORTANT: 'Important',
  WARNING: 'Warning',
  CAUTION: 'Caution',
};

function diffLines(text: string): string {
  const kind = (line: string): string =>
    line.startsWith('@@') ? 'hunk' : line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : '';
  return text
    .split('\n')
    .map((line) => `<span class="line ${kind(line)}">${escapeHtml(line)}\n</span>`)
    .join('');
}

function renderCode({ text, lang }: Tokens.Code): string {
  const language = /^[\w+-]+/.exec(lang ?? '')?.[0] ?? '';
  const body = language === 'diff' ? diffLines(text) : escapeHtml(text);
  return `<pre class="code ${language === 'diff' ? 'diff' : ''}"><code>${body}</code></pre>\n`;
}

function renderQuote(inner: string): string {
  const [whole, name = ''] = /^<p>\[!([A-Z]+)\](?:<br>)?\s*/.exec(inner) ?? [];
  const title = alerts[name];
  if (whole === undefined || title === undefined) return `<blockquote>\n${inner}</blockquote>\n`;
  const rest = `<p>${inner.slice(whole.length)}`.replace(/^<p><\/p>\s*/, '');
  return `<div class="alert ${name.toLowerCase()}"><p class="alert-title">${title}</p>${rest}</div>\n`;
}

/** Made once; it holds no state between bodies. */
export function createMarkdown(): (source: string) => Html {
  const marked = new Marked({
    gfm: true,
    // Comments, unlike files, keep single line breaks.
    breaks: true,
    renderer: {
      html: ({ text }) => sanitizeToken(text),
      code: renderCode,
      blockquote(token) {
        return renderQuote(this.parser.parse(token.tokens));
      },
      link(token) {
        const inner = this.parser.parseInline(token.tokens);
        if (!safeLink(token.href)) return inner;
        const title = token.title ? ` title="${escapeHtml(token.title)}"` : '';
        return `<a href="${escapeHtml(token.href)}"${title} rel="nofollow">${inner}</a>`;
      },
      image: ({ href, text }) =>
        safeLink(href) ? `<img src="${escapeHtml(href)}" alt="${escapeHtml(text)}">` : escapeHtml(text),
    },
  });
  return (source) => new Html(balance(marked.parse(source, { async: false })));
}
