// One kind of object of the control plane: read from a watched copy, written through the API.
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';

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
  /** Those that belong to it: our own resources by application (`namespace/name`), Applications by project, projects by name. */
  of(value: string): T[];
  /** Called with the key after every change, ours included; `now` is undefined after a deletion. Hints only: read afresh. */
  onChange(fn: (key: string, now: T | undefined, before: T | undefined) => void): () => void;
  /** 'exists' when the name is taken already: for content-named objects that is success. Either way it can be read afterwards. */
  create(object: T): Promise<'created' | 'exists'>;
  /** Merge patch of the object itself (or of its status subresource). Throws ApiError 404/409. */
  patch(key: string, patch: Record<string, unknown>, options?: { subresource?: 'status'; resourceVersion?: string }): Promise<T>;
  /** JSON patch; a failed `test` throws ApiError 422. */
  jsonPatch(key: string, operations: PatchOperation[]): Promise<T>;
  /** Resolves when the request is accepted, also if it was gone already; it can be read until the watch has seen it go. */
  delete(key: string): Promise<void>;
}

interface Kind {
  group: string;
  kind: string;
}

export interface WatchedCollection<T extends KubeObject> extends Collection<T> {
  mirror: Mirror<T>;
}

function refOf(kind: Kind, key: string): ResourceKey {
  const slash = key.indexOf('/');
  return { ...kind, namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function conditional(patch: Record<string, unknown>, resourceVersion: string | undefined): Record<string, unknown> {
  if (resourceVersion === undefined) return patch;
  return { ...patch, metadata: { ...(isObject(patch['metadata']) && patch['metadata']), resourceVersion } };
}

type Writes<T extends KubeObject> = Pick<Collection<T>, 'create' | 'patch' | 'jsonPatch' | 'delete'>;

function writes<T extends KubeObject>(api: Api, mirror: Mirror<T>, kind: Kind, parse: (object: KubeObject) => T | undefined): Writes<T> {
  function accepted(object: KubeObject): T {
    mirror.accept(object);
    const parsed = parse(object);
    if (!parsed) throw new AppError('E_INTERNAL', `the API answered a ${kind.kind} that cannot be read`);
    return parsed;
  }
  return {
    async create(object) {
      try {
        mirror.accept(await api.create(object));
        return 'created';
      } catch (error) {
        if (!isStatus(error, 409)) throw error;
      }
      // Whoever made it may be ahead of our watch.
      const { namespace = '', name = '' } = object.metadata;
      const found = mirror.get(namespace, name) ? undefined : await api.get({ ...kind, namespace, name });
      if (found) mirror.accept(found);
      return 'exists';
    },
    async patch(key, patch, options = {}) {
      const body = conditional(patch, options.resourceVersion);
      return accepted(await api.patch(refOf(kind, key), { type: 'merge', patch: body, ...(options.subresource && { subresource: options.subresource }) }));
    },
    async jsonPatch(key, operations) {
      return accepted(await api.patch(refOf(kind, key), { type: 'json', patch: operations }));
    },
    async delete(key) {
      await api.delete(refOf(kind, key));
    },
  };
}

/** Keys grouped by what `indexOf` says of their object, kept up by the mirror's changes. */
function watchIndex<T>(mirror: Mirror<T>, indexOf: (object: T) => string): (value: string) => T[] {
  const groups = new Map<string, Map<string, [namespace: string, name: string]>>();
  mirror.onChange(({ namespace, name, before, after }) => {
    const key = `${namespace}/${name}`;
    const [old, now] = [before && indexOf(before), after && indexOf(after)];
    if (old === now) return;
    if (old !== undefined) {
      groups.get(old)?.delete(key);
      if (groups.get(old)?.size === 0) groups.delete(old);
    }
    if (now === undefined) return;
    const group = groups.get(now) ?? new Map<string, [string, string]>();
    groups.set(now, group.set(key, [namespace, name]));
  });
  return (value) => [...(groups.get(value)?.values() ?? [])].flatMap(([namespace, name]) => mirror.get(namespace, name) ?? []);
}

export interface CollectionOptions<T> extends Kind {
  namespace: string;
  parse: (object: KubeObject) => T | undefined;
  /** What `of` looks objects up by. */
  indexOf: (object: T) => string;
}

/** Empty until its mirror is started. */
export function watchCollection<T extends KubeObject>(cluster: Cluster, options: CollectionOptions<T>): WatchedCollection<T> {
  const { namespace, parse } = options;
  const kind = { group: options.group, kind: options.kind };
  const mirror = cluster.mirror<T>({ kind, namespace, parse });
  return {
    mirror,
    of: watchIndex(mirror, options.indexOf),
    get: (key) => {
      const ref = refOf(kind, key);
      return mirror.get(ref.namespace, ref.name);
    },
    list: () => mirror.all(),
    onChange: (fn) => mirror.onChange((change) => fn(`${change.namespace}/${change.name}`, change.after, change.before)),
    ...writes(cluster.api, mirror, kind, parse),
  };
}
