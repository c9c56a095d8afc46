// The images of a kustomization: the entry of that image, or a new one.
import type { Document, ParsedNode, YAMLMap } from 'yaml';
import type { Edited } from './edit.ts';
import type { Wanted } from './reference.ts';
import type { Splice } from './splice.ts';
import { isMap, isScalar, isSeq } from 'yaml';
import { isObject } from '../../model/kube.ts';
import { below, byHand, changedText, checked, endOf, isJson, valuesOf } from './change.ts';
import { columnOf, documentsOf, lineAt, lineEnd, plainText, spliced } from './splice.ts';

/** Entries of that name; else those whose new name it is. */
function entriesOf(root: unknown, name: string): number[] {
  const images: unknown[] = isObject(root) && Array.isArray(root['images']) ? root['images'] : [];
  const those = (key: string): number[] =>
    images.flatMap((entry, index) => (isObject(entry) && entry[key] === name ? [index] : []));
  const named = those('name');
  return named.length > 0 ? named : those('newName');
}

/** Whether a kustomization has an entry of the image. */
export function hasEntry(file: string, text: string, name: string): boolean {
  return entriesOf(valuesOf(file, text)[0], name).length > 0;
}

function entryOf({ name, to }: Wanted): Record<string, string> {
  return {
    name,
    ...(to.name !== name && { newName: to.name }),
    ...(to.tag !== undefined && { newTag: to.tag }),
    ...(to.digest !== undefined && { digest: to.digest }),
  };
}

/** Of `images`: every entry of that name, or a new one. Throws E_MANIFEST. */
export function editKustomization(file: string, text: string, wanted: Wanted): Edited {
  const { name, to } = wanted;
  const values = valuesOf(file, text);
  const entries = entriesOf(values[0], name);
  if (entries.length === 0) return { text: withEntry(file, text, wanted), met: true };
  const changes = entries.flatMap((index) => {
    const path = ['images', index];
    const root = values[0] as { images: Record<string, unknown>[] };
    const entry = root.images[index];
    const stays = to.name === name && (entry?.['name'] !== name || !entry['newName']);
    return [
      ...(stays ? [] : [{ document: 0, path, key: 'newName', value: to.name }]),
      { document: 0, path, key: 'newTag', value: to.tag },
      { document: 0, path, key: 'digest', value: to.digest },
    ].filter(({ key, value }) => value !== undefined || Boolean(entry?.[key]));
  });
  return { text: changedText(file, text, changes), met: true };
}

function linesOf(indent: string, wanted: Wanted, end: string): string {
  const fields = Object.entries(entryOf(wanted)).map(([key, value]) => `${key}: ${plainText(value)}`);
  return fields.map((field, index) => `${indent}${index === 0 ? '- ' : '  '}${field}`).join(end);
}

/** With one more entry, the first of several ways that changes nothing else. */
function withEntry(file: string, text: string, wanted: Wanted): string {
  const [first, ...others] = valuesOf(file, text);
  const root = isObject(first) ? first : {};
  const images: unknown[] = Array.isArray(root['images']) ? root['images'] : [];
  const expected = [{ ...root, images: [...images, entryOf(wanted)] }, ...others];
  for (const splice of waysOf(text, documentsOf(file, text)[0], wanted))
    try {
      return checked(file, spliced(text, [splice]), expected);
    } catch {
      continue;
    }
  throw byHand(file);
}

function waysOf(text: string, document: Document.Parsed | undefined, wanted: Wanted): Splice[] {
  const end = lineEnd(text);
  const root: unknown = document?.contents;
  if (!isMap<ParsedNode, ParsedNode | null>(root))
    return [below(text, text.length, `images:${end}${linesOf('', wanted, end)}`)];
  const map = root as YAMLMap.Parsed;
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === 'images');
  const last = map.items.at(-1);
  if (!pair && map.flow) {
    const at = last ? endOf(last) : map.range[0] + 1;
    const list = `${isJson(map) ? '"images"' : 'images'}: ${JSON.stringify([entryOf(wanted)])}`;
    return [{ from: at, to: at, text: `${last ? ', ' : ''}${list}` }];
  }
  const indent = ' '.repeat(columnOf(text, map.items[0]?.key.range[0] ?? 0));
  if (!pair) {
    const lines = `${indent}images:${end}${linesOf(indent, wanted, end)}`;
    return [text.length, lineAt(text, map.range[1] - 1).to].map((at) => below(text, at, lines));
  }
  return inList(text, pair.value, { wanted, end, indent, flow: map.flow === true, key: pair.key.range[1] });
}

function inList(
  text: string,
  images: unknown,
  { wanted, end, indent, flow, key }: { wanted: Wanted; end: string; indent: string; flow: boolean; key: number },
): Splice[] {
  const entry = JSON.stringify(entryOf(wanted));
  const lines = linesOf(indent, wanted, end);
  if (isSeq<ParsedNode>(images) && images.range && images.items.length > 0) {
    const at = images.items.at(-1)?.range[1] ?? images.range[1];
    if (images.flow) return [{ from: at, to: at, text: `, ${entry}` }];
    const column = ' '.repeat(columnOf(text, images.range[0]));
    return [below(text, lineAt(text, Math.max(images.range[0], at - 1)).to, linesOf(column, wanted, end))];
  }
  if (!(isSeq(images) || (isScalar(images) && images.value === null)) || !images.range) return [];
  const [from, to] = images.range;
  if (flow) return from < to ? [{ from, to, text: `[${entry}]` }] : [];
  if (from === to) return [below(text, lineAt(text, key).to, lines)];
  return [{ from: text.slice(0, from).trimEnd().length, to, text: `${end}${lines}` }];
}
