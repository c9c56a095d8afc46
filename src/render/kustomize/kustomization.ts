// Kustomization files, as Go's reader and Kustomize see them: what they refer to, and which objects their patches want.
import type { Text } from '../document/yaml.ts';
import type { Worker } from '../../base/worker.ts';
import type { Place } from '../../base/errors.ts';
import { AppError } from '../../base/errors.ts';

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
  /** `objects` become manifests, a `patch` or a `replacement` changes them. */
  holds: 'objects' | 'patch' | 'replacement' | 'data';
}

/** Which objects a patch or replacement wants; each text is an expression of Go's for the whole. */
interface Selector {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
}

export interface PatchTarget {
  place: Place;
  selector: Selector;
}

export interface ObjectId {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
}

export interface Kustomization {
  references: Reference[];
  targets: PatchTarget[];
  /** What its generators make. */
  generated: ObjectId[];
  /** Names or namespaces are others behind it than before it. */
  renames: boolean;
  /** Keys that are no text, in it and in the patches that stand in it. */
  keys: Place[];
  /** Those that it has Helm render. */
  charts: ChartReference[];
  /** Folder in which Helm keeps them; '' is Kustomize's default. */
  chartHome: string;
}

export interface ChartReference {
  name: string;
  /** '' if the chart must stand in the repository. */
  repo: string;
  version: string;
  devel: boolean;
  /** By the field that Kustomize gave up. */
  old: boolean;
  place: Place;
}

/** As `render` answers the verb `kustomization`. */
interface Answer {
  references: (Omit<Reference, 'place'> & { line: number; column: number })[];
  targets: (Selector & { line: number })[];
  generated: ObjectId[];
  keys: number[];
  renames: boolean;
  charts: (Omit<ChartReference, 'place'> & { line: number })[];
  chartHome: string;
  error?: { line: number; message: string };
}

/**
 * Throws E_MANIFEST for text that is no YAML, and for what Kustomize would not read of it without a word: a second
 * document, a field that stands twice. Unknown fields are left to Kustomize.
 */
export async function readKustomization(worker: Worker, text: string, file: string): Promise<Kustomization> {
  const { value } = await worker.call('kustomization', {}, [Buffer.from(text)]);
  const [{ references, targets, keys, charts, error, ...rest }] = value as [Answer];
  if (error) throw new AppError('E_MANIFEST', error.message, { place: { file, line: error.line } });
  return {
    references: references.map(({ line, column, ...reference }) => ({ ...reference, place: { file, line, column } })),
    targets: targets.map(({ line, ...selector }) => ({ selector, place: { file, line } })),
    keys: keys.map((line) => ({ file, line })),
    charts: charts.map(({ line, ...chart }) => ({ ...chart, place: { file, line } })),
    ...rest,
  };
}

/** What the replacements in these files want; what Kustomize refuses is passed over. */
export async function readReplacements(worker: Worker, texts: readonly Text[]): Promise<PatchTarget[]> {
  if (texts.length === 0) return [];
  const { value } = await worker.call(
    'replacements',
    {},
    texts.map(({ text }) => Buffer.from(text)),
  );
  return (value as Answer['targets'][]).flatMap((targets, index) =>
    targets.map(({ line, ...selector }) => ({ selector, place: { file: texts[index]?.file ?? '', line } })),
  );
}
