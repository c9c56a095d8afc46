// Back to what was synced before, at once; what is automated stays there until somebody unlocks it.
import type { Application, RevisionHistory } from '../model/application.ts';
import type { Actor } from '../model/coxswain.ts';
import type { Outcome, RequestDeps } from './request.ts';
import { sameJson } from '../base/canonical.ts';
import { isAutomated, shortRevision } from '../model/application.ts';
import { formerSources } from './application/history.ts';
import { requestSync } from './request.ts';

function revisionsOf({ revision, revisions }: Pick<RevisionHistory, 'revision' | 'revisions'>): string[] {
  return revisions && revisions.length > 0 ? revisions : [revision ?? ''];
}

/**
 * What was synced last, where a later sync has failed; else what was synced before that. undefined: there is nothing to
 * go back to.
 */
export function formerDeploy({ status }: Application): RevisionHistory | undefined {
  const { history = [], operationState: state } = status ?? {};
  const newest = history.at(-1);
  if (!newest) return undefined;
  const failed = state?.phase === 'Failed' || state?.phase === 'Error' ? state.syncResult : undefined;
  if (failed && !sameJson(revisionsOf(failed), revisionsOf(newest))) return newest;
  return history.findLast((entry) => !sameJson(revisionsOf(entry), revisionsOf(newest)));
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
