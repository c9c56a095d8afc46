// Reads a kustomization file for what it refers to, each reference with its place.
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { AppError } from '../../base/errors.ts';
import type { Place } from '../../base/errors.ts';

/** Names under which Kustomize finds it. */
export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export interface Reference {
  path: string;
  place: Place;
  /**
   * `either`: a file with objects, or a folder with a kustomization of its own; `folder`: only that; `file`: data,
   * patch or configuration.
   */
  wants: 'either' | 'folder' | 'file';
  /** Objects that it holds become manifests; else they change others. */
  resource: boolean;
}

/** Throws E_MANIFEST for text that is no YAML map. Unknown fields are left to Kustomize. */
export function readReferences(text: string, file: string): Reference[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
    uniqueKeys: false,
  });
  const at = (offset: number): Place => ({ file, line: lines.linePos(offset).line, column: lines.linePos(offset).col });
  const [error] = document.errors;
  if (error)
    throw new AppError('E_MANIFEST', `this is not valid YAML: ${error.message.split('\n', 1)[0]}`, {
      place: at(error.pos[0]),
    });
  const references: Reference[] = [];
  const add = (node: unknown, wants: Reference['wants'], resource = false, keyed = false): void => {
    if (!isScalar(node) || typeof node.value !== 'string' || node.value === '' || isInline(node.value)) return;
    references.push({
      path: keyed ? withoutKey(node.value) : node.value,
      place: at(node.range?.[0] ?? 0),
      wants,
      resource,
    });
  };
  const root = document.contents;
  if (!isMap(root)) return [];
  for (const name of ['resources', 'bases'])
    for (const item of itemsOf(root.get(name, true))) add(item, 'either', true);
  for (const item of itemsOf(root.get('components', true))) add(item, 'folder');
  for (const name of ['generators', 'transformers', 'validators'])
    for (const item of itemsOf(root.get(name, true))) add(item, 'either', name === 'generators');
  for (const name of ['crds', 'configurations', 'patchesStrategicMerge'])
    for (const item of itemsOf(root.get(name, true))) add(item, 'file');
  for (const name of ['patches', 'patchesJson6902', 'replacements']) {
    for (const item of itemsOf(root.get(name, true))) if (isMap(item)) add(item.get('path', true), 'file');
  }
  for (const name of ['configMapGenerator', 'secretGenerator']) {
    for (const item of itemsOf(root.get(name, true))) addGenerated(item, add);
  }
  const openapi = root.get('openapi', true);
  if (isMap(openapi)) add(openapi.get('path', true), 'file');
  return references;
}

function addGenerated(
  item: unknown,
  add: (node: unknown, wants: 'file', resource?: boolean, keyed?: boolean) => void,
): void {
  if (!isMap(item)) return;
  for (const path of itemsOf(item.get('files', true))) add(path, 'file', false, true);
  for (const path of itemsOf(item.get('envs', true))) add(path, 'file');
  add(item.get('env', true), 'file');
}

/** Generators write `key=path`. */
function withoutKey(path: string): string {
  return path.includes('=') ? path.slice(path.indexOf('=') + 1) : path;
}

function isInline(text: string): boolean {
  return text.includes('\n') || text.startsWith('{');
}

function itemsOf(node: unknown): unknown[] {
  return isSeq(node) ? node.items : [];
}

/** Addresses that Kustomize would fetch: they have a host, or say which revision they want. */
export function isRemote(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:|^[^/@\s]+@[^/:\s]+:|^(?:www\.)?(?:github|gitlab|bitbucket)\.[a-z]+[:/]|[?&](?:ref|version|timeout|submodules)=/i.test(
    path,
  );
}
