// Where an application has its images: by the kind of each source that lies in the repository.
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { Layer } from './edit.ts';
import type { Wanted } from './reference.ts';
import type { Tree } from './tree.ts';
import { posix } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { globMatch } from '../../base/glob.ts';
import { sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { isObject } from '../../model/kube.ts';
import { valuesOf } from './change.ts';
import { editLayers, editManifests, overridden } from './edit.ts';
import { editKustomization, hasEntry } from './kustomization.ts';
import { referenceOf } from './reference.ts';

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const isManifest = /\.(ya?ml|json)$/i;

/** Within the root, without `.` and slashes at the ends; undefined: outside. */
function inside(...parts: string[]): string | undefined {
  const path = posix.normalize(parts.join('/')).split('/').filter(Boolean).join('/');
  return path === '..' || path.startsWith('../') ? undefined : path === '.' ? '' : path;
}

/** Of a value file's name: relative to the source, from the root, or from another source by `$ref/`. */
function valuePath(app: Application, { path = '' }: ApplicationSource, name: string, { own, here }: Lies) {
  const [, ref, rest] = /^\$([^/]+)\/(.*)$/.exec(name) ?? [];
  if (ref === undefined || rest === undefined) {
    if (!here) return undefined;
    return name.startsWith('/') ? inside(name) : inside(path, name);
  }
  const other = sourcesOf(app.spec).find((source) => source.ref === ref);
  return other && own.has(normaliseRepo(other.repoURL)) ? inside(rest) : undefined;
}

interface Lies {
  own: Set<string>;
  /** Whether the source is a folder of the repository that is edited. */
  here: boolean;
}

/** Value files, the one that wins first. */
async function valueFiles(tree: Tree, app: Application, source: ApplicationSource, lies: Lies): Promise<string[]> {
  const all = await tree.list('');
  const named = (source.helm?.valueFiles ?? []).flatMap((name) => {
    const path = valuePath(app, source, name, lies);
    if (path === undefined) return [];
    return /[*?[]/.test(path) ? all.filter((file) => globMatch(path, file, { separators: '/' })) : [path];
  });
  const chart = lies.here ? inside(source.path ?? '', 'values.yaml') : undefined;
  return [...new Set([...(chart === undefined ? [] : [chart]), ...named])].reverse();
}

type Kind = 'helm' | 'kustomize' | 'directory' | 'none';

/** As the source says, else as its folder holds (Argo CD: tool detection). */
async function kindOf(tree: Tree, source: ApplicationSource, here: boolean): Promise<Kind> {
  const { helm, kustomize, directory, plugin, path, ref } = source;
  const says = (section: object | undefined): boolean => section !== undefined && Object.keys(section).length > 0;
  if (says(plugin) || (here && path === undefined && ref !== undefined)) return 'none';
  if (!here) return says(helm) ? 'helm' : 'none';
  if (says(directory)) return 'directory';
  if (says(kustomize)) return 'kustomize';
  const folder = inside(path ?? '');
  if (folder === undefined) return 'none';
  if (says(helm) || (await tree.list(folder, true)).includes(within(folder, 'Chart.yaml'))) return 'helm';
  return (await kustomizationIn(tree, folder)) === undefined ? 'directory' : 'kustomize';
}

function within(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

async function kustomizationIn(tree: Tree, folder: string): Promise<string | undefined> {
  const direct = await tree.list(folder, true);
  return kustomizations.map((name) => within(folder, name)).find((file) => direct.includes(file));
}

/** Whether the file's manifests name the image. One that cannot be read names none. */
function namesImage(file: string, text: string, name: string): boolean {
  try {
    return text.includes(name) && editManifests(file, text, { name, to: { name, tag: 'v0' } }).met;
  } catch {
    return false;
  }
}

/** Whether a kustomization has it, or something that it is made of (`resources`, `components`, `bases`). */
async function isBelow(tree: Tree, folder: string, name: string, seen = new Set<string>()): Promise<boolean> {
  if (seen.has(folder)) return false;
  seen.add(folder);
  for (const file of await tree.list(folder)) {
    const text = isManifest.test(file) ? ((await tree.read(file)) ?? '') : '';
    if (namesImage(file, text, name)) return true;
  }
  const file = await kustomizationIn(tree, folder);
  const text = file === undefined ? '' : ((await tree.read(file)) ?? '');
  const root = valuesOf(file ?? '', text)[0];
  if (!isObject(root)) return false;
  // A base may give the image this name.
  if (seen.size > 1 && hasEntry(file ?? '', text, name)) return true;
  for (const reference of ['resources', 'components', 'bases'].flatMap((key) => root[key] ?? [])) {
    const path = typeof reference === 'string' ? inside(folder, reference) : undefined;
    if (path === undefined) continue;
    const manifest = await tree.read(path);
    if (manifest === undefined ? await isBelow(tree, path, name, seen) : namesImage(path, manifest, name)) return true;
  }
  return false;
}

interface Place {
  app: Application;
  source: ApplicationSource;
  own: Set<string>;
}

/** Files with their text, what was changed before included. */
type Read = (file: string) => Promise<string | undefined>;
type Result = { changed: Map<string, string>; met: boolean };

const nothing: Result = { changed: new Map(), met: false };

async function inKustomization(tree: Tree, read: Read, { app, source }: Place, image: Wanted): Promise<Result> {
  const { name } = image;
  const set = source.kustomize?.images?.find((each) => {
    const [old = '', other] = each.split('=', 2);
    return [old, other ?? old].some((text) => referenceOf(text).name === name);
  });
  const folder = inside(source.path ?? '');
  const file = folder === undefined ? undefined : await kustomizationIn(tree, folder);
  const text = file === undefined ? undefined : await read(file);
  if (folder === undefined || file === undefined || text === undefined) return nothing;
  if (set !== undefined) throw overridden(`kustomize.images (${set})`);
  const runs = (): boolean => app.status?.summary?.images?.some((each) => referenceOf(each).name === name) ?? false;
  if (!hasEntry(file, text, name) && !runs() && !(await isBelow(tree, folder, name))) return nothing;
  return { changed: new Map([[file, editKustomization(file, text, image).text]]), met: true };
}

async function inValues(read: Read, files: readonly string[], { source }: Place, image: Wanted): Promise<Result> {
  const { values, valuesObject, parameters = [], fileParameters = [] } = source.helm ?? {};
  const layers: Layer[] = [];
  if (valuesObject && Object.keys(valuesObject).length > 0)
    layers.push({ name: 'helm.valuesObject', values: valuesObject });
  else if (values) layers.push({ name: 'helm.values', values: valuesOf('helm.values', values)[0] });
  for (const name of files) {
    const text = await read(name);
    if (text !== undefined) layers.push({ name, text, values: valuesOf(name, text)[0] });
  }
  return editLayers(layers, image, { parameters: [...parameters, ...fileParameters].map(({ name }) => name) });
}

async function inManifests(tree: Tree, read: Read, { source }: Place, image: Wanted): Promise<Result> {
  const folder = inside(source.path ?? '');
  if (folder === undefined) return nothing;
  const { recurse = false, include, exclude } = source.directory ?? {};
  const changed = new Map<string, string>();
  let met = false;
  for (const file of await tree.list(folder, !recurse)) {
    const name = folder ? file.slice(folder.length + 1) : file;
    if (!isManifest.test(file) || (exclude && globMatch(exclude, name)) || (include && !globMatch(include, name)))
      continue;
    const text = await read(file);
    // Without its name nothing is to be changed, whether it can be read or not.
    if (!text?.includes(image.name)) continue;
    const result = editManifests(file, text, image);
    changed.set(file, result.text);
    met ||= result.met;
  }
  return { changed, met };
}

function notNamed(app: Application, name: string): AppError {
  const images = [...new Set((app.status?.summary?.images ?? []).map((image) => referenceOf(image).name))].sort();
  return new AppError('E_PATH', `no file of ${app.metadata.name} in this repository names the image ${name}`, {
    hint:
      images.length > 0 ? `It runs ${images.join(', ')}.` : 'Name the image as the files write it, registry included.',
  });
}

/** Whether some file of the source names the image; what changes is added to `changed`. */
async function editSource(tree: Tree, place: Place, image: Wanted, changed: Map<string, string>): Promise<boolean> {
  const { app, source, own } = place;
  const read: Read = async (file) => changed.get(file) ?? tree.read(file);
  const here = source.chart === undefined && own.has(normaliseRepo(source.repoURL));
  const kind = await kindOf(tree, source, here);
  if (kind === 'none') return false;
  const results = {
    kustomize: () => inKustomization(tree, read, place, image),
    directory: () => inManifests(tree, read, place, image),
    helm: async () => inValues(read, await valueFiles(tree, app, source, { own, here }), place, image),
  };
  const result = await results[kind]();
  for (const [file, text] of result.changed) if (text !== (await read(file))) changed.set(file, text);
  return result.met;
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
  for (const image of wanted) {
    let met = false;
    for (const source of sourcesOf(app.spec))
      met = (await editSource(tree, { app, source, own }, image, changed)) || met;
    if (!met) throw notNamed(app, image.name);
  }
  return changed;
}
