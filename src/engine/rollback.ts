// Back to what was synced before, at once; what is automated stays there until somebody unlocks it.
import type { Application, RevisionHistory } from '../model/application.ts';
import type { Actor } from '../model/coxswain.ts';
import type { Outcome, RequestDeps } from './request.ts';
import { sameJson } from '../base/canonical.ts';
import { isAutomated, shortRevision } from '../model/application.ts';
import { formerSources } from './application/history.ts';
import { requestSync } from './request.ts';

/** One for each source, in their order; '' for one that is not known. */
export function revisionsOf({ revision, revisions }: Pick<RevisionHistory, 'revision' | 'revisions'>): string[] {
  return revisions && revisions.length > 0 ? revisions : [revision ?? ''];
}

/** What was synced, by its revisions and the sources that they are of. */
export type Deploy = Pick<RevisionHistory, 'revision' | 'revisions' | 'source' | 'sources'>;

/** Of a sync that has failed after it began; a dry run changed nothing. */
function failedOf({ status }: Application): Deploy | undefined {
  const { phase, syncResult, operation } = status?.operationState ?? {};
  const isBegun = (syncResult?.resources?.length ?? 0) > 0 && operation?.sync?.dryRun !== true;
  return isBegun && (phase === 'Failed' || phase === 'Error') ? syncResult : undefined;
}

/**
 * What was synced last, where a sync of something else has begun and failed; else what was synced before that first
 * was: whoever goes back twice goes further back, and not forward again. undefined: there is nothing to go back to.
 * `alike`: whether two revisions of it say the same, as far as it is concerned.
 */
export async function formerDeploy(
  app: Application,
  alike: (a: Deploy, b: Deploy) => Promise<boolean>,
): Promise<RevisionHistory | undefined> {
  const history = app.status?.history ?? [];
  const firstOf = async (what: Deploy): Promise<number> => {
    for (const [at, entry] of history.entries())
      if (sameJson(revisionsOf(entry), revisionsOf(what)) || (await alike(entry, what))) return at;
    return -1;
  };
  const newest = history.at(-1);
  if (!newest) return undefined;
  const failed = failedOf(app);
  if (failed && (await firstOf(failed)) < 0) return newest;
  return history[(await firstOf(newest)) - 1];
}

/** The first revision of it, as people read it. */
export function rolledBackTo(entry: RevisionHistory): string {
  return shortRevision(revisionsOf(entry)[0] ?? '');
}

/** `reason`: of the lock that keeps an automated one there. */
export async function rollback(
  deps: RequestDeps,
  app: Application,
  wanted: { application: string; request: string; actor: Actor; to: RevisionHistory; reason: string },
): Promise<Outcome> {
  const { request, actor, to, reason } = wanted;
  const { revision, revisions } = to;
  const outcome = await requestSync(deps, {
    ...wanted,
    what: {
      ...(revisions && revisions.length > 0 ? { revisions } : { revision: revision ?? '' }),
      ...formerSources(app, to),
    },
    ...(isAutomated(app.spec) && { lock: { by: actor.login, reason, until: undefined, request } }),
  });
  return outcome.done ? { done: true, message: `going back to ${rolledBackTo(to)}` } : outcome;
}
