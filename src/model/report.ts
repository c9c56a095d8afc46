// What is told of an application beside drift and approvals: a deploy, or a failure that no deploy tells of.
import type { CardState } from './coxswain.ts';
import type { KubeObject, ObjectMeta } from './kube.ts';

/** `Live` and `Recovered` ended well; `Superseded`: something newer tells what has become of it. */
export type ReportPhase = 'Open' | 'Live' | 'Recovered' | 'Superseded';

/** It decides nothing: whoever reads it learns what people were told. */
export interface Report extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: {
    /** `namespace/name` of the Application. */
    application: string;
    about: 'deploy' | 'failure';
    /** RFC 3339: when the sync began, or since when it fails. */
    since: string;
    /** Of the deploy; of a failure, what was synced then. */
    revision?: string;
    /** What was live before the deploy. */
    from?: string;
    /** Who asked for the deploy; absent: the engine itself, because Git has moved. */
    by?: string;
  };
  status?: {
    phase: ReportPhase;
    /** What became of it, without the application's name. */
    message?: string;
    /** Of an open one: what is wrong, and why. */
    trouble?: { kind: 'sync' | 'degraded' | 'stuck' | 'unknown'; says: string; cause: string };
    endedAt?: string;
    /** How often it came back within a short time. */
    again?: number;
    cards?: Record<string, CardState>;
    /** In the thread of each card, by channel. */
    details?: Record<string, CardState>;
  };
}
