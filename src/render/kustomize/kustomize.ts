// Kustomize applications: the closure of their files, the Application's edits, one `kustomize build`.
import type { LRUCache } from 'lru-cache';
import type { Closure, KustomizationReader } from './closure.ts';
import type { Files } from '../../model/files.ts';
import type { Input, Plan, Planning } from '../source/plan.ts';
import type { KustomizeSource } from '../../model/sources.ts';
import type { Manifest, Produced } from '../document/complete.ts';
import type { Overlay } from '../source/overlay.ts';
import type { ObjectId, Reference } from './kustomization.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { NamedObject, NamedObjects } from './kustomized.ts';
import type { Text } from '../document/yaml.ts';
import type { Workers } from '../source/workers.ts';
import type { Worker } from '../../base/worker.ts';
import { join } from 'node:path';
import { clusterOf } from './charts.ts';
import { isBelow } from '../source/mounted.ts';
import { stringifyJson } from '../../base/json.ts';
import { AppError } from '../../base/errors.ts';
import { completeObjects } from '../document/complete.ts';
import { closureOf, kustomizationOf } from './closure.ts';
import { Elsewhere } from './elsewhere.ts';
import { editKustomization, editsKustomization } from './edit.ts';
import { follow, joinPath } from '../source/paths.ts';
import { isObject } from '../../model/kube.ts';
import { kustomizationNames, readReplacements } from './kustomization.ts';
import { keyFault, kustomizeWarnings, namedObjects, sectionTargets, unmatchedPatches } from './kustomized.ts';
import { breather } from '../../base/clock.ts';
import { locator } from '../document/places.ts';
import { parseDocuments, parseTexts, parseYaml } from '../document/yaml.ts';
import { refuseLfsPointer } from '../source/absent.ts';
import { buildEnvironment, substitute } from '../source/plan.ts';
import { runTool } from '../source/tool.ts';
import { overlayOf, root } from '../source/overlay.ts';

interface KustomizeParts {
  workers: Workers;
  worker: Worker;
  kustomizations: KustomizationReader;
  /** By the id of a chart's folder: whether its templates ask what the cluster serves. */
  capabilities: LRUCache<string, boolean>;
}

/** Throws E_RENDER with the place where a file of the closure cannot be read. */
export async function planKustomize(planning: Planning, parts: KustomizeParts): Promise<Plan> {
  const { path, source } = planning;
  const elsewhere = new Elsewhere(planning.files, planning.remote);
  const { files } = elsewhere;
  const flags = planning.remote?.kustomize ?? {};
  const section = withEnvironment(planning, source.kustomize ?? {});
  const { components, watched } = await presentComponents(planning, section);
  const closure = await closureOf(elsewhere, path, sectionReferences(section, components, path), parts.kustomizations);
  const inputs: Input[] = [...closure.folders, ...closure.files, ...closure.linked].map((name) => ({
    path: name,
    files,
  }));
  return {
    sourceType: 'Kustomize',
    inputs,
    watched,
    parameters: {
      ...{ tool: parts.workers.version, path, section, components, flags },
      ...(await clusterOf(planning, closure.charts, files, parts.capabilities)),
    },
    produce: async () => {
      const overlay = await overlayOf(inputs);
      overlay.pointers
        .filter(
          (file) =>
            [closure.resources, closure.patches, closure.data].some((read) => read.includes(file)) ||
            closure.charts.some((chart) => isBelow(file, chart)),
        )
        .forEach(refuseLfsPointer);
      if (editsKustomization(section))
        await writeEdited(
          { ...planning, source: { ...source, kustomize: section } },
          parts.worker,
          components,
          overlay,
        );
      await elsewhere.rewrite(parts.worker, overlay, closure.kustomizations);
      return build({ ...planning, files }, parts, withSection(closure, section, path), overlay);
    },
  };
}

/** With commonAnnotationsEnvsubst the build environment stands in for `$NAME` in annotations (Argo CD). */
function withEnvironment(planning: Planning, section: KustomizeSource): KustomizeSource {
  if (!section.commonAnnotationsEnvsubst || !section.commonAnnotations) return section;
  const environment = buildEnvironment(planning);
  return {
    ...section,
    commonAnnotations: Object.fromEntries(
      Object.entries(section.commonAnnotations).map(([name, value]) => [name, substitute(value, environment)]),
    ),
  };
}

/** Components of the section that are there; with ignoreMissingComponents the others are left out. */
async function presentComponents(
  { files, path }: Planning,
  section: KustomizeSource,
): Promise<{ components: string[]; watched: Input[] }> {
  const components: string[] = [];
  const watched: Input[] = [];
  for (const component of section.components ?? []) {
    const at = joinPath(path, component);
    const missing = section.ignoreMissingComponents && (at === undefined || !(await follow(files, at)));
    if (!missing) components.push(component);
    else if (at !== undefined) watched.push({ path: at, files });
  }
  return { components, watched };
}

/** What the Application itself refers to has no line: its place is the application path. */
function sectionReferences(section: KustomizeSource, components: string[], path: string): Reference[] {
  const place = { file: path || '.' };
  const patches = (section.patches ?? []).flatMap((patch) =>
    patch.path ? [{ path: patch.path, place, wants: 'file' as const, holds: 'patch' as const }] : [],
  );
  return [
    ...patches,
    ...components.map((component) => ({
      path: component,
      place,
      wants: 'folder' as const,
      holds: 'objects' as const,
    })),
  ];
}

function withSection(closure: Closure, section: KustomizeSource, path: string): Closure {
  const renames = section.namePrefix || section.nameSuffix || section.namespace;
  return {
    ...closure,
    targets: [...closure.targets, ...sectionTargets(section.patches ?? [], { file: path || '.' })],
    renaming: closure.renaming + (renames ? 1 : 0),
  };
}

async function writeEdited(
  { files, path, source }: Planning,
  worker: Worker,
  components: string[],
  overlay: Overlay,
): Promise<void> {
  const file = await kustomizationOf(files, path);
  const name = file?.path ?? join(path, kustomizationNames[0] ?? '');
  const entry = await follow(files, name);
  const [present] = await parseYaml(worker, String((entry && (await files.read(entry.path))) ?? ''), name);
  overlay.write(
    name,
    stringifyJson(editKustomization(isObject(present) ? present : {}, source.kustomize ?? {}, components, name)),
  );
}

async function build(
  planning: Planning,
  { workers, worker }: KustomizeParts,
  closure: Closure,
  overlay: Overlay,
): Promise<Produced> {
  const { files, path, source } = planning;
  const section = source.kustomize ?? {};
  const { resources: bases, patches: changes, replacements, data, folders } = closure;
  const known = [...bases, ...changes, ...replacements, ...data, ...folders];
  const texts = await readTexts(files, closure.resources);
  const resources = await namedObjects(worker, texts);
  const changed = await readTexts(files, closure.patches);
  const patches = await namedObjects(worker, changed, { patches: true });
  try {
    const { text } = await runTool({
      workers,
      tool: 'kustomize',
      merged: planning.merged,
      overlay,
      options: {
        ...{ path: join(root, path), ...planning.remote?.kustomize },
        kubeVersion: section.kubeVersion || planning.cluster.version,
        apiVersions: section.apiVersions?.length ? section.apiVersions : planning.cluster.apiVersions,
      },
      fileOf: (named) => fileOf(named, path, known),
    });
    const objects = completeObjects(await parseDocuments(worker, text, path || '.')).map(({ object }) => object);
    const replaced = await readReplacements(worker, await readTexts(files, replacements));
    const unmatched = await unmatchedPatches(worker, {
      ...closure,
      targets: [...closure.targets, ...replaced],
      before: [...closure.generated, ...resources.objects.flatMap(withGenerated)],
      after: objects,
    });
    return {
      manifests: await placed(objects, resources, path),
      warnings: kustomizeWarnings(resources.local, unmatched),
    };
  } catch (error) {
    throw (
      (hasLine(error) ? undefined : keyFault([...resources.keys, ...patches.keys, ...closure.keys])) ??
      (await faultIn(worker, texts)) ??
      (hasLine(error) ? undefined : await faultIn(worker, changed)) ??
      (hasFile(error) ? undefined : await repeatedIn(worker, texts)) ??
      withPlace(error, [...patches.objects, ...resources.objects])
    );
  }
}

function hasLine(error: unknown): boolean {
  return error instanceof AppError && error.place?.line !== undefined;
}

function hasFile(error: unknown): boolean {
  return error instanceof AppError && error.place !== undefined;
}

function read(worker: Worker, texts: readonly Text[]): ReturnType<typeof parseTexts> {
  return parseTexts(
    worker,
    texts.filter(({ file }) => /\.(ya?ml|json)$/.test(file)),
  );
}

/** Kustomize often names no line: what is not even YAML is found here. */
async function faultIn(worker: Worker, texts: readonly Text[]): Promise<AppError | undefined> {
  return (await read(worker, texts)).find((each) => each instanceof AppError);
}

/** Of keys that stand twice in a map Kustomize names the lines, and no file: it refuses what Kubernetes reads. */
async function repeatedIn(worker: Worker, texts: readonly Text[]): Promise<AppError | undefined> {
  const documents = (await read(worker, texts)).flatMap((each) => (each instanceof AppError ? [] : each));
  const [first] = documents.flatMap(({ repeated }) => repeated);
  if (!first) return undefined;
  const { key, place } = first;
  return new AppError('E_MANIFEST', `key ${JSON.stringify(key)} stands here a second time, which Kustomize refuses`, {
    place,
    hint: 'Remove one of them; where another object begins, put --- on a line before it.',
  });
}

async function placed(objects: KubeObject[], { objects: named }: NamedObjects, path: string): Promise<Manifest[]> {
  const locate = locator(named);
  const breath = breather();
  const manifests: Manifest[] = [];
  for (const object of objects) {
    await breath();
    const place = locate(object.kind, object.metadata.name ?? object.metadata.generateName ?? '');
    manifests.push({ object, place: place ?? { file: path || '.' } });
  }
  return manifests;
}

/** A generator in a file of its own makes an object of its name. */
function withGenerated(object: NamedObject): ObjectId[] {
  const kind = /^(ConfigMap|Secret)Generator$/.exec(object.kind)?.[1];
  return kind === undefined ? [object] : [object, { ...object, apiVersion: 'v1', kind }];
}

/**
 * Kustomize names objects as `<kind>.<version>.<group>/<name>.<namespace>`: a failure without a line gets that of the
 * first object it names.
 */
function withPlace(error: unknown, named: readonly NamedObject[]): unknown {
  if (!(error instanceof AppError) || error.place?.line !== undefined) return error;
  const object = objectIn(error.message);
  const place = object && locator(named)(object.kind, object.name);
  return place ? new AppError(error.code, error.message, { place, cause: error.cause }) : error;
}

function objectIn(message: string): { kind: string; name: string } | undefined {
  for (const word of message.split(/[^\w.[\]/-]+/)) {
    const [type = '', object = ''] = word.split('/');
    const [kind = '', version, group] = type.split('.');
    const dot = object.lastIndexOf('.');
    if (/^[A-Z]\w*$/.test(kind) && version && group && dot > 0) return { kind, name: object.slice(0, dot) };
  }
  return undefined;
}

async function readTexts(files: Files, paths: readonly string[]): Promise<Text[]> {
  return Promise.all(paths.map(async (file) => ({ file, text: String((await files.read(file)) ?? '') })));
}

/** Kustomize names paths as it was given them: from the application's folder, or relative to the base that it is in. */
function fileOf(named: string, path: string, known: string[]): string | undefined {
  const full = joinPath(path, named);
  const exact = [full, named].find((file) => file !== undefined && known.includes(file));
  return exact ?? known.find((file) => file.endsWith(`/${named}`)) ?? full;
}
