// Documents as Kubernetes reads them: YAML 1.1 scalars without timestamps.
import { isMap, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';
import type { Document, ParsedNode, ScalarTag, Tags } from 'yaml';
import type { ParsedDocument } from './complete.ts';
import type { Place } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';

/** Every document as a plain value; empty ones are left out. Throws E_MANIFEST with the place; no content of the file is in the message. */
export function parseYaml(text: string, file: string): unknown[] {
  return parseDocuments(text, file).map(({ value }) => value).filter((value) => value !== null && value !== undefined);
}

/** Every document of a YAML text with its place; an empty one is null. Throws E_MANIFEST. */
export function parseDocuments(text: string, file: string): ParsedDocument[] {
  const { documents, lines } = readDocuments(text, file);
  return documents.map((document) => ({
    value: toValue(document, file),
    place: placeOf(file, lines, document.contents),
    itemPlace: (index) => itemPlace(document, index, file, lines),
  }));
}

/** A JSON text: its own parser first, because it is faster and knows what YAML does not. */
export function parseJsonDocuments(text: string, file: string): ParsedDocument[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return parseDocuments(text, file); // finds the place of the fault; JSON.parse would quote the content
  }
  return documentsOf(value, { file, line: 1 });
}

/** Of a value that a tool produced: a list holds as many documents, and null is none. */
export function documentsOf(value: unknown, place: Place): ParsedDocument[] {
  return (Array.isArray(value) ? value : [value]).map((each: unknown) => ({ value: each, place }));
}

function itemPlace(document: Document.Parsed, index: number, file: string, lines: LineCounter): Place | undefined {
  const items = isMap(document.contents) ? document.contents.get('items') : undefined;
  return isSeq(items) ? placeOf(file, lines, items.items[index]) : undefined;
}

function placeOf(file: string, lines: LineCounter, node: unknown): Place {
  const range = isObject(node) || isMap(node) || isSeq(node) ? (node as Partial<ParsedNode>).range : undefined;
  const { line, col } = lines.linePos(range?.[0] ?? 0);
  return { file, line, column: col };
}

function readDocuments(text: string, file: string): { documents: Document.Parsed[]; lines: LineCounter } {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { version: '1.1', customTags: kubernetesTags, merge: true, prettyErrors: false, lineCounter: lines, logLevel: 'error' });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const { errors } of documents) {
    const [error] = errors;
    if (!error) continue;
    const { line, col } = lines.linePos(error.pos[0]);
    throw new AppError('E_MANIFEST', `this is not valid YAML: ${error.message.split('\n', 1)[0]}`, { place: { file, line, column: col } });
  }
  return { documents, lines };
}

function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (cause) {
    throw new AppError('E_MANIFEST', 'this YAML refers to itself too often', { place: { file }, cause });
  }
}

const int = 'tag:yaml.org,2002:int';
const structure = ['map', 'seq', 'str', 'null', 'merge'].map((name) => `tag:yaml.org,2002:${name}`);

/** Plain scalars as sigs.k8s.io/yaml resolves them: 0777 is 511, yes is true, 22:30 and 2020-01-01 stay texts. */
const scalars: ScalarTag[] = [
  { tag: 'tag:yaml.org,2002:bool', default: true, test: /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/, resolve: () => true, identify: (value) => value === true },
  { tag: 'tag:yaml.org,2002:bool', default: true, test: /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/, resolve: () => false, identify: (value) => value === false },
  { tag: int, default: true, test: /^[-+]?0b[01_]+$/, resolve: (text) => integer(text, 2, 2) },
  { tag: int, default: true, test: /^[-+]?0[0-7_]+$/, resolve: (text) => integer(text, 1, 8) },
  { tag: int, default: true, test: /^[-+]?0o[0-7_]+$/, resolve: (text) => integer(text, 2, 8) },
  { tag: int, default: true, test: /^[-+]?0x[0-9a-fA-F_]+$/, resolve: (text) => integer(text, 2, 16) },
  { tag: int, default: true, test: /^[-+]?(?:0|[1-9][0-9_]*)$/, resolve: (text) => integer(text, 0, 10), identify: (value) => typeof value === 'bigint' || Number.isInteger(value) },
  { tag: 'tag:yaml.org,2002:float', default: true, test: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/, resolve: (text) => Number(text.replaceAll('_', '')), identify: (value) => typeof value === 'number' },
];

function kubernetesTags(tags: Tags): Tags {
  return [...tags.filter((tag) => typeof tag !== 'string' && structure.includes(tag.tag)), ...scalars];
}

const radixPrefix: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

function integer(text: string, prefix: number, radix: number): number | bigint {
  const digits = text.replace(/^[-+]/, '').slice(prefix).replaceAll('_', '');
  const value = Number.parseInt(digits, radix);
  const exact = Number.isFinite(value) && !Number.isSafeInteger(value) ? BigInt(`${radixPrefix[radix] ?? ''}${digits}`) : value;
  return text.startsWith('-') ? -exact : exact;
}
