// One object of an application: its manifest against what is live.
import type { CompareContext, CompareInput, ComparedObject } from './comparison.ts';
import type { ObjectError } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveObject } from '../../cluster/live.ts';
import type { Prediction } from './predict.ts';
import type { PreparedObject } from './prepare.ts';
import type { IgnoreContext } from './ignored.ts';
import { argo } from '../../model/annotations.ts';
import { bodyOf, objectError } from './predict.ts';
import { predictApply } from './client-side.ts';
import { UnreadRule, ignoring, unreadRule } from './ignored.ts';
import { diffFields } from '../../diff/diff.ts';
import { gvkOf, keyText, sortedKeys } from '../../model/kube.ts';
import { hookOf, waveOf } from '../../model/hooks.ts';
import { isInternal } from '../../cluster/api-error.ts';
import { maskObjects } from '../../diff/mask.ts';
import { sentOver } from './sent.ts';
import { syncOptions } from '../../model/application.ts';

/** True for a live object that belongs to the application by its tracking id, and may be removed with it. */
export function isTrackedRoot(live: LiveObject, tracking: string): boolean {
  return live.root && live.application === tracking;
}

/** What the project does not permit is as if missing: nothing of it is read or shown. */
function isPermitted({ cluster }: CompareContext, { permitted }: CompareInput, key: ResourceKey): boolean {
  return (
    permitted === undefined ||
    permitted(
      key,
      cluster.discovery.resourceOf({ group: key.group, kind: key.kind })?.namespaced ?? key.namespace !== '',
    )
  );
}

function keyIn(text: string): ResourceKey {
  const [group = '', kind = '', namespace = '', name = ''] = text.split('/');
  return { group, kind, namespace, name };
}

/**
 * What the manifests name, hooks and what is to be skipped included, as far as the project permits it; what has no
 * name is another object each time.
 */
export function heldKeys(context: CompareContext, input: CompareInput): ResourceKey[] {
  const { objects, hooks, kept } = context.prepared(input, input.manifests);
  const named = [...[...objects.values()].filter(({ generated }) => !generated), ...hooks];
  return sortedKeys([...named.map(({ key }) => key), ...[...kept.keys()].map(keyIn)]).filter(
    (key) => key.name !== '' && isPermitted(context, input, key),
  );
}

function isForbidden({ cluster }: CompareContext, { forbidden }: CompareInput, key: ResourceKey): boolean {
  return (
    forbidden?.(
      key,
      cluster.discovery.resourceOf({ group: key.group, kind: key.kind })?.namespaced ?? key.namespace !== '',
    ) === true
  );
}

/** undefined = neither in Git nor, as an object of this application, in the cluster. */
export async function compareKey(
  context: CompareContext,
  input: CompareInput,
  key: ResourceKey,
): Promise<ComparedObject | undefined> {
  const prepared = context.prepared(input, input.manifests).objects.get(keyText(key));
  if (!prepared) return extra(context, input, key);
  const previous = input.previous && context.prepared(input, input.previous).objects.get(keyText(key));
  const changed = previous && previous.hash !== prepared.hash ? previous : undefined;
  const base = { ...blank(prepared), previous: changed?.target };
  if (!isPermitted(context, input, key))
    return isForbidden(context, input, key) ? { ...base, status: 'Unknown' } : base;
  if (prepared.fault !== undefined) return { ...base, status: 'Unknown', error: faultOf(prepared, prepared.fault) };
  if (prepared.generated) return base;
  const asked = { ...context, input };
  const unread = await unreadRule(asked, key);
  if (unread !== undefined) return { ...base, ...unruled(prepared, unread), live: await liveOf(context, key) };
  const problem = context.cluster.live.problemOf(key);
  if (problem && prepared.served) {
    context.again(key);
    return {
      ...base,
      status: 'Unknown',
      error: {
        key,
        code: 'E_API',
        message: `${key.kind} cannot be read now: ${problem.message}`,
        ...(prepared.place && { place: prepared.place }),
      },
    };
  }
  try {
    return await compared(asked, prepared, { base, previous: changed });
  } catch (error) {
    if (!(error instanceof UnreadRule)) throw error;
    return { ...base, ...unruled(prepared, error), live: await liveOf(context, key) };
  }
}

/** Throws UnreadRule. */
async function compared(
  context: CompareContext & { input: CompareInput },
  prepared: PreparedObject,
  { base, previous }: { base: ComparedObject; previous: PreparedObject | undefined },
): Promise<ComparedObject> {
  const { input } = context;
  const { sent, prediction, refused } = await sentOver(
    { ...context, syncOptions: syncOptions(input.syncOptions ?? input.app.spec.syncPolicy?.syncOptions) },
    { prepared, previous, how: predictApply },
  );
  const found = { ...base, target: sent.target, manifestHash: sent.hash };
  if (refused instanceof UnreadRule) throw refused;
  if (prediction) return judged(context, found, prediction);
  if (refused === undefined) return found;
  return {
    ...found,
    live: await liveOf(context, prepared.key),
    error: objectError(context, refused, prepared),
    ...(isInternal(refused) && { status: 'Unknown', unanswered: true }),
  };
}

async function liveOf(context: CompareContext, key: ResourceKey): Promise<KubeObject | undefined> {
  const record = context.cluster.live.get(key);
  return record && (await bodyOf(context, record))?.object;
}

/** Whether it is as Git says, nobody can tell: neither its fields nor its being there is touched. */
function unruled(
  object: Pick<PreparedObject, 'key' | 'place'>,
  { why, message }: UnreadRule,
): Pick<ComparedObject, 'status' | 'unruled' | 'error'> {
  return { status: 'Unknown', unruled: why, error: faultOf(object, message) };
}

/** What no request could tell better. */
export function faultOf({ key, place }: Pick<PreparedObject, 'key' | 'place'>, message: string): ObjectError {
  return { key, code: 'E_MANIFEST', message, ...(place && { place }) };
}

/** As if missing. */
function blank(prepared: PreparedObject): ComparedObject {
  const { key, version, target, hash, hook, wave, place } = prepared;
  return {
    key,
    version,
    target,
    manifestHash: hash,
    hook,
    wave,
    live: undefined,
    predicted: undefined,
    previous: undefined,
    status: 'OutOfSync',
    requiresPruning: false,
    ignored: false,
    validated: false,
    changes: [],
    ...(prepared.generated && { generated: true }),
    ...(place && { place }),
  };
}

async function judged(context: IgnoreContext, base: ComparedObject, prediction: Prediction): Promise<ComparedObject> {
  const live = prediction.live.object;
  const predicted = await ignoring(context, base.key, prediction);
  const synced = predicted === live;
  const [before, after] = maskObjects([live, predicted]);
  return {
    ...base,
    live,
    predicted,
    validated: true,
    status: synced ? 'Synced' : 'OutOfSync',
    changes: synced ? [] : diffFields(before, after),
  };
}

/** A hook among the targets: always to be run, never compared. */
export function hookTarget(prepared: PreparedObject): ComparedObject {
  return blank(prepared);
}

async function extra(
  context: CompareContext,
  input: CompareInput,
  key: ResourceKey,
): Promise<ComparedObject | undefined> {
  const record = context.cluster.live.get(key);
  if (!record || !isTrackedRoot(record, input.tracking)) return undefined;
  if (!isPermitted(context, input, key)) return undefined;
  const live = (await bodyOf(context, record))?.object;
  if (!live) return undefined;
  const kept = context.prepared(input, input.manifests).kept.has(keyText(key));
  const hook = kept ? { ...hookOf(live), isHook: true } : hookOf(live);
  const movesTo = kept ? undefined : input.others?.heldBy(key);
  const unread = hook.isHook || movesTo !== undefined ? undefined : await unreadRule({ ...context, input }, key);
  const compareOptions = (live.metadata.annotations?.[argo.compareOptions] ?? '').split(',').map((item) => item.trim());
  return {
    key,
    version: gvkOf(live).version,
    target: undefined,
    manifestHash: '',
    live,
    predicted: undefined,
    previous: undefined,
    status: 'OutOfSync',
    hook,
    wave: waveOf(live),
    requiresPruning: !hook.isHook && movesTo === undefined,
    ignored: hook.isHook || movesTo !== undefined || compareOptions.includes('IgnoreExtraneous'),
    ...(movesTo !== undefined && !hook.isHook && { movesTo }),
    validated: false,
    changes: [],
    ...(unread !== undefined && { ...unruled({ key, place: undefined }, unread), requiresPruning: false }),
  };
}
