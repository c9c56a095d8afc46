// Our own resources in coxswain.dev/v1alpha1: Approval, DriftEpisode and Request.
import type { ApplicationSource } from './application.ts';
import type { CommitRange } from './history.ts';
import type { Destination, EffectOperation, FieldChange } from './effect.ts';
import type { KubeObject, ObjectMeta, ObjectsAt, ResourceKey } from './kube.ts';

export const coxGroup = 'coxswain.dev';
export const coxVersion = 'v1alpha1';

type NamedMeta = ObjectMeta & { name: string; namespace: string };

/** Where a card stands or is meant to stand; the intent is stored before the post. */
export interface CardState {
  /** Random id of this posting, carried in the message's metadata. */
  intent: string;
  /** RFC 3339 time at which the intent was stored. */
  at: string;
  ts?: string;
  /** Hash of the blocks last sent, so that an unchanged card costs no call. */
  hash?: string;
  /** The story that the card tells has ended: what happens to the application later is another one. */
  final?: boolean;
  /** Without it the card does not count: no message of Slack is changed because somebody wrote its `ts` here. */
  mac?: string;
}

/** A person: the GitHub identity decides; the way tells from where they acted. */
export interface Actor {
  /** GitHub login, lower case. */
  login: string;
  /** GitHub user id; approvals are compared by it. 0 in a Request from Slack: looked up when that is carried out. */
  id: number;
  via: 'pull-request' | 'slack' | 'cli' | 'web' | 'engine';
  /** Slack user id when the person acted there. */
  slackUser?: string;
  /**
   * Name in the cluster of whoever asked from a terminal; their login follows from it, and a Request of ours has none.
   */
  user?: string;
  /**
   * Linked in Slack, or owner, member or collaborator on GitHub when they asked: `policy.default` counts for nobody
   * else.
   */
  known?: boolean;
}

export interface PullRef {
  owner: string;
  repo: string;
  number: number;
}

export type ApprovalPhase = 'Pending' | 'Approved' | 'Rejected' | 'Superseded' | 'Applied' | 'Expired';

/** An environment of the forge whose required reviewers count. */
export interface AskedEnvironment {
  /** URL, as the Application's first source names it; '' where only a project tells the environment. */
  repository: string;
  environment: string;
}

/** What of a gate is remembered beside the annotations that ask for it. */
export interface RememberedPolicy {
  gated: boolean;
  approvals: number;
  approvers: string[][];
  reviewers?: AskedEnvironment[];
  /** Milliseconds. */
  expires?: number;
}

/** The gate that stands once something is applied. */
export interface GateAfter {
  /** `namespace/name` of the Application. */
  application: string;
  policy: RememberedPolicy;
  /** The Application is gone: what is remembered of its gate ends. */
  gone?: true;
}

/** Somebody who made a change, and may not approve it. */
export interface Author {
  login: string;
  /** GitHub user id. */
  id: number;
  /** What makes them one: `wrote commit 1234567`. */
  did: string;
}

export interface Approval extends KubeObject {
  metadata: NamedMeta;
  spec: {
    /** `namespace/name` of the Application. */
    application: string;
    digest: string;
    /** How the digest and the MACs were made; absent: 1. */
    digestVersion?: number;
    destination?: Destination;
    revision: string;
    /** The application's last synced revision when the approval was opened. */
    from?: string;
    /** The commits of which the change is made, of all sources and of the parent: their authors may not approve. */
    ranges?: CommitRange[];
    /** Why others may have made it too, whom nobody can tell: two people must agree then. Absent while not known. */
    unknown?: string[];
    /** Who made it, by those commits. Absent while that is not known; the gate asks anew about whoever agrees. */
    authors?: Author[];
    operations: EffectOperation[];
    /**
     * What the gate asked for when it was opened, gates included that the change would loosen: an approver stands in
     * every list.
     */
    policy?: { approvals: number; approvers: string[][]; reviewers?: AskedEnvironment[] };
    /** The gates that end or are loosened with it, and what stands of them then: people agree to no looser one. */
    gates?: GateAfter[];
    /**
     * Counts up whenever it is opened anew, and when it ends: what was true of a former round is true of no later one.
     */
    round?: number;
    pull?: PullRef;
  };
  status?: {
    phase: ApprovalPhase;
    message?: string;
    /** RFC 3339: when this round began. */
    openedAt?: string;
    /** `teams` (org/team) as they were at the click; the gate counts nobody who is an author or no approver. */
    approvals?: { actor: Actor; at: string; teams?: string[] }[];
    /** Earlier rounds of the same effect in which somebody agreed, oldest first. */
    former?: {
      phase: ApprovalPhase;
      message?: string;
      approvals: { actor: Actor; at: string; teams?: string[] }[];
      endedAt?: string;
    }[];
    rejectedBy?: Actor;
    /** What that person wrote with it; absent for nothing. */
    reason?: string;
    /** Who asks for it again; only until the engine has looked at it. */
    reopenedBy?: Actor;
    /** RFC 3339: when the deletion of the Application was let pass under it. */
    begunAt?: string;
    /** RFC 3339; only while the phase is one that ends it. */
    endedAt?: string;
    cards?: Record<string, CardState>;
    /** The generation for which it was written. */
    observedGeneration?: number;
    mac?: string;
  };
}

/**
 * What was last synced and under which gate, kept apart from the Application: whoever may write that must not decide
 * it. Named like it.
 */
export interface SyncRecord extends KubeObject {
  metadata: NamedMeta;
  spec: {
    /** `namespace/name` of the Application. */
    application: string;
    /** Its metadata.uid: another one of the same name has synced nothing yet. */
    uid: string;
    /** Hash of revisions, sources and destination of the last sync of the whole; absent before the first one. */
    state?: string;
    /** Name of the AppProject under which that was; absent in records of older versions. */
    project?: string;
    /** What that sync fetched beside its repositories: name and version → digest or commit. */
    fetched?: Record<string, string>;
    /**
     * A later state that Git and the cluster were found to agree on without a sync, while `history` is the id of the
     * newest sync: drift and changes are told against it. Nobody has approved it: the gate goes by `state` alone.
     */
    base?: {
      history: number;
      destination: string;
      revisions: string[];
      sources: ApplicationSource[];
      fetched?: Record<string, string>;
      at: string;
    };
    /**
     * Of a sync that Argo CD reports, its history id, and what is left of it by Argo CD's comparison or our own look;
     * nothing in `left`: neither has been made since. Absent when both agree with what is reported; `agreed` where they
     * do, but that its hooks ran can be told by nobody.
     */
    unverified?: { history: number; left: string[]; agreed: boolean };
    /** Hash of the server and namespace of that sync; it stays when the Application is made anew. */
    place?: string;
    /** The same with the cluster itself, whatever its URL; absent where nobody could ask which one it is. */
    clusterPlace?: string;
    /** Argo CD worked on it when its gate was last looked at; absent: it did not, or that was before this was kept. */
    engine?: 'argocd';
    /** Of one that Argo CD works on: its AppProject and the annotations that say where in Slack it is told. */
    told?: { project: string; annotations: Record<string, string> };
    /** Under a gate, what it and former ones of its name have in clusters, until our look finds it gone there. */
    had?: ObjectsAt[];
    /** The strictest policy since what was last approved. */
    policy: RememberedPolicy;
  };
}

export type EpisodePhase = 'Open' | 'Reverting' | 'Healed' | 'Reverted' | 'Adopted' | 'Snoozed' | 'Superseded';

export interface DriftedObject {
  key: ResourceKey;
  kind: 'changed' | 'missing' | 'extra';
  /** Masked; before = Git, after = live. Of long values the part where they differ. */
  changes: FieldChange[];
  /** Number of fields that differ beside these, if any. */
  left?: number;
  /** Newest field manager of the drifted paths: the likely tool, and the person when it is known. */
  by?: { manager: string; at?: string };
}

export interface DriftEpisode extends KubeObject {
  metadata: NamedMeta;
  spec: {
    application: string;
    /** Hash of the sorted drifted keys, paths and masked values, and of MACs of live values that are not shown. */
    fingerprint: string;
    openedAt: string;
  };
  status?: {
    phase: EpisodePhase;
    message?: string;
    objects: DriftedObject[];
    /** Number of objects that drifted beside these, if any. */
    left?: number;
    endedAt?: string;
    endedBy?: Actor;
    /** Why that person put it back. */
    reason?: string;
    /** Kept when it is over, so that whoever asked for it is told; `until` is RFC 3339. */
    snooze?: { until: string; by: Actor; reason?: string };
    cards?: Record<string, CardState>;
    /** In the thread of each card, by channel. */
    details?: Record<string, CardState>;
  };
}

type Decides = 'approve' | 'reject' | 'reopen';
type Silences = 'snooze' | 'unsnooze';
type Locks = 'lock' | 'unlock' | 'rollback';
export type Verb =
  Decides | Silences | Locks | 'help' | 'status' | 'diff' | 'sync' | 'retry' | 'heal' | 'revert' | 'hold';

/** A sync that a Request began: its own operation, or the one that follows from an Approval. */
export interface Followed {
  /** `namespace/name`. */
  application: string;
  /** Name of the Approval. */
  approval?: string;
  ended?: { ok: boolean; message: string; at?: string };
}

/** De-duplicates deliveries, is the audit record, and is all that the Slack face may create. */
export interface Request extends KubeObject {
  metadata: NamedMeta;
  spec: {
    verb: Verb;
    /** `namespace/name` of an Application, or empty for a pull request command. */
    application?: string;
    pull?: PullRef;
    args: Record<string, string>;
    /** They acted on something that names the application, such as a card or a check: a refusal may name it too. */
    shown?: boolean;
    /** The digest that the person was shown, where the verb acts on one. */
    digest?: string;
    actor: Actor;
    /** Where the answer goes: comment, channel, thread. */
    origin:
      | { kind: 'comment'; commentId: number }
      | { kind: 'slack'; channel: string; ts?: string }
      | { kind: 'cli' }
      | { kind: 'web' };
    createdAt: string;
  };
  status?: {
    phase: 'Pending' | 'Done' | 'Refused' | 'Failed';
    message?: string;
    /** What came of it: a pull request's URL, an operation. */
    result?: Record<string, string>;
    finishedAt?: string;
    /** What it began, and what became of that. */
    syncs?: Followed[];
    /** What a person in Slack was told: the answer, and how it ended; comments have their own place for both. */
    told?: boolean | 'end';
    observedGeneration?: number;
    mac?: string;
  };
}
