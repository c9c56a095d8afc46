// Helm applications: the chart's folder and value files, one `helm template`.
import type { LRUCache } from 'lru-cache';
import type { Chart, ChartReader } from './chart.ts';
import type { PlacedArchive } from './dependencies.ts';
import type { Files } from '../../model/files.ts';
import type { HelmSource } from '../../model/sources.ts';
import type { Input, Plan, Planning } from '../source/plan.ts';
import type { ParsedDocument, Produced } from '../document/complete.ts';
import type { Overlay } from '../source/overlay.ts';
import type { Place } from '../../base/errors.ts';
import type { Workers } from '../source/workers.ts';
import type { Worker } from '../../base/worker.ts';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { chartOf, refuseChartPointers } from './chart.ts';
import { usesCapabilities } from '../source/capabilities.ts';
import { fetchDependencies, placeDependencies } from './dependencies.ts';
import { buildEnvironment, linkTargets, renderError, substitute } from '../source/plan.ts';
import { follow } from '../source/paths.ts';
import { produced } from '../document/complete.ts';
import { refuseLfsPointers } from '../source/absent.ts';
import { hashOf } from '../../base/canonical.ts';
import { overlayOf, overlayPath, root } from '../source/overlay.ts';
import { parseDocuments, parseYaml } from '../document/yaml.ts';
import { runTool } from '../source/tool.ts';
import { skippedHooks } from './hooks.ts';
import { valueFiles } from './values.ts';
import { stringifyJson } from '../../base/json.ts';

interface HelmParts {
  workers: Workers;
  /** By the id of the chart's folder: whether its templates ask what the cluster serves. */
  capabilities: LRUCache<string, boolean>;
  charts: ChartReader;
}

/** Throws E_RENDER with the place where chart or value files cannot be read. */
export async function planHelm(planning: Planning, parts: HelmParts): Promise<Plan> {
  const { files, path, source, app, cluster } = planning;
  const section = source.helm ?? {};
  const chart = await chartOf(files, path, parts.charts);
  const archives = await fetchDependencies(planning.remote, chart.remote);
  const { inputs: values, watched } = await valueFiles(planning, section);
  const fileParameters = await fileParameterInputs(planning, section);
  const folders = [path, ...chart.local.map(({ folder }) => folder)];
  const links = (await Promise.all(folders.map((folder) => linkTargets(files, folder)))).flat();
  const inputs: Input[] = [
    ...[...folders, ...links].map((name) => ({ path: name, files })),
    ...values,
    ...fileParameters.map(({ input }) => input),
  ];
  const asks = await usesCapabilities(
    [...folders.map((folder) => ({ files, folder })), ...packed(archives)],
    parts.capabilities,
  );
  const parameters = {
    tool: parts.workers.version,
    path,
    release: section.releaseName || app.name,
    namespace: section.namespace || app.destinationNamespace,
    values: section.valuesObject ?? section.values,
    ...parametersOf(planning, section),
    files: fileParameters.map(({ name, input }) => [name, input.path]),
    valueFiles: values.map(({ path: file, ref }) => [ref, file]),
    ...(archives.length > 0 && { archives: archives.map(({ name, of, chart: { digest } }) => [of, name, digest]) }),
    ...switches(section),
    kube: asks.version || chart.kubeVersion ? section.kubeVersion || cluster.version : undefined,
    apis: asks.apis ? hashOf(section.apiVersions?.length ? section.apiVersions : cluster.apiVersions) : undefined,
  };
  const produce = async (): Promise<Produced> => {
    const overlay = await overlayOf(inputs);
    await refuseChartPointers(files, folders, overlay.pointers);
    for (const given of [...values, ...fileParameters.map(({ input }) => input)])
      await refuseLfsPointers(given.files, [(await follow(given.files, given.path))?.path ?? given.path]);
    await placeDependencies({ local: chart.local, archives }, files, overlay);
    return template(planning, {
      workers: parts.workers,
      worker: parts.charts.worker,
      chart,
      values,
      fileParameters,
      overlay,
    });
  };
  return {
    sourceType: 'Helm',
    inputs,
    watched: [...watched, ...chart.local.map(({ named }) => ({ path: named, files }))],
    parameters,
    produce,
  };
}

function packed(archives: readonly PlacedArchive[]): { files: Files; folder: string }[] {
  return archives.map(({ chart }) => ({ files: chart.files, folder: '' }));
}

interface FileParameter {
  name: string;
  input: Input;
}

async function fileParameterInputs(planning: Planning, section: HelmSource): Promise<FileParameter[]> {
  const found: FileParameter[] = [];
  for (const { name: given, path } of section.fileParameters ?? []) {
    const name = String(given); // an override in the repository may hold anything
    // What stands before an equals sign is a parameter of its own to Helm, and what stands after it a file of ours.
    if (name.includes('='))
      throw renderError(`${JSON.stringify(name)} is no name of a parameter`, { file: planning.path || '.' });
    const {
      inputs: [input],
    } = await valueFiles(planning, { valueFiles: [path] });
    if (input) found.push({ name, input });
  }
  return found;
}

/** Argo CD escapes commas in values, unless they are lists in braces. */
function parametersOf(planning: Planning, section: HelmSource): { set: string[]; setString: string[] } {
  const environment = buildEnvironment(planning);
  const texts = (forced: boolean): string[] =>
    (section.parameters ?? [])
      .filter(({ forceString }) => Boolean(forceString) === forced)
      .map(({ name, value = '' }) => {
        const text = substitute(value, environment);
        return `${name}=${/^\{.*\}$/s.test(text) ? text : text.replace(/(^|[^\\]),/g, '$1\\,')}`;
      });
  return { set: texts(false), setString: texts(true) };
}

function switches(section: HelmSource): Record<string, boolean> {
  return {
    includeCRDs: !section.skipCrds,
    skipTests: Boolean(section.skipTests),
    skipSchemaValidation: Boolean(section.skipSchemaValidation),
  };
}

/** A path as Helm's `--set-file` reads it: a comma would end it and begin another parameter. */
function literal(path: string): string {
  return path.replace(/[\\,]/g, '\\$&');
}

interface Template {
  workers: Workers;
  worker: Worker;
  chart: Chart;
  values: Input[];
  fileParameters: FileParameter[];
  overlay: Overlay;
}

async function template(
  planning: Planning,
  { workers, worker, chart, values, fileParameters, overlay }: Template,
): Promise<Produced> {
  const { path, source, app, cluster } = planning;
  const section = source.helm ?? {};
  const inline = section.valuesObject ? stringifyJson(section.valuesObject) : section.values;
  const inlineFile = inline ? overlay.writeHome('values.yaml', inline) : undefined;
  const parameters = parametersOf(planning, section);
  const options = {
    chart: join(root, path),
    release: section.releaseName || app.name,
    namespace: section.namespace || app.destinationNamespace,
    kubeVersion: section.kubeVersion || cluster.version,
    apiVersions: section.apiVersions?.length ? section.apiVersions : cluster.apiVersions,
    values: [...values.map((input) => overlayPath(input)), ...(inlineFile ? [inlineFile] : [])],
    ...parameters,
    setFile: fileParameters.map(({ name, input }) => `${name}=${literal(overlayPath(input))}`),
    ...switches(section),
  };
  try {
    const { text, said } = await runTool({
      workers,
      tool: 'helm',
      merged: planning.merged,
      overlay,
      options,
      given: [...parameters.set, ...parameters.setString],
      fileOf: (named) => chartFile(named, chart, path),
    });
    const skipped = await skippedHooks(said, planning, [path, ...chart.local.map(({ folder }) => folder)]);
    const made = produced(await fromTemplates(worker, text, (named) => chartFile(named, chart, path) || path || '.'));
    return { ...made, warnings: [...made.warnings, ...skipped] };
  } catch (error) {
    // a better place, if that was it
    for (const input of values) await parseYaml(worker, String((await input.files.read(input.path)) ?? ''), input.path);
    throw error;
  }
}

/** Helm names templates by the chart: `<chart>/templates/x.yaml`; value files by their path. */
function chartFile(named: string, chart: Chart, path: string): string | undefined {
  const prefix = `${chart.name}/`;
  if (named.startsWith(prefix)) return join(path, named.slice(prefix.length));
  if (named.startsWith('../')) return undefined;
  return named.startsWith('/') ? undefined : named;
}

/**
 * Helm writes `# Source: <chart>/templates/x.yaml` before each document: that is the place of what is wrong with it.
 */
async function fromTemplates(
  worker: Worker,
  text: string,
  fileOf: (source: string) => string,
): Promise<ParsedDocument[]> {
  const sources = text
    .split('\n')
    .flatMap((line, index) =>
      line.startsWith('# Source: ') ? [{ line: index + 1, file: fileOf(line.slice(10).trim()) }] : [],
    );
  const template = ({ line = 0 }: Place): Place => ({
    file: sources.findLast((source) => source.line <= line)?.file ?? fileOf(''),
  });
  try {
    return (await parseDocuments(worker, text, fileOf(''))).map((document) => ({
      ...document,
      place: template(document.place),
      repeated: document.repeated.map(({ key, place }) => ({ key, place: template(place) })),
    }));
  } catch (error) {
    if (!(error instanceof AppError) || !error.place) throw error;
    throw new AppError(error.code, error.message, { place: template(error.place), cause: error.cause });
  }
}
