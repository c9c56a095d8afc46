// What an Application's `kustomize` section changes in the kustomization file, as the `kustomize edit` commands do that
// Argo CD runs.
import type { KustomizeSource } from '../../model/sources.ts';
import { isObject } from '../../model/kube.ts';
import { renderError } from '../source/plan.ts';

type Json = Record<string, unknown>;

/** True if the section changes the file at all. */
export function editsKustomization(source: KustomizeSource | undefined): boolean {
  const { version: _version, kubeVersion: _kubeVersion, apiVersions: _apiVersions, ...edits } = source ?? {};
  return Object.values(edits).some((value) =>
    Array.isArray(value)
      ? value.length > 0
      : isObject(value)
        ? Object.keys(value).length > 0
        : value !== undefined && value !== '' && value !== false,
  );
}

/**
 * The file with the section's edits. `components`: those of the section that are there. Throws E_RENDER where an edit
 * would override without force.
 */
export function editKustomization(file: Json, source: KustomizeSource, components: string[], name: string): Json {
  const edited: Json = { ...file };
  if (source.namePrefix) edited['namePrefix'] = source.namePrefix;
  if (source.nameSuffix) edited['nameSuffix'] = source.nameSuffix;
  if (source.namespace) edited['namespace'] = source.namespace;
  if (source.images?.length) edited['images'] = withImages(list(file['images']), source.images);
  if (source.replicas?.length)
    edited['replicas'] = replaceByName(
      list(file['replicas']),
      source.replicas.map(({ name: of, count }) => ({ name: of, count: Number(count) })),
    );
  addLabels(edited, source, name);
  if (source.commonAnnotations)
    edited['commonAnnotations'] = merged(file['commonAnnotations'], source.commonAnnotations, {
      force: source.forceCommonAnnotations,
      what: 'annotation',
      name,
    });
  if (source.patches?.length) edited['patches'] = [...list(file['patches']), ...source.patches];
  if (components.length > 0) edited['components'] = [...new Set([...list(file['components']), ...components])];
  return edited;
}

function addLabels(edited: Json, source: KustomizeSource, name: string): void {
  if (!source.commonLabels || Object.keys(source.commonLabels).length === 0) return;
  if (!source.labelWithoutSelector) {
    edited['commonLabels'] = merged(edited['commonLabels'], source.commonLabels, {
      force: source.forceCommonLabels,
      what: 'label',
      name,
    });
    return;
  }
  const entry = { pairs: source.commonLabels, ...(source.labelIncludeTemplates && { includeTemplates: true }) };
  edited['labels'] = [...list(edited['labels']), entry];
}

function merged(
  present: unknown,
  added: Record<string, string>,
  how: { force: boolean | undefined; what: string; name: string },
): Json {
  const before = isObject(present) ? present : {};
  const clash = Object.keys(added).find((key) => key in before);
  if (clash !== undefined && !how.force)
    throw renderError(`${how.what} ${clash} is already in the kustomization file`, { file: how.name });
  return { ...before, ...added };
}

interface Image {
  name: string;
  newName?: string;
  newTag?: string;
  digest?: string;
}

/** `[old=]name[:tag|@digest]`; `*` keeps what the file says (kustomize edit set image). */
function parseImage(text: string): Image {
  const equals = text.indexOf('=');
  const rest = text.slice(equals + 1);
  const at = rest.indexOf('@');
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const [repository, version] =
    at >= 0
      ? [rest.slice(0, at), { digest: rest.slice(at + 1) }]
      : colon >= 0
        ? [rest.slice(0, colon), { newTag: rest.slice(colon + 1) }]
        : [rest, {}];
  return equals < 0
    ? { name: repository, ...version }
    : { name: text.slice(0, equals), newName: repository, ...version };
}

function withImages(present: unknown[], texts: string[]): unknown[] {
  const images = texts.map((text): Json => {
    const image: Json = { ...parseImage(text) };
    const before = present.find((entry) => isObject(entry) && entry['name'] === image['name']);
    if (!isObject(before)) return image;
    const kept: Json = { ...image };
    for (const field of ['newName', 'newTag', 'digest'] as const) if (image[field] === '*') kept[field] = before[field];
    return kept;
  });
  return replaceByName(present, images);
}

function replaceByName(present: unknown[], added: Json[]): unknown[] {
  const names = new Set(added.map((entry) => entry['name']));
  return [...present.filter((entry) => !isObject(entry) || !names.has(entry['name'])), ...added];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
