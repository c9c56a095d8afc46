// What is told of an application beside drift and approvals: a deploy, a failure that no deploy tells of, or a deletion
// by Argo CD.
import type { CardState } from './coxswain.ts';
import type { KubeObject, ObjectMeta, ObjectsAt } from './kube.ts';

/**
 * `Live` and `Recovered` ended well; `Superseded`: something newer tells what has become of it; `Deleted`: the
 * Application is gone, and what became of its objects is told.
 */
export type ReportPhase = 'Open' | 'Live' | 'Recovered' | 'Superseded' | 'Deleted';

/** It decides nothing: whoever reads it learns what people were told. */
export interface Report extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: {
    /** `namespace/name` of the Application. */
    application: string;
    about: 'deploy' | 'failure' | 'deletion';
    /** RFC 3339: when the sync or the deletion began, or since when it fails. */
    since: string;
    /** Of the deploy; of a failure, what was synced then. */
    revision?: string;
    /** What was live before the deploy. */
    from?: string;
    /** Who asked for the deploy; absent: the engine itself, because Git has moved. */
    by?: string;
    /** Of a deletion: the Application's own and when it was made, as far as anybody knows. */
    uid?: string;
    created?: string;
    /** What it had, as far as anybody knows, and whether its finalizer asks for that to go. */
    had?: ObjectsAt[];
    cascades?: boolean;
  };
  status?: {
    phase: ReportPhase;
    /** What became of it, without the application's name. */
    message?: string;
    /** Of an open one: what is wrong, and why. */
    trouble?: { kind: 'sync' | 'degraded' | 'stuck' | 'unknown'; says: string; cause: string };
    /** Of a deletion: the Approval under which it went; absent: nobody has agreed. */
    approval?: string;
    /** Of a deletion: how many objects are there still that were to go; absent: none, or nobody knows. */
    left?: number;
    /** Of a deletion: since when some of its objects could not be read. */
    unreadSince?: string;
    endedAt?: string;
    /** How often it came back within a short time. */
    again?: number;
    cards?: Record<string, CardState>;
    /** In the thread of each card, by channel. */
    details?: Record<string, CardState>;
  };
}
