// Keeps of raw HTML in Markdown what GitHub keeps: a list of tags with a few attributes, no script, no style, no class.
import { escapeHtml } from './html.ts';

const tags = new Set(
  (
    'h1 h2 h3 h4 h5 h6 p br hr b i strong em a pre code img blockquote ul ol li table thead tbody tfoot tr th td ' +
    'caption details summary ' +
    'sub sup del s strike ins kbd q samp tt var dl dt dd div span picture source ruby rt rp figure figcaption'
  ).split(' '),
);
const voidTags = new Set(['br', 'hr', 'img', 'source', 'input']);
const attributes = new Set([
  'href',
  'src',
  'srcset',
  'alt',
  'title',
  'align',
  'width',
  'height',
  'open',
  'start',
  'colspan',
  'rowspan',
  'dir',
  'lang',
]);
/** Their contents go too. */
const dropped = /<(script|style|textarea|title|iframe|noscript|xmp)\b[\s\S]*?(<\/\1\s*>|$)/gi;
const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/g;
const attribute = /([a-zA-Z_:][\w:.-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** http, https, mailto, and what has no scheme. */
export function safeLink(link: string): boolean {
  // Browsers ignore control characters inside a scheme.
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(link.replaceAll(/[\u0000-\u0020]/g, ''))?.[1]?.toLowerCase();
  return scheme === undefined || scheme === 'http' || scheme === 'https' || scheme === 'mailto';
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function keptAttributes(text: string): string {
  return [...text.matchAll(attribute)]
    .map(([, name = '', double, single, bare]) => ({
      name: name.toLowerCase(),
      value: unescape(double ?? single ?? bare ?? ''),
    }))
    .filter(({ name, value }) => attributes.has(name) && (!['href', 'src', 'srcset'].includes(name) || safeLink(value)))
    .map(({ name, value }) => ` ${name}="${escapeHtml(value)}"`)
    .join('');
}

/** One raw HTML token of the Markdown parser: allowed tags stay, others vanish, everything else is text. */
export function sanitizeToken(raw: string): string {
  const source = raw.replaceAll(/<!--[\s\S]*?(-->|$)/g, '').replaceAll(dropped, '');
  let out = '';
  let from = 0;
  for (const match of source.matchAll(tag)) {
    out += escapeText(source.slice(from, match.index));
    from = match.index + match[0].length;
    const [, slash = '', name = '', rest = ''] = match;
    if (!tags.has(name.toLowerCase())) continue;
    out += slash === '/' ? `</${name.toLowerCase()}>` : `<${name.toLowerCase()}${keptAttributes(rest)}>`;
  }
  return out + escapeText(source.slice(from));
}

/** Entities that are written already stay what they are. */
function escapeText(text: string): string {
  return escapeHtml(text).replaceAll(/&amp;(#?\w+;)/g, '&$1');
}

/** Closes what is open and drops closing tags without a beginning, so that a body cannot leave its box. */
export function balance(source: string): string {
  const open: string[] = [];
  const body = source.replaceAll(tag, (whole, slash: string, name: string) => {
    if (voidTags.has(name)) return slash === '' ? whole : '';
    if (slash === '') {
      open.push(name);
      return whole;
    }
    const at = open.lastIndexOf(name);
    if (at < 0) return '';
    return open
      .splice(at)
      .reverse()
      .map((each) => `</${each}>`)
      .join('');
  });
  return (
    body +
    open
      .reverse()
      .map((each) => `</${each}>`)
      .join('')
  );
}
