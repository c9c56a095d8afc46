// Argo CD's Application v1alpha1 as far as we read and write it (Argo CD: pkg/apis/application/v1alpha1/types.go).
import type { KubeObject, ObjectMeta } from './kube.ts';
import type { DirectorySource, HelmSource, KustomizeSource } from './sources.ts';
import { argo } from './annotations.ts';

export interface ApplicationSource {
  repoURL: string;
  path?: string;
  targetRevision?: string;
  /** Of tags: what stands before the version that `targetRevision` means. */
  tagPrefix?: string;
  chart?: string;
  ref?: string;
  name?: string;
  helm?: HelmSource;
  kustomize?: KustomizeSource;
  directory?: DirectorySource;
  plugin?: Record<string, unknown>;
}

export interface Destination {
  server?: string;
  name?: string;
  namespace?: string;
}

export interface RetryStrategy {
  /** Below 0 is without limit. */
  limit?: number;
  refresh?: boolean;
  backoff?: { duration?: string; factor?: number; maxDuration?: string };
}

export interface SyncPolicy {
  automated?: { prune?: boolean; selfHeal?: boolean; allowEmpty?: boolean; enabled?: boolean };
  retry?: RetryStrategy;
  syncOptions?: string[];
  managedNamespaceMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface IgnoreDifference {
  group?: string;
  kind: string;
  name?: string;
  namespace?: string;
  jsonPointers?: string[];
  jqPathExpressions?: string[];
  managedFieldsManagers?: string[];
}

export interface ApplicationSpec {
  project: string;
  destination: Destination;
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  syncPolicy?: SyncPolicy;
  ignoreDifferences?: IgnoreDifference[];
  info?: { name: string; value: string }[];
  revisionHistoryLimit?: number;
}

export interface SyncResourceRef {
  group?: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface SyncOperation {
  revision?: string;
  revisions?: string[];
  prune?: boolean;
  dryRun?: boolean;
  syncStrategy?: { apply?: { force?: boolean }; hook?: { force?: boolean } };
  /** Only these; then hooks are skipped and no history is written (Argo CD: docs/user-guide/selective_sync.md). */
  resources?: SyncResourceRef[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  manifests?: string[];
  syncOptions?: string[];
  autoHealAttemptsCount?: number;
}

export interface Operation {
  sync?: SyncOperation;
  initiatedBy?: { username?: string; automated?: boolean };
  info?: { name: string; value: string }[];
  retry?: RetryStrategy;
}

export type SyncStatusCode = 'Synced' | 'OutOfSync' | 'Unknown';
export type HealthStatusCode = 'Healthy' | 'Suspended' | 'Progressing' | 'Missing' | 'Degraded' | 'Unknown';
export type OperationPhase = 'Running' | 'Terminating' | 'Failed' | 'Error' | 'Succeeded';
type ResultCode = 'Synced' | 'SyncFailed' | 'Pruned' | 'PruneSkipped';
export type HookPhase = 'Running' | 'Succeeded' | 'Failed' | 'Error' | 'Terminating';
export type SyncPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';
export type ConditionType =
  | 'DeletionError'
  | 'InvalidSpecError'
  | 'ComparisonError'
  | 'SyncError'
  | 'UnknownError'
  | 'IgnoredFieldWarning'
  | 'InvalidGateWarning'
  | 'SharedResourceWarning'
  | 'RepeatedResourceWarning'
  | 'RepeatedKeyWarning'
  | 'UnmatchedPatchWarning'
  | 'ExcludedResourceWarning'
  | 'OrphanedResourceWarning'
  | 'MovingResourceWarning';

export interface Health {
  status: HealthStatusCode;
  message?: string;
  lastTransitionTime?: string;
}

export interface ResourceStatus {
  group?: string;
  version: string;
  kind: string;
  namespace?: string;
  name: string;
  status?: SyncStatusCode;
  health?: Health;
  hook?: boolean;
  requiresPruning?: boolean;
  requiresDeletionConfirmation?: boolean;
  syncWave?: number;
}

export interface ResourceResult {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  status?: ResultCode;
  message?: string;
  hookType?: string;
  hookPhase?: HookPhase;
  syncPhase?: SyncPhase;
  /** That the object runs. */
  images?: string[];
}

interface SyncResult {
  resources?: ResourceResult[];
  revision: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
}

/** What an operation says, as in Argo CD, while it waits for a sync window. */
export const windowClosed = 'Sync operation blocked by sync window';

export interface OperationState {
  operation: Operation;
  phase: OperationPhase;
  message?: string;
  syncResult?: SyncResult;
  startedAt: string;
  finishedAt?: string;
  retryCount?: number;
}

export interface RevisionHistory {
  id: number;
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  deployStartedAt?: string;
  deployedAt: string;
  initiatedBy?: { username?: string; automated?: boolean };
}

export interface Condition {
  type: ConditionType;
  message: string;
  lastTransitionTime?: string;
}

export interface ComparedTo {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  destination: Destination;
  ignoreDifferences?: IgnoreDifference[];
}

export interface ApplicationStatus {
  resources?: ResourceStatus[];
  sync?: { status: SyncStatusCode; comparedTo?: ComparedTo; revision?: string; revisions?: string[] };
  health?: Health;
  history?: RevisionHistory[];
  conditions?: Condition[];
  reconciledAt?: string;
  operationState?: OperationState;
  sourceType?: string;
  sourceTypes?: string[];
  summary?: { externalURLs?: string[]; images?: string[]; isAppOfApps?: boolean };
  resourceHealthSource?: string;
  controllerNamespace?: string;
}

export interface Application extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: ApplicationSpec;
  operation?: Operation;
  status?: ApplicationStatus;
}

/** Effective sources: `sources` wins over `source` when it is not empty. */
export function sourcesOf(spec: ApplicationSpec): ApplicationSource[] {
  if (spec.sources && spec.sources.length > 0) return spec.sources;
  return spec.source ? [spec.source] : [];
}

/**
 * A commit as people read it: the first seven digits of its id. Anything else, a branch or a chart's version, is left
 * as it is.
 */
export function shortRevision(revision: string): string {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision) ? revision.slice(0, 7) : revision;
}

/** `automated: {}` means on, `enabled: false` means off (Argo CD: types.go IsAutomatedSyncEnabled). */
export function isAutomated(spec: ApplicationSpec): boolean {
  return spec.syncPolicy?.automated !== undefined && spec.syncPolicy.automated.enabled !== false;
}

/**
 * Annotations that ask for a look at Git, with their values. The server of Argo CD asks for both at once; there is
 * nothing to hydrate here.
 */
export function refreshRequests({ metadata }: { metadata: ObjectMeta }): [name: string, value: string][] {
  return Object.entries(metadata.annotations ?? {}).filter(([name]) => name === argo.refresh || name === argo.hydrate);
}

/** Nothing that was found before counts. */
export function isHardRefresh({ metadata }: { metadata: ObjectMeta }): boolean {
  return metadata.annotations?.[argo.refresh] === 'hard';
}

/** `namespace/name`, the key of an application in queues and stores. */
export function applicationKey(app: { metadata: { namespace?: string; name?: string } }): string {
  return `${app.metadata.namespace ?? ''}/${app.metadata.name ?? ''}`;
}

/** `namespace/name` → name. */
export function applicationName(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** `Key=value` items of sync options into a map; a later item wins. */
export function syncOptions(items: readonly string[] | undefined): Map<string, string> {
  return new Map(
    (items ?? []).map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item.trim(), 'true'] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
    }),
  );
}
