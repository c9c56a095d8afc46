// What an episode keeps of a drift: an API object holds about a megabyte, and a drift may be of any size.
import type { DriftEpisode, DriftedObject } from '../../model/coxswain.ts';
import type { FieldChange } from '../../model/effect.ts';
import { stringifyJson } from '../../base/json.ts';

type Stored = Pick<NonNullable<DriftEpisode['status']>, 'objects' | 'left'>;

/** Characters of a value; where the two of a field differ is what is kept. */
const valueLength = 1000;
const mostFields = 50;
/** Bytes of all changed fields, and of everything. */
const [changesSize, wholeSize] = [300_000, 600_000];

function sizeOf(value: unknown): number {
  return Buffer.byteLength(stringifyJson(value));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** Short values stay what they are; long ones become text around the place where they differ. */
function clipped({ before, after, ...field }: FieldChange): FieldChange {
  const [git, live] = [before === undefined ? '' : textOf(before), after === undefined ? '' : textOf(after)];
  let same = 0;
  while (same < git.length && git[same] === live[same]) same += 1;
  const from = Math.max(0, same - 100);
  const cut = (value: unknown, text: string): unknown =>
    text.length <= valueLength
      ? value
      : `${from > 0 ? '…' : ''}${text.slice(from, from + valueLength)}${from + valueLength < text.length ? '…' : ''}`;
  return {
    ...field,
    ...(before !== undefined && { before: cut(before, git) }),
    ...(after !== undefined && { after: cut(after, live) }),
  };
}

/**
 * All objects as far as they fit, and of each as many fields; `left` counts the others, at the object and beside the
 * objects.
 */
export function storedDrift(objects: readonly DriftedObject[]): Stored {
  const kept: DriftedObject[] = [];
  let [changesLeft, wholeLeft] = [changesSize, wholeSize];
  for (const object of objects) {
    const changes: FieldChange[] = [];
    for (const whole of object.changes.slice(0, mostFields)) {
      const change = clipped(whole);
      const size = sizeOf(change);
      if (size > changesLeft) break;
      changesLeft -= size;
      changes.push(change);
    }
    const left = object.changes.length - changes.length;
    const next: DriftedObject = { ...object, changes, ...(left > 0 && { left }) };
    wholeLeft -= sizeOf(next);
    if (wholeLeft < 0) break;
    kept.push(next);
  }
  const left = objects.length - kept.length;
  return { objects: kept, ...(left > 0 && { left }) };
}
