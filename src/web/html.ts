// HTML as values: everything is escaped unless it is HTML already.

export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | false | Part[];

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function text(part: Part): string {
  if (part === undefined || part === false) return '';
  if (Array.isArray(part)) return part.map(text).join('');
  return typeof part === 'object' ? part.html : escapeHtml(String(part));
}

/** Template tag: interpolated strings are escaped, Html values and lists of them are not. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((piece, index) => piece + (index < parts.length ? text(parts[index]) : '')).join('') };
}

const style = `
:root{--ink:#1c2733;--soft:#5b6b7b;--line:#dde3ea;--back:#f5f7fa;--card:#fff;--good:#12805c;--warn:#b25e09;--bad:#c02b3c;--run:#1f6feb}
*{box-sizing:border-box}body{margin:0;font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--back)}
header{background:#10243a;color:#fff;padding:12px 28px;display:flex;gap:16px;align-items:baseline}header a{color:#fff;text-decoration:none;font-weight:650;font-size:17px}header span{color:#9fb3c8}
main{max-width:1180px;margin:24px auto;padding:0 20px}h1{font-size:20px;margin:0 0 14px}h2{font-size:15px;margin:26px 0 8px}
table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden}
th,td{text-align:left;padding:9px 14px;border-top:1px solid var(--line);vertical-align:top}th{border-top:0;color:var(--soft);font-weight:600;font-size:12px;background:#fbfcfd}
a{color:var(--run);text-decoration:none}a:hover{text-decoration:underline}code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
.pill{display:inline-block;padding:1px 9px;border-radius:99px;font-size:12px;font-weight:600;background:#e9eef4;color:var(--soft);white-space:nowrap}
.Synced,.Healthy,.Succeeded,.Applied{background:#dff3ea;color:var(--good)}.OutOfSync,.Pending,.Suspended,.Missing{background:#fdeccf;color:var(--warn)}
.Degraded,.Failed,.Error,.Rejected{background:#fbe0e2;color:var(--bad)}.Progressing,.Running,.Approved{background:#dfebfd;color:var(--run)}
pre.diff{margin:6px 0 0;padding:10px 12px;background:#0f1b28;color:#c9d6e3;border-radius:6px;overflow:auto}pre.diff .a{color:#6fdd9b}pre.diff .d{color:#ff8f8f}pre.diff .h{color:#7fb2ff}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 18px;margin-bottom:14px}.facts{display:flex;gap:28px;flex-wrap:wrap}.facts div span{display:block;color:var(--soft);font-size:12px}
.note{color:var(--soft)}.bad{color:var(--bad)}details summary{cursor:pointer}`;

const script = `
const events = new EventSource('/events');
let pending = false;
events.onmessage = async () => {
  if (pending) return;
  pending = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const open = new Set([...document.querySelectorAll('details[open]')].map((item) => item.id));
    document.querySelector('main').replaceWith(page.querySelector('main'));
    for (const item of document.querySelectorAll('details')) if (open.has(item.id)) item.open = true;
  } finally { setTimeout(() => { pending = false; }, 300); }
};`;

/** The whole page; scripts and styles come from this server alone (see the policy header in `web.ts`). */
export function page(title: string, body: Html): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)} · Coxswain</title><link rel="stylesheet" href="/style.css"></head><body><header><a href="/">⛵ Coxswain</a><span>${escapeHtml(title)}</span></header><main>${body.html}</main><script src="/live.js"></script></body></html>`;
}

export const assets: Record<string, { type: string; body: string }> = {
  '/style.css': { type: 'text/css; charset=utf-8', body: style },
  '/live.js': { type: 'text/javascript; charset=utf-8', body: script },
};
