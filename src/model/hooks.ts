// An object's place in a sync: hook types, deletion policies, wave, options and the order of kinds.
import type { SyncPhase } from './application.ts';
import type { KubeObject } from './kube.ts';
import { argo } from './annotations.ts';

/** When an application is deleted. */
export type DeletePhase = 'PreDelete' | 'PostDelete';

type HookDeletePolicy = 'HookSucceeded' | 'HookFailed' | 'BeforeHookCreation';

export interface HookInfo {
  /**
   * Not part of the desired state: never compared with live, never drift. `Skip` and hooks of unknown types count too.
   */
  isHook: boolean;
  /** Phases in which a sync runs it; empty: a sync never applies it. */
  phases: SyncPhase[];
  /** `Skip` is its only type. */
  skip: boolean;
  /** It runs when the application is deleted (PreDelete, PostDelete). */
  onDelete: DeletePhase[];
  /** BeforeHookCreation if nothing is said. */
  deletePolicies: HookDeletePolicy[];
}

const phases: readonly SyncPhase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail'];
const deletePhases: readonly DeletePhase[] = ['PreDelete', 'PostDelete'];
const policies: readonly HookDeletePolicy[] = ['HookSucceeded', 'HookFailed', 'BeforeHookCreation'];
const helmTypes: Readonly<Record<string, SyncPhase | DeletePhase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
  'pre-delete': 'PreDelete',
  'post-delete': 'PostDelete',
};
const helmPolicies: Readonly<Record<string, HookDeletePolicy>> = {
  'before-hook-creation': 'BeforeHookCreation',
  'hook-succeeded': 'HookSucceeded',
  'hook-failed': 'HookFailed',
};

function items(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** As they stand on it: none where nothing is said. Argo's annotation wins over Helm's. */
export function policiesOf(object: KubeObject): HookDeletePolicy[] {
  const annotations = object.metadata.annotations ?? {};
  const own = items(annotations[argo.hookDeletePolicy]);
  const said =
    own.length > 0
      ? own
      : items(annotations[argo.helmHookDeletePolicy]).map((policy) => helmPolicies[policy] ?? policy);
  return policies.filter((policy) => said.includes(policy));
}

/**
 * Hook types of an object. Argo's annotation wins over Helm's; Helm's `crd-install` is no hook (Argo CD:
 * docs/user-guide/helm.md).
 */
export function hookOf(object: KubeObject): HookInfo {
  const annotations = object.metadata.annotations ?? {};
  const own = items(annotations[argo.hook]);
  const helm = own.length > 0 ? [] : items(annotations[argo.helmHook]).filter((type) => type !== 'crd-install');
  const types = new Set<string>(own.length > 0 ? own : helm.map((type) => helmTypes[type] ?? type));
  const known = policiesOf(object);
  return {
    isHook: types.size > 0,
    phases: phases.filter((phase) => types.has(phase)),
    skip: types.size === 1 && types.has('Skip'),
    onDelete: deletePhases.filter((type) => types.has(type)),
    deletePolicies: known.length > 0 ? known : ['BeforeHookCreation'],
  };
}

/** Sync wave: Argo's annotation, else Helm's hook weight, else 0. Text that is no integer counts as absent. */
export function waveOf(object: KubeObject): number {
  const annotations = object.metadata.annotations ?? {};
  for (const text of [annotations[argo.syncWave], annotations[argo.helmHookWeight]]) {
    if (typeof text === 'string' && /^[+-]?\d+$/.test(text.trim())) return Number.parseInt(text, 10);
  }
  return 0;
}

/** The object's own sync options: `Prune=false` → Prune: false. */
export function resourceOptions(object: KubeObject): Map<string, string> {
  return new Map(
    items(object.metadata.annotations?.[argo.syncOptions]).map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item, 'true'] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
    }),
  );
}

/**
 * Whether a sync may delete a live object that Git no longer has: no hook, no Prune=false (the object's own word wins
 * over `options`, the application's or the operation's), and no Helm `keep` policy.
 */
export function isPrunable(live: KubeObject, options?: ReadonlyMap<string, string>): boolean {
  if (hookOf(live).isHook || (resourceOptions(live).get('Prune') ?? options?.get('Prune')) === 'false') return false;
  return live.metadata.annotations?.[argo.helmResourcePolicy] !== 'keep';
}

const order: readonly string[] = [
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

/**
 * Place of a kind within a wave; kinds that are not listed come last (Argo CD: gitops-engine/pkg/sync/sync_tasks.go
 * kindOrder).
 */
export function kindOrder(kind: string): number {
  const at = order.indexOf(kind);
  return at < 0 ? order.length : at;
}

/** PreSync < Sync < PostSync; SyncFail apart, after all. */
export function phaseOrder(phase: SyncPhase): number {
  return phases.indexOf(phase);
}
