// A small typed copy of one kind, selected by namespace, label or name: for configuration and our own resources.
import type { KubeObject } from '../model/kube.ts';

export interface MirrorOptions<T> {
  kind: { group: string; kind: string };
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Makes the value from the object as it came; undefined drops it. A throw is logged and drops it. */
  parse: (object: KubeObject) => T | undefined;
}

export interface MirrorChange<T> {
  readonly namespace: string;
  readonly name: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
  readonly origin: 'watch' | 'own';
}

/** Whole objects, kept by one watch from `start` until `stop`. */
export interface Mirror<T> {
  /** Resolves when the first list is complete. A kind not served yet is waited for. */
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  readonly synced: boolean;
  get(namespace: string, name: string): T | undefined;
  all(): T[];
  /** Puts the answer to an own write into the copy, if it is newer. */
  accept(object: KubeObject): void;
  /** Resolves when the copy holds that version of the object, a newer one, or has seen it gone since. */
  waitFor(namespace: string, name: string, resourceVersion: string, signal?: AbortSignal): Promise<void>;
  onChange(fn: (change: MirrorChange<T>) => void): () => void;
}
