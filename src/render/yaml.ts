// Manifests as Kubernetes reads them: YAML 1.1 scalars without timestamps, several documents, lists flattened.
import { isMap, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';
import type { Document, ParsedNode, ScalarTag, Tags } from 'yaml';
import type { KubeObject } from '../model/kube.ts';
import type { Place } from '../base/errors.ts';
import { endlessNumber, parseJson } from '../base/json.ts';

export interface Manifest {
  object: KubeObject;
  place: Place;
}

export interface ParseOptions {
  /** Documents that are no Kubernetes objects are left out instead of refused. */
  lenient?: boolean;
}

/** Every document as a plain value; empty ones are left out. Throws E_MANIFEST with the place; no content of the file is in the message. */
export function parseYaml(text: string, file: string): unknown[] {
  const { documents } = readDocuments(text, file);
  return documents.map((document) => toValue(document, file)).filter((value) => value !== null && value !== undefined);
}

/** Objects of a YAML or JSON text with the places where they begin. Throws E_MANIFEST. */
export function parseManifests(text: string, file: string, options: ParseOptions = {}): Manifest[] {
  const { documents, lines } = readDocuments(text, file);
  const manifests: Manifest[] = [];
  for (const document of documents) {
    const value = toValue(document, file);
    if (value === null || value === undefined) continue;
    const place = placeOf(file, lines, document.contents);
    const items = listItems(value);
    if (!items) addObject(manifests, value, place, options);
    else items.forEach((item, index) => addObject(manifests, item, placeOf(file, lines, itemNode(document, index)) ?? place, options));
  }
  return manifests;
}

/** A JSON text: its own parser first, because it is faster and knows what YAML does not. */
export function parseJsonManifests(text: string, file: string, options: ParseOptions = {}): Manifest[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return parseManifests(text, file, options); // finds the place of the fault; JSON.parse would quote the content
  }
  return manifestsOf(value, { file, line: 1 }, options);
}

/** Objects of a value that a tool produced: one object, a list of them, or a List. */
export function manifestsOf(value: unknown, place: Place, options: ParseOptions = {}): Manifest[] {
  const manifests: Manifest[] = [];
  for (const entry of Array.isArray(value) ? value : [value]) {
    for (const item of listItems(entry) ?? [entry]) {
      if (item !== null && item !== undefined) addObject(manifests, item, place, options);
    }
  }
  return manifests;
}

function addObject(manifests: Manifest[], value: unknown, place: Place, options: ParseOptions): void {
  const missing = missingField(value);
  if (missing === undefined && isKubeObject(value)) manifests.push({ object: finite(value, place), place });
  else if (!options.lenient) throw new AppError('E_MANIFEST', missing === 'object' ? 'this document is no Kubernetes object' : `this object has no ${missing}`, { place });
}

/** What JSON cannot hold would be sent as null. */
function finite(object: KubeObject, place: Place): KubeObject {
  const path = endlessNumber(object);
  if (path) throw new AppError('E_MANIFEST', `the number at ${path.join('.')} is larger than any that Kubernetes knows`, { place });
  return object;
}

function missingField(value: unknown): string | undefined {
  if (!isObject(value)) return 'object';
  if (typeof value['apiVersion'] !== 'string' || value['apiVersion'] === '') return 'apiVersion';
  if (typeof value['kind'] !== 'string' || value['kind'] === '') return 'kind';
  const metadata = value['metadata'];
  if (!isObject(metadata)) return 'metadata';
  return named(metadata['name']) || named(metadata['generateName']) ? undefined : 'metadata.name';
}

function named(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isKubeObject(value: unknown): value is KubeObject {
  return missingField(value) === undefined;
}

/** Items of `kind: List` and its typed forms (Kubernetes API: lists end with List and have items). */
function listItems(value: unknown): unknown[] | undefined {
  if (!isObject(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return undefined;
  return Array.isArray(value['items']) ? value['items'] : undefined;
}

function itemNode(document: Document.Parsed, index: number): unknown {
  const items = isMap(document.contents) ? document.contents.get('items') : undefined;
  return isSeq(items) ? items.items[index] : undefined;
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
