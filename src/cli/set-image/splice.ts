// Changes to single places of a YAML file: everything else stays byte by byte.
import type { Document, ParsedNode, Scalar } from 'yaml';
import { parseAllDocuments, stringify } from 'yaml';
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
  const parsed = parseAllDocuments<ParsedNode>(text, { merge: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const { errors } of documents)
    for (const { message, linePos } of errors)
      throw new AppError('E_MANIFEST', message.split('\n')[0] ?? message, {
        place: { file, ...(linePos && { line: linePos[0].line }) },
      });
  return documents;
}

/** The value as a string of one line, quoted as the one before it was, or where it must be. */
export function setScalar({ range, type }: Pick<Scalar.Parsed, 'range' | 'type'>, value: string): Splice {
  const [from, to] = range;
  const text =
    type === 'QUOTE_DOUBLE' ? JSON.stringify(value) : type === 'QUOTE_SINGLE' ? `'${value}'` : plainText(value);
  // A block ends with its line.
  return { from, to, text: type?.startsWith('BLOCK') ? `${text}\n` : text };
}

/** As one line of YAML that is a string again, to readers of YAML 1.1 too: `1_0` and `on` are none there. */
export function plainText(value: string): string {
  if (!/^[A-Za-z]/.test(value) || /^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value)) return JSON.stringify(value);
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

/** How its lines end. */
export function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
