// Git against cluster: which objects of an application differ from their manifests, and what a sync would do to them.
import type {
  CompareCluster,
  CompareContext,
  ComparedObject,
  CompareInput,
  Comparer,
  ComparerOptions,
  Comparison,
  EffectInput,
} from './object/comparison.ts';
import type { ComparisonSettings } from '../model/comparison-settings.ts';
import type { Effect } from '../model/effect.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Prepared } from './object/prepare.ts';
import { AppError } from '../base/errors.ts';
import { hashOf } from '../base/canonical.ts';
import { defaultComparison } from '../model/comparison-settings.ts';
import { PreparedCache } from './object/prepare.ts';
import { Verdicts } from './object/verdicts.ts';
import { compareKey, heldKeys } from './object/compare-object.ts';
import { effectAsker, effectOf, hookOperation } from './effect/effect.ts';
import { byArgo } from './object/argo-apply.ts';
import { syncOptions } from '../model/application.ts';
import { inParallel } from '../base/semaphore.ts';
import { judgeObject } from './judge.ts';
import { waveOf } from '../model/hooks.ts';
import { keyText, sortedKeys } from '../model/kube.ts';
import { summarise } from './summary.ts';
import { unreadRules } from './object/ignored.ts';

export type { PreparedObject } from './object/prepare.ts';
export type { ComparedObject, Comparer, Comparison, EffectInput, Gone, Others, Owner } from './object/comparison.ts';

/**
 * So long after the server failed at an object it is asked again; an outage of a webhook costs one dry run for each of
 * them in that time.
 */
const againMs = 10_000;

/** Of what asks nobody. */
const neverAborted = new AbortController().signal;

function isExcluded(problem: Error | undefined): boolean {
  return problem instanceof AppError && problem.code === 'E_KIND_UNKNOWN';
}

/** `found` goes by position of `keys`; undefined = neither in Git nor live. */
function replaced(
  objects: readonly ComparedObject[],
  keys: readonly ResourceKey[],
  found: readonly (ComparedObject | undefined)[],
): ComparedObject[] {
  const byText = new Map(
    objects.filter((object) => !object.hook.isHook || !object.target).map((object) => [keyText(object.key), object]),
  );
  for (const [index, key] of keys.entries()) {
    const object = found[index];
    if (object) byText.set(keyText(key), object);
    else byText.delete(keyText(key));
  }
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

/** What argocd-cm says, and its hash, which is worked out once. */
class Said {
  readonly #settings: () => ComparisonSettings;
  #known: { settings: ComparisonSettings; hash: string } | undefined;

  constructor({ settings = () => defaultComparison }: ComparerOptions) {
    this.#settings = settings;
  }

  get settings(): ComparisonSettings {
    return this.#settings();
  }

  get hash(): string {
    const { settings } = this;
    if (this.#known?.settings !== settings) this.#known = { settings, hash: hashOf(settings) };
    return this.#known.hash;
  }
}

type Asked = Pick<CompareInput, 'app' | 'tracking' | 'byArgo' | 'syncOptions'>;

function contexts(
  options: ComparerOptions,
  said: Said,
  verdicts: Verdicts,
): (input: Asked, signal: AbortSignal) => CompareContext {
  const { cluster, jq, threeWay, worker } = options;
  const cache = new PreparedCache();
  return ({ app, tracking, byArgo: isByArgo = false, syncOptions: own }, signal) => ({
    cluster,
    jq,
    settings: said.settings,
    worker,
    threeWay,
    verdicts,
    signal,
    byArgo: isByArgo ? byArgo(app, syncOptions(own ?? app.spec.syncPolicy?.syncOptions)) : undefined,
    again: (key) => cluster.live.again(tracking, key, againMs),
    concurrency: options.concurrency ?? 16,
    prepared: (input, manifests) =>
      cache.get(
        {
          manifests,
          tracking: input.tracking,
          by: said.settings.tracking,
          namespace: input.app.spec.destination.namespace ?? '',
          discovery: cluster.discovery,
          excluded: (kind) => isExcluded(cluster.live.problemOf(kind)),
          placeOf: input.placeOf,
        },
        said.hash,
      ),
  });
}

function keysOf(prepared: Prepared): ResourceKey[] {
  return [...prepared.objects.values()].map(({ key }) => key);
}

/** Whole objects of an application are in the live cache as long as it is compared. */
class Wanted {
  readonly #cluster: CompareCluster;
  readonly #manifests = new Map<string, Prepared>();

  constructor(cluster: CompareCluster) {
    this.#cluster = cluster;
  }

  has(tracking: string): boolean {
    return this.#manifests.has(tracking);
  }

  async want(tracking: string, prepared: Prepared, signal: AbortSignal): Promise<void> {
    if (this.#manifests.get(tracking) === prepared) return;
    await this.#cluster.live.want(tracking, keysOf(prepared), signal);
    this.#manifests.set(tracking, prepared);
  }

  keys(tracking: string): ResourceKey[] {
    const prepared = this.#manifests.get(tracking);
    return prepared ? keysOf(prepared) : [];
  }

  /** What it wanted until now. */
  drop(tracking: string): ResourceKey[] {
    const keys = this.keys(tracking);
    this.#manifests.delete(tracking);
    this.#cluster.live.forget(tracking);
    return keys;
  }
}

/** By position of `keys`; undefined = neither in Git nor live. */
function comparedKeys(
  context: CompareContext,
  input: CompareInput,
  keys: readonly ResourceKey[],
): Promise<(ComparedObject | undefined)[]> {
  return inParallel(keys, context.concurrency, (key) => compareKey(context, input, key));
}

async function summed(
  context: CompareContext,
  input: CompareInput,
  found: readonly (ComparedObject | undefined)[],
): Promise<Comparison> {
  const objects = found.filter((object) => object !== undefined);
  const unread = await unreadRules({ ...context, input });
  return summarise(context.cluster, input, context.prepared(input, input.manifests), { objects, unread });
}

/** One for each cluster: it keeps the verdicts of all applications there. */
export function createComparer(options: ComparerOptions): Comparer {
  const { cluster } = options;
  const verdicts = new Verdicts();
  const wanted = new Wanted(cluster);
  cluster.live.onChange(({ key, after }) => void (after ?? verdicts.drop(key)));
  const said = new Said(options);
  const contextOf = contexts(options, said, verdicts);

  async function compare(input: CompareInput, signal: AbortSignal): Promise<Comparison> {
    const context = contextOf(input, signal);
    const prepared = context.prepared(input, input.manifests);
    await wanted.want(input.tracking, prepared, signal);
    const keys = sortedKeys([...keysOf(prepared), ...cluster.live.keysOf(input.tracking)]);
    return summed(context, input, await comparedKeys(context, input, keys));
  }

  async function compareObjects(
    comparison: Comparison,
    keys: readonly ResourceKey[],
    signal: AbortSignal,
  ): Promise<Comparison> {
    if (keys.length === 0) return comparison;
    const { input } = comparison;
    const context = contextOf(input, signal);
    return summed(context, input, replaced(comparison.objects, keys, await comparedKeys(context, input, keys)));
  }

  async function effect(input: EffectInput, signal: AbortSignal): Promise<Effect> {
    try {
      return await effectOf(contextOf(input, signal), options, input);
    } finally {
      // Of an application that is not compared here, as a pull request may bring it, nothing is kept.
      if (!wanted.has(input.tracking)) cluster.live.forget(effectAsker(input.tracking));
    }
  }

  function accept(key: ResourceKey, manifestHash: string, object: KubeObject): void {
    cluster.live.accept(object);
    if (manifestHash) verdicts.accept(key, manifestHash, object, cluster.live.get(key));
  }

  return {
    compare,
    compareObjects,
    accept,
    deleteHooks: (input) => contextOf(input, neverAborted).prepared(input, input.manifests).onDelete,
    keysOf: (input) => heldKeys(contextOf(input, neverAborted), input),
    effect,
    judge: async (input, { key, exact }, signal) =>
      judgeObject({ ...contextOf(input, signal), exact }, options, input, key),
    judgeHook: (input, { key, manifest, phase }) =>
      hookOperation({ macKey: options.macKey, input }, { key, target: manifest, wave: waveOf(manifest) }, phase),
    doubt: (tracking) => verdicts.dropAll(wanted.keys(tracking)),
    forget(tracking) {
      verdicts.dropAll(wanted.drop(tracking));
      cluster.live.forget(effectAsker(tracking));
    },
    stats: verdicts.stats,
    get basis() {
      return said.hash;
    },
    get kept() {
      return verdicts.size;
    },
  };
}
