// Another tag or digest of an image in values and manifests, wherever it stands in them.
import type { Change, Path } from './change.ts';
import type { Wanted } from './reference.ts';
import { AppError } from '../../base/errors.ts';
import { applyMergePatch } from '../../base/merge-patch.ts';
import { isObject } from '../../model/kube.ts';
import { byHand, changedText, valueAt, valuesOf } from './change.ts';
import { referenceOf, referenceText } from './reference.ts';

export interface Edited {
  text: string;
  /** Whether the file names the image, changed or not. */
  met: boolean;
}

/** One of the files whose values are laid over each other. */
export interface Layer {
  /** Of a file, or of a field of the Application. */
  name: string;
  /** undefined: it is no file that can be changed. */
  text?: string | undefined;
  values: unknown;
}

interface Found {
  path: Path;
  map: Record<string, unknown>;
}

function* mapsOf(value: unknown, path: Path = []): Generator<Found> {
  if (isObject(value)) {
    yield { path, map: value };
    for (const [key, each] of Object.entries(value)) yield* mapsOf(each, [...path, key]);
  } else if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* mapsOf(each, [...path, index]);
}

/** `registry/` before the repository, where a map has both; undefined: the map has another image or none. */
function registryOf({ path, map }: Found, name: string): string | undefined {
  const { registry, repository } = map;
  if (typeof repository !== 'string') return undefined;
  const own = typeof registry === 'string' && registry !== '' ? `${registry}/` : '';
  // Repositories of Git and of charts are called so too.
  const isImage = 'tag' in map || 'digest' in map || /image$/i.test(String(path.at(-1) ?? ''));
  return isImage && `${own}${repository}` === name ? own : undefined;
}

type Set = [key: string, value: string | undefined];

/** What is to be set in a map; undefined: it is not of that image. `has`: whether some layer has that key there. */
function settingsOf(found: Found, { name, to }: Wanted, charts: boolean, has: (key: string) => boolean) {
  const { map } = found;
  const own = charts ? registryOf(found, name) : undefined;
  const versions: Set[] = [
    ['tag', to.tag],
    ['digest', to.digest],
  ];
  if (own !== undefined) {
    const renamed = to.name.startsWith(own) ? to.name.slice(own.length) : to.name;
    return [...(renamed === map['repository'] ? [] : [['repository', renamed] as Set]), ...versions];
  }
  const { image } = map;
  if (typeof image !== 'string' || referenceOf(image).name !== name) return undefined;
  if (image === name && has('tag')) return [...(to.name === name ? [] : [['image', to.name] as Set]), ...versions];
  return [['image', referenceText(to)] as Set];
}

/** Layers whose value at that path counts: of a list only those of the first layer that has one. */
function layersAt(layers: readonly Layer[], path: Path): Layer[] {
  const list = path.findIndex((step) => typeof step === 'number');
  const holds = (layer: Layer, at: Path): boolean => valueAt(layer.values, at) !== undefined;
  const own = list < 0 ? layers : layers.filter((layer) => holds(layer, path.slice(0, list))).slice(0, 1);
  return own.filter(({ values }) => isObject(valueAt(values, path)));
}

function empty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Where a value is to be set, the layer that wins; undefined: nothing is to be done. */
function layerFor(holders: readonly Layer[], { path, map }: Found, [key, value]: Set): Layer | undefined {
  const having = (name: string): Layer[] => holders.filter(({ values }) => hasKey(valueAt(values, path), name));
  const [winner, ...others] = having(key);
  if (value === undefined) {
    if (empty(map[key])) return undefined;
    const shown = others.find(({ values }) => !empty((valueAt(values, path) as Record<string, unknown>)[key]));
    if (shown) throw byHand(winner?.name ?? '', `without ${key} that of ${shown.name} counts`);
    return winner;
  }
  if (key === 'digest' && !winner)
    throw new AppError('E_MANIFEST', `nothing says that the chart knows a digest at ${pathText(path)}`, {
      place: { file: holders[0]?.name ?? '' },
      hint: 'Add an empty digest there by hand if it does, or set a tag.',
    });
  return winner ?? having('digest')[0] ?? having('repository')[0] ?? holders[0];
}

function hasKey(map: unknown, key: string): boolean {
  return isObject(map) && key in map;
}

/** As `--set` has it. */
function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index ? '.' : ''}${step}`)).join('');
}

const imageKeys = ['image', 'registry', 'repository', 'tag', 'digest'];

/** In all layers, the one that wins first; `parameters`: names of values that the Application sets itself. */
export function editLayers(
  layers: readonly Layer[],
  wanted: Wanted,
  { charts = true, document = 0, parameters = [] as readonly string[] } = {},
): { changed: Map<string, string>; met: boolean } {
  const all = layers.reduceRight<unknown>(
    (under, { values }) =>
      layers.length === 1 ? values : applyMergePatch(isObject(under) ? under : {}, isObject(values) ? values : {}),
    {},
  );
  const changes = new Map<Layer, Change[]>();
  let met = false;
  for (const found of mapsOf(all)) {
    const holders = layersAt(layers, found.path);
    const has = (key: string): boolean => holders.some(({ values }) => hasKey(valueAt(values, found.path), key));
    const settings = settingsOf(found, wanted, charts, has);
    if (!settings) continue;
    met = true;
    const set = imageKeys.map((key) => pathText([...found.path, key])).find((name) => parameters.includes(name));
    if (set !== undefined) throw overridden(`helm.parameters (${set})`);
    for (const setting of settings) {
      const [key, value] = setting;
      const layer = layerFor(holders, found, setting);
      if (!layer || (typeof found.map[key] === 'string' && found.map[key] === value)) continue;
      if (layer.text === undefined) throw overridden(layer.name);
      changes.set(layer, [...(changes.get(layer) ?? []), { document, path: found.path, key, value }]);
    }
  }
  return {
    changed: new Map([...changes].map(([{ name, text = '' }, own]) => [name, changedText(name, text, own)])),
    met,
  };
}

/** Nothing of the files would count. */
export function overridden(field: string): AppError {
  return new AppError('E_MANIFEST', `the Application itself sets the image, in ${field}`, {
    hint: 'Change it there, or take it out.',
  });
}

/** Every `image: name…`, in whatever kind it stands. */
export function editManifests(file: string, text: string, wanted: Wanted): Edited {
  return valuesOf(file, text).reduce<Edited>(
    (now, values, document) => {
      const { changed, met } = editLayers([{ name: file, text: now.text, values }], wanted, {
        charts: false,
        document,
      });
      return { text: changed.get(file) ?? now.text, met: now.met || met };
    },
    { text, met: false },
  );
}
