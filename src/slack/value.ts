// Both values of a changed field, as short as a card needs them; values of Secrets come masked and are named as hidden.
import type { FieldChange } from '../model/effect.ts';
import { stringifyJson } from '../base/json.ts';
import { clip } from './text.ts';

const valueLength = 160;
const hidden = '(hidden)';

/** Values of Secrets are rows of plus signs here, which a diff would make unreadable. */
function valueText(value: unknown): string {
  if (value === undefined) return '(absent)';
  if (typeof value === 'string' && /^\+{8,}$/.test(value)) return hidden;
  return typeof value === 'string' && !/[\n\r]/.test(value) ? value : stringifyJson(value);
}

/** Before and after, cut so that the place where they differ is seen. */
export function valuePair(change: Pick<FieldChange, 'before' | 'after'>): [string, string] {
  const [before, after] = [valueText(change.before), valueText(change.after)];
  if (before === hidden && after === hidden) return [before, '(hidden, another value)'];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const from = Math.max(before.length, after.length) <= valueLength ? 0 : Math.max(0, same - 40);
  const cut = (text: string): string => clip(`${from > 0 ? '…' : ''}${text.slice(from)}`, valueLength);
  return [cut(before), cut(after)];
}

/** One field of a diff: where, what goes, what comes. */
export function fieldLines(where: string, goes: string, comes: string): string[] {
  return [`@@ ${clip(where.replace(/\s+/g, ' '), 200)}`, `- ${goes}`, `+ ${comes}`];
}
