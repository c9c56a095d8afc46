// Putting drifted objects back to what was last synced, as a person asks for it; what waits on the branch stays
// waiting.
import type { Actor, DriftEpisode } from '../model/coxswain.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Outcome, RequestDeps } from './request.ts';
import { keyText } from '../model/kube.ts';
import { formerSources } from './application/history.ts';
import { carries } from './application/operation-state.ts';
import { requestSync } from './request.ts';

async function markReverting(
  deps: RequestDeps,
  wanted: { application: string; keys: ResourceKey[]; actor: Actor; reason?: string },
): Promise<string[]> {
  const texts = new Set(wanted.keys.map(keyText));
  const concerned = (episode: DriftEpisode): boolean =>
    ['Open', 'Snoozed'].includes(episode.status?.phase ?? '') &&
    (episode.status?.objects ?? []).some((item) => texts.has(keyText(item.key)));
  const keys = deps.store.episodes
    .of(wanted.application)
    .filter(concerned)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const { actor, reason } = wanted;
  const message = `${actor.login} puts it back to Git`;
  const status = { phase: 'Reverting', message, endedBy: actor, reason: reason || null };
  for (const key of keys) await deps.store.episodes.patch(key, { status }, { subresource: 'status' });
  return keys;
}

async function unmark(deps: RequestDeps, episodes: string[]): Promise<void> {
  const status = { phase: 'Open', message: 'the cluster differs from Git', endedBy: null, reason: null };
  for (const key of episodes) await deps.store.episodes.patch(key, { status }, { subresource: 'status' });
}

/** Restores just those objects to the revision that was synced last; what waits on the branch stays waiting. */
export async function revertDrift(
  deps: RequestDeps,
  wanted: { application: string; keys: ResourceKey[]; actor: Actor; request: string; reason?: string },
): Promise<Outcome> {
  const app = deps.store.applications.get(wanted.application);
  const entry = app?.status?.history?.at(-1);
  const { revision, revisions } = entry ?? {};
  const shown = revisions?.[0] ?? revision;
  if (!app || !entry || !shown) return { done: false, message: 'there is no synced revision to return to' };
  const resources = wanted.keys.map((key) => ({
    ...(key.group && { group: key.group }),
    kind: key.kind,
    name: key.name,
    ...(key.namespace && { namespace: key.namespace }),
  }));
  // Marked first: the operation may have ended before its answer is here, and then the episode must know by whom.
  const marked = carries(app.status?.operationState?.operation, wanted.request)
    ? []
    : await markReverting(deps, wanted);
  const outcome = await requestSync(deps, {
    application: wanted.application,
    request: wanted.request,
    actor: wanted.actor,
    what: {
      resources,
      prune: true,
      ...(revisions && revisions.length > 0 ? { revisions } : { revision: shown }),
      ...formerSources(app, entry),
    },
  });
  if (!outcome.done) await unmark(deps, marked);
  return outcome.done
    ? {
        done: true,
        message:
          `putting ${wanted.keys.length === 1 ? '1 object' : `${wanted.keys.length} objects`} back ` +
          `to ${shown.slice(0, 7)}`,
      }
    : outcome;
}
