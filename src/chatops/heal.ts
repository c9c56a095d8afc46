// `/cox heal`: puts back to Git what was edited in the cluster, exactly what the person was shown.
import type { DriftEpisode } from '../model/coxswain.ts';
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { AppError } from '../base/errors.ts';
import { carries } from '../engine/application/operation-state.ts';
import { revertDrift } from '../engine/revert-drift.ts';
import { applicationKey } from '../model/application.ts';
import { lockedText } from './lock.ts';
import { seconds } from './target.ts';
import { requestDeps } from './task.ts';

/** It has not ended, whatever is done about it. */
export function isStanding({ status }: DriftEpisode): boolean {
  return ['Open', 'Reverting', 'Snoozed'].includes(status?.phase ?? 'Open');
}

/** The drift that the person means: the one that they were shown; else the one that stood when they asked. */
export function meantDrift({ deps, request, app }: Task): DriftEpisode | string {
  const { episode } = request.spec.args;
  const key = applicationKey(app);
  if (episode === undefined) {
    const found = deps.store.episodes.of(key).find(isStanding);
    if (!found) return 'nothing was edited in the cluster for long enough';
    return seconds(found.spec.openedAt) > seconds(request.spec.createdAt)
      ? 'what has drifted now is not what had when you asked; look at it and ask again'
      : found;
  }
  const found = deps.store.episodes.get(`${app.metadata.namespace}/${episode}`);
  return found?.spec.application === key ? found : 'that drift is not known any more';
}

/**
 * Whether what a person was shown is what would be put back. `now`: the drift's fingerprint as last seen. Without
 * `shown` it is the drift that stood when they asked.
 */
export function compareDrift(
  shown: string | undefined,
  episode: string,
  now: string | undefined,
): 'same' | 'another' | 'unknown' {
  if (shown !== undefined && shown !== episode) return 'another';
  if (now === undefined) return shown === undefined ? 'same' : 'unknown';
  return shown !== undefined && now !== shown ? 'another' : 'same';
}

/** Counts for the drift that was shown, never for whatever has drifted meanwhile. */
export async function heal(task: Task): Promise<Answer> {
  const { deps, request, person, app } = task;
  const { name } = app.metadata;
  const episode = meantDrift(task);
  if (typeof episode === 'string') return { ok: false, text: `${name}: ${episode}` };
  if (!isStanding(episode)) {
    const ours = episode.status?.phase === 'Reverted' && episode.status.endedBy?.login === request.spec.actor.login;
    return { ok: ours, text: `${name}: ${episode.status?.message ?? 'that drift has ended'}` };
  }
  const { digest } = request.spec;
  // On its way to Git it is another drift with every object that has arrived there.
  const isBegun = [app.operation, app.status?.operationState?.operation].some((operation) =>
    carries(operation, request.metadata.name),
  );
  const locked = isBegun ? undefined : lockedText(task);
  if (locked !== undefined) return { ok: false, text: `${name}: it is ${locked}` };
  const verdict = isBegun
    ? 'same'
    : compareDrift(digest, episode.spec.fingerprint, deps.driftNow?.(applicationKey(app)));
  if (verdict === 'another')
    return { ok: false, text: `${name}: the cluster has changed again since you looked; look at the newest card` };
  if (verdict === 'unknown')
    throw new AppError('E_API', `what has drifted of ${name} is being looked at again`, { kind: 'transient' });
  const outcome = await revertDrift(requestDeps(deps), {
    application: applicationKey(app),
    keys: (episode.status?.objects ?? []).map((item) => item.key),
    actor: { ...request.spec.actor, id: person.id },
    request: request.metadata.name,
    reason: request.spec.args['reason'] ?? '',
  });
  return {
    ok: outcome.done,
    text: `${name}: ${outcome.message}`,
    ...(outcome.done && { syncs: [{ application: applicationKey(app) }] }),
  };
}
