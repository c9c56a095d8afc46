// Which commits make a change: of all sources of an application, and of its parent where that changed the Application itself.
import type { Application, ApplicationSource } from '../model/application.ts';
import type { CommitRange } from '../model/coxswain.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Store } from '../store/store.ts';
import type { DesiredState } from './desired.ts';
import { sameJson } from '../base/canonical.ts';
import { errorKind } from '../base/errors.ts';
import { argo } from '../model/annotations.ts';
import { sourcesOf } from '../model/application.ts';
import { trackingName } from '../render/tracking.ts';

/** Who wrote what lies between two revisions; implemented by the forge. Commits and pull requests both count. */
export interface Authors {
  /** undefined when it cannot be known now: then nobody may approve yet. */
  authorsBetween(repoUrl: string, from: string | undefined, to: string): Promise<{ login: string; id: number | undefined }[] | undefined>;
  /** Logins whom the forge's environment of that name requires as reviewers; undefined when it asks nobody. */
  reviewersOf?(repoUrl: string, environment: string): Promise<string[] | undefined>;
}

/** Required reviewers are one more list in which an approver must stand. Throws while the forge cannot be asked. */
export async function withReviewers(authors: Authors, app: Application, policy: EffectivePolicy): Promise<EffectivePolicy> {
  const lists = await Promise.all((policy.reviewers ?? []).map(async ({ repository, environment }) => authors.reviewersOf?.(repository || (sourcesOf(app.spec)[0]?.repoURL ?? ''), environment)));
  return { ...policy, approvers: [...policy.approvers, ...lists.filter((list) => list !== undefined)] };
}

interface Past {
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
}

function revisionsOf({ revision, revisions }: Past): string[] {
  return revisions && revisions.length > 0 ? revisions : revision ? [revision] : [];
}

/** The same place in the list, or else another source of that repository. */
function formerly(repo: string, at: number, past: Past | undefined): string | undefined {
  if (!past) return undefined;
  const sources = sourcesOf({ project: '', destination: {}, ...past });
  const place = sources[at]?.repoURL === repo ? at : sources.findIndex((source) => source.repoURL === repo);
  return revisionsOf(past)[place];
}

function between(sources: ApplicationSource[], revisions: string[], past: Past | undefined): CommitRange[] {
  return sources.flatMap(({ repoURL, targetRevision }, at) => {
    const [from, to] = [formerly(repoURL, at, past), revisions[at]];
    if (to === undefined || from === to) return [];
    return [{ repo: repoURL, ...(from !== undefined && { from }), to, ...(targetRevision === to && { pinned: true }) }];
  });
}

function parentOf(store: Store, app: Application): Application | undefined {
  const [name] = app.metadata.annotations?.[argo.trackingId]?.split(':') ?? [];
  return name ? store.applications.list().find((other) => trackingName(other, store.namespace) === name) : undefined;
}

/** What the parent has synced since the application was last synced, or was made. */
function parentRanges(store: Store, app: Application): CommitRange[] {
  const parent = parentOf(store, app);
  if (!parent || parent === app) return [];
  const { history = [], operationState } = parent.status ?? {};
  const since = Date.parse(app.status?.history?.at(-1)?.deployStartedAt ?? app.metadata.creationTimestamp ?? '');
  const now = operationState?.syncResult ?? history.at(-1);
  return now ? between(sourcesOf(parent.spec), revisionsOf(now), history.findLast((entry) => Date.parse(entry.deployedAt) < since)) : [];
}

/** `last`: what was last synced. Somebody who changed the Application with kubectl has left no commit and is not known. */
export function changeRanges(store: Store, app: Application, { wanted, last }: { wanted: DesiredState; last: DesiredState | 'gone' | undefined }): CommitRange[] {
  const entry = last === undefined || last === 'gone' ? undefined : app.status?.history?.at(-1);
  const sources = sourcesOf(app.spec);
  const same = entry !== undefined && sameJson(sourcesOf({ ...app.spec, ...entry }), sources);
  return [...between(sources, wanted.revisions, entry), ...(same ? [] : parentRanges(store, app))];
}

/**
 * All of them; undefined as soon as those of one range are not known. A source that the Application itself pins to a commit was
 * chosen by whoever wrote that: its own authors only count where they can be known.
 */
export async function authorsOfRanges(authors: Authors, ranges: readonly CommitRange[]): ReturnType<Authors['authorsBetween']> {
  const all: { login: string; id: number | undefined }[] = [];
  for (const { repo, from, to, pinned } of ranges) {
    const found = await authors.authorsBetween(repo, from, to).catch((error: unknown) => {
      if (!pinned || errorKind(error) !== 'terminal') throw error;
      return undefined;
    });
    if (!found && !pinned) return undefined;
    all.push(...(found ?? []));
  }
  return all;
}
