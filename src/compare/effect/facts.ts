// The three facts of one object and their sum, out of what stands in the cluster now and would after each of the three
// manifests.
import type { EffectOperation, FieldPath, ObjectDiff, ObjectError } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { PreparedObject } from '../object/prepare.ts';
import { argo } from '../../model/annotations.ts';
import { diffFields, sameObject } from '../../diff/diff.ts';
import { maskObjects } from '../../diff/mask.ts';

/** The object in R0, R1 and R2. */
export type Manifests = readonly [PreparedObject | undefined, PreparedObject | undefined, PreparedObject | undefined];

export type ChangeOperation = Extract<EffectOperation, { op: 'change' }>;

export interface ObjectEffect {
  key: ResourceKey;
  drift?: ObjectDiff;
  waiting?: ObjectDiff;
  change?: ObjectDiff;
  total?: ObjectDiff;
  operation?: EffectOperation;
  /**
   * In place of an operation: ignored fields that Git gave other values, of an object that the sync leaves as it is.
   */
  unwritten?: ChangeOperation;
  /** In place of an operation: what a sync of something else does to it too, for it applies everything (Argo CD). */
  beside?: EffectOperation;
  error?: ObjectError;
  /** Why the sync leaves it as it is, whatever is live. */
  left?: string;
  /** The sync would delete it and make it anew, or cannot without being told to. */
  recreate?: boolean;
}

/** What stands in the cluster now, and after applying R0, R1 and R2. */
export interface States {
  live: KubeObject | undefined;
  after: [KubeObject | undefined, KubeObject | undefined, KubeObject | undefined];
  /** After the sync: as `after[2]`, and ignored fields that go with drift. */
  end: KubeObject | undefined;
  notes: { drift: string[]; waiting: string[]; change: string[]; total: string[] };
  error?: ObjectError;
  operation?: EffectOperation;
  unwritten?: ChangeOperation;
  beside?: EffectOperation;
  recreate?: boolean;
  moves?: ObjectDiff['moves'];
  /** What is sent for it, and what is taken out after it. */
  sent?: { object: PreparedObject; removed: readonly FieldPath[] };
}

/** The tracking id tells nothing that is not said of a move already. */
function handed(object: KubeObject | undefined, id: string | undefined): KubeObject | undefined {
  return object && id !== undefined
    ? {
        ...object,
        metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [argo.trackingId]: id } },
      }
    : object;
}

function movesText(moves: NonNullable<ObjectDiff['moves']>): string {
  return `moves from ${moves.from} to ${moves.to}`;
}

/** The three facts and their sum, masked together. */
export function facts(key: ResourceKey, states: States, manifests: Manifests): ObjectEffect {
  const { moves } = states;
  const [live, s0, s1, s2, end] = maskObjects([states.live, ...states.after, states.end]);
  const place = (manifests[2] ?? manifests[1] ?? manifests[0])?.place;
  const fact = (
    from: KubeObject | undefined,
    after: KubeObject | undefined,
    notes: string[],
    moving = false,
  ): ObjectDiff | undefined => {
    const before = moving ? handed(from, after?.metadata.annotations?.[argo.trackingId]) : from;
    const same = before === after || (before !== undefined && after !== undefined && sameObject(before, after));
    if (same && notes.length === 0 && !moving) return undefined;
    if (!before && !after) return undefined;
    const action = !before ? 'create' : !after ? 'delete' : moving && same ? 'move' : 'change';
    const told = moving && moves ? { moves, notes: [movesText(moves), ...notes] } : { notes };
    return {
      key,
      action,
      changes: same ? [] : diffFields(before, after),
      ...(before && { before }),
      ...(after && { after }),
      ...told,
      ...(place && { place }),
    };
  };
  const [had, has, gets] = manifests.map((manifest) => manifest !== undefined);
  const total = fact(live, end, states.notes.total, moves !== undefined);
  const drift = fact(live, s0, states.notes.drift);
  const waiting = fact(s0, s1, states.notes.waiting, moves !== undefined && had !== has);
  const change = fact(s1, s2, states.notes.change, moves !== undefined && has !== gets);
  return {
    key,
    ...(drift && { drift }),
    ...(waiting && { waiting }),
    ...(change && { change }),
    ...(total && {
      total: (states.operation ?? states.beside)?.op === 'recreate' ? { ...total, action: 'recreate' } : total,
    }),
    ...(states.operation && { operation: states.operation }),
    ...(states.unwritten && { unwritten: states.unwritten }),
    ...(states.beside && { beside: states.beside }),
    ...(states.error && { error: states.error }),
    ...(states.recreate && { recreate: true }),
  };
}
