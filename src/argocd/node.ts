// The words of Argo CD's resource tree (Argo CD: pkg/apis/application/v1alpha1/types.go ApplicationTree).
import type { Health } from '../model/application.ts';

/** Thousandths of a unit, by resource. */
export type Requests = Partial<Record<'cpu' | 'memory' | 'storage', number>>;

/** Name and value, as a person reads them. */
export interface InfoItem {
  name: string;
  value: string;
}

export interface ResourceRef {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
}

export interface NetworkingInfo {
  targetLabels?: Record<string, string>;
  targetRefs?: ResourceRef[];
  labels?: Record<string, string>;
  ingress?: { hostname?: string; ip?: string }[];
  externalURLs?: string[];
}

/** Members of Argo CD's node that are the object's own, and what its hosts are made of. */
export interface Note {
  createdAt?: string;
  owners?: { apiVersion: string; kind: string; name: string; uid: string }[];
  info?: InfoItem[];
  networkingInfo?: NetworkingInfo;
  images?: string[];
  health?: Pick<Health, 'status' | 'message'>;
  pod?: { node: string; ended: boolean; requests: Requests };
  host?: { capacity: Requests; systemInfo: unknown };
  /** Of a StatefulSet: how the claims of its pods are named. */
  claims?: { templates: string[]; replicas: number };
}

export interface ResourceNode extends ResourceRef {
  parentRefs?: ResourceRef[];
  info?: InfoItem[];
  networkingInfo?: NetworkingInfo;
  resourceVersion?: string;
  images?: string[];
  health?: Pick<Health, 'status' | 'message'>;
  createdAt?: string;
}

export interface Host {
  name: string;
  resourcesInfo: { resourceName: string; requestedByApp?: number; requestedByNeighbors?: number; capacity: number }[];
  systemInfo: unknown;
}

export interface ResourceTree {
  nodes?: ResourceNode[];
  orphanedNodes?: ResourceNode[];
  hosts?: Host[];
  shardsCount?: number;
}
