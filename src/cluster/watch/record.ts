// The record of one live object: what is kept of it, its fingerprint, and the application that tracks it.
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { ApiResource } from '../discovery/discovery.ts';
import type { LiveObject } from '../live.ts';
import type { Tracking } from '../../model/tracking.ts';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/canonical.ts';
import { parseJson } from '../../base/json.ts';
import { trackedBy } from '../../model/tracking.ts';

/** One version of one object; replaced whole by the next. */
export class Entry implements LiveObject {
  readonly key: ResourceKey;
  readonly uid: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  readonly fingerprint: string;
  readonly application: string | undefined;
  readonly root: boolean;
  readonly ownerUids: readonly string[];
  readonly deleting: boolean;
  readonly note: string | undefined;
  /** The whole object as text: a fifth of the memory of the parsed one. */
  readonly json: string | undefined;
  #parsed: WeakRef<KubeObject> | undefined;

  constructor(fields: Omit<LiveObject, 'object'> & { json: string | undefined }) {
    this.key = fields.key;
    this.uid = fields.uid;
    this.apiVersion = fields.apiVersion;
    this.resourceVersion = fields.resourceVersion;
    this.generation = fields.generation;
    this.fingerprint = fields.fingerprint;
    this.application = fields.application;
    this.root = fields.root;
    this.ownerUids = fields.ownerUids;
    this.deleting = fields.deleting;
    this.note = fields.note;
    this.json = fields.json;
  }

  get object(): KubeObject | undefined {
    if (this.json === undefined) return undefined;
    const known = this.#parsed?.deref();
    if (known) return known;
    const object = parseJson(this.json) as KubeObject; // it was read as an object when it came
    this.#parsed = new WeakRef(object);
    return object;
  }

  /** The same without its body. */
  slim(): Entry {
    return new Entry({ ...this, json: undefined });
  }
}

/** What the kind's watch knows beside the object. */
export interface RecordContext {
  resource: ApiResource;
  apiVersion: string;
  tracking: Tracking;
  /** Strings that many objects share are kept once. */
  shared: Map<string, string>;
  /** Whether to keep the body of this object. */
  keeps: (key: ResourceKey, application: string | undefined, root: boolean) => boolean;
  /** Default: nobody wants any. */
  note?: ((object: KubeObject) => string) | undefined;
}

const noOwners: readonly string[] = [];

/** `json`: the text of the object, asked for only where its body is kept. */
export function entryOf(object: KubeObject, json: () => string, context: RecordContext): Entry {
  const { metadata } = object;
  const { resource } = context;
  const owners = metadata.ownerReferences ?? [];
  const key: ResourceKey = {
    group: resource.group,
    kind: resource.kind,
    namespace: share(context.shared, metadata.namespace ?? ''),
    name: metadata.name ?? '',
  };
  const application = trackedBy(metadata, key, context.tracking);
  const root = owners.length === 0;
  const text = context.keeps(key, application, root) ? json() : undefined;
  return new Entry({
    key,
    uid: metadata.uid ?? '',
    apiVersion: context.apiVersion,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation,
    fingerprint: fingerprintOf(object, resource.hasStatus, text !== undefined),
    application: application === undefined ? undefined : share(context.shared, application),
    root,
    ownerUids: owners.length === 0 ? noOwners : owners.map((owner) => owner.uid),
    deleting: metadata.deletionTimestamp !== undefined,
    // A watch of metadata alone names another kind.
    note: context.note?.({ ...object, apiVersion: context.apiVersion, kind: resource.kind }),
    json: text,
  });
}

/**
 * Changes exactly when something that Git could want changes. Where the status is a subresource and the kind counts
 * generations: generation and the metadata that Git may write (some core kinds, Service for one, count none). Else a
 * hash of all but status and bookkeeping. Objects whose body is not at hand have their version for it: nobody compares
 * them. The uid tells a new object of an old name.
 */
export function fingerprintOf(object: KubeObject, hasStatus: boolean, whole: boolean): string {
  const { metadata } = object;
  if (hasStatus && metadata.generation !== undefined) {
    const { labels, annotations, finalizers, ownerReferences } = metadata;
    return short(canonicalJson([metadata.uid, metadata.generation, labels, annotations, finalizers, ownerReferences]));
  }
  if (!whole) return `v${metadata.resourceVersion ?? ''}`;
  const { status: _status, metadata: _metadata, ...rest } = object;
  const {
    managedFields: _managedFields,
    resourceVersion: _resourceVersion,
    generation: _generation,
    ...kept
  } = metadata;
  return short(canonicalJson([kept, rest]));
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Texts that are kept once for all records. */
const mostShared = 10_000;

function share(shared: Map<string, string>, text: string): string {
  const known = shared.get(text);
  if (known !== undefined) return known;
  // Of what is gone nothing tells: now and then it begins anew, and what is there is shared again as it changes.
  if (shared.size >= mostShared) shared.clear();
  shared.set(text, text);
  return text;
}
