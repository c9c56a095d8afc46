// Webhook payloads as far as they are read: hints only, everything else is asked of GitHub afresh.
import { isObject } from '../model/kube.ts';

/** The value at that path of a payload; undefined when a part is missing. */
export function valueAt(payload: unknown, ...path: string[]): unknown {
  let value: unknown = payload;
  for (const name of path) value = isObject(value) ? value[name] : undefined;
  return value;
}

export function textAt(payload: unknown, ...path: string[]): string {
  const value = valueAt(payload, ...path);
  return typeof value === 'string' ? value : '';
}

export function numberAt(payload: unknown, ...path: string[]): number {
  const value = valueAt(payload, ...path);
  return typeof value === 'number' ? value : 0;
}

/** Paths that the commits of a push name; undefined when the payload does not hold all commits (GitHub lists 2,048 at most). */
export function changedPaths(payload: unknown): string[] | undefined {
  const commits = valueAt(payload, 'commits');
  if (!Array.isArray(commits) || commits.length >= 2048 || valueAt(payload, 'forced') === true || valueAt(payload, 'created') === true) return undefined;
  const lists = commits.flatMap((commit: unknown) => ['added', 'removed', 'modified'].map((name) => valueAt(commit, name)));
  const paths = lists.flatMap((list) => (Array.isArray(list) ? list.filter((path): path is string => typeof path === 'string') : []));
  return [...new Set(paths)];
}
