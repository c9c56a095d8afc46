// The line of a field that the cluster refuses, in the file that has the object: that is where it is corrected.
import type { Repository } from '../git/repository.ts';
import type { ObjectError } from '../model/effect.ts';
import type { Document, Node } from 'yaml';
import { parseAllDocuments, isMap, isSeq, LineCounter } from 'yaml';
import { fieldAt } from '../cluster/field-text.ts';

/** A longer file is not searched: its object's first line is told. */
const longest = 500_000;

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** Offset of the key, or of the entry of a list, at that position; undefined where the file does not have it. */
function offsetOf(document: Document, position: readonly (string | number)[]): number | undefined {
  let [node, offset]: [unknown, number | undefined] = [document.contents, undefined];
  for (const step of position) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (key as { value?: unknown } | null)?.value === step);
      if (!pair) return undefined;
      [node, offset] = [pair.value, startOf(pair.key)];
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = startOf(node);
    } else return undefined;
  }
  return offset;
}

/** `line`: where the object begins. The line of its field; undefined where the file does not have that field. */
export function fieldLine(text: string, line: number, field: string): number | undefined {
  if (text.length > longest) return undefined;
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, logLevel: 'silent' });
  const found = (Array.isArray(documents) ? documents : []).find(
    ({ range }) => lines.linePos(range[0]).line <= line && line <= lines.linePos(range[2]).line,
  );
  if (!found || found.errors.length > 0) return undefined;
  const at = fieldAt(found.toJS({ maxAliasCount: 20 }), field);
  const offset = at?.rest === '' ? offsetOf(found, at.position) : undefined;
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

/**
 * With the lines of the fields that the errors name, where the file at that commit has them. What a patch or a template
 * writes is not in the file of the object: then the place of the object stays.
 */
export async function placedAtFields(
  mirror: Pick<Repository, 'objectId' | 'read'>,
  commit: string,
  errors: readonly ObjectError[],
): Promise<ObjectError[]> {
  const texts = new Map<string, Promise<string>>();
  const textOf = async (file: string): Promise<string> =>
    (await mirror.objectId(commit, file)) ? String(await mirror.read(commit, file)) : '';
  return Promise.all(
    errors.map(async (error) => {
      const { place, field } = error;
      if (!place?.line || field === undefined || !/\.(ya?ml|json)$/.test(place.file)) return error;
      const text = texts.get(place.file) ?? textOf(place.file);
      texts.set(place.file, text);
      const line = fieldLine(await text, place.line, field);
      return line === undefined ? error : { ...error, place: { ...place, line } };
    }),
  );
}
