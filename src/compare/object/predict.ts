// What applying a manifest would make of a live object: one dry run, only if it is not known already.
import type { CompareContext } from './comparison.ts';
import type { FieldPath, ObjectError } from '../../model/effect.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../model/kube.ts';
import type { LiveObject } from '../../cluster/live.ts';
import type { PreparedObject } from './prepare.ts';
import type { Verdict } from './verdicts.ts';
import { AppError, asError } from '../../base/errors.ts';
import { sameJson } from '../../base/canonical.ts';
import { ApiError, isInternal, isStatus, refusedFields } from '../../cluster/api-error.ts';
import { gvkOf } from '../../model/kube.ts';
import { isMigrated } from './argo-apply.ts';
import { synced } from './verdicts.ts';
import { abandoned } from '../../diff/takeover.ts';
import { aroundGivenUp, leftBehind } from '../../diff/given-up.ts';
import { ownedChanges, ownsAll } from '../../diff/owned.ts';
import { fieldValidation } from './field-validation.ts';
import { removals } from '../../diff/removals.ts';
import { valueAt, withoutPaths } from '../../diff/path.ts';

/** A live object with its body, in the version that the manifest speaks. */
interface LiveBody {
  record: LiveObject;
  object: KubeObject;
}

export interface Prediction {
  live: LiveBody;
  /** Without what Git gave up; `live.object` itself when nothing that we manage changes. */
  predicted: KubeObject;
  /** Taken out by the takeover or by a patch after the apply; the server may put a default in its place. */
  removed: FieldPath[];
  /** No longer managed; held by others. */
  kept: { path: FieldPath; by: string }[];
  /** The comparison finds nothing to do: what is predicted comes with a sync of something else. */
  inSync?: true;
}

const attempts = 6;

/**
 * The body of a live object, out of the cache; asked for only if it is not kept or has another version than the
 * manifest.
 */
export async function bodyOf(
  context: CompareContext,
  record: LiveObject,
  version?: string,
): Promise<LiveBody | undefined> {
  if (record.object && (version === undefined || gvkOf(record.object).version === version))
    return { record, object: record.object };
  const object = await context.cluster.api.get(
    { ...record.key, ...(version !== undefined && { version }) },
    { signal: context.signal },
  );
  return object ? { record, object } : undefined;
}

/**
 * Counts only if the server looked at the very version that we compare with; else the watch is awaited and it is done
 * again.
 * undefined = there is no live object (any more). Throws what the API answers.
 */
export async function predict(
  context: CompareContext,
  prepared: PreparedObject,
  previous: PreparedObject | undefined,
): Promise<Prediction | undefined> {
  const { cluster, verdicts } = context;
  const baseline = previous && previous.hash !== prepared.hash ? previous : undefined;
  const hash = context.byArgo ? `migrates ${context.byArgo.migrates ?? ''} ${prepared.hash}` : prepared.hash;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = cluster.live.get(prepared.key);
    if (!record) return undefined;
    const known = verdicts.find(record, hash, baseline?.hash ?? '');
    if (known && !known.applied) {
      const body = await bodyOf(context, record);
      if (body) return { live: body, predicted: body.object, removed: [], kept: [] };
      continue;
    }
    if (
      known?.applied &&
      known.live &&
      (!context.exact || known.live.metadata.resourceVersion === record.resourceVersion)
    )
      return judged(context, { record, object: known.live }, known, { prepared, previous: baseline });
    const { object } = record;
    if (
      object &&
      gvkOf(object).version === prepared.version &&
      verdicts.stillSynced(record, object, hash, baseline?.hash ?? '')
    )
      continue;
    const tried = await tryApply(context, prepared, object, baseline);
    const body = await sameVersion(context, record, prepared, tried.applied);
    if (!body) continue;
    const settled = await settle(context, body, tried, { prepared, previous: baseline });
    if (settled === 'raced') continue;
    const verdict = { applied: tried.applied, settled, live: body.object, named: tried.named };
    const prediction = judged(context, body, verdict, { prepared, previous: baseline });
    const changes = prediction.predicted !== body.object || prediction.kept.length > 0;
    verdicts.set(
      body.record,
      { hash, baseline: baseline?.hash ?? '', whole: ownsAll(body.object, tried.applied) },
      changes ? verdict : synced,
      body.object,
    );
    return prediction;
  }
  throw new AppError('E_API', 'the object changes faster than it can be compared', {
    kind: 'transient',
    hint: 'It is compared again by itself.',
  });
}

interface Tried {
  applied: KubeObject;
  named: readonly FieldPath[];
  /** Of the apply as it stands, where `named` is what stood in its way. */
  refused?: unknown;
}

/** The dry run, around what a takeover would make go first: that cannot be tried before it. */
async function tryApply(
  context: CompareContext,
  { target }: PreparedObject,
  live: KubeObject | undefined,
  previous: PreparedObject | undefined,
): Promise<Tried> {
  const { api } = context.cluster;
  const options = { dryRun: true, fieldValidation: fieldValidation(context, { target }), signal: context.signal };
  const ask = async (named: readonly FieldPath[]): Promise<KubeObject> => {
    context.verdicts.stats.asked += 1;
    const roots = live ? abandoned(live, target, previous?.target, named).roots : [];
    if (!live || roots.length === 0) return api.apply(target, options);
    const { form, finish } = aroundGivenUp(live, target, roots);
    return finish(await api.apply(form, options));
  };
  try {
    return { applied: await ask([]), named: [] };
  } catch (refused) {
    const named = live ? leftBehind(refusedFields(refused), live, target) : [];
    if (named.length === 0) throw refused;
    return { applied: await ask(named).catch(() => Promise.reject(asError(refused))), named, refused };
  }
}

/**
 * The live object that the dry run was based on, as soon as the watch has it; undefined when that cannot be: do it
 * again.
 */
export async function sameVersion(
  context: CompareContext,
  record: LiveObject,
  prepared: PreparedObject,
  applied: KubeObject,
): Promise<LiveBody | undefined> {
  const { live } = context.cluster;
  const version = applied.metadata.resourceVersion;
  if (applied.metadata.uid !== record.uid || !version) {
    // Gone or made anew meanwhile: the watch will tell.
    await live.until(prepared.key, (object) => object?.uid !== record.uid, context.signal);
    return undefined;
  }
  if (version !== record.resourceVersion) await live.waitFor(prepared.key, version, context.signal);
  const now = live.get(prepared.key);
  if (now?.resourceVersion !== version) return undefined;
  const body = await bodyOf(context, now, prepared.version);
  return body?.object.metadata.resourceVersion === version ? body : undefined;
}

/** With removals: what the server makes of the object without them, for it may put defaults in their place. */
async function settle(
  context: CompareContext,
  live: LiveBody,
  tried: Tried,
  { prepared, previous }: { prepared: PreparedObject; previous: PreparedObject | undefined },
): Promise<KubeObject | 'raced' | undefined> {
  const { applied, named } = tried;
  const { remove } = removals({
    live: live.object,
    applied,
    target: prepared.target,
    previous: previous?.target,
    named,
    migrates: migratesIn(context),
  });
  if (remove.length === 0) return undefined;
  context.verdicts.stats.asked += 1;
  try {
    const settled = await context.cluster.api.replace(withoutPaths(applied, remove), {
      dryRun: true,
      signal: context.signal,
    });
    return {
      ...settled,
      metadata: {
        ...settled.metadata,
        ...(applied.metadata.managedFields && { managedFields: applied.metadata.managedFields }),
      },
    };
  } catch (error) {
    if (!isStatus(error, 409)) throw tried.refused ?? error;
    await context.cluster.live.until(
      prepared.key,
      (object) => object?.resourceVersion !== applied.metadata.resourceVersion,
      context.signal,
    );
    return 'raced';
  }
}

function migratesIn({ byArgo }: CompareContext): ((entry: ManagedFieldsEntry) => boolean) | undefined {
  return byArgo && ((entry) => isMigrated(byArgo, entry));
}

function judged(
  context: CompareContext,
  live: LiveBody,
  verdict: Verdict,
  { prepared, previous }: { prepared: PreparedObject; previous: PreparedObject | undefined },
): Prediction {
  const applied = verdict.applied ?? live.object;
  const { remove, kept } = removals({
    live: live.object,
    applied,
    target: prepared.target,
    previous: previous?.target,
    named: verdict.named,
    migrates: migratesIn(context),
  });
  const predicted = verdict.settled ?? applied;
  const same =
    ownedChanges(live.object, predicted, previous?.target).length === 0 &&
    remove.every((path) => equalAt(live.object, predicted, path));
  return { live, predicted: same ? live.object : predicted, removed: same ? [] : remove, kept };
}

function equalAt(a: KubeObject, b: KubeObject, path: FieldPath): boolean {
  return sameJson(valueAt(a, path), valueAt(b, path));
}

/**
 * A failure that belongs to one object: what may pass of these is asked again. What concerns the API as a whole is
 * thrown on.
 */
export function objectError(
  context: CompareContext,
  error: unknown,
  { key, place }: Pick<PreparedObject, 'key' | 'place'>,
): ObjectError {
  if (isInternal(error)) context.again(key);
  else if (!(error instanceof AppError) || error.kind !== 'terminal') throw error;
  const field = error instanceof ApiError ? error.causes[0]?.field : undefined;
  return { key, code: error.code, message: error.message, ...(field && { field }), ...(place && { place }) };
}
