// Values set at places of a YAML file. The text is then read again: where anything else came out differently, it is
// refused, and nothing is written.
import type { Document, Pair, ParsedNode, YAMLMap } from 'yaml';
import type { Splice } from './splice.ts';
import { isDeepStrictEqual } from 'node:util';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { isObject } from '../../model/kube.ts';
import { columnOf, documentsOf, lineAt, lineEnd, plainText, setScalar, spliced } from './splice.ts';

export type Path = (string | number)[];

export interface Change {
  document: number;
  /** Of the map. */
  path: Path;
  key: string;
  /** undefined: none is to be there; an empty one says the same. */
  value: string | undefined;
}

type Parsed = YAMLMap.Parsed;
type Entry = Pair<ParsedNode, ParsedNode | null>;

/** That a person has to do it. */
export function byHand(file: string, why = 'its images cannot be changed without touching something else'): AppError {
  return new AppError('E_MANIFEST', why, { place: { file }, hint: 'Edit this file by hand.' });
}

/** What all documents of the file say. Throws E_MANIFEST with its place. */
export function valuesOf(file: string, text: string): unknown[] {
  const documents = documentsOf(file, text);
  try {
    // As JSON: what an alias repeats is a value of its own.
    return documents.map((document): unknown => JSON.parse(JSON.stringify(document.toJS() ?? null)));
  } catch (error) {
    throw new AppError('E_MANIFEST', 'this file is not read: an alias leads nowhere', {
      place: { file },
      cause: error,
    });
  }
}

/** What stands there; undefined: nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (now, step) => (Array.isArray(now) ? now[Number(step)] : isObject(now) ? now[step] : undefined),
    value,
  );
}

/** The new text if it says what is expected, whatever `drops` left empty. Throws E_MANIFEST. */
export function checked(file: string, text: string, expected: unknown[], drops: readonly Change[] = []): string {
  let values: unknown[];
  try {
    values = valuesOf(file, text);
  } catch {
    throw byHand(file);
  }
  for (const { document, path, key } of drops) {
    const map = valueAt(values[document], path);
    if (isObject(map) && (map[key] === '' || map[key] === null)) delete map[key];
  }
  if (!isDeepStrictEqual(values, expected)) throw byHand(file);
  return text;
}

function pairOf(map: Parsed, key: string | number): Entry | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function mapAt(document: Document.Parsed, path: Path): Parsed | undefined {
  const met = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  let node = met(document.contents);
  for (const step of path)
    node = met(isMap(node) ? pairOf(node as Parsed, step)?.value : isSeq(node) ? node.items[Number(step)] : undefined);
  return isMap(node) ? (node as Parsed) : undefined;
}

/** Where an entry ends. */
export function endOf({ key, value }: Entry): number {
  return Math.max(key.range[1], value?.range[1] ?? 0);
}

/** Whether a map in braces quotes its keys. */
export function isJson(map: Parsed): boolean {
  const [first] = map.items;
  return map.flow === true && (!first || (isScalar(first.key) && first.key.type === 'QUOTE_DOUBLE'));
}

function written(map: Parsed, value: string): string {
  return isJson(map) ? JSON.stringify(value) : plainText(value);
}

function replaced(text: string, map: Parsed, pair: Entry, value: string): Splice[] {
  const node: unknown = pair.value;
  if (isAlias(node) && node.range) {
    const [from, to] = node.range;
    return [{ from, to, text: written(map, value) }];
  }
  if (!isScalar(node) || !node.range || node.value === value) return [];
  const [from, to] = node.range;
  if (from < to) {
    const plain = node.type === 'PLAIN' && isJson(map);
    return [plain ? { from, to, text: written(map, value) } : setScalar({ ...node, range: node.range }, value)];
  }
  const colon = text.indexOf(':', pair.key.range[1]) + 1;
  return [{ from: colon, to: colon, text: ` ${written(map, value)}` }];
}

function dropped(text: string, map: Parsed, pair: Entry): Splice[] {
  const node: unknown = pair.value;
  if (node !== null && !isScalar(node) && !isAlias(node)) return [];
  const [at] = pair.key.range;
  const { from } = lineAt(text, at);
  // Within braces and behind a dash an empty text says the same.
  if (!map.flow && text.slice(from, at).trim() === '')
    return [{ from, to: lineAt(text, Math.max(at, endOf(pair) - 1)).to, text: '' }];
  if (isScalar(node) && (node.value === null || node.value === '')) return [];
  return replaced(text, map, pair, '');
}

const besides = ['name', 'repository', 'image', 'tag'];

function inserted(text: string, map: Parsed, key: string, value: string): Splice[] {
  // What is merged into it is set where it stands.
  if (map.items.some((pair) => isScalar(pair.key) && pair.key.source === '<<')) return [];
  const last = map.items.at(-1);
  if (map.flow) {
    const at = last ? endOf(last) : map.range[0] + 1;
    const pair = `${isJson(map) ? JSON.stringify(key) : key}: ${JSON.stringify(value)}`;
    return [{ from: at, to: at, text: `${last ? ', ' : ''}${pair}` }];
  }
  const beside = besides.map((name) => pairOf(map, name)).find(Boolean) ?? map.items[0];
  if (!beside) return [];
  const [at] = beside.key.range;
  const { to } = lineAt(text, Math.max(at, endOf(beside) - 1));
  return [below(text, to, `${' '.repeat(columnOf(text, at))}${key}: ${plainText(value)}`)];
}

/** Lines at the beginning of a line, or at the end of the text. */
export function below(text: string, at: number, lines: string): Splice {
  const end = lineEnd(text);
  const ended = at === 0 || text[at - 1] === '\n';
  return { from: at, to: at, text: ended ? `${lines}${end}` : `${end}${lines}${end}` };
}

/** All of them done at once. Throws E_MANIFEST where that is not possible without changing something else. */
export function changedText(file: string, text: string, changes: readonly Change[]): string {
  if (changes.length === 0) return text;
  const documents = documentsOf(file, text);
  const expected = valuesOf(file, text);
  const places = changes.flatMap((change) => {
    const document = documents[change.document];
    const map = document && mapAt(document, change.path);
    return map ? [{ ...change, whole: document, map, pair: pairOf(map, change.key) }] : [];
  });
  const set = new Set<unknown>(places.map(({ pair }) => pair?.value));
  // An alias of a value that is set itself follows it.
  const twins = new Set<unknown>(
    places.flatMap(({ whole, pair }) =>
      isAlias(pair?.value) && set.has(pair.value.resolve(whole)) ? [pair.value] : [],
    ),
  );
  const splices = places.flatMap(({ map, pair, key, value }) => {
    if (twins.has(pair?.value)) return [];
    if (value === undefined) return pair ? dropped(text, map, pair) : [];
    return pair ? replaced(text, map, pair, value) : inserted(text, map, key, value);
  });
  for (const { document, path, key, value } of changes) {
    const map = valueAt(expected[document], path);
    if (!isObject(map)) continue;
    if (value === undefined) delete map[key];
    else map[key] = value;
  }
  const once = [...new Map(splices.map((splice) => [JSON.stringify(splice), splice])).values()];
  const drops = changes.filter(({ value }) => value === undefined);
  return checked(file, spliced(text, once), expected, drops);
}
