// `/cox snooze` and `/cox unsnooze`: a drift that people know of is left for a time, with an end and a name.
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { rfc3339 } from '../base/clock.ts';
import { snoozeDrift, unsnoozeDrift } from '../engine/drift/snooze.ts';
import { endAsked } from '../policy/until.ts';
import { isStanding, meantDrift } from './heal.ts';

/** Counts for the drift that was shown, or stood when they asked: another one is told as ever. */
export async function snooze(task: Task): Promise<Answer> {
  const { deps, request, person, app } = task;
  const { name } = app.metadata;
  const episode = meantDrift(task);
  if (typeof episode === 'string') return { ok: false, text: `${name}: ${episode}` };
  if (!isStanding(episode)) return { ok: false, text: `${name}: ${episode.status?.message ?? 'that drift has ended'}` };
  if (episode.status?.phase === 'Reverting') return { ok: false, text: `${name}: it is just being put back to Git` };
  const { args, createdAt } = request.spec;
  const timeZone = deps.store.settings().schedules.timeZone;
  const end = endAsked(args, { now: Date.parse(createdAt), timeZone });
  if ('fault' in end) return { ok: false, text: `${name}: ${end.fault}` };
  await snoozeDrift(deps, episode, {
    actor: { ...request.spec.actor, id: person.id },
    until: end.at,
    reason: (args['reason'] ?? '').trim().slice(0, 500),
  });
  return {
    ok: true,
    text: `${name}: its drift is snoozed until ${rfc3339(end.at)}; another drift is told at once`,
  };
}

/** Tells it again; what is not snoozed is refused. */
export async function unsnooze(task: Task): Promise<Answer> {
  const { deps, app } = task;
  const { name } = app.metadata;
  const episode = meantDrift(task);
  if (typeof episode === 'string') return { ok: false, text: `${name}: ${episode}` };
  if (episode.status?.phase !== 'Snoozed') return { ok: false, text: `${name}: nothing of it is snoozed` };
  await unsnoozeDrift(deps, episode);
  return { ok: true, text: `${name}: its drift is told again` };
}
