// Kustomize applications: the closure of their files, the Application's edits, one `kustomize build`.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { closureOf, kustomizationOf } from './kustomize-closure.ts';
import { editKustomization, editsKustomization } from './kustomize-edit.ts';
import { follow, joinPath } from './paths.ts';
import { isObject } from '../model/kube.ts';
import { kustomizationNames } from './kustomization.ts';
import { locate } from './places.ts';
import { parseManifests, parseYaml } from './yaml.ts';
import { runTool } from './tool.ts';
import { withOverlay } from './overlay.ts';
import type { Closure, ReferenceCache } from './kustomize-closure.ts';
import type { Input, Plan, Planning } from './plan.ts';
import type { KustomizeSource } from '../model/application.ts';
import type { Manifest } from './yaml.ts';
import type { Overlay } from './overlay.ts';
import type { Reference } from './kustomization.ts';
import type { Tool } from './tool.ts';

export interface KustomizeParts {
  tool: Tool;
  tempDir: string;
  references: ReferenceCache;
}

export async function planKustomize(planning: Planning, parts: KustomizeParts): Promise<Plan> {
  const { files, path, source } = planning;
  const section = source.kustomize ?? {};
  const components = await presentComponents(planning, section);
  const closure = await closureOf(files, path, sectionReferences(section, components, path), parts.references);
  const inputs: Input[] = [...closure.folders, ...closure.files].map((name) => ({ path: name, files }));
  return {
    sourceType: 'Kustomize',
    inputs,
    parameters: { tool: parts.tool.version, path, section, components },
    produce: () => withOverlay(parts.tempDir, inputs, async (overlay) => {
      if (editsKustomization(section)) await writeEdited(planning, section, components, overlay);
      return build(planning, parts.tool, closure, overlay);
    }),
  };
}

/** Components of the section that are there; with ignoreMissingComponents the others are left out. */
async function presentComponents({ files, path }: Planning, section: KustomizeSource): Promise<string[]> {
  if (!section.ignoreMissingComponents) return section.components ?? [];
  const present: string[] = [];
  for (const component of section.components ?? []) {
    const at = joinPath(path, component);
    if (at !== undefined && (await follow(files, at))) present.push(component);
  }
  return present;
}

/** What the Application itself refers to has no line: its place is the application path. */
function sectionReferences(section: KustomizeSource, components: string[], path: string): Reference[] {
  const place = { file: path || '.' };
  const patches = (section.patches ?? []).flatMap((patch) => (patch.path ? [{ path: patch.path, place, wants: 'file' as const, resource: false }] : []));
  return [...patches, ...components.map((component) => ({ path: component, place, wants: 'folder' as const, resource: false }))];
}

async function writeEdited({ files, path }: Planning, section: KustomizeSource, components: string[], overlay: Overlay): Promise<void> {
  const file = await kustomizationOf(files, path);
  const name = file?.path ?? join(path, kustomizationNames[0] ?? '');
  const entry = await follow(files, name);
  const [present] = parseYaml(String((entry && (await files.read(entry.path))) ?? ''), name);
  await overlay.write(name, stringify(editKustomization(isObject(present) ? present : {}, section, components, name), { version: '1.1' }));
}

async function build(planning: Planning, tool: Tool, closure: Closure, overlay: Overlay): Promise<Manifest[]> {
  const { files, path } = planning;
  const known = new Set([...closure.resources, ...closure.files]);
  try {
    const text = await runTool({ tool, args: ['build', '.'], overlay, cwd: join(overlay.root, path), fileOf: (named) => fileOf(named, path, [...known, ...closure.folders]) });
    const manifests = parseManifests(text, path || '.');
    const texts = await Promise.all(closure.resources.map(async (file) => ({ file, text: String((await files.read(file)) ?? '') })));
    return manifests.map(({ object }) => ({ object, place: locate(object, texts) ?? { file: path || '.' } }));
  } catch (error) {
    await findFault(planning, closure);
    throw error;
  }
}

/** Kustomize often names no line: files that are not even YAML are found by our own parser. */
async function findFault({ files }: Planning, closure: Closure): Promise<void> {
  for (const file of closure.resources) {
    if (/\.(ya?ml|json)$/.test(file)) parseYaml(String((await files.read(file)) ?? ''), file);
  }
}

/** Kustomize names paths as it was given them, from its folder, or relative to the base that it is in. */
function fileOf(named: string, path: string, known: string[]): string | undefined {
  const full = joinPath(path, named);
  if (full !== undefined && known.includes(full)) return full;
  const inRoot = known.includes(named) ? named : undefined;
  return inRoot ?? known.find((file) => file.endsWith(`/${named}`)) ?? (full === undefined ? undefined : full);
}
