// What Coxswain remembers: Applications, projects, our own resources and settings, kept in the control-plane cluster and watched.
import type { AppProject } from '../model/project.ts';
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, Request } from '../model/coxswain.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Settings } from './settings.ts';

/** One JSON patch operation (RFC 6902). */
export interface PatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test';
  path: string;
  value?: unknown;
}

/**
 * One kind of object in the control-plane namespace(s): reads come from memory (kept by a watch, and by the answers to
 * our own writes, so that a read after a write is never older than it), writes go to the API. Keys are `namespace/name`.
 */
export interface Collection<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): T[];
  /** Called with the key after every change, ours included; `now` is undefined after a deletion. Hints only: read afresh. */
  onChange(fn: (key: string, now: T | undefined, before: T | undefined) => void): () => void;
  /** 'exists' when the name is taken already: for content-named objects that is success. */
  create(object: T): Promise<'created' | 'exists'>;
  /** Merge patch of the object itself (or of its status subresource). Throws ApiError 404/409. */
  patch(key: string, patch: Record<string, unknown>, options?: { subresource?: 'status'; resourceVersion?: string }): Promise<T>;
  /** JSON patch; a failed `test` throws ApiError 422. */
  jsonPatch(key: string, operations: PatchOperation[]): Promise<T>;
  delete(key: string): Promise<void>;
}

export interface Store {
  namespace: string;
  applications: Collection<Application>;
  projects: Collection<AppProject>;
  approvals: Collection<Approval>;
  episodes: Collection<DriftEpisode>;
  requests: Collection<Request>;
  /** Parsed afresh whenever one of the ConfigMaps or Secrets behind it changes. */
  settings(): Settings;
  onSettings(fn: () => void): () => void;
  /** Key of the digests' MACs, kept in the Secret `coxswain-mac`, made once. */
  macKey: Buffer;
  stop(): Promise<void>;
}
