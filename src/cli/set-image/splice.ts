// Changes to single places of a YAML file: everything else stays byte by byte.
import type { Document, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, stringify } from 'yaml';
import { AppError } from '../../base/errors.ts';

export interface Splice {
  from: number;
  to: number;
  text: string;
}

/** The text with all of them done, those at one place in their order; they do not overlap. */
export function spliced(text: string, splices: readonly Splice[]): string {
  return splices
    .toReversed()
    .sort((a, b) => b.from - a.from || b.to - a.to)
    .reduce((now, { from, to, text: new_ }) => now.slice(0, from) + new_ + now.slice(to), text);
}

/** All documents of the file; none of an empty one. Throws E_MANIFEST with its place. */
export function documentsOf(file: string, text: string): Document.Parsed[] {
  const parsed = parseAllDocuments<ParsedNode>(text, { keepSourceTokens: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const { errors } of documents)
    for (const { message, linePos } of errors)
      throw new AppError('E_MANIFEST', message.split('\n')[0] ?? message, {
        place: { file, ...(linePos && { line: linePos[0].line }) },
      });
  return documents;
}

/** Every map of a document, the outer one before those in it. What an alias repeats is met where it stands. */
export function* mapsIn(node: unknown): Generator<YAMLMap.Parsed> {
  if (isAlias(node)) return;
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    yield node as YAMLMap.Parsed;
    for (const { value } of node.items) yield* mapsIn(value);
  }
  if (isSeq(node)) for (const item of node.items) yield* mapsIn(item);
}

/** The string or number of that key; undefined where there is none. */
export function scalarAt(map: YAMLMap.Parsed, key: string): Scalar.Parsed | undefined {
  const found = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value;
  return isScalar(found) && found.value !== null ? found : undefined;
}

/** Its text as the file has it: `1.10` is no number of one digit. */
export function writtenIn({ source, value }: Scalar.Parsed): string {
  return source === undefined ? String(value) : source;
}

/** The value as a string of one line, quoted as the one before it was, or where it must be. */
export function setScalar({ range, type }: Scalar.Parsed, value: string): Splice {
  const [from, to] = range;
  const text =
    type === 'QUOTE_DOUBLE' ? JSON.stringify(value) : type === 'QUOTE_SINGLE' ? `'${value}'` : plainText(value);
  // A block ends with its line.
  return { from, to, text: type?.startsWith('BLOCK') ? `${text}\n` : text };
}

/** As one line of YAML that is a string again. */
export function plainText(value: string): string {
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

/** Columns before the text at that place. */
export function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1);
}

/** The whole line, its end included. */
export function lineAt(text: string, at: number): { from: number; to: number } {
  const from = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return { from, to: end < 0 ? text.length : end + 1 };
}
