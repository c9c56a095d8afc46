// Kubernetes objects as plain values, and the keys by which we name them.

/** Entry of metadata.managedFields (Kubernetes API, meta/v1 ManagedFieldsEntry). */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
}

/** Any object of the API; fields beyond the envelope are kept as they came. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface Gvk {
  group: string;
  version: string;
  kind: string;
}

/**
 * Names one object of a cluster whatever its version; `group` is '' for core, `namespace` is '' for cluster-scoped
 * kinds.
 */
export interface ResourceKey {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

/** Objects in one cluster. */
export interface ObjectsAt {
  /** Its URL. */
  server: string;
  /** Which one it was, whatever its URL. */
  cluster: string;
  objects: ResourceKey[];
}

/** The core group is ''. */
export function gvkOf(object: { apiVersion: string; kind: string }): Gvk {
  const slash = object.apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: object.apiVersion, kind: object.kind }
    : { group: object.apiVersion.slice(0, slash), version: object.apiVersion.slice(slash + 1), kind: object.kind };
}

/** `v1` for the core group, else `group/version`. */
export function apiVersionOf(gvk: { group: string; version: string }): string {
  return gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version;
}

/** The namespace is '' for what has none. */
export function keyOf(object: KubeObject): ResourceKey {
  return {
    group: gvkOf(object).group,
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
  };
}

/** `is being deleted since …, waits for the finalizer …`; undefined for an object that nobody deletes. */
export function deletionText({ metadata, ...object }: KubeObject): string | undefined {
  const { deletionTimestamp, finalizers = [] } = metadata;
  if (deletionTimestamp === undefined) return undefined;
  const { spec } = object;
  // A Namespace keeps those of its contents apart.
  const inner =
    isObject(spec) && Array.isArray(spec['finalizers'])
      ? spec['finalizers'].filter((name) => typeof name === 'string')
      : [];
  const held = [...finalizers, ...inner];
  return (
    'is being deleted since ' +
    deletionTimestamp +
    `${held.length > 0 ? `, waits for the finalizer${held.length > 1 ? 's' : ''} ${held.join(', ')}` : ''}`
  );
}

/** `group/kind/namespace/name`: the text form used as a map key and in logs. */
export function keyText(key: ResourceKey): string {
  return `${key.group}/${key.kind}/${key.namespace}/${key.name}`;
}

/** Each key once, in the order of their texts. */
export function sortedKeys(keys: Iterable<ResourceKey>): ResourceKey[] {
  const byText = new Map([...keys].map((key) => [keyText(key), key]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

/** The form people read: `Deployment shop/checkout` or `ClusterRole reader`. */
export function keyTitle(key: ResourceKey): string {
  return key.namespace ? `${key.kind} ${key.namespace}/${key.name}` : `${key.kind} ${key.name}`;
}

/** A JSON object: no list, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A Secret. Also what only looks like one, such as a misspelt kind that the server will refuse: in the core group
 * nothing else but a ConfigMap has data.
 */
export function mayHoldSecrets(object: Record<string, unknown>): boolean {
  const { apiVersion, kind } = object;
  if (typeof kind !== 'string') return false;
  if (/^secrets?$/i.test(kind.trim())) return true;
  return (
    kind !== 'ConfigMap' &&
    typeof apiVersion === 'string' &&
    !apiVersion.includes('/') &&
    Object.keys(object).some((field) => /^(?:string|binary)?data$/i.test(field))
  );
}
