// What a PUT would make of a live object: with Replace=true the sync sends the manifest whole, and what others wrote
// goes.
import type { CompareContext, CompareInput } from './comparison.ts';
import type { Prediction } from './predict.ts';
import type { PreparedObject } from './prepare.ts';
import { AppError } from '../../base/errors.ts';
import { diffFields } from '../../diff/diff.ts';
import { ignoring } from './ignored.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { liveStamp } from './verdicts.ts';
import { predictApply, toldAsApply } from './client-side.ts';
import { hasOption, writesAll } from './argo-apply.ts';
import { resourceOptions } from '../../model/hooks.ts';

export interface ReplaceContext extends CompareContext {
  input: Pick<CompareInput, 'app'>;
  syncOptions: ReadonlyMap<string, string>;
}

/** The object's own word wins over the application's; with Argo CD one word is enough, that of the live object too. */
export function isReplaced(
  { byArgo, cluster, syncOptions }: Pick<CompareContext, 'byArgo' | 'cluster' | 'syncOptions'>,
  { key, target }: PreparedObject,
): boolean {
  if (byArgo) return hasOption(syncOptions ? { syncOptions } : {}, 'Replace', [target, cluster.live.get(key)?.object]);
  return (resourceOptions(target).get('Replace') ?? syncOptions?.get('Replace')) === 'true';
}

const attempts = 6;

/**
 * As `predict`, for an object that is replaced. What the comparison calls in sync is not written, and so stays as it
 * is.
 */
export async function predictReplace(
  context: ReplaceContext,
  prepared: PreparedObject,
  previous: PreparedObject | undefined,
): Promise<Prediction | undefined> {
  const { cluster, verdicts, signal } = context;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const applied = await predictApply(context, prepared, previous);
    if (!applied) return undefined;
    const live = applied.live.object;
    const inSync = (await ignoring(context, prepared.key, applied)) === live;
    if (inSync && !writesAll(context)) return { ...applied, predicted: live, removed: [] };
    // What is known of it may be older than its status; the fingerprint tells whether it is still that object.
    const now = cluster.live.get(prepared.key);
    if (!now || liveStamp(now) !== liveStamp(applied.live.record)) continue;
    const { resourceVersion } = now;
    if (context.exact && resourceVersion !== live.metadata.resourceVersion) continue;
    try {
      verdicts.stats.asked += 1;
      const answer = await cluster.api.replace(
        { ...prepared.target, metadata: { ...prepared.target.metadata, resourceVersion } },
        { dryRun: true, signal },
      );
      const removed = diffFields(live, answer).map(({ path }) => path);
      const predicted = context.byArgo ? toldAsApply(live, answer) : answer;
      return { live: applied.live, predicted, removed, kept: [], ...(inSync && { inSync }) };
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      await cluster.live.until(prepared.key, (object) => object?.resourceVersion !== resourceVersion, signal);
    }
  }
  throw new AppError('E_API', 'the object changes faster than it can be compared', {
    kind: 'transient',
    hint: 'It is compared again by itself.',
  });
}
