// A sync that failed, tried again as it was: revision, parts, options, Approval; whoever carries it out asks the gate.
import type { Application, OperationState, SyncOperation } from '../model/application.ts';
import type { Actor } from '../model/coxswain.ts';
import type { Outcome, RequestDeps } from './request.ts';
import { sameJson } from '../base/canonical.ts';
import { cox } from '../model/annotations.ts';
import { sourcesOf } from '../model/application.ts';
import { carries } from './application/operation-state.ts';
import { requestSync } from './request.ts';

/** What of an operation tells under which Approval it was begun. */
const kept: readonly string[] = [cox.approvalInfo, cox.agreedInfo];

/** Other sources than the application's need another right (argocd-rbac-cm: override) than a sync. */
function namesOthers({ spec }: Application, { source, sources }: SyncOperation): boolean {
  const named = sources ?? (source ? [source] : undefined);
  return named !== undefined && !sameJson(named, sourcesOf(spec));
}

function whyNot(app: Application): string | undefined {
  const { metadata, status, operation } = app;
  const state = status?.operationState;
  const instead = `\`/cox sync ${metadata.name}\` applies what Git says now`;
  if (operation) return undefined; // it is told that one is in progress
  if (!state) return `nothing was synced yet, so nothing has failed; ${instead}`;
  if (state.phase === 'Succeeded') return `its last sync did not fail; ${instead}`;
  return namesOthers(app, state.operation.sync ?? {})
    ? `what failed named other sources than the application does; ${instead}`
    : undefined;
}

/** The sync that failed, at the revision that it had come to. */
function whatFailed({ operation, syncResult }: OperationState): SyncOperation {
  const { source: _source, sources: _sources, autoHealAttemptsCount: _count, ...sync } = operation.sync ?? {};
  const { revision, revisions } = syncResult ?? sync;
  const several = revisions && revisions.length > 0;
  return { ...sync, ...(several ? { revisions } : revision ? { revision } : {}) };
}

/** `since`: when the person asked (clock ms). Says why where nothing failed. */
export async function retrySync(
  deps: RequestDeps,
  wanted: { application: string; request: string; actor: Actor; since: number },
): Promise<Outcome> {
  const app = deps.store.applications.get(wanted.application);
  const state = app?.status?.operationState;
  const isBegun = [app?.operation, state?.operation].some((operation) => carries(operation, wanted.request));
  const why = app && !isBegun ? whyNot(app) : undefined;
  if (why !== undefined) return { done: false, message: why };
  return requestSync(deps, {
    ...wanted,
    ...(state && {
      what: whatFailed(state),
      info: (state.operation.info ?? []).filter(({ name }) => kept.includes(name)),
    }),
  });
}
