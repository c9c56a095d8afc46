// HTML as values: everything is escaped unless it is HTML already.

export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** For text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function text(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'html' in part ? part.html : part.map(text).join('');
}

/**
 * Template tag: interpolated strings are escaped, Html values and lists of them are not. Attributes are written in
 * double quotes.
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((piece, index) => piece + (index < parts.length ? text(parts[index]) : '')).join('') };
}

export interface Page {
  title: string;
  body: Html;
  /**
   * The way up to the front page: '' there, '../../' on an application's page; pages work under any path of a proxy.
   */
  up: string;
  /** What the page tells of, as changes name it; '' = everything, undefined = nothing that changes. */
  follows?: string;
}

const sails = 'M12 2v14H4.5C6 11 8.500 6 12 2zM13.500 6c3 2.500 5 6 5.500 10h-5.500z';
const hull = 'M2 18h20c-.8 2.400-2.600 4-5 4H7c-2.400 0-4.200-1.600-5-4z';
const logo = html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><path d="${sails}${hull}"/></svg>`;

/** The whole page; script and style come from this server alone (see the policy header in `web.ts`). */
export function page({ title, body, up, follows }: Page): string {
  const script = follows !== undefined && html`<script src="${up}live.js" defer></script>`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} · Coxswain</title><link rel="icon" href="${up}icon.svg">
<link rel="stylesheet" href="${up}style.css">${script}</head>
<body data-up="${up}"${follows !== undefined && html` data-follows="${follows}"`}>
<header class="top"><a class="brand" href="${up || './'}">${logo}Coxswain</a>
<a href="${up}installation">Installation</a>
<span id="connection" class="connection" role="status"></span></header>
<main>${body}</main></body></html>
`.html;
}
