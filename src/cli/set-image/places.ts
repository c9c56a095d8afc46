// Where an application has its images: by the kind of each source that lies in the repository.
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { Edited } from './edit.ts';
import type { Wanted } from './reference.ts';
import type { Tree } from './tree.ts';
import { posix } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { globMatch } from '../../base/glob.ts';
import { sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { editKustomization, editManifests, editValues } from './edit.ts';
import { referenceOf } from './reference.ts';

type Edit = (file: string, text: string, wanted: Wanted) => Edited;

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const isManifest = /\.(ya?ml|json)$/i;

/** Within the root, without `.` and slashes at the ends; undefined: outside. */
function inside(...parts: string[]): string | undefined {
  const path = posix.normalize(parts.join('/')).split('/').filter(Boolean).join('/');
  return path === '..' || path.startsWith('../') ? undefined : path === '.' ? '' : path;
}

/** Of a value file's name: relative to the source, from the root, or from another source by `$ref/`. */
function valuePath(app: Application, { path = '' }: ApplicationSource, name: string, own: Set<string>) {
  const [, ref, rest] = /^\$([^/]+)\/(.*)$/.exec(name) ?? [];
  if (ref === undefined || rest === undefined) return name.startsWith('/') ? inside(name) : inside(path, name);
  const other = sourcesOf(app.spec).find((source) => source.ref === ref);
  return other && own.has(normaliseRepo(other.repoURL)) ? inside(rest) : undefined;
}

/** Value files, the one that wins first. */
async function valueFiles(
  tree: Tree,
  app: Application,
  source: ApplicationSource,
  own: Set<string>,
): Promise<string[]> {
  const all = await tree.list('');
  const named = (source.helm?.valueFiles ?? []).flatMap((name) => {
    const path = valuePath(app, source, name, own);
    if (path === undefined) return [];
    return /[*?[]/.test(path) ? all.filter((file) => globMatch(path, file, { separators: '/' })) : [path];
  });
  const chart = source.chart === undefined ? inside(source.path ?? '', 'values.yaml') : undefined;
  return [...new Set([...(chart === undefined ? [] : [chart]), ...named])].reverse();
}

interface Candidates {
  edit: Edit;
  files: string[];
  /** Whether only the first file that names the image counts. */
  first: boolean;
}

async function candidatesOf(
  tree: Tree,
  app: Application,
  source: ApplicationSource,
  own: Set<string>,
): Promise<Candidates> {
  const folder = inside(source.path ?? '') ?? '';
  const direct = await tree.list(folder, true);
  const at = (name: string): string => (folder ? `${folder}/${name}` : name);
  const kustomization = kustomizations.map(at).find((file) => direct.includes(file));
  if (source.chart !== undefined || direct.includes(at('Chart.yaml')))
    return { edit: editValues, files: await valueFiles(tree, app, source, own), first: true };
  if (kustomization !== undefined) return { edit: editKustomization, files: [kustomization], first: true };
  const files = source.directory?.recurse ? await tree.list(folder) : direct;
  return { edit: editManifests, files: files.filter((file) => isManifest.test(file)), first: false };
}

/** Whether a kustomization that has no entry of the image may get one: something of the application names it. */
async function isNamed(tree: Tree, app: Application, name: string, source: ApplicationSource): Promise<boolean> {
  if (app.status?.summary?.images?.some((image) => referenceOf(image).name === name)) return true;
  for (const file of await tree.list(inside(source.path ?? '') ?? '')) {
    const text = isManifest.test(file) ? ((await tree.read(file)) ?? '') : '';
    if (text.includes(name) && editManifests(file, text, { name, to: { name, tag: '0' } }).met) return true;
  }
  return false;
}

function notNamed(app: Application, name: string): AppError {
  const images = [...new Set((app.status?.summary?.images ?? []).map((image) => referenceOf(image).name))].sort();
  return new AppError('E_PATH', `no file of ${app.metadata.name} in this repository names the image ${name}`, {
    hint:
      images.length > 0 ? `It runs ${images.join(', ')}.` : 'Name the image as the files write it, registry included.',
  });
}

/** Whether some file of the source names the image; what changes is added to `changed`. */
async function editSource(
  tree: Tree,
  { app, source, own }: { app: Application; source: ApplicationSource; own: Set<string> },
  image: Wanted,
  changed: Map<string, string>,
): Promise<boolean> {
  const { edit, files, first } = await candidatesOf(tree, app, source, own);
  let met = false;
  for (const file of files) {
    const before = changed.get(file) ?? (await tree.read(file));
    if (before === undefined) continue;
    const has = before.includes(image.name) || edit !== editKustomization;
    if (!has && !(await isNamed(tree, app, image.name, source))) continue;
    const result = edit(file, before, image);
    if (result.text !== before) changed.set(file, result.text);
    met ||= result.met;
    if (result.met && first) break;
  }
  return met;
}

/**
 * The files of that repository that change, with their new text; empty when all of it stands there already. `own`: how
 * the repository is called, normalised. Throws E_PATH when nothing names one of the images.
 */
export async function edited(
  tree: Tree,
  app: Application,
  wanted: readonly Wanted[],
  own: Set<string>,
): Promise<Map<string, string>> {
  const changed = new Map<string, string>();
  const sources = sourcesOf(app.spec).filter(
    (source) => own.has(normaliseRepo(source.repoURL)) || (source.chart !== undefined && source.helm?.valueFiles),
  );
  for (const image of wanted) {
    let met = false;
    for (const source of sources) met = (await editSource(tree, { app, source, own }, image, changed)) || met;
    if (!met) throw notNamed(app, image.name);
  }
  return changed;
}
