// What Kustomize makes of the files it reads: which objects they name, and what it would leave out without a word.
import type { Condition } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { ObjectId, PatchTarget } from './kustomization.ts';
import type { Place } from '../../base/errors.ts';
import type { Text } from '../document/yaml.ts';
import type { Worker } from '../../base/worker.ts';
import { AppError } from '../../base/errors.ts';
import { isObject } from '../../model/kube.ts';

export interface NamedObject extends ObjectId {
  place: Place;
}

export interface NamedObjects {
  objects: NamedObject[];
  /** Objects that say themselves that they are for Kustomize alone. */
  local: Place[];
  /** Keys that are no text. */
  keys: Place[];
}

/** As `render` answers the verb `objects`. */
interface Answer {
  objects: (ObjectId & { line: number })[];
  lost: { line: number; message: string }[];
  local: number[];
  keys: number[];
}

/**
 * What files of objects and of patches name. Throws E_MANIFEST for what Kustomize would leave out of them. What it
 * refuses itself is passed over.
 */
export async function namedObjects(
  worker: Worker,
  texts: readonly Text[],
  { patches = false } = {},
): Promise<NamedObjects> {
  if (texts.length === 0) return { objects: [], local: [], keys: [] };
  const { value } = await worker.call(
    'objects',
    { patches },
    texts.map(({ text }) => Buffer.from(text)),
  );
  const named: NamedObjects = { objects: [], local: [], keys: [] };
  for (const [index, { objects, lost, local, keys }] of (value as Answer[]).entries()) {
    const file = texts[index]?.file ?? '';
    const [first] = lost;
    if (first)
      throw new AppError('E_MANIFEST', first.message, {
        place: { file, line: first.line },
        hint: 'Give each object a document of its own, with --- on a line before it, and remove what holds nothing.',
      });
    for (const { line, ...id } of objects) named.objects.push({ ...id, place: { file, line } });
    for (const line of keys) named.keys.push({ file, line });
    for (const line of local) named.local.push({ file, line });
  }
  return named;
}

/** Kubernetes makes text of `1:` and `true:`; Kustomize refuses them, and names no place. */
export function keyFault([place]: readonly Place[]): AppError | undefined {
  return (
    place &&
    new AppError('E_MANIFEST', 'this key is no text, which Kustomize refuses', { place, hint: 'Put it in quotes.' })
  );
}

interface Matching {
  targets: readonly PatchTarget[];
  /** Objects as the files name them, and as generators make them. */
  before: readonly ObjectId[];
  after: readonly KubeObject[];
  /** How many kustomizations change names or namespaces. */
  renaming: number;
}

/**
 * Patches and replacements that change nothing, because no object is what they want. Kustomize looks for an object by
 * its first name and by the one that it has by then, which is the last one where one kustomization alone changes names;
 * else names decide nothing here.
 */
export async function unmatchedPatches(worker: Worker, asked: Matching): Promise<Place[]> {
  const { targets, before, after, renaming } = asked;
  if (targets.length === 0) return [];
  const selectors = targets.map(({ selector }) => ({
    ...selector,
    ...(renaming > 0 && { namespace: '' }),
    ...(renaming > 1 && { name: '' }),
  }));
  const objects = [...before, ...after.map(idOf)].map(({ apiVersion, kind, namespace, name }) => ({
    apiVersion,
    kind,
    namespace,
    name,
  }));
  const { value } = await worker.call('unmatched', { selectors, objects });
  return (value as number[]).flatMap((number) => targets[number]?.place ?? []);
}

function idOf({ apiVersion, kind, metadata }: KubeObject): ObjectId {
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? metadata.generateName ?? '',
  };
}

/** Where patches of the Application's own section want objects. */
export function sectionTargets(patches: readonly unknown[], place: Place): PatchTarget[] {
  return patches.flatMap((patch) => {
    const target = isObject(patch) ? patch['target'] : undefined;
    if (!isObject(target)) return [];
    const text = (field: string): string => (typeof target[field] === 'string' ? target[field] : '');
    const selector = {
      group: text('group'),
      version: text('version'),
      kind: text('kind'),
      namespace: text('namespace'),
      name: text('name'),
    };
    return [{ place, selector }];
  });
}

const told = 20;

/** One condition for each kind of them, however many. */
export function kustomizeWarnings(local: readonly Place[], unmatched: readonly Place[]): Condition[] {
  const list = (places: readonly Place[]): string => {
    const names = [...new Set(places.map(({ file, line }) => (line === undefined ? file : `${file}:${line}`)))];
    const more = names.length > told ? ` and ${names.length - told} more` : '';
    return `${names.slice(0, told).join(', ')}${more}`;
  };
  const warnings: Condition[] = [];
  if (local.length > 0)
    warnings.push({
      type: 'ExcludedResourceWarning',
      message: `For Kustomize alone (config.kubernetes.io/local-config), left out: ${list(local)}`,
    });
  if (unmatched.length > 0)
    warnings.push({
      type: 'UnmatchedPatchWarning',
      message: `Patches and replacements whose target matches no object, which change nothing: ${list(unmatched)}`,
    });
  return warnings;
}
