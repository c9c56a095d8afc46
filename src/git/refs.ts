// Names of revisions: the refs of a mirror, and which commit a target revision means.
import type { GitCommand } from './command.ts';
import type { RefChange } from './repository.ts';
import { headRef } from './remote.ts';

/** Full ref name → commit (annotated tags peeled); `HEAD` is the remote's. */
export type Refs = ReadonlyMap<string, string>;

/** Commits by full ref name; a tag by what it points to, HEAD by the branch that the remote had as its default. */
export async function readRefs(git: GitCommand): Promise<Refs> {
  const format = '--format=%(objectname) %(*objectname) %(refname)';
  const { stdout } = await git('for-each-ref', ['for-each-ref', format, 'refs/heads', 'refs/tags', headRef]);
  const refs = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [id, peeled, ...rest] = line.split(' ');
    const name = rest.join(' ');
    if (id && name) refs.set(name === headRef ? 'HEAD' : name, peeled || id);
  }
  return refs;
}

/** `before` is undefined for a ref that is new, `after` for one that is gone. */
export function refChanges(before: Refs, after: Refs): RefChange[] {
  const changes: RefChange[] = [];
  for (const [ref, commit] of after) {
    if (before.get(ref) !== commit) changes.push({ ref, before: before.get(ref), after: commit });
  }
  for (const [ref, commit] of before) {
    if (!after.has(ref)) changes.push({ ref, before: commit, after: undefined });
  }
  return changes;
}

/** By name alone: full name, branch, tag. undefined = it may be a SHA. */
export function resolveByName(refs: Refs, revision: string): string | undefined {
  if (revision === '' || revision === 'HEAD') return refs.get('HEAD');
  return refs.get(revision) ?? refs.get(`refs/heads/${revision}`) ?? refs.get(`refs/tags/${revision}`);
}
