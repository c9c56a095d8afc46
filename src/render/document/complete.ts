// Whether documents are whole Kubernetes objects: one that is left out in silence would make its live object look
// extra.
import type { Condition } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Place } from '../../base/errors.ts';
import { AppError } from '../../base/errors.ts';
import { isObject } from '../../model/kube.ts';

export interface Manifest {
  object: KubeObject;
  place: Place;
}

export interface ParsedDocument {
  value: unknown;
  place: Place;
  /** It was taken out of a list of objects. */
  item: boolean;
  /** Map keys that stand twice, each with its place. The last one counts, as for Kubernetes. */
  repeated: readonly RepeatedKey[];
}

interface RepeatedKey {
  key: string;
  place: Place;
}

/** What a rendering makes: objects, and what people should know of it (without time). */
export interface Produced {
  manifests: Manifest[];
  warnings: Condition[];
}

/** Objects of what a tool wrote: a document that is none is an error. Throws E_MANIFEST with the place. */
export function completeObjects(documents: readonly ParsedDocument[]): Manifest[] {
  return documents.map((document) => {
    requireOne(document);
    return complete(document.value, document.place);
  });
}

/** Throws E_RENDER with file and line where a document is no whole object. */
export function produced(documents: readonly ParsedDocument[]): Produced {
  return { manifests: completeObjects(documents), warnings: repeatedWarnings(documents) };
}

const told = 20;

/** One condition, however many keys: two values were written, and only one is deployed. */
export function repeatedWarnings(documents: readonly ParsedDocument[]): Condition[] {
  const keys = documents
    .flatMap(({ repeated }) => repeated)
    .map(
      ({ key, place }) => `${JSON.stringify(key)} in ${place.file}${place.line === undefined ? '' : `:${place.line}`}`,
    );
  if (keys.length === 0) return [];
  const more = keys.length > told ? ` and ${keys.length - told} more` : '';
  return [
    {
      type: 'RepeatedKeyWarning',
      message: `Keys that stand twice in one map, of which the last counts: ${keys.slice(0, told).join(', ')}${more}`,
    },
  ];
}

/**
 * Objects of a plain file; a document that names neither apiVersion nor kind nor metadata is something else, and
 * `unrelated` (Argo CD ignores it too).
 */
export function plainObjects(documents: readonly ParsedDocument[]): { manifests: Manifest[]; unrelated: Place[] } {
  return {
    manifests: completeObjects(documents.filter(isRelated)),
    unrelated: documents.filter((document) => !isRelated(document)).map(({ place }) => place),
  };
}

const envelope = ['apiVersion', 'kind', 'metadata'];

function isRelated({ value, item }: ParsedDocument): boolean {
  return item || meansObject(value);
}

/** Also as a text: JSON behind a comment is one to YAML. */
function meansObject(value: unknown): boolean {
  if (typeof value === 'string') return mentionsEnvelope(value);
  if (Array.isArray(value)) return value.some((entry: unknown) => typeof entry !== 'string' && meansObject(entry));
  return isObject(value) && envelope.some((field) => field in value);
}

/** A text that is no YAML: could it have been meant as an object? */
export function mentionsEnvelope(text: string): boolean {
  return /\b(?:apiVersion|kind|metadata)["']?[ \t]{0,20}:/.test(text);
}

/** Of two objects in one document the reader keeps the last, and the other one would be extra. */
function requireOne({ repeated }: ParsedDocument): void {
  const found = envelope.map((field) => repeated.findLast(({ key }) => key === field));
  const [first] = found;
  if (first && found.every(Boolean))
    throw incomplete(
      'apiVersion, kind and metadata stand twice: these are two objects',
      first.place,
      'Put a line --- between them.',
    );
}

/**
 * Lists with items are taken apart when they are read. A kind may end with List and have a name of its own; a list
 * without items has lost them.
 */
function requireItems({ kind, metadata, items }: Record<string, unknown>, place: Place): void {
  if (typeof kind !== 'string' || !kind.endsWith('List') || Array.isArray(items)) return;
  if (isObject(metadata) && isText(metadata['name']) && items === undefined) return;
  throw incomplete('the items of this list are missing', place, 'Write items: [] if it is meant to be empty.');
}

function complete(value: unknown, place: Place): Manifest {
  if (!isObject(value))
    throw incomplete(
      Array.isArray(value) ? 'this document is a list, no Kubernetes object' : 'this document is no Kubernetes object',
      place,
    );
  requireItems(value, place);
  const { metadata } = value;
  for (const field of ['apiVersion', 'kind']) requireText(value[field], field, place);
  if (!isObject(metadata)) throw incomplete('this object has no metadata', place);
  if (metadata['generateName'] === undefined || metadata['name'] !== undefined)
    requireText(metadata['name'], 'metadata.name', place);
  else requireText(metadata['generateName'], 'metadata.generateName', place);
  if (
    metadata['namespace'] !== undefined &&
    metadata['namespace'] !== null &&
    typeof metadata['namespace'] !== 'string'
  )
    throw notText('metadata.namespace', place);
  for (const field of ['labels', 'annotations']) requireTexts(metadata[field], field, place);
  return { object: value as KubeObject, place };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function requireText(value: unknown, field: string, place: Place): void {
  if (isText(value)) return;
  throw value === undefined || value === null || value === ''
    ? incomplete(`this object has no ${field}`, place)
    : notText(field, place);
}

/** What decides about hooks, waves and options is read from them. */
function requireTexts(value: unknown, field: string, place: Place): void {
  if (value === undefined || value === null) return;
  if (!isObject(value)) throw incomplete(`metadata.${field} is no map`, place);
  const wrong = Object.entries(value).find(([, each]) => each !== null && typeof each !== 'string');
  if (wrong) throw notText(`metadata.${field}[${JSON.stringify(wrong[0])}]`, place);
}

function notText(field: string, place: Place): AppError {
  return incomplete(`${field} is no text`, place, 'Put it in quotes.');
}

function incomplete(message: string, place: Place, hint?: string): AppError {
  return new AppError('E_MANIFEST', message, { place, ...(hint !== undefined && { hint }) });
}
