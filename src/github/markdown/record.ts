// The diff that a pull request showed while it was open: it stays below what became of it, as it was approved.
import { shortRevision } from '../../model/application.ts';
import { html, sizeOf } from './escape.ts';

/** As the check `coxswain/diff` of the head has it: nobody but our App writes that. */
export interface ShownDiff {
  /** Markdown of ours. */
  text: string;
  /** The commit that was looked at. */
  head: string;
  /** Page of the check. */
  url: string;
}

/** Its lines up to the last place within the budget at which no fence and no `<details>` is open. */
export function cutMarkdown(text: string, budget: number): string {
  if (sizeOf(text) <= budget) return text;
  const lines = text.split('\n');
  let [size, safe, depth, fence] = [0, 0, 0, ''];
  for (const [at, line] of lines.entries()) {
    size += sizeOf(line) + 1;
    if (size > budget) break;
    const [, marks = ''] = /^(`{3,})/.exec(line) ?? [];
    if (fence === '' && marks !== '') fence = marks;
    else if (fence !== '' && line === fence) fence = '';
    else if (fence === '' && line.startsWith('<details')) depth += 1;
    else if (fence === '' && line.startsWith('</details>')) depth -= 1;
    if (fence === '' && depth === 0 && line === '') safe = at;
  }
  return lines.slice(0, safe).join('\n');
}

const frame = 600;

/** Folded; '' where there is nothing to show or no room. */
export function recordBlock(shown: ShownDiff | undefined, budget: number): string {
  if (!shown?.text || budget < 2 * frame) return '';
  const text = cutMarkdown(shown.text, budget - frame);
  const left = text.length < shown.text.length ? [`… the rest stands in the [check](${shown.url}).`] : [];
  return [
    '<details><summary><b>The diff as it was shown before the merge</b> · ' +
      `<code>${html(shortRevision(shown.head))}</code></summary>`,
    text,
    ...left,
    `<sub>Kept in the [check](${shown.url}) of that commit, as those of earlier commits are.</sub>`,
    '</details>',
  ].join('\n\n');
}
