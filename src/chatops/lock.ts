// `/cox lock` and `/cox unlock`: for how long, and where a lock would hold nothing.
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { lock, unlock } from '../engine/lock.ts';
import { isAutomated } from '../model/application.ts';
import { lockOf, lockText } from '../policy/lock.ts';
import { parseDuration } from '../policy/duration.ts';

const dayMs = 86_400_000;
const longestMs = 30 * dayMs;

/** Milliseconds of `2h`, `45m` or `3d`; undefined for anything else, and for more than 30 days. */
function lengthOf(text: string): number | undefined {
  const [, days] = /^(\d{1,3})d$/.exec(text) ?? [];
  const length = days === undefined ? parseDuration(text) : Number(days) * dayMs;
  return length !== undefined && length >= 60_000 && length <= longestMs ? length : undefined;
}

/** Says who, until when and why, and how it ends; a lock that would hold nothing is refused. */
export async function openLock({ deps, request, app }: Task): Promise<Answer> {
  const { name } = app.metadata;
  const { args, actor, createdAt } = request.spec;
  const length = args['for'] === undefined ? dayMs : lengthOf(args['for']);
  const refused = (text: string): Answer => ({ ok: false, text: `${name}: ${text}` });
  if (length === undefined) return refused('--for takes a time from 1m to 30d, such as 45m, 2h or 3d; default 24h');
  if (isAutomated(app.spec) && deps.turn?.(app).by === 'argocd')
    return refused(`Argo CD syncs it by itself and asks nobody; \`/cox hold ${name}\` turns that off first`);
  const outcome = await lock(deps, app, {
    by: actor.login,
    reason: (args['reason'] ?? '').trim().slice(0, 300),
    until: Math.floor((Date.parse(createdAt) + length) / 1000) * 1000,
    request: request.metadata.name,
  });
  return { ok: outcome.done, text: `${name}: ${outcome.message}` };
}

/** Names whose lock it was, and why it was there. */
export async function endLock({ deps, app }: Task): Promise<Answer> {
  const outcome = await unlock(deps, app);
  return { ok: outcome.done, text: `${app.metadata.name}: ${outcome.message}` };
}

/** Why nothing is synced now; undefined where no lock holds. */
export function lockedText({ deps, app }: Pick<Task, 'deps' | 'app'>): string | undefined {
  const there = lockOf(app, deps.clock.now());
  return there && `${lockText(there)}; \`/cox unlock ${app.metadata.name}\` ends that`;
}
