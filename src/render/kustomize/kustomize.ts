// Kustomize applications: the closure of their files, the Application's edits, one `kustomize build`.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { completeObjects } from '../document/complete.ts';
import { closureOf, kustomizationOf } from './closure.ts';
import { editKustomization, editsKustomization } from './edit.ts';
import { follow, joinPath } from '../source/paths.ts';
import { isObject } from '../../model/kube.ts';
import { kustomizationNames } from './kustomization.ts';
import { locate } from '../document/places.ts';
import { parseDocuments, parseYaml } from '../document/yaml.ts';
import { refuseLfsPointer } from '../source/absent.ts';
import { buildEnvironment, substitute } from '../source/plan.ts';
import { runTool } from '../source/tool.ts';
import { withOverlay } from '../source/overlay.ts';
import type { Closure, ReferenceCache } from './closure.ts';
import type { Files } from '../../model/files.ts';
import type { Input, Plan, Planning } from '../source/plan.ts';
import type { KustomizeSource } from '../../model/application.ts';
import type { Produced } from '../document/complete.ts';
import type { Overlay } from '../source/overlay.ts';
import type { Reference } from './kustomization.ts';
import type { SourceText } from '../document/places.ts';
import type { Tool } from '../source/tool.ts';
import type { Worker } from '../../base/worker.ts';

export interface KustomizeParts {
  tool: Tool;
  tempDir: string;
  worker: Worker;
  references: ReferenceCache;
}

export async function planKustomize(planning: Planning, parts: KustomizeParts): Promise<Plan> {
  const { files, path, source } = planning;
  const section = withEnvironment(planning, source.kustomize ?? {});
  const { components, watched } = await presentComponents(planning, section);
  const closure = await closureOf(files, path, sectionReferences(section, components, path), parts.references);
  const inputs: Input[] = [...closure.folders, ...closure.files, ...closure.linked].map((name) => ({
    path: name,
    files,
  }));
  return {
    sourceType: 'Kustomize',
    inputs,
    watched,
    parameters: { tool: parts.tool.version, path, section, components },
    produce: () =>
      withOverlay(parts.tempDir, inputs, async (overlay) => {
        overlay.pointers
          .filter((file) => closure.resources.includes(file) || closure.changes.includes(file))
          .forEach(refuseLfsPointer);
        if (editsKustomization(section))
          await writeEdited(
            { ...planning, source: { ...source, kustomize: section } },
            parts.worker,
            components,
            overlay,
          );
        return build(planning, parts, closure, overlay);
      }),
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
    patch.path ? [{ path: patch.path, place, wants: 'file' as const, resource: false }] : [],
  );
  return [
    ...patches,
    ...components.map((component) => ({ path: component, place, wants: 'folder' as const, resource: false })),
  ];
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
  await overlay.write(
    name,
    stringify(editKustomization(isObject(present) ? present : {}, source.kustomize ?? {}, components, name), {
      version: '1.1',
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'PLAIN',
    }),
  );
}

async function build(
  planning: Planning,
  { tool, worker }: KustomizeParts,
  closure: Closure,
  overlay: Overlay,
): Promise<Produced> {
  const { files, path } = planning;
  const known = [...closure.resources, ...closure.changes, ...closure.folders];
  try {
    const text = await runTool({
      tool,
      args: ['build', '.'],
      overlay,
      cwd: join(overlay.root, path),
      fileOf: (named) => fileOf(named, path, known),
    });
    const texts = await readTexts(files, closure.resources);
    const manifests = completeObjects(await parseDocuments(worker, text, path || '.')).map(({ object }) => ({
      object,
      place: locate(object, texts) ?? { file: path || '.' },
    }));
    return { manifests, warnings: [] };
  } catch (error) {
    for (const { file, text } of await readTexts(
      files,
      closure.resources.filter((name) => /\.(ya?ml|json)$/.test(name)),
    )) {
      await parseYaml(worker, text, file); // Kustomize often names no line: what is not even YAML is found here
    }
    throw await withPlace(error, files, closure);
  }
}

/**
 * Kustomize names objects as `<kind>.<version>.<group>/<name>.<namespace>`: a failure without a line gets that of the
 * first object it names.
 */
async function withPlace(error: unknown, files: Files, closure: Closure): Promise<unknown> {
  if (!(error instanceof AppError) || error.place?.line !== undefined) return error;
  const named = objectIn(error.message);
  if (!named) return error;
  const place = locate(
    { apiVersion: '', kind: named.kind, metadata: { name: named.name } },
    await readTexts(files, [...closure.changes, ...closure.resources]),
  );
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

async function readTexts(files: Files, paths: readonly string[]): Promise<SourceText[]> {
  return Promise.all(paths.map(async (file) => ({ file, text: String((await files.read(file)) ?? '') })));
}

/** Kustomize names paths as it was given them: from the application's folder, or relative to the base that it is in. */
function fileOf(named: string, path: string, known: string[]): string | undefined {
  const full = joinPath(path, named);
  const exact = [full, named].find((file) => file !== undefined && known.includes(file));
  return exact ?? known.find((file) => file.endsWith(`/${named}`)) ?? full;
}
