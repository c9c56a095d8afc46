// One object of an effect: what is live, what each of the three manifests would make of it, and the facts between them
// (docs/decisions/0005).
import type { EffectInput } from './comparison.ts';
import type { EffectOperation } from '../model/effect.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { LiveObject } from '../cluster/live.ts';
import type { ChangeOperation, Manifests, ObjectEffect, States } from './effect-facts.ts';
import type { Prediction } from './predict.ts';
import type { PreparedObject } from './prepare.ts';
import type { ValidateContext } from './validate.ts';
import { bodyOf, objectError, predict } from './predict.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import type { MacScope } from './digest.ts';
import { changedFields, manifestMac } from './digest.ts';
import { applicationKey } from '../model/application.ts';
import { checkRecreate, validateCreate } from './validate.ts';
import { AppError, errorMessage } from '../base/errors.ts';
import { unreadRule } from '../diff/ignore.ts';
import { facts } from './effect-facts.ts';
import { ignoredChanges, ignoredNews, ignoring } from './ignored.ts';
import { faultOf, isTrackedRoot } from './compare-object.ts';
import { isSecret } from '../diff/secret-data.ts';
import { liveStamp } from './verdicts.ts';
import { sentOver } from './sent.ts';
import type { Sent } from './sent.ts';
import { heldBy, holds, pathId } from '../diff/managed-fields.ts';
import { lastWriter, ownedChanges } from '../diff/owned.ts';
import { pathText, valueAt } from '../diff/path.ts';
import { isReplaced, predictReplace } from './replace.ts';
import { hookOf, isPrunable, waveOf } from '../model/hooks.ts';
import { keyOf, keyText } from '../model/kube.ts';

export interface ObjectContext extends ValidateContext {
  input: EffectInput;
  macKey: Buffer;
  server: string;
  syncOptions: ReadonlyMap<string, string>;
  /** False if the application was never synced. */
  history: boolean;
}

export function scopeOf({ macKey, input }: ObjectContext, key: ResourceKey): MacScope {
  return { macKey, application: applicationKey(input.app), key };
}

function emptyNotes(): States['notes'] {
  return { drift: [], waiting: [], change: [], total: [] };
}

export async function objectEffect(
  context: ObjectContext,
  key: ResourceKey,
  manifests: Manifests,
): Promise<ObjectEffect> {
  const fault = manifests[2]?.fault;
  if (manifests[2] && fault !== undefined) return { key, error: faultOf(manifests[2], fault) };
  const unread = unreadRule(context.input.app.spec.ignoreDifferences, key);
  if (unread !== undefined) return leftAlone(context, key, { manifests, why: unread });
  const problem = context.cluster.live.problemOf(key);
  if (problem && manifests.some((manifest) => manifest?.served))
    return { key, error: { key, code: 'E_API', message: `${key.kind} cannot be read now: ${problem.message}` } };
  return facts(key, await statesOf(context, key, manifests), manifests);
}

/**
 * What Git changes of it would not be applied, and yet stand in the history as synced: that is no effect to agree to.
 */
function leftAlone(
  { history, input }: ObjectContext,
  key: ResourceKey,
  { manifests: [m0, , m2], why }: { manifests: Manifests; why: string },
): ObjectEffect {
  const same = history && !input.lastGone && m0?.hash === m2?.hash;
  return same ? { key, left: why } : { key, error: faultOf({ key, place: m2?.place }, why) };
}

export async function statesOf(context: ObjectContext, key: ResourceKey, manifests: Manifests): Promise<States> {
  const record = context.cluster.live.get(key);
  return record ? liveStates(context, record, manifests) : missingStates(context, manifests);
}

async function missingStates(context: ObjectContext, manifests: Manifests): Promise<States> {
  const [m0, m1, m2] = manifests;
  const notes = emptyNotes();
  const base: States = { live: undefined, after: [m0?.target, m1?.target, m2?.target], end: m2?.target, notes };
  if (m0) notes.drift.push('missing in the cluster');
  if (!m2) return base;
  const { note, error } = await validateCreate(context, m2);
  if (note) {
    notes.total.push(note);
    (m1 ? (m0 ? notes.drift : notes.waiting) : notes.change).push(note);
  }
  const operation: EffectOperation = {
    op: 'create',
    key: m2.key,
    phase: 'Sync',
    wave: m2.wave,
    mac: manifestMac(scopeOf(context, m2.key), m2.target),
  };
  return { ...base, sent: { object: m2, removed: [] }, ...(error ? { error } : { operation }) };
}

/** What becomes of a live object that a manifest set lacks. */
function lacking(context: ObjectContext, live: KubeObject, tracked: boolean, manifests: Manifests): States['after'] {
  const [m0, m1, m2] = manifests;
  const prunes =
    context.input.prune &&
    tracked &&
    isPrunable(live, context.syncOptions) &&
    !context.target.kept.has(keyText(keyOf(live))) &&
    context.input.others?.heldBy(keyOf(live)) === undefined;
  if (!prunes) return [live, live, live];
  // Before the first sync nothing was said about it; an object that comes with R2 and is there already is adopted, not
  // deleted first.
  const drifted = context.history && !m0 && !m1 && !m2;
  return [drifted ? undefined : live, m2 && !m0 ? live : undefined, undefined];
}

async function liveStates(context: ObjectContext, record: LiveObject, manifests: Manifests): Promise<States> {
  const [m0, m1, m2] = manifests;
  const newest = m2 ?? m1 ?? m0;
  const notes = emptyNotes();
  const results = await predictions(context, manifests);
  const body =
    results.find((result) => result?.prediction)?.prediction?.live ??
    (await bodyOf(context, record, newest?.served ? newest.version : undefined));
  if (!body) return missingStates(context, manifests);
  const live = body.object;
  // Nothing is left to do about what no manifest has and somebody deletes already.
  if (!newest && live.metadata.deletionTimestamp !== undefined)
    return { live, after: [live, live, live], end: live, notes };
  const tracked = isTrackedRoot(record, context.input.tracking);
  const after = lacking(context, live, tracked, manifests);
  results.forEach((result, at) => {
    if (!result) return;
    // An older manifest that the server refuses tells nothing about the live object.
    if (!result.prediction || result === results[at - 1]) after[at] = at === 0 ? live : after[at - 1];
    else
      after[at] =
        at === 0
          ? ignoring(context.input, record.key, result.prediction)
          : written(context, result.prediction, record.key);
  });
  const states: States = {
    live,
    after,
    end: results[2]?.prediction ? written(context, results[2].prediction, record.key) : after[2],
    notes,
  };
  if (!m2) return pruned(context, states, { tracked, record, manifests });
  const result = results[2];
  if (result?.refused !== undefined) return refused(context, states, result.sent, result.refused);
  if (result?.prediction) {
    states.sent = { object: result.sent, removed: result.prediction.removed };
    keptNotes(states, results[1]?.prediction, result.prediction);
    ignoredNotes(context, states, { key: record.key, live, manifests, prediction: result.prediction });
    if (result.whole && states.end !== live)
      notes.total.push('replaced as a whole (Replace=true): what others wrote goes');
    const operation = changeOperation(context, states, manifests, {
      prediction: result.prediction,
      whole: result.whole,
    });
    if (operation) states[states.end === live ? 'unwritten' : 'operation'] = operation;
  }
  if (after[0] && after[0] !== live) writerNote(states, live, after[0]);
  const from = record.application;
  const comes =
    from !== undefined && from !== context.input.tracking && context.input.others?.hasLeft(from, record.key);
  return comes ? { ...states, moves: { from, to: context.input.tracking } } : states;
}

/** `refused`: the manifest cannot be applied over the live object. `whole`: it is replaced. */
type Result = Sent & { whole: boolean };

const attempts = 6;

/** One dry run for each distinct manifest, all over the same live object; R1 and R2 give up what R0 had. */
async function predictions(context: ObjectContext, manifests: Manifests): Promise<(Result | undefined)[]> {
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
    const result = await sentOver(context, { prepared: object, previous, how: whole ? predictReplace : predict });
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
function written(context: ObjectContext, prediction: Prediction, key: ResourceKey): KubeObject {
  return ignoring(context.input, key, prediction) === prediction.live.object
    ? prediction.live.object
    : prediction.predicted;
}

interface Ignored {
  key: ResourceKey;
  live: KubeObject;
  manifests: Manifests;
  prediction: Prediction;
}

function ignoredNotes(
  context: ObjectContext,
  { after, end, notes }: States,
  { key, live, manifests: [, m1, m2], prediction }: Ignored,
): void {
  const changed = ignoredChanges(context.input, key, live, prediction.predicted).map(pathText).join(', ');
  if (changed === '') return;
  if (end && end !== live) {
    const note = `ignored in the comparison, applied with the rest: ${changed}`;
    notes.total.push(note);
    if (after[0] && after[0] !== live) notes.drift.push(note);
  } else if (m1 && m2 && m1.hash !== m2.hash)
    notes.change.push(`ignored in the comparison; not applied as long as nothing else changes: ${changed}`);
}

/** Told where Git begins to say it. */
function keptBy(states: States, why: string, [m0, m1]: Manifests): States {
  const note = `stays as it is, and is no longer compared: ${why}`;
  if (m1) states.notes.change.push(note);
  else if (m0) states.notes.waiting.push(note);
  return states;
}

function pruned(
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

async function refused(
  context: ObjectContext,
  states: States,
  object: PreparedObject,
  error: unknown,
): Promise<States> {
  const check = await checkRecreate(context, object, error, context.syncOptions);
  if (check.possible && check.forced) {
    const note = 'cannot be changed in place: it is deleted and created anew';
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

function keptNotes(states: States, branch: Prediction | undefined, target: Prediction): void {
  const before = new Set((branch?.kept ?? []).map(({ path }) => pathText(path)));
  for (const { path, by } of target.kept) {
    const text = pathText(path);
    const value = isSecret(target.predicted) ? '' : ` at ${canonicalJson(valueAt(target.predicted, path))}`;
    const note = `${text} is no longer managed, stays${value} (held by ${by})`;
    states.notes.total.push(note);
    (before.has(text) ? states.notes.waiting : states.notes.change).push(note);
  }
}

function writerNote(states: States, live: KubeObject, restored: KubeObject): void {
  const writer = lastWriter(
    live,
    ownedChanges(live, restored).map(({ path }) => path),
  );
  if (writer) states.notes.drift.push(`last written by ${writer.manager}${writer.at ? ` at ${writer.at}` : ''}`);
}

function changeOperation(
  context: ObjectContext,
  states: States,
  manifests: Manifests,
  { prediction, whole }: { prediction: Prediction; whole: boolean },
): ChangeOperation | undefined {
  const { live, end } = states;
  const [previous, , object] = manifests;
  if (!object || !live || !end) return undefined;
  const news = ignoredNews(context.input, object.key, {
    live,
    last: context.input.lastGone ? undefined : previous?.target,
    target: object.target,
  });
  const changes = end === live ? [] : ownedChanges(live, end, previous?.target);
  const held = heldBy(live, (entry) => Boolean(entry.subresource));
  const counted = ignoring(context.input, object.key, prediction);
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
