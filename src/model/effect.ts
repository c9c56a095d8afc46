// What a sync would do to one application's live objects, and the three facts it is made of (docs/decisions/0005).
import type { KubeObject, ResourceKey } from './kube.ts';

/**
 * A path through an object: field names, list indices, or the key fields of a list entry (FieldsV1 `k:`), or a set's
 * value (`v:`).
 */
export type PathStep = string | number | { key: Record<string, unknown> } | { value: unknown };
export type FieldPath = PathStep[];

/** One differing field, ready to be shown: Secret values are masked already. `undefined` = absent. */
export interface FieldChange {
  path: FieldPath;
  /** The path as people read it: `spec.template.spec.containers[name=api].image`. */
  text: string;
  before?: unknown;
  after?: unknown;
}

/** An object before and after, both masked, for a unified diff. */
export interface ObjectDiff {
  key: ResourceKey;
  /** `move`: it changes hands as it is. */
  action: 'create' | 'change' | 'delete' | 'recreate' | 'hook' | 'move';
  changes: FieldChange[];
  /** Masked; absent for a create (before) or a delete (after). */
  before?: KubeObject;
  after?: KubeObject;
  /** The application that leaves it, and the one that takes it over. */
  moves?: { from: string; to: string };
  /** Sentences beside the diff: "no longer managed, stays at 6", "created, not validated: …", "drifted since …". */
  notes: string[];
  /** file:line of the manifest where known. */
  place?: { file: string; line?: number };
}

/** What is done to an object, for people; what it destroys stands first. */
export const actionWords: Readonly<Record<ObjectDiff['action'], string>> = {
  delete: '🗑️ deletes',
  recreate: '♻️ deletes and creates anew',
  change: '✏️ changes',
  create: '➕ creates',
  hook: '▶️ runs',
  move: '↪️ hands over',
};

export interface ObjectError {
  key: ResourceKey;
  code: string;
  message: string;
  /** Path of the first field that is refused, as `.spec.containers[0].image`. */
  field?: string;
  place?: { file: string; line?: number };
}

/**
 * A field that a sync writes: its path, the MAC of its new value (null: removed), and the MAC of what is live there now
 * (null: nothing), which is left out where others may set it at any time: a subresource (an autoscaler's steps) holds
 * it, or it is ignored.
 */
export type WrittenField = [path: string, mac: string | null, was?: string | null];

/**
 * One operation of the digest; `generateName`: the sync gives it a name, another one each time; `with`: it goes with
 * the deletion of that very Application, in that one's cluster. MACs stand for values, so that Secret values count and
 * never show.
 */
export type EffectOperation =
  | { op: 'create'; key: ResourceKey; generateName?: string; phase: string; wave: number; mac: string }
  | { op: 'change'; key: ResourceKey; phase: string; wave: number; fields: WrittenField[] }
  | { op: 'delete'; key: ResourceKey; phase: string; wave: number; with?: { application: string; uid: string } }
  | { op: 'hook'; key: ResourceKey; generateName?: string; phase: string; wave: number; mac: string }
  | { op: 'recreate'; key: ResourceKey; phase: string; wave: number; mac: string };

/** Where to, with the cluster's URL whatever the Application calls it. */
export interface Destination {
  server: string;
  namespace: string;
  /** Which cluster it is that answers there. Absent: nobody has asked. */
  cluster?: string;
}

/** What the sync of one application to one revision would do, split into the three facts. */
export interface Effect {
  /** Drift that was there before: live → what the last synced manifests say. */
  drift: ObjectDiff[];
  /** Waiting on the branch: last synced → branch head. */
  waiting: ObjectDiff[];
  /** This change: branch head → the result of the merge. Empty when no pull request is asked about. */
  change: ObjectDiff[];
  /** What the sync will do: live → target. The first three add up to it. */
  total: ObjectDiff[];
  hooks: ObjectDiff[];
  errors: ObjectError[];
  risks: { key: ResourceKey; text: string }[];
  operations: EffectOperation[];
  /** Applications that it deletes, to any depth, with what goes with each. Absent: none. */
  deleted?: { application: string; environment?: string; gated: boolean; objects: ResourceKey[] }[];
  /** What it touches that belongs to gated applications: they ask. Absent: nothing. */
  owners?: { key: ResourceKey; application: string }[];
  /** What the gates of others ask, for what it deletes or touches of theirs. Absent: nothing. */
  asks?: { approvers: string[][]; approvals: number }[];
  destination: Destination;
  /**
   * Ignored fields that Git gave other values since the last sync, of objects that the sync leaves as they are. They
   * are among the operations where there are others.
   */
  unwritten: { key: ResourceKey; paths: string[] }[];
  /**
   * Objects in sync that a sync writes all the same, because Argo CD applies everything; without paths one that is made
   * anew. They are among the operations where there are others. Absent: none.
   */
  beside?: { key: ResourceKey; paths: string[] }[];
  /** SHA-256 of the canonical effect; equal effects have equal digests. '' when there are errors. */
  digest: string;
  /** "the last synced revision is gone from Git", and the like. */
  notes: string[];
}
