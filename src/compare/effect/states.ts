// What one object was, is and would be, with what is to be said about each change.
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveObject } from '../../cluster/live.ts';
import type { States, Manifests, ChangeOperation } from './facts.ts';
import type { EffectOperation } from '../../model/effect.ts';
import type { MacScope } from '../object/digest.ts';
import type { Prediction } from '../object/predict.ts';
import type { PreparedObject } from '../object/prepare.ts';
import type { ValidateContext } from '../object/validate.ts';
import type { Sent } from '../object/sent.ts';
import type { EffectInput } from '../object/comparison.ts';
import { keyText } from '../../model/kube.ts';
import { waveOf, hookOf, isPrunable } from '../../model/hooks.ts';
import { errorMessage } from '../../base/errors.ts';
import { changedFields, manifestMac } from '../object/digest.ts';
import { objectError } from '../object/predict.ts';
import { checkRecreate, faultAsNew } from '../object/validate.ts';
import { writesAll } from '../object/argo-apply.ts';
import { canonicalJson, sameJson } from '../../base/canonical.ts';
import { pathText, valueAt } from '../../diff/path.ts';
import { isSecret } from '../../diff/secret-data.ts';
import { lastWriter, ownedChanges } from '../../diff/owned.ts';
import { heldBy, pathId, holds } from '../../diff/managed-fields.ts';
import { ignoredNews, ignoring } from '../object/ignored.ts';
import { applicationKey } from '../../model/application.ts';

/** Told where Git begins to say it. */
function keptBy(states: States, why: string, [m0, m1]: Manifests): States {
  const note = `stays as it is, and is no longer compared: ${why}`;
  if (m1) states.notes.change.push(note);
  else if (m0) states.notes.waiting.push(note);
  return states;
}

/** Of a live object that R2 lacks: deleted, handed over, or left with a note why. */
export function pruned(
  context: ObjectContext,
  states: States,
  { tracked, record, manifests }: { tracked: boolean; record: LiveObject; manifests: Manifests },
): States {
  const { live, after } = states;
  if (!live || !tracked) return states;
  const kept = context.target.kept.get(keyText(record.key));
  if (kept !== undefined && after[2] !== undefined) return keptBy(states, kept, manifests);
  if (after[2] === undefined)
    return {
      ...states,
      end: undefined,
      operation: { op: 'delete', key: record.key, phase: 'Sync', wave: waveOf(live) },
    };
  // What a hook left is no object of the application: the manifests have the hook itself.
  if (hookOf(live).isHook) return states;
  const movesTo = context.input.others?.heldBy(record.key);
  if (movesTo !== undefined) return { ...states, moves: { from: context.input.tracking, to: movesTo } };
  const why = !context.input.prune ? 'the sync does not prune' : 'Prune=false or a keep policy holds it';
  if (context.history || isPrunable(live, context.syncOptions))
    states.notes.total.push(`no longer in Git; stays: ${why}`);
  return states;
}

function recreated(context: ObjectContext, states: States, object: PreparedObject, note: string): States {
  states.notes.total.push(note);
  const operation: EffectOperation = {
    op: 'recreate',
    key: object.key,
    phase: 'Sync',
    wave: object.wave,
    mac: manifestMac(scopeOf(context, object.key), object.target),
  };
  return {
    ...states,
    after: [states.after[0], states.after[1], object.target],
    end: object.target,
    operation,
    recreate: true,
    sent: { object, removed: [] },
  };
}

/** Argo CD deletes it and makes it anew with each sync: Replace=true and Force=true (`kubectl replace --force`). */
export async function madeAnew(
  context: ObjectContext,
  states: States,
  { sent, prediction, refused }: Sent,
): Promise<States> {
  const error = await faultAsNew(context, sent);
  if (error) return { ...states, error };
  const live = states.live;
  const inSync = refused === undefined && live !== undefined && prediction?.inSync === true;
  const note = 'each sync deletes it and creates it anew (Replace=true, Force=true)';
  const { operation, ...made } = recreated(context, states, sent, note);
  if (!operation) return states;
  return inSync && writesAll(context) ? { ...made, after: states.after, beside: operation } : { ...made, operation };
}

/** Of an object that cannot be applied in place: deleted and made anew where options say so, else an error. */
export async function refused(
  context: ObjectContext,
  states: States,
  object: PreparedObject,
  error: unknown,
): Promise<States> {
  const check = await checkRecreate(context, object, error, context.syncOptions);
  if (check.possible && check.forced)
    return recreated(context, states, object, 'cannot be changed in place: it is deleted and created anew');
  const found = objectError(context, error, object);
  const hint = check.possible
    ? 'cannot be changed in place; with the sync option Force=true it is deleted and created anew: '
    : '';
  return {
    ...states,
    error: { ...found, message: `${hint}${errorMessage(error)}` },
    ...(check.possible && { recreate: true }),
  };
}

/** Notes of fields that Git gave up and others hold; `branch`: those of R1 wait already. */
export function keptNotes(states: States, branch: Prediction | undefined, target: Prediction): void {
  const before = new Set((branch?.kept ?? []).map(({ path }) => pathText(path)));
  for (const { path, by } of target.kept) {
    const text = pathText(path);
    const value = isSecret(target.predicted) ? '' : ` at ${canonicalJson(valueAt(target.predicted, path))}`;
    const note = `${text} is no longer managed, stays${value} (held by ${by})`;
    states.notes.total.push(note);
    (before.has(text) ? states.notes.waiting : states.notes.change).push(note);
  }
}

/** A note of who wrote last what drifted, as far as managedFields tell. */
export function writerNote(states: States, live: KubeObject, restored: KubeObject): void {
  const writer = lastWriter(
    live,
    ownedChanges(live, restored).map(({ path }) => path),
  );
  if (writer) states.notes.drift.push(`last written by ${writer.manager}${writer.at ? ` at ${writer.at}` : ''}`);
}

/** undefined where the sync writes nothing. Throws UnreadRule. */
export async function changeOperation(
  context: ObjectContext,
  states: States,
  manifests: Manifests,
  { prediction, whole }: { prediction: Prediction; whole: boolean },
): Promise<ChangeOperation | undefined> {
  const { live, end } = states;
  const [previous, , object] = manifests;
  if (!object || !live || !end) return undefined;
  const news = await ignoredNews(context, object.key, {
    live,
    last: context.input.lastGone ? undefined : previous?.target,
    target: object.target,
  });
  const changes = end === live ? [] : ownedChanges(live, end, previous?.target);
  const held = heldBy(live, (entry) => Boolean(entry.subresource));
  const counted = await ignoring(context, object.key, prediction);
  const owned = new Set(changes.map(({ path }) => pathId(path)));
  const fields = changedFields(scopeOf(context, object.key), {
    live,
    after: end,
    changes: [...news, ...changes],
    removed: end === live ? [] : prediction.removed,
    // Also what others wrote and a replacement takes along: it is theirs to write until then.
    moves: (path) =>
      holds(held, path) || sameJson(valueAt(live, path), valueAt(counted, path)) || (whole && !owned.has(pathId(path))),
  });
  return fields.length > 0 ? { op: 'change', key: object.key, phase: 'Sync', wave: object.wave, fields } : undefined;
}

export interface ObjectContext extends ValidateContext {
  input: EffectInput;
  macKey: Buffer;
  server: string;
  identity?: string | undefined;
  syncOptions: ReadonlyMap<string, string>;
  /** False if the application was never synced. */
  history: boolean;
}

/** What the MACs of this object's values take in. */
export function scopeOf({ macKey, input }: Pick<ObjectContext, 'macKey' | 'input'>, key: ResourceKey): MacScope {
  return { macKey, application: applicationKey(input.app), key };
}

/** Lists of their own for each object: they are added to. */
export function emptyNotes(): States['notes'] {
  return { drift: [], waiting: [], change: [], total: [] };
}
