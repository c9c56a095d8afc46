// The dry runs behind the effect on one object: the former and the wanted manifest, each asked for the same live
// object.
import type { Sent } from '../object/sent.ts';
import type { ObjectContext } from './states.ts';
import type { Manifests, States } from './facts.ts';
import type { Prediction } from '../object/predict.ts';
import type { PreparedObject } from '../object/prepare.ts';
import type { ResourceKey, KubeObject } from '../../model/kube.ts';
import { AppError } from '../../base/errors.ts';
import { sentOver } from '../object/sent.ts';
import { liveStamp } from '../object/verdicts.ts';
import { objectError } from '../object/predict.ts';
import { predictApply } from '../object/client-side.ts';
import { writesAll } from '../object/argo-apply.ts';
import { isReplaced, predictReplace } from '../object/replace.ts';
import { UnreadRule, ignoredChanges, ignoring } from '../object/ignored.ts';
import { pathText } from '../../diff/path.ts';

/** `refused`: the manifest cannot be applied over the live object. `whole`: it is replaced. */
type Result = Sent & { whole: boolean };

const attempts = 6;

/** One dry run for each distinct manifest, all over the same live object; R1 and R2 give up what R0 had. */
export async function predictions(context: ObjectContext, manifests: Manifests): Promise<(Result | undefined)[]> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const results = await askedOnce(context, manifests);
    const stamps = results.flatMap((result) => (result?.prediction ? [liveStamp(result.prediction.live.record)] : []));
    if (new Set(stamps).size <= 1) return results;
  }
  throw new AppError('E_API', 'the object changes faster than it can be compared', {
    kind: 'transient',
    hint: 'It is compared again by itself.',
  });
}

async function askedOnce(context: ObjectContext, manifests: Manifests): Promise<(Result | undefined)[]> {
  const [m0, m1, m2] = manifests;
  const ask = async (
    object: PreparedObject | undefined,
    previous: PreparedObject | undefined,
  ): Promise<Result | undefined> => {
    if (!object) return undefined;
    const whole = isReplaced(context, object);
    const result = await sentOver(context, { prepared: object, previous, how: whole ? predictReplace : predictApply });
    if (result.refused instanceof UnreadRule) throw result.refused;
    if (result.refused !== undefined) objectError(context, result.refused, object); // throws on what passes by itself
    return result.prediction || result.refused !== undefined ? { ...result, whole } : undefined;
  };
  const last = context.exact ? undefined : await ask(m0, undefined);
  const branch = m1 && m1.hash === m0?.hash && last ? last : await ask(m1, m0);
  const target = m2 && m2.hash === m1?.hash ? branch : m2 && m2.hash === m0?.hash && last ? last : await ask(m2, m0);
  return [last, branch, target];
}

/**
 * What a sync leaves: an object that differs in ignored fields alone is in sync and not written, any other is written
 * as a whole.
 */
export async function written(context: ObjectContext, key: ResourceKey, prediction: Prediction): Promise<KubeObject> {
  const live = prediction.live.object;
  return (await ignoring(context, key, prediction)) === live ? live : prediction.predicted;
}

/** As `written`, and with what Argo CD writes of an object in sync when it syncs another. */
export async function ended(context: ObjectContext, key: ResourceKey, prediction: Prediction): Promise<KubeObject> {
  return writesAll(context) ? prediction.predicted : written(context, key, prediction);
}

interface Ignored {
  key: ResourceKey;
  live: KubeObject;
  manifests: Manifests;
  prediction: Prediction;
}

/** Adds a note to the facts where ignored fields differ: they are written with the rest, or not at all. */
export async function ignoredNotes(
  context: ObjectContext,
  { after, end, notes }: States,
  { key, live, manifests: [, m1, m2], prediction }: Ignored,
): Promise<void> {
  const paths = await ignoredChanges(context, key, { live, other: prediction.predicted });
  const changed = paths.map(pathText).join(', ');
  if (changed === '') return;
  if (end && end !== live) {
    const note = `ignored in the comparison, applied with the rest: ${changed}`;
    notes.total.push(note);
    if (after[0] && after[0] !== live) notes.drift.push(note);
  } else if (m1 && m2 && m1.hash !== m2.hash)
    notes.change.push(`ignored in the comparison; not applied as long as nothing else changes: ${changed}`);
}
