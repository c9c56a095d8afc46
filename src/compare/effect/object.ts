// One object of an effect: what is live, what each of the three manifests would make of it, and the facts between them
// (docs/decisions/0005).
import type { EffectOperation } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveObject } from '../../cluster/live.ts';
import type { Manifests, ObjectEffect, States } from './facts.ts';
import type { ObjectContext } from './states.ts';
import type { Prediction } from '../object/predict.ts';
import { bodyOf } from '../object/predict.ts';
import { manifestMac } from '../object/digest.ts';
import { sameJson } from '../../base/canonical.ts';
import { diffFields } from '../../diff/diff.ts';
import { valueAt, withPathsFrom } from '../../diff/path.ts';
import { validateCreate } from '../object/validate.ts';
import { facts } from './facts.ts';
import { UnreadRule, ignoring, unreadRule } from '../object/ignored.ts';
import { faultOf, isTrackedRoot } from '../object/compare-object.ts';
import { isPrunable } from '../../model/hooks.ts';
import { keyOf, keyText } from '../../model/kube.ts';
import { ended, ignoredNotes, predictions, written } from './predictions.ts';
import { changeOperation, emptyNotes, keptNotes, madeAnew, pruned, refused, scopeOf, writerNote } from './states.ts';
import { isMadeAnew, writesAll } from '../object/argo-apply.ts';

/** `manifests`: R0, R1 and R2. What is wrong with the object is in the answer; throws what passes by itself. */
export async function objectEffect(
  context: ObjectContext,
  key: ResourceKey,
  manifests: Manifests,
): Promise<ObjectEffect> {
  const fault = manifests[2]?.fault;
  if (manifests[2] && fault !== undefined) return { key, error: faultOf(manifests[2], fault) };
  const unread = await unreadRule(context, key);
  if (unread !== undefined) return { key, left: unread.message };
  const problem = context.cluster.live.problemOf(key);
  if (problem && manifests.some((manifest) => manifest?.served))
    return { key, error: { key, code: 'E_API', message: `${key.kind} cannot be read now: ${problem.message}` } };
  try {
    return facts(key, await statesOf(context, key, manifests), manifests);
  } catch (error) {
    if (!(error instanceof UnreadRule)) throw error;
    return { key, left: error.message };
  }
}

/** `manifests`: R0, R1 and R2. Throws UnreadRule, and what passes by itself. */
export async function statesOf(context: ObjectContext, key: ResourceKey, manifests: Manifests): Promise<States> {
  const record = context.cluster.live.get(key);
  return record ? liveStates(context, record, manifests) : missingStates(context, manifests);
}

async function missingStates(context: ObjectContext, manifests: Manifests): Promise<States> {
  const [m0, m1, m2] = manifests;
  const notes = emptyNotes();
  // What the branch does not have either is as Git says.
  const had = m1 && m0;
  const base: States = { live: undefined, after: [had?.target, m1?.target, m2?.target], end: m2?.target, notes };
  if (had) notes.drift.push('missing in the cluster');
  if (!m2) return base;
  const { note, error } = await validateCreate(context, m2);
  if (note) {
    notes.total.push(note);
    (m1 ? (had ? notes.drift : notes.waiting) : notes.change).push(note);
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

/** What the sync writes of it, into `states`: as its own reason, or because it writes something else. */
async function operate(
  context: ObjectContext,
  states: States,
  manifests: Manifests,
  { prediction, whole }: { prediction: Prediction; whole: boolean },
): Promise<void> {
  const { live, end } = states;
  const operation = await changeOperation(context, states, manifests, { prediction, whole });
  if (!live || end === live || !(await isLeft(context, live, prediction))) {
    if (operation) states[end === live ? 'unwritten' : 'operation'] = operation;
    return;
  }
  if (operation) states.beside = operation;
  const unwritten = await changeOperation(context, { ...states, end: live }, manifests, { prediction, whole });
  if (unwritten) states.unwritten = unwritten;
}

/** Whether the comparison finds it in sync, and a sync writes it all the same. */
async function isLeft(context: ObjectContext, live: KubeObject, prediction: Prediction): Promise<boolean> {
  if (!writesAll(context)) return false;
  return prediction.inSync ?? (await ignoring(context, keyOf(live), prediction)) === live;
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

/** What each manifest makes of the live object, into `after`. */
async function predicted(
  context: ObjectContext,
  results: Awaited<ReturnType<typeof predictions>>,
  { live, after }: { live: KubeObject; after: States['after'] },
): Promise<void> {
  for (const [at, result] of results.entries()) {
    if (!result) continue;
    // An older manifest that the server refuses tells nothing about the live object.
    if (!result.prediction || result === results[at - 1]) after[at] = at === 0 ? live : after[at - 1];
    else after[at] = await (at === 0 ? ignoring : written)(context, keyOf(live), result.prediction);
  }
}

/** `restored`, but for the fields that the branch has come to say as they are live: a sync puts none of them back. */
function withoutCaughtUp(
  live: KubeObject,
  restored: KubeObject | undefined,
  branch: KubeObject | undefined,
): KubeObject | undefined {
  if (!restored || !branch || restored === live) return restored;
  const paths = diffFields(live, restored)
    .map(({ path }) => path)
    .filter((path) => sameJson(valueAt(live, path), valueAt(branch, path)));
  return withPathsFrom(restored, live, paths);
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
  await predicted(context, results, { live, after });
  after[0] = withoutCaughtUp(live, after[0], after[1]);
  const states: States = {
    live,
    after,
    end: results[2]?.prediction ? await ended(context, record.key, results[2].prediction) : after[2],
    notes,
  };
  if (!m2) return pruned(context, states, { tracked, record, manifests });
  const result = results[2];
  if (result?.whole && isMadeAnew(context, m2, live)) return madeAnew(context, states, result);
  if (result?.refused !== undefined) return refused(context, states, result.sent, result.refused);
  if (result?.prediction) {
    states.sent = { object: result.sent, removed: result.prediction.removed };
    keptNotes(states, results[1]?.prediction, result.prediction);
    await ignoredNotes(context, states, { key: record.key, live, manifests, prediction: result.prediction });
    if (result.whole && states.end !== live)
      notes.total.push('replaced as a whole (Replace=true): what others wrote goes');
    await operate(context, states, manifests, { prediction: result.prediction, whole: result.whole });
  }
  if (after[0] && after[0] !== live) writerNote(states, live, after[0]);
  const from = record.application;
  const comes =
    from !== undefined && from !== context.input.tracking && context.input.others?.hasLeft(from, record.key);
  return comes ? { ...states, moves: { from, to: context.input.tracking } } : states;
}
