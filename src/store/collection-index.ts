// Objects of a collection by what one looks them up by.
import type { Mirror } from '../cluster/mirror.ts';
import type { KubeObject } from '../model/kube.ts';

/** Keys grouped by what `indexOf` says of their object, kept up by the mirror's changes. */
export function watchIndex<T>(mirror: Mirror<Kept<T>>, indexOf: (object: T) => string): (value: string) => T[] {
  const groups = new Map<string, Map<string, [namespace: string, name: string]>>();
  mirror.onChange(({ namespace, name, before, after }) => {
    const key = `${namespace}/${name}`;
    const [old, now] = [before?.seen && indexOf(before.seen), after?.seen && indexOf(after.seen)];
    if (old === now) return;
    if (old !== undefined) {
      groups.get(old)?.delete(key);
      if (groups.get(old)?.size === 0) groups.delete(old);
    }
    if (now === undefined) return;
    const group = groups.get(now) ?? new Map<string, [string, string]>();
    groups.set(now, group.set(key, [namespace, name]));
  });
  return (value) =>
    [...(groups.get(value)?.values() ?? [])].flatMap(([namespace, name]) => mirror.get(namespace, name)?.seen ?? []);
}

/** An object as it came, and what counts of it. */
export interface Kept<T> {
  raw: KubeObject;
  /** undefined: nothing, or it was not written by us. */
  seen: T | undefined;
}
