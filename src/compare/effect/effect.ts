// What a sync would do to an application: drift before, waiting on the branch, this change, their sum, and its digest
// (docs/decisions/0005).
import type { CompareContext, ComparerOptions, EffectInput } from '../object/comparison.ts';
import type { Effect, EffectOperation, ObjectDiff, ObjectError } from '../../model/effect.ts';
import type { ObjectContext } from './states.ts';
import type { ObjectEffect } from './facts.ts';
import type { Prepared, PreparedObject } from '../object/prepare.ts';
import type { ResourceKey } from '../../model/kube.ts';
import { applicationKey, syncOptions } from '../../model/application.ts';
import { diffFields } from '../../diff/diff.ts';
import { destinationOf, digestOf, manifestMac, sortOperations } from '../object/digest.ts';
import { concerning } from './others.ts';
import { inParallel } from '../../base/semaphore.ts';
import { keyText, keyTitle, sortedKeys } from '../../model/kube.ts';
import { maskObjects } from '../../diff/mask.ts';
import { bodyOf } from '../object/predict.ts';
import { nothingPrepared } from '../object/prepare.ts';
import { hookOf } from '../../model/hooks.ts';
import { namespaceEffect, namespaceToMake } from './namespace.ts';
import { validateHook } from '../object/validate.ts';
import { objectEffect } from './object.ts';
import { scopeOf } from './states.ts';
import { risksOf } from './risks.ts';

export { digestVersion, effectDeletes, effectDifference, isEmptyEffect } from '../object/digest.ts';

interface Sets {
  last: Prepared;
  branch: Prepared;
  target: Prepared;
}

/** R0, R1 and R2 made ready (docs/decisions/0005); those that are the same are one. */
export function setsOf(context: CompareContext, input: EffectInput): Sets {
  const target = context.prepared(input, input.target);
  const branch = input.branch ? context.prepared(input, input.branch) : target;
  const last = input.lastGone ? branch : input.last ? context.prepared(input, input.last) : nothingPrepared;
  return { last, branch, target };
}

/** Wants live objects under a name of its own: what the application's comparison wants is left as it is. */
export function effectAsker(tracking: string): string {
  return `${tracking}#effect`;
}

/** Why the project does not permit it; undefined = it does. */
export function denialOf({ cluster }: CompareContext, input: EffectInput, key: ResourceKey): string | undefined {
  return input.denied?.(
    key,
    cluster.discovery.resourceOf({ group: key.group, kind: key.kind })?.namespaced ?? key.namespace !== '',
  );
}

/** Keys of all sets and of what is live, as far as they are permitted. */
function keysOf(context: CompareContext, input: EffectInput, { last, branch, target }: Sets): ResourceKey[] {
  const wanted = [last, branch, target].flatMap(({ objects }) =>
    [...objects.values()].filter(({ generated }) => !generated).map(({ key }) => key),
  );
  return sortedKeys([...wanted, ...context.cluster.live.keysOf(input.tracking)]).filter(
    (key) => denialOf(context, input, key) === undefined,
  );
}

/** The sync fails at them before anything is applied. */
function deniedObjects(context: CompareContext, input: EffectInput, { objects, hooks }: Prepared): ObjectError[] {
  return [...objects.values(), ...hooks].flatMap(({ key, place }) => {
    const message = denialOf(context, input, key);
    return message === undefined ? [] : [{ key, code: 'E_PROJECT', message, ...(place && { place }) }];
  });
}

type Keyed = Pick<ComparerOptions, 'macKey' | 'server' | 'identity'>;

function optionsOf({ app, syncOptions: own }: EffectInput): string[] {
  return [...(own ?? app.spec.syncPolicy?.syncOptions ?? [])];
}

/** The namespace that the sync makes, if it does. */
export function madeNamespace(input: EffectInput, { target }: Sets): PreparedObject | undefined {
  return target.objects.size > 0 ? namespaceToMake(input.app, syncOptions(optionsOf(input)), target) : undefined;
}

/** What the parts of an effect share. */
export function contextFor(
  context: CompareContext,
  { macKey, server, identity }: Keyed,
  input: EffectInput,
  sets: Sets,
): ObjectContext {
  const namespace = madeNamespace(input, sets);
  return {
    ...context,
    input,
    macKey,
    server,
    identity,
    syncOptions: syncOptions(optionsOf(input)),
    history: input.last !== undefined || input.lastGone === true,
    target: sets.target,
    createdNamespace: namespace && !context.cluster.live.get(namespace.key) ? namespace.key.name : '',
  };
}

/**
 * Everything that is said is masked. Errors of single objects are in the answer, and then there is no digest; throws
 * what passes by itself.
 */
export async function effectOf(context: CompareContext, options: Keyed, input: EffectInput): Promise<Effect> {
  const sets = setsOf(context, input);
  const keys = keysOf(context, input, sets);
  await context.cluster.live.want(
    effectAsker(input.tracking),
    [...keys, { group: '', kind: 'Namespace', namespace: '', name: input.app.spec.destination.namespace ?? '' }],
    context.signal,
  );
  const namespace = madeNamespace(input, sets);
  const objectContext = contextFor(context, options, input, sets);
  const objects = await inParallel(keys, context.concurrency, (key) => {
    const text = keyText(key);
    return objectEffect(objectContext, key, [
      sets.last.objects.get(text),
      sets.branch.objects.get(text),
      sets.target.objects.get(text),
    ]);
  });
  const made = namespace && (await namespaceEffect(objectContext, namespace));
  const generated = [...sets.target.objects.values()].filter((object) => object.generated);
  const permittedHooks = [...sets.target.hooks, ...generated].filter(
    ({ key }) => denialOf(context, input, key) === undefined,
  );
  const hooks = await inParallel(permittedHooks, context.concurrency, (hook) => hookEffect(objectContext, hook, sets));
  return assemble(objectContext, sets, {
    options: optionsOf(input),
    objects: [...(made ? [made] : []), ...objects],
    hooks,
  });
}

interface HookEffect {
  diff: ObjectDiff;
  operations: EffectOperation[];
  error?: ObjectError;
  /** A live object that is no hook so far goes first. */
  deletes: boolean;
}

async function deletesLive(context: ObjectContext, { key, hook }: PreparedObject): Promise<boolean> {
  const record = hook.deletePolicies.includes('BeforeHookCreation') ? context.cluster.live.get(key) : undefined;
  const body = record && (await bodyOf(context, record));
  return body !== undefined && !hookOf(body.object).isHook;
}

/** What creating the hook in that phase, or the object that the sync names, counts as. */
export function hookOperation(
  context: Pick<ObjectContext, 'macKey' | 'input'>,
  { key, target, wave }: Pick<PreparedObject, 'key' | 'target' | 'wave'>,
  phase: string,
): EffectOperation {
  const { name, generateName = '' } = target.metadata;
  const mac = manifestMac(scopeOf(context, key), target);
  if (!name && key.name !== '') return { op: 'create', key, generateName, phase, wave, mac };
  return { op: 'hook', key, ...(!name && { generateName }), phase, wave, mac };
}

/**
 * Hooks, and what each sync makes anew, are never compared with live: shown and hashed from the manifest, beside the
 * one that the branch or the last sync has.
 */
async function hookEffect(context: ObjectContext, hook: PreparedObject, sets: Sets): Promise<HookEffect> {
  const { note, error } = await validateHook(context, hook);
  const phases = hook.generated ? ['Sync'] : hook.hook.phases;
  const same = (other: PreparedObject): boolean =>
    keyText(other.key) === keyText(hook.key) &&
    other.target.metadata.generateName === hook.target.metadata.generateName;
  const { hooks } = sets.branch === sets.target ? sets.last : sets.branch;
  const former = hook.generated ? undefined : hooks.find(same);
  const [before, after] = maskObjects([former?.target, hook.target]);
  const deletes = !hook.generated && (await deletesLive(context, hook));
  const notes = [
    hook.generated ? 'each sync creates another one (metadata.generateName)' : `runs at ${phases.join(', ')}`,
    ...(deletes ? ['the live object, no hook so far, is deleted before'] : []),
    ...(note ? [note] : []),
  ];
  return {
    diff: {
      key: hook.key,
      action: hook.generated ? 'create' : 'hook',
      changes: diffFields(before, after),
      ...(before && { before }),
      ...(after && { after }),
      notes,
      ...(hook.place && { place: hook.place }),
    },
    operations: phases.map((phase) => hookOperation(context, hook, phase)),
    ...(error && { error }),
    deletes,
  };
}

/** With what goes with it although the sync leaves the object as it is. */
function wholeDiff({ key, total, unwritten, beside }: ObjectEffect): ObjectDiff[] {
  if (beside || !unwritten) return total ? [total] : [];
  const note =
    'ignored in the comparison; applied with the next change of the object: ' +
    `${unwritten.fields.map(([path]) => path).join(', ')}`;
  return [{ ...(total ?? { key, action: 'change', changes: [] }), notes: [...(total?.notes ?? []), note] }];
}

function besideOf({ key, beside }: ObjectEffect): NonNullable<Effect['beside']> {
  return beside ? [{ key, paths: beside.op === 'change' ? beside.fields.map(([path]) => path) : [] }] : [];
}

function assemble(
  context: ObjectContext,
  sets: Sets,
  found: { options: string[]; objects: ObjectEffect[]; hooks: HookEffect[] },
): Effect {
  const { input } = context;
  const { objects, hooks } = found;
  const pick = (name: 'drift' | 'waiting' | 'change' | 'total'): ObjectDiff[] =>
    objects.map((object) => object[name]).filter((diff) => diff !== undefined);
  const errors = [
    ...deniedObjects(context, input, sets.target),
    ...[...objects, ...hooks].flatMap(({ error }) => error ?? []),
  ];
  const written = [...objects.flatMap(({ operation }) => operation ?? []), ...hooks.flatMap((hook) => hook.operations)];
  const unwritten = objects.flatMap((object) => object.unwritten ?? []);
  const along = objects.flatMap(({ beside, unwritten: fields }) => beside ?? fields ?? []);
  // People are asked about them with everything else, and not for their sake alone.
  const theirs = concerning(input.others, written);
  const operations = sortOperations(written.length > 0 ? [...written, ...along, ...theirs.operations] : []);
  const destination = destinationOf(input.app, context);
  return {
    drift: pick('drift'),
    waiting: pick('waiting'),
    change: pick('change'),
    total:
      written.length > 0
        ? objects.flatMap(wholeDiff)
        : objects.flatMap(({ beside, total }) => (beside || !total ? [] : [total])),
    hooks: hooks.map(({ diff }) => diff),
    errors,
    risks: [
      ...risksOf(input.app, objects),
      ...hooks
        .filter(({ deletes }) => deletes)
        .map(({ diff }) => ({ key: diff.key, text: 'becomes a hook: what is live is deleted first' })),
      ...theirs.risks,
    ],
    ...(theirs.deleted.length > 0 && { deleted: theirs.deleted }),
    ...(theirs.owners.length > 0 && { owners: theirs.owners }),
    ...(theirs.asks.length > 0 && { asks: theirs.asks }),
    operations,
    destination,
    unwritten: unwritten.map(({ key, fields }) => ({ key, paths: fields.map(([path]) => path) })),
    ...(objects.some(({ beside }) => beside) && { beside: objects.flatMap(besideOf) }),
    digest:
      errors.length > 0
        ? ''
        : digestOf({ application: applicationKey(input.app), destination, syncOptions: found.options, operations }),
    notes: [
      ...(input.lastGone
        ? ['The last synced revision is gone from Git: what waits on the branch cannot be told from drift.']
        : []),
      ...(!context.history && sets.target.objects.size > 0 ? ['Never synced: everything waits.'] : []),
      ...objects.flatMap(({ key, left }) => (left === undefined ? [] : [`${keyTitle(key)}: ${left}`])),
      ...[...(input.warnings ?? []), ...sets.target.conditions].map(({ message }) => message),
    ],
  };
}
