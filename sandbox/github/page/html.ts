// HTML by template: whatever is put in is escaped, unless it is HTML made by the same template.

/** A piece of HTML that is safe to send. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Html | null | undefined | false | readonly Part[];

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(render).join('') : escapeHtml(String(part));
}

export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((string, at) => string + render(parts[at])).join(''));
}

/** A path of the page with each part encoded; parts that are paths themselves keep their slashes. */
export function href(...parts: (string | number)[]): string {
  return `/${parts.map((part) => String(part).split('/').map(encodeURIComponent).join('/')).join('/')}`;
}
