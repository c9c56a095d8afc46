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
  /** Our page with all versions. */
  versions: string;
}

interface Line {
  text: string;
  /** Inside a fence, whose words are a stranger's, or one of its two marks. */
  fenced: boolean;
}

function linesOf(text: string): Line[] {
  let fence = '';
  return text.split('\n').map((line) => {
    const [, marks = ''] = /^(`{3,})/.exec(line) ?? [];
    const before = fence;
    if (fence === '' && marks !== '') fence = marks;
    else if (fence !== '' && line === fence) fence = '';
    return { text: line, fenced: before !== '' || fence !== '' };
  });
}

/** Its lines up to the last place within the budget at which no fence and no `<details>` is open. */
export function cutMarkdown(text: string, budget: number): string {
  if (sizeOf(text) <= budget) return text;
  let [size, safe, depth] = [0, 0, 0];
  const lines = linesOf(text);
  for (const [at, line] of lines.entries()) {
    size += sizeOf(line.text) + 1;
    if (size > budget) break;
    if (line.fenced) continue;
    if (line.text.startsWith('<details')) depth += 1;
    else if (line.text.startsWith('</details>')) depth -= 1;
    if (depth === 0 && line.text === '') safe = at;
  }
  return lines
    .slice(0, safe)
    .map((line) => line.text)
    .join('\n');
}

/** What it says of one application with that very effect, by our own headings; undefined where it showed another. */
export function sectionOf(shown: ShownDiff | undefined, name: string, digest: string): string | undefined {
  const found: string[] = [];
  let [inside, seen] = [false, false];
  for (const { text, fenced } of linesOf(shown?.text ?? '')) {
    if (!fenced && text.startsWith('#### ')) {
      const [own, effect] = [`#### <b>${html(name)}</b>`, `<code>${html(digest.slice(0, 12))}</code>`];
      inside = text.startsWith(own) && text.endsWith(effect);
      seen ||= inside;
    } else if (inside) found.push(text);
  }
  return seen ? found.join('\n').trim() : undefined;
}

/** All that it says of one application, with its heading, whatever the effect; '' where it showed none. */
export function sectionsOf(shown: ShownDiff | undefined, name: string): string {
  let inside = false;
  const lines = linesOf(shown?.text ?? '').filter(({ text, fenced }) => {
    if (!fenced && text.startsWith('#### ')) inside = text.startsWith(`#### <b>${html(name)}</b>`);
    return inside;
  });
  return lines
    .map(({ text }) => text)
    .join('\n')
    .trim();
}

export interface ShownEffect {
  /** Of the application. */
  name: string;
  /** Its first twelve digits. */
  digest: string;
}

const heading = /^#### <b>([^<]{1,300})<\/b> .*· digest <code>(\w{1,12})<\/code>$/;

/** Which effects it shows, by our own headings: two texts of one commit with the same are one version of it. */
export function effectsIn(text: string): ShownEffect[] {
  return linesOf(text).flatMap((line) => {
    const [, name = '', digest = ''] = (line.fenced ? undefined : heading.exec(line.text)) ?? [];
    return name === '' ? [] : [{ name, digest }];
  });
}

/** A longer text may have been cut. */
const surelyWhole = 50_000;

/** How what waits compares with what the pull request showed, as a sentence; '' where nobody can tell. */
export function otherText(shown: ShownDiff | undefined): string {
  return shown?.text && sizeOf(shown.text) < surelyWhole ? 'It is not the effect that the pull request showed.' : '';
}

const frame = 600;

/** Our page with all that a pull request showed. `key`: see `pullKey`. */
export function recordUrl(publicUrl: string, key: string): string {
  return `${publicUrl}/pulls/${key.replace('#', '/')}`;
}

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
    `<sub>Kept in the [check](${shown.url}) of that commit · [every version](${shown.versions}) that was shown</sub>`,
    '</details>',
  ].join('\n\n');
}
