// The render room: manifests out of the files of a commit, made once for each content.
import type { ChartReader } from './helm/chart.ts';
import type { Produced } from './document/complete.ts';
import type { Input, Plan, Planning } from './source/plan.ts';
import type { KustomizationReader } from './kustomize/closure.ts';
import type { Rendered, RenderCounts, RenderInputs, RenderRequest } from './source/request.ts';
import type { Worker } from '../base/worker.ts';
import { availableParallelism } from 'node:os';
import { LRUCache } from 'lru-cache';
import { AppError } from '../base/errors.ts';
import { follow, joinPath, trail } from './source/paths.ts';
import { hashOf } from '../base/canonical.ts';
import { inputId, inputName, renderError } from './source/plan.ts';
import { findingText, idleSourceFields } from '../model/contract.ts';
import { orAborted } from '../base/abort.ts';
import { planDirectory } from './directory.ts';
import { planHelm } from './helm/helm.ts';
import { planKustomize } from './kustomize/kustomize.ts';
import { sourceTypeOf, withOverrides } from './detect.ts';
import { findProgram, Workers } from './source/workers.ts';
import { Semaphore } from '../base/semaphore.ts';
import { stringifyJson } from '../base/json.ts';

interface RendererOptions {
  /** Path of the program `manifests`, in which Helm, Kustomize and Jsonnet are. Its versions are asked once. */
  program: string;
  /** Reads YAML. */
  worker: Worker;
  /** Limit of the cache, in bytes of manifests as JSON; default 32 MiB. */
  cacheBytes?: number;
  /** Tools that run at the same time; default one for each processor, at least 2. */
  concurrency?: number;
}

/**
 * Errors: E_RENDER (the source or its tool: file, line and cause in one sentence), E_MANIFEST (a document that is no
 * Kubernetes object), E_PATH (the path is not there), E_PROCESS_LIMIT.
 */
export interface Renderer {
  /**
   * From the cache if the key is known; two requests with one key share one run. Terminal failures are remembered like
   * manifests.
   */
  render(request: RenderRequest): Promise<Rendered>;
  /** The closure of the source's inputs and the key of its manifests, without rendering. */
  inputs(request: RenderRequest): Promise<RenderInputs>;
  readonly counts: Readonly<RenderCounts>;
}

/** Changes when equal inputs give other manifests than before. */
const formatVersion = 3;

type Outcome = { rendered: Rendered; bytes: number } | { failure: AppError; bytes: number };

/** Manifests are kept by the content that they were made from, in memory. */
export async function createRenderer(options: RendererOptions): Promise<Renderer> {
  const { worker, cacheBytes = 32 * 2 ** 20, concurrency = Math.max(2, availableParallelism()) } = options;
  const plan = planner({ worker, workers: new Workers(await findProgram(options.program)) });
  const turns = new Semaphore(concurrency);
  const cache = new LRUCache<string, Outcome>({ maxSize: cacheBytes, sizeCalculation: ({ bytes }) => bytes });
  const running = new Map<string, Promise<Outcome>>();
  const counts: RenderCounts = { renders: 0, hits: 0, shared: 0 };

  const produce = async (key: string, inputs: RenderInputs, planned: Plan): Promise<Outcome> => {
    const giveBack = await turns.take();
    try {
      counts.renders += 1;
      const outcome = success(inputs, await planned.produce());
      cache.set(key, outcome);
      return outcome;
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'terminal' || error.code === 'E_PROCESS_LIMIT') throw error;
      const outcome = { failure: error, bytes: 1024 };
      cache.set(key, outcome);
      return outcome;
    } finally {
      giveBack();
      running.delete(key);
    }
  };

  return {
    counts,
    inputs: async (request) => keyed(await plan(request)),
    render: async (request) => {
      const planned = await plan(request);
      const inputs = await keyed(planned);
      const merged = `merged ${inputs.key}`;
      const key = request.merged ? merged : inputs.key;
      const known = cache.get(merged) ?? cache.get(key);
      if (known) {
        counts.hits += 1;
        return unwrap(known);
      }
      const underWay = running.get(key);
      if (underWay) counts.shared += 1;
      // A run is nobody's alone: the signal ends the waiting, not the run, which is bounded by its own limits.
      const run = underWay ?? produce(key, inputs, planned);
      running.set(key, run);
      return unwrap(await orAborted(run, request.signal));
    },
  };
}

function unwrap(outcome: Outcome): Rendered {
  if ('failure' in outcome) throw outcome.failure;
  return outcome.rendered;
}

function success(inputs: RenderInputs, { manifests: found, warnings }: Produced): Outcome {
  const manifests = found.map(({ object }) => object);
  return {
    rendered: { ...inputs, manifests, places: found.map(({ place }) => place), warnings },
    bytes: stringifyJson([manifests, warnings]).length + 256,
  };
}

async function keyed(plan: Plan): Promise<RenderInputs> {
  const ids = new Map<string, string>();
  for (const input of plan.inputs) ids.set(inputName(input), await inputId(input));
  const names = async (inputs: readonly Input[]): Promise<string[]> =>
    (
      await Promise.all(
        inputs.map(async (input) =>
          (await trail(input.files, input.path)).map((path) => inputName({ ...input, path })),
        ),
      )
    ).flat();
  const reads = [...new Set(await names(plan.inputs))].sort();
  const inputs = [...new Set([...reads, ...(await names(plan.watched ?? []))])].sort();
  const key = hashOf([
    formatVersion,
    plan.sourceType,
    [...ids.keys()].sort().map((name) => [name, ids.get(name)]),
    plan.parameters,
  ]);
  return { sourceType: plan.sourceType, key, inputs, reads };
}

/** Makes plans; what it has read of files is remembered by their ids. */
function planner(base: { worker: Worker; workers: Workers }): (request: RenderRequest) => Promise<Plan> {
  const kustomizations: KustomizationReader = { worker: base.worker, known: new LRUCache({ max: 20_000 }) };
  const capabilities = new LRUCache<string, boolean>({ max: 20_000 });
  const charts: ChartReader = { worker: base.worker, known: new LRUCache({ max: 20_000 }) };
  const imports = new LRUCache<string, string[]>({ max: 20_000 });
  return async (request) => {
    const { source, files, app } = request;
    if (source.ref && !source.path && !source.chart) return nothing;
    const { asked, path } = await applicationPath(request);
    const merged = await withOverrides(base.worker, source, files, { path, app: app.name });
    const fault = idleSourceFields(merged.source).find(({ refused }) => refused);
    if (fault) throw renderError(findingText(fault), { file: merged.overrides.at(-1) ?? (path || '.') });
    const planning: Planning = { ...request, source: merged.source, path };
    const type = await sourceTypeOf(merged.source, files, path);
    const planned = await (type === 'Helm'
      ? planHelm(planning, { ...base, capabilities, charts })
      : type === 'Kustomize'
        ? planKustomize(planning, { ...base, kustomizations, capabilities })
        : planDirectory(planning, { ...base, imports }));
    const overrides = merged.overrides.map((file) => ({ path: file, files }));
    // Anything may appear in its folder, by whichever name the source calls it.
    return {
      ...planned,
      inputs: [...planned.inputs, ...overrides],
      watched: [...(planned.watched ?? []), { path: asked, files }],
    };
  };
}

/** A source that only lends its files to others. */
const nothing: Plan = {
  sourceType: 'Directory',
  inputs: [],
  parameters: 'ref',
  produce: async () => ({ manifests: [], warnings: [] }),
};

/** Clean, as the source names it, and where links lead from there. */
async function applicationPath({ source, files }: RenderRequest): Promise<{ asked: string; path: string }> {
  const asked = source.chart ? '' : (source.path ?? ''); // a chart is its whole archive
  if (asked.startsWith('/'))
    throw new AppError('E_PATH', `${asked}: app path is absolute`, {
      hint: 'Name the path from the root of the repository, without a slash at its beginning.',
    });
  const clean = joinPath('', asked);
  if (clean === undefined) throw new AppError('E_PATH', `${asked}: app path leaves the repository`);
  const entry = await follow(files, clean);
  if (entry?.kind !== 'dir')
    throw new AppError('E_PATH', `${asked}: app path does not exist`, { place: { file: asked } });
  return { asked: clean, path: entry.path };
}
