// One object right before it is written: what the write would do to it as it is now, and over which version that is
// said.
import type { CompareContext, ComparerOptions, EffectInput, Judged } from './object/comparison.ts';
import type { Manifests } from './effect/facts.ts';
import type { ObjectContext } from './effect/states.ts';
import type { PreparedObject } from './object/prepare.ts';
import type { ResourceKey } from '../model/kube.ts';
import { AppError } from '../base/errors.ts';
import { bodyOf } from './object/predict.ts';
import { faultOf } from './object/compare-object.ts';
import { contextFor, denialOf, madeNamespace, setsOf } from './effect/effect.ts';
import { keyText } from '../model/kube.ts';
import { UnreadRule, unreadRule } from './object/ignored.ts';
import { namespaceEffect } from './effect/namespace.ts';
import { statesOf } from './effect/object.ts';

const nothing: Judged = {
  operation: undefined,
  live: undefined,
  target: undefined,
  manifestHash: '',
  removed: [],
  error: undefined,
};

/** What the sync would do to one object by now. Faults are in the answer; throws what passes by itself. */
export async function judgeObject(
  context: CompareContext,
  options: Pick<ComparerOptions, 'macKey' | 'server'>,
  input: EffectInput,
  key: ResourceKey,
): Promise<Judged> {
  const sets = setsOf(context, input);
  const objectContext = contextFor(context, options, input, sets);
  const text = keyText(key);
  const namespace = madeNamespace(input, sets);
  if (namespace && keyText(namespace.key) === text) return judgeNamespace(objectContext, namespace);
  const target = sets.target.objects.get(text);
  const denied = denialOf(context, input, key);
  if (denied !== undefined) return { ...nothing, error: { key, code: 'E_PROJECT', message: denied } };
  if (target?.fault !== undefined) return { ...nothing, error: faultOf(target, target.fault) };
  const unread = await unreadRule(objectContext, key);
  if (unread !== undefined) return { ...nothing, error: faultOf({ key, place: target?.place }, unread.message) };
  const problem = context.cluster.live.problemOf(key);
  if (problem && target?.served !== false)
    return { ...nothing, error: { key, code: 'E_API', message: `${key.kind} cannot be read now: ${problem.message}` } };
  const manifests: Manifests = [sets.last.objects.get(text), target, target];
  try {
    const { operation, live, sent, error } = await statesOf(objectContext, key, manifests);
    return {
      operation,
      live,
      target: sent?.object.target,
      manifestHash: sent?.object.hash ?? '',
      removed: sent?.removed ?? [],
      error,
    };
  } catch (error) {
    if (!(error instanceof UnreadRule)) throw error;
    return { ...nothing, error: faultOf({ key, place: target?.place }, error.message) };
  }
}

async function judgeNamespace(context: ObjectContext, namespace: PreparedObject): Promise<Judged> {
  const { live } = context.cluster;
  const record = live.get(namespace.key);
  const body = record && (await bodyOf(context, record))?.object;
  const effect = await namespaceEffect(context, namespace);
  // Both were read apart: only of one version do they tell the same.
  if (
    live.get(namespace.key)?.resourceVersion !== record?.resourceVersion ||
    body?.metadata.resourceVersion !== record?.resourceVersion
  ) {
    throw new AppError('E_API', `the namespace ${namespace.key.name} changes while it is looked at`, {
      kind: 'transient',
    });
  }
  return { ...nothing, operation: effect?.operation, live: body, target: namespace.target, error: effect?.error };
}
