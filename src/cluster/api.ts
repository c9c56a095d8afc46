// The Kubernetes API as plain JSON: typed requests over the transport; manifests never pass through generated models.
import type { KubeObject, ResourceKey } from '../model/kube.ts';

export interface Impersonation {
  user: string;
  groups?: readonly string[];
  uid?: string;
}

export interface CallOptions {
  signal?: AbortSignal;
  impersonate?: Impersonation;
  /** Milliseconds for the whole call; default 60,000. */
  timeoutMs?: number;
  /** Of the Lease itself: a write asks nobody's leave, and no other request is waited for. */
  forLease?: boolean;
}

/** Names one object; without `version` the cluster's preferred one is used. */
export interface ObjectRef extends ResourceKey {
  version?: string;
}

export interface RequestOptions extends CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default `application/json`. */
  contentType?: string;
  /** Default `application/json`. */
  accept?: string;
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions extends CallOptions {
  /** Field manager; default Argo CD's `argocd-controller`. */
  manager?: string;
  dryRun?: boolean;
  /** Default `Warn` for apply (as kubectl's server default), none elsewhere. */
  fieldValidation?: FieldValidation;
}

export interface ApplyOptions extends WriteOptions {
  /** Default true. */
  force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  /** `merge`: RFC 7386; `json`: RFC 6902; `strategic`: built-in kinds only. */
  type: 'merge' | 'json' | 'strategic';
  patch: unknown;
  subresource?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Precondition: only this very object. Another uid answers 409. */
  uid?: string;
  resourceVersion?: string;
  /** Default `Background`. */
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
  dryRun?: boolean;
}

export interface ListOptions extends CallOptions {
  /** Omitted or '': all namespaces. */
  namespace?: string;
  version?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Metadata only (PartialObjectMetadata). */
  metadataOnly?: boolean;
}

export type ApiVerb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'dryRun' | 'discovery' | 'raw';

/**
 * Every call throws `ApiError` (code E_API, or E_MANIFEST for a manifest that the server cannot read) or
 * E_API_UNREACHABLE, and E_KIND_UNKNOWN if the cluster does not serve the kind. Answers 429 with Retry-After, and
 * failures of reads, are retried within the call's time; a write whose outcome is unknown is not (it fails
 * E_API_UNREACHABLE, transient: look, then do).
 */
export interface Api {
  /** undefined if there is no such object. */
  get(ref: ObjectRef, options?: CallOptions): Promise<KubeObject | undefined>;
  /** In pages of 500. */
  list(kind: { group: string; kind: string }, options?: ListOptions): Promise<KubeObject[]>;
  /** POST. With `dryRun` nothing is stored. */
  create(object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** PUT: with metadata.resourceVersion it is conditional. */
  replace(object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Server-side apply. With `dryRun`: the prediction, nothing is stored. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  patch(ref: ObjectRef, options: PatchOptions): Promise<KubeObject>;
  /** False if it was gone already. Resolves when the request is accepted, not when the object is gone. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** Any other request; `path` begins with a slash. Answers the parsed body, undefined if it is empty. */
  request(method: string, path: string, options?: RequestOptions): Promise<unknown>;
  /** Requests sent since the start, by verb: each attempt counts; a dry run counts as `dryRun` alone. */
  readonly counts: Readonly<Record<ApiVerb, number>>;
}
