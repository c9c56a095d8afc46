// Webhook payloads as far as they are read: hints only, everything else is asked of GitHub afresh.
import { at, listAt, numberAt } from '../../model/read.ts';

/** 0 when absent: no id of GitHub's. */
export function idAt(payload: unknown, ...path: string[]): number {
  return numberAt(payload, ...path) ?? 0;
}

/**
 * Paths that the commits of a push name; undefined when the payload does not hold all commits (GitHub lists 2,048 at
 * most).
 */
export function changedPaths(payload: unknown): string[] | undefined {
  const commits = at(payload, 'commits');
  if (
    !Array.isArray(commits) ||
    commits.length >= 2048 ||
    at(payload, 'forced') === true ||
    at(payload, 'created') === true
  )
    return undefined;
  const paths = commits.flatMap((commit: unknown) =>
    ['added', 'removed', 'modified'].flatMap((name) => listAt(commit, name)),
  );
  return [...new Set(paths.filter((path) => typeof path === 'string'))];
}
