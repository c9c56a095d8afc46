// Objects of a collection by what one looks them up by.
import type { Mirror } from '../cluster/mirror.ts';
import type { KubeObject } from '../model/kube.ts';

/** Keys grouped by what `indexOf` says of their object, kept up by the mirror's changes; '' groups nothing. */
export function watchIndex<T>(
  mirror: Mirror<Kept<T>>,
  indexOf: (object: T) => string | readonly string[],
): (value: string) => T[] {
  const groups = new Map<string, Map<string, [namespace: string, name: string]>>();
  const valuesOf = (kept: Kept<T> | undefined): ReadonlySet<string> =>
    new Set(kept?.seen === undefined ? [] : [indexOf(kept.seen)].flat().filter(Boolean));
  mirror.onChange(({ namespace, name, before, after }) => {
    const key = `${namespace}/${name}`;
    const [old, now] = [valuesOf(before), valuesOf(after)];
    for (const value of old.difference(now)) {
      groups.get(value)?.delete(key);
      if (groups.get(value)?.size === 0) groups.delete(value);
    }
    for (const value of now.difference(old)) {
      const group = groups.get(value) ?? new Map<string, [string, string]>();
      groups.set(value, group.set(key, [namespace, name]));
    }
  });
  return (value) =>
    [...(groups.get(value)?.values() ?? [])].flatMap(([namespace, name]) => mirror.get(namespace, name)?.seen ?? []);
}

/** An object as it came, and what counts of it. */
export interface Kept<T> {
  raw: KubeObject;
  /** undefined: nothing, or it was not written by us. */
  seen: T | undefined;
  /** Of a sealed kind: it, or an entry of its status, is not as we wrote it. */
  foreign?: boolean;
}
