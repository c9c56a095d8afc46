// What an Approval or a DriftEpisode keeps of its former life when the same effect, or the same drift, comes a second
// time.
import type { Approval, CardState } from '../../model/coxswain.ts';

type Status = NonNullable<Approval['status']>;

/** Former rounds that are kept. */
const mostFormer = 20;

/**
 * As a merge patch: a card that has told its story to the end stays as it is, and the new round gets one of its own.
 */
export function withoutEnded(cards: Record<string, CardState> | undefined): Record<string, null> {
  return Object.fromEntries(
    Object.entries(cards ?? {}).flatMap(([channel, card]) => (card.final === true ? [[channel, null]] : [])),
  );
}

/** Who agreed to the effect, or rejected it, in earlier rounds, this last one included. */
export function formerRounds(status: Status | undefined): NonNullable<Status['former']> {
  const { phase, message, approvals = [], endedAt, former = [] } = status ?? {};
  if (phase === undefined || (approvals.length === 0 && phase !== 'Rejected')) return former;
  return [
    ...former,
    { phase, approvals, ...(message !== undefined && { message }), ...(endedAt !== undefined && { endedAt }) },
  ].slice(-mostFormer);
}
