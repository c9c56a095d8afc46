// What is tried on Argo CD: an application in a branch of its own, and steps that somebody takes with it.
import type { ApplicationSpec, Operation } from '../../../src/model/application.ts';
import type { KubeObject } from '../../../src/model/kube.ts';

/** Commits of the case's branch by letter, in their order; objects carry the letter as their value. */
export type Letter = 'A' | 'B' | 'C';

export type Step =
  /** The branch gets that commit, and Argo CD has compared with it. */
  | { push: Letter }
  /**
   * `former`: what becomes of status.operationState in the update that sets `operation`. What only prepares is not
   * recorded.
   */
  | { operate: Operation; former: 'removed' | 'kept'; until?: 'ended' | 'running'; prepares?: true }
  /** Somebody else acts; Argo CD is left to itself until then. */
  | { act: Act; until: 'ended' | 'running' | 'synced' | 'gone' | 'settled' };

export type Act =
  /** status.operationState.phase becomes Terminating. */
  | 'terminate'
  /** The hook that waits may run. */
  | 'release'
  /** `operation` is taken away. */
  | 'withdraw'
  /** The Application is deleted. */
  | 'delete'
  /** Argo CD's controller is killed and started again. */
  | 'restart'
  /** The objects are edited by hand. */
  | 'edit'
  /** Nothing: Argo CD acts by itself. */
  | 'wait';

export interface Case {
  /** A sentence of what is done. */
  name: string;
  /** Objects of each commit; what a letter does not name is not in Git then. */
  commits: Partial<Record<Letter, KubeObject[]>>;
  spec?: Partial<ApplicationSpec>;
  /** Default: Argo CD's own finalizer. */
  finalizers?: string[];
  /** The folder `contract/second` has the objects of these names, and is the spec's second source. */
  second?: string[];
  /** The same folder, but the spec has one source alone. */
  elsewhere?: string[];
  /** Its project never permits a sync. */
  closed?: boolean;
  /** Default: a namespace is there. */
  namespace?: 'missing';
  steps: Step[];
}

export function map(name: string, value: string, extra: { annotations?: Record<string, string> } = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...extra }, data: { value } };
}

/** A PreSync hook; `held`: it waits until it is released. */
export function hook(value: string, held = false): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'migrate',
      annotations: {
        'argocd.argoproj.io/hook': 'PreSync',
        'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
        value,
      },
    },
    spec: {
      ...(held && { suspend: true }),
      template: {
        metadata: { labels: { app: 'migrate' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'busybox:1.37' }] },
      },
    },
  };
}

export const maps = (value: string): KubeObject[] => [map('one', value), map('two', value)];
export const withHook = (value: string, held = false): KubeObject[] => [hook(value, held), ...maps(value)];

/** As Coxswain writes it at least: who, and pinned to that commit. */
export function pinned(revision: Letter, more: Operation['sync'] = {}): Operation {
  return { sync: { revision, ...more }, initiatedBy: { username: 'bob' } };
}

export const alone: Step[] = [{ push: 'A' }, { operate: pinned('A'), former: 'removed' }];
/** Where the sync before is not what is tried. */
export const first: Step[] = [{ push: 'A' }, { operate: pinned('A'), former: 'removed', prepares: true }];
export const ab = { A: maps('A'), B: maps('B') };
