// Documents and manifests as Kubernetes reads them: its own libraries do so, in a process beside this one.
import type { ParsedDocument } from './complete.ts';
import type { Worker } from '../../base/worker.ts';
import { breather } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';

export interface Text {
  text: string;
  /** Read as JSON if its name ends so. */
  file: string;
}

/** As `render` answers the verb `yaml`. */
interface Answer {
  documents: { line: number; column: number; item?: boolean; repeated?: { line: number; key: string }[] }[];
  error?: { line: number; message: string };
}

/**
 * Every document as a plain value; empty ones are left out. Throws E_MANIFEST with the place; no content of the file is
 * in the message.
 */
export async function parseYaml(worker: Worker, text: string, file: string): Promise<unknown[]> {
  return (await ask(worker, [{ text, file }], {})).flatMap(whole).map(({ value }) => value);
}

/**
 * Every document with its place; lists of objects are taken apart, and an empty one holds nothing. Throws E_MANIFEST.
 */
export async function parseDocuments(worker: Worker, text: string, file: string): Promise<ParsedDocument[]> {
  return (await ask(worker, [{ text, file }], { objects: true })).flatMap(whole);
}

/** The same of many texts at once: for each its documents, or what is wrong with it. */
export function parseTexts(worker: Worker, texts: readonly Text[]): Promise<(ParsedDocument[] | AppError)[]> {
  return ask(worker, texts, { objects: true });
}

/**
 * What a program wrote as JSON, told as being of the program's file: a list holds as many documents, and null is none.
 */
export async function parseOutput(worker: Worker, text: string, file: string): Promise<ParsedDocument[]> {
  const documents = (await ask(worker, [{ text, file }], { objects: true, json: true })).flatMap(whole);
  return documents.map((document) => ({ ...document, place: { file } }));
}

function whole(read: ParsedDocument[] | AppError): ParsedDocument[] {
  if (read instanceof AppError) throw read;
  return read;
}

async function ask(
  worker: Worker,
  texts: readonly Text[],
  asked: { objects?: boolean; json?: boolean },
): Promise<(ParsedDocument[] | AppError)[]> {
  if (texts.length === 0) return [];
  const parameters = {
    objects: asked.objects ?? false,
    arrays: asked.json ?? false,
    json: texts.map(({ file }) => asked.json ?? file.endsWith('.json')),
  };
  const { value, blobs } = await worker.call(
    'yaml',
    parameters,
    texts.map(({ text }) => Buffer.from(text)),
  );
  const read: (ParsedDocument[] | AppError)[] = [];
  const breath = breather();
  let at = 0;
  for (const [index, { documents, error }] of (value as Answer[]).entries()) {
    const file = texts[index]?.file ?? '';
    const found: ParsedDocument[] = [];
    for (const { line, column, item = false, repeated = [] } of documents) {
      const blob = blobs[at++] ?? Buffer.from('null');
      await breath();
      found.push({
        value: parseJson(String(blob)),
        place: { file, line, column },
        item,
        repeated: repeated.map((each) => ({ key: each.key, place: { file, line: each.line } })),
      });
    }
    read.push(error ? new AppError('E_MANIFEST', error.message, { place: { file, line: error.line } }) : found);
  }
  return read;
}
