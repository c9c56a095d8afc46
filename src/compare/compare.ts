// Git against cluster: which objects of an application differ from their manifests, and what a sync would do to them.
import type { CompareContext, ComparedObject, CompareInput, Comparer, ComparerOptions, Comparison } from './comparison.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Prepared } from './prepare.ts';
import { PreparedCache } from './prepare.ts';
import { Verdicts } from './verdicts.ts';
import { compareKey } from './compare-object.ts';
import { effectAsker, effectOf } from './effect.ts';
import { inParallel } from './parallel.ts';
import { keyText, sortedKeys } from '../model/kube.ts';
import { summarise } from './summary.ts';

export type { CompareCluster, CompareInput, ComparedObject, Comparer, ComparerOptions, Comparison, EffectInput } from './comparison.ts';

/** So long after the server failed at an object it is asked again; an outage of a webhook costs one dry run for each of them in that time. */
const againMs = 10_000;

/** `found` goes by position of `keys`; undefined = neither in Git nor live. */
function replaced(objects: readonly ComparedObject[], keys: readonly ResourceKey[], found: readonly (ComparedObject | undefined)[]): ComparedObject[] {
  const byText = new Map(objects.filter((object) => !object.hook.isHook || !object.target).map((object) => [keyText(object.key), object]));
  for (const [index, key] of keys.entries()) {
    const object = found[index];
    if (object) byText.set(keyText(key), object);
    else byText.delete(keyText(key));
  }
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

export function createComparer(options: ComparerOptions): Comparer {
  const { cluster } = options;
  const verdicts = new Verdicts();
  const cache = new PreparedCache();
  const wanted = new Map<string, Prepared>();
  const contextOf = (tracking: string, signal: AbortSignal): CompareContext => ({
    cluster,
    verdicts,
    signal,
    again: (key) => cluster.live.again(tracking, key, againMs),
    concurrency: options.concurrency ?? 16,
    prepared: (input, manifests) => cache.get({
      manifests,
      tracking: input.tracking,
      namespace: input.app.spec.destination.namespace ?? '',
      discovery: cluster.discovery,
      placeOf: input.placeOf,
    }),
  });
  const want = async (tracking: string, prepared: Prepared, signal: AbortSignal): Promise<void> => {
    if (wanted.get(tracking) === prepared) return;
    await cluster.live.want(tracking, [...prepared.objects.values()].map(({ key }) => key), signal);
    wanted.set(tracking, prepared);
  };

  async function compare(input: CompareInput, signal: AbortSignal): Promise<Comparison> {
    const context = contextOf(input.tracking, signal);
    const prepared = context.prepared(input, input.manifests);
    await want(input.tracking, prepared, signal);
    const keys = sortedKeys([...[...prepared.objects.values()].map(({ key }) => key), ...cluster.live.keysOf(input.tracking)]);
    const objects = await inParallel(keys, context.concurrency, (key) => compareKey(context, input, key));
    return summarise(cluster, input, prepared, objects.filter((object) => object !== undefined));
  }

  async function compareObjects(comparison: Comparison, keys: readonly ResourceKey[], signal: AbortSignal): Promise<Comparison> {
    if (keys.length === 0) return comparison;
    const { input } = comparison;
    const context = contextOf(input.tracking, signal);
    const found = await inParallel(keys, context.concurrency, (key) => compareKey(context, input, key));
    return summarise(cluster, input, context.prepared(input, input.manifests), replaced(comparison.objects, keys, found));
  }

  function accept(key: ResourceKey, manifestHash: string, object: KubeObject | undefined): void {
    if (!object) return verdicts.drop(key);
    cluster.live.accept(object);
    if (manifestHash) verdicts.accept(key, manifestHash, object, cluster.live.get(key));
  }

  return {
    compare,
    compareObjects,
    accept,
    effect: (input, signal) => effectOf(contextOf(input.tracking, signal), options.macKey, input),
    forget: (tracking) => {
      for (const { key } of wanted.get(tracking)?.objects.values() ?? []) verdicts.drop(key);
      wanted.delete(tracking);
      cluster.live.forget(tracking);
      cluster.live.forget(effectAsker(tracking));
    },
    stats: verdicts.stats,
  };
}
