// Git against cluster: which objects of an application differ from their manifests, and what a sync would do to them.
import type { CompareContext, CompareInput, Comparer, ComparerOptions, Comparison } from './comparison.ts';
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

  async function compareObject(comparison: Comparison, key: ResourceKey, signal: AbortSignal): Promise<Comparison> {
    const { input } = comparison;
    const context = contextOf(input.tracking, signal);
    const text = keyText(key);
    const object = await compareKey(context, input, key);
    const others = comparison.objects.filter((other) => !other.hook.isHook || !other.target).filter((other) => keyText(other.key) !== text);
    const objects = [...others, ...(object ? [object] : [])].sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1));
    return summarise(cluster, input, context.prepared(input, input.manifests), objects);
  }

  function accept(key: ResourceKey, manifestHash: string, object: KubeObject | undefined): void {
    if (!object) return verdicts.drop(key);
    cluster.live.accept(object);
    if (manifestHash) verdicts.accept(key, manifestHash, object, cluster.live.get(key));
  }

  return {
    compare,
    compareObject,
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
