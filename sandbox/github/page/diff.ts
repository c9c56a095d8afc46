// Changed files with their coloured lines.
import type { ChangedFile } from '../git/git.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

interface Line {
  kind: 'hunk' | 'add' | 'del' | 'same';
  before: number | null;
  after: number | null;
  text: string;
}

function lines(patch: string): Line[] {
  let before = 0;
  let after = 0;
  return patch.split('\n').map((text) => {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(text);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      return { kind: 'hunk', before: null, after: null, text };
    }
    if (text.startsWith('+')) return { kind: 'add', before: null, after: after++, text };
    if (text.startsWith('-')) return { kind: 'del', before: before++, after: null, text };
    if (text.startsWith('\\')) return { kind: 'same', before: null, after: null, text };
    return { kind: 'same', before: before++, after: after++, text };
  });
}

function fileDiff(file: ChangedFile): Html {
  const row = (line: Line): Html =>
    html`<tr class="${line.kind}"><td class="no">${line.before}</td><td class="no">${line.after}</td>
      <td class="text">${line.text}</td></tr>`;
  const name = file.previous === null ? file.path : `${file.previous} → ${file.path}`;
  return html`<details class="file box" open><summary class="box-head"><code>${name}</code>
    <span class="label">${file.status}</span>
    <span class="stat"><span class="plus">+${file.additions}</span>
    <span class="minus">−${file.deletions}</span></span></summary>
    ${
      file.patch === ''
        ? html`<p class="empty">No lines to show.</p>`
        : html`<table class="lines"><tbody>${lines(file.patch).map(row)}</tbody></table>`
    }</details>`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

export function fileDiffs(files: readonly ChangedFile[]): Html {
  const sum = (of: (file: ChangedFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  return html`<p class="muted">Showing <b>${plural(files.length, 'changed file')}</b> with
    <b class="plus">${plural(
      sum((file) => file.additions),
      'addition',
    )}</b> and <b class="minus">${plural(
      sum((file) => file.deletions),
      'deletion',
    )}</b>.</p>${files.map(fileDiff)}`;
}
