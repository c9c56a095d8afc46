// Argo CD's AppProject v1alpha1 as far as we read it (Argo CD: pkg/apis/application/v1alpha1/app_project_types.go).
import type { KubeObject, ObjectMeta } from './kube.ts';

export interface GroupKind {
  group: string;
  kind: string;
  name?: string;
}

export interface SyncWindow {
  kind: 'allow' | 'deny';
  schedule: string;
  duration: string;
  applications?: string[];
  namespaces?: string[];
  clusters?: string[];
  manualSync?: boolean;
  timeZone?: string;
  andOperator?: boolean;
  description?: string;
  syncOverrun?: boolean;
}

export interface ProjectRole {
  name: string;
  description?: string;
  policies?: string[];
  groups?: string[];
}

export interface ProjectSpec {
  description?: string;
  sourceRepos?: string[];
  sourceNamespaces?: string[];
  destinations?: { server?: string; name?: string; namespace?: string }[];
  clusterResourceWhitelist?: GroupKind[];
  clusterResourceBlacklist?: GroupKind[];
  namespaceResourceWhitelist?: GroupKind[];
  namespaceResourceBlacklist?: GroupKind[];
  roles?: ProjectRole[];
  syncWindows?: SyncWindow[];
  orphanedResources?: { warn?: boolean; ignore?: GroupKind[] };
}

export interface AppProject extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: ProjectSpec;
}
