// One kind of object of the control plane: read from a watched copy, written through the API.
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Collection } from './store.ts';
import { isStatus } from '../cluster/api-error.ts';
import { AppError } from '../base/errors.ts';

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

function writes<T extends KubeObject>(api: Api, mirror: Mirror<T>, kind: Kind, parse: (object: KubeObject) => T | undefined): Pick<Collection<T>, 'create' | 'patch' | 'jsonPatch' | 'delete'> {
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
        if (isStatus(error, 409)) return 'exists';
        throw error;
      }
    },
    async patch(key, patch, options = {}) {
      const body = options.resourceVersion ? { ...patch, metadata: { resourceVersion: options.resourceVersion } } : patch;
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
  const keys = new Map<string, Map<string, [string, string]>>();
  mirror.onChange(({ namespace, name, before, after }) => {
    if (before) keys.get(indexOf(before))?.delete(`${namespace}/${name}`);
    if (!after) return;
    const group = keys.get(indexOf(after)) ?? new Map<string, [string, string]>();
    keys.set(indexOf(after), group.set(`${namespace}/${name}`, [namespace, name]));
  });
  return (value) => [...(keys.get(value)?.values() ?? [])].flatMap(([namespace, name]) => mirror.get(namespace, name) ?? []);
}

export interface CollectionOptions<T> extends Kind {
  namespace: string;
  parse: (object: KubeObject) => T | undefined;
  /** What `of` looks objects up by. */
  indexOf: (object: T) => string;
}

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
