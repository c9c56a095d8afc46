// HTML made from text that is never trusted: everything interpolated is escaped unless it is Html already.

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | undefined | false | null | Part[];

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return part === undefined || part === null || part === false ? '' : escapeHtml(String(part));
}

export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(
    strings.reduce((all, piece, index) => all + piece + (index < parts.length ? render(parts[index]) : ''), ''),
  );
}

/** A link that cannot run anything: other schemes become plain text. */
export function link(url: string, label: Part): Html {
  return /^(https?|mailto):/i.test(url)
    ? html`<a href="${url}" target="_blank" rel="noopener noreferrer">${label}</a>`
    : html`${label}`;
}
