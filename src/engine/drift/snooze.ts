// A drift that people know of and leave for a time: it wakes by itself, and what drifts beside it is another one.
import type { Actor, DriftEpisode } from '../../model/coxswain.ts';
import type { Store } from '../../store/store.ts';
import { rfc3339 } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';

export const differs = 'the cluster differs from Git';

/** Clock ms at which it wakes; undefined while it is not snoozed. */
export function wakesAt({ status }: DriftEpisode): number | undefined {
  if (status?.phase !== 'Snoozed') return undefined;
  // Without an end there is no snooze.
  return Date.parse(status.snooze?.until ?? '') || 0;
}

type Deps = { store: Pick<Store, 'episodes'> };

function keyOf({ metadata }: DriftEpisode): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Over by itself: what stands in `snooze` tells whom to tell. */
export async function wake({ store }: Deps, episode: DriftEpisode): Promise<void> {
  const status = { phase: 'Open', message: differs };
  await store.episodes.patch(keyOf(episode), { status }, { subresource: 'status' });
}

interface SnoozeRequest {
  actor: Actor;
  /** Clock ms. */
  until: number;
  reason: string;
}

/** The right is the caller's to check. Doing it twice is doing it once; a later one takes the place of the former. */
export async function snoozeDrift(
  { store }: Deps,
  episode: DriftEpisode,
  { actor, until, reason }: SnoozeRequest,
): Promise<void> {
  if (episode.status?.phase === 'Reverting')
    throw new AppError('E_API', 'it is just being put back to Git', { kind: 'terminal' });
  const details = Object.fromEntries(Object.keys(episode.status?.details ?? {}).map((channel) => [channel, null]));
  const { login, id, via, slackUser = null } = actor;
  const snooze = { until: rfc3339(until), by: { login, id, via, slackUser }, reason: reason || null };
  const status = { phase: 'Snoozed', message: `snoozed by ${login}`, snooze, details };
  await store.episodes.patch(keyOf(episode), { status }, { subresource: 'status' });
}

/** Whoever ends it knows: nobody else is told. */
export async function unsnoozeDrift({ store }: Deps, episode: DriftEpisode): Promise<void> {
  const status = { phase: 'Open', message: differs, snooze: null };
  await store.episodes.patch(keyOf(episode), { status }, { subresource: 'status' });
}
