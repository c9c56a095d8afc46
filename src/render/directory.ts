// Directory applications: plain YAML and JSON, and Jsonnet programs.
import type { DirectorySource } from '../model/sources.ts';
import type { FileEntry, Files } from '../model/files.ts';
import type { ImportCache } from './jsonnet.ts';
import type { Input, Plan, Planning } from './source/plan.ts';
import type { Condition } from '../model/application.ts';
import type { Manifest, ParsedDocument, Produced } from './document/complete.ts';
import type { Text } from './document/yaml.ts';
import type { Workers } from './source/workers.ts';
import type { Worker } from '../base/worker.ts';
import { follow, relativeTo } from './source/paths.ts';
import { breather } from '../base/clock.ts';
import { compileGlob } from '../base/glob.ts';
import { isLfsPointer, refuseLfsPointer, refuseModule } from './source/absent.ts';
import { importsOf, jsonnetOptions, runJsonnet } from './jsonnet.ts';
import { mentionsEnvelope, plainObjects, repeatedWarnings } from './document/complete.ts';
import { parseTexts } from './document/yaml.ts';
import { renderError } from './source/plan.ts';
import { AppError } from '../base/errors.ts';
import { overlayOf } from './source/overlay.ts';

interface DirectoryParts {
  workers: Workers;
  worker: Worker;
  imports: ImportCache;
}

/** Argo CD leaves such a file out as a whole. */
const skipMarker = '+argocd:skip-file-rendering';
const maxBytes = 10 * 2 ** 20;

/** Of a folder of YAML, JSON and Jsonnet, with its includes and excludes. Throws E_RENDER with the place. */
export async function planDirectory(planning: Planning, parts: DirectoryParts): Promise<Plan> {
  const { path, files, source } = planning;
  const section = source.directory ?? {};
  const found = await manifestFiles(planning, section);
  const programs = found.files.filter((file) => file.path.endsWith('.jsonnet'));
  const libraries = await importsOf(planning, programs, parts.imports);
  const inputs: Input[] = [...new Set([...found.files.map((file) => file.path), ...libraries.found])]
    .sort()
    .map((name) => ({ path: name, files }));
  const options = programs.length > 0 ? jsonnetOptions(planning) : undefined;
  const produce = async (): Promise<Produced> => {
    const { manifests, leftOut, repeated } = await readPlain(
      parts.worker,
      planning,
      found.files.filter((entry) => !programs.includes(entry)),
    );
    const warnings = [...leftOutWarnings([...found.leftOut, ...leftOut]), ...repeated];
    if (!options) return { manifests, warnings };
    const overlay = await overlayOf(inputs);
    overlay.pointers.forEach(refuseLfsPointer);
    const made = await runJsonnet({
      workers: parts.workers,
      merged: planning.merged,
      worker: parts.worker,
      programs: programs.map((file) => file.path),
      options,
      overlay,
    });
    return { manifests: [...manifests, ...made], warnings };
  };
  const parameters = { path, leftOut: found.leftOut, ...(options && { tool: parts.workers.version, options }) };
  return {
    sourceType: 'Directory',
    inputs,
    watched: [...found.links, ...libraries.missing].map((name) => ({ path: name, files })),
    parameters,
    produce,
  };
}

const endings = ['yaml', 'yml', 'json', 'jsonnet'];

interface Found {
  files: FileEntry[];
  links: string[];
  /** What may look as if it were read. */
  leftOut: string[];
}

/** Sorted by path; those that the source's globs leave out are no inputs. */
async function manifestFiles({ files, path }: Planning, section: DirectorySource): Promise<Found> {
  const found: Found = { files: [], links: [], leftOut: [] };
  const { excluded, included } = choiceOf(section);
  const breathe = breather();
  for (const entry of await files.list(path, section.recurse ?? false)) {
    await breathe();
    const name = relativeTo(path, entry.path);
    if (entry.kind === 'module' && section.recurse && !endings.every((ending) => excluded(`${name}/x.${ending}`)))
      await refuseModule(files, entry.path);
    if (entry.kind === 'link' && section.recurse && !excluded(name) && (await isFolder(files, entry.path)))
      found.leftOut.push(`${entry.path} (a link to a folder)`);
    if (!included(name) || !endings.includes(endingOf(name).toLowerCase())) continue;
    if (entry.kind === 'file' && !endings.includes(endingOf(name))) {
      found.leftOut.push(`${entry.path} (only ${endings.join(', ')} in lower case are read)`);
      continue;
    }
    const target = entry.kind === 'link' ? await follow(files, entry.path) : entry;
    if (!target) throw renderError('this link leads nowhere', { file: entry.path });
    if (target.kind !== 'file') continue;
    found.files.push(target);
    if (entry.kind === 'link') found.links.push(entry.path);
  }
  return found;
}

function endingOf(name: string): string {
  return name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
}

/** A link that leaves the repository is none: what it is called decides whether that matters. */
async function isFolder(files: Files, link: string): Promise<boolean> {
  const target = await follow(files, link).catch(() => undefined);
  return target?.kind === 'dir';
}

interface Choice {
  excluded(name: string): boolean;
  included(name: string): boolean;
}

/** Each is read once: a branch may have written it, and there are many files. */
function choiceOf({ include, exclude }: DirectorySource): Choice {
  const [only, not] = [include, exclude].map((pattern) => (pattern ? compileGlob(pattern) : undefined));
  const excluded = (name: string): boolean => not?.test(name) ?? false;
  return { excluded, included: (name) => !excluded(name) && (only?.test(name) ?? true) };
}

interface Plain {
  manifests: Manifest[];
  leftOut: string[];
  repeated: Condition[];
}

/** One request for all of them. */
async function readPlain(worker: Worker, { files, path }: Planning, entries: readonly FileEntry[]): Promise<Plain> {
  const texts: Text[] = [];
  const found: Plain = { manifests: [], leftOut: [], repeated: [] };
  let size = 0;
  for (const file of entries) {
    const content = (await files.read(file.path)) ?? Buffer.alloc(0);
    if (isLfsPointer(content)) refuseLfsPointer(file.path);
    const text = decode(content);
    size += text.length;
    if (size > maxBytes) throw renderError('the manifests of this folder exceed 10 MB', { file: path || '.' });
    if (text.includes(skipMarker)) found.leftOut.push(`${file.path} (${skipMarker})`);
    else texts.push({ file: file.path, text });
  }
  const read = await parseTexts(worker, texts);
  for (const [index, text] of texts.entries()) {
    const documents = read[index] ?? [];
    const { manifests, leftOut } = objectsOf(text, documents);
    found.manifests.push(...manifests);
    found.leftOut.push(...leftOut);
    if (!(documents instanceof AppError)) found.repeated.push(...repeatedWarnings(documents));
  }
  return found;
}

/** What is no manifest is left out and named; what looks like one must be whole. */
function objectsOf({ file, text }: Text, read: ParsedDocument[] | AppError): Pick<Plain, 'manifests' | 'leftOut'> {
  try {
    if (read instanceof AppError) throw read;
    const { manifests, unrelated } = plainObjects(read);
    return {
      manifests,
      leftOut: unrelated.map(({ line }) =>
        manifests.length === 0 && unrelated.length === 1 ? file : `${file}:${line ?? 1}`,
      ),
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_MANIFEST') throw error;
    if (!mentionsEnvelope(text)) return { manifests: [], leftOut: [`${file} (no YAML)`] };
    throw new AppError(error.code, error.message, {
      ...(error.place && { place: error.place }),
      hint: [error.hint, `If ${file} is no manifest, name it in directory.exclude.`].filter(Boolean).join(' '),
    });
  }
}

const named = 20;

/** One condition, however many files. */
function leftOutWarnings(files: readonly string[]): Condition[] {
  if (files.length === 0) return [];
  const more = files.length > named ? ` and ${files.length - named} more` : '';
  return [
    {
      type: 'ExcludedResourceWarning',
      message: `No Kubernetes objects, left out: ${files.toSorted().slice(0, named).join(', ')}${more}`,
    },
  ];
}

/** UTF-8, or UTF-16 by its byte order mark. */
function decode(data: Buffer): string {
  if (data[0] === 0xff && data[1] === 0xfe) return data.subarray(2).toString('utf16le');
  if (data[0] === 0xfe && data[1] === 0xff) return Buffer.from(data.subarray(2)).swap16().toString('utf16le');
  return data.toString('utf8').replace(/^\uFEFF/, '');
}
