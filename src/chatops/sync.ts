// `/cox sync` and `/cox retry`: an operation that would only end with "approval required" is not begun, and the way
// forward is said at once.
import type { Outcome } from '../engine/request.ts';
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { lockedText } from './lock.ts';
import { closedNow, requestSync, waitingApproval } from '../engine/request.ts';
import { retrySync } from '../engine/retry-sync.ts';
import { applicationKey } from '../model/application.ts';
import { effectivePolicy } from '../policy/policy.ts';
import { requestDeps } from './task.ts';

/** Undefined where the gate has nothing to say before the operation begins. */
function gateNote({ deps: { store }, app }: Task): string | undefined {
  const { name } = app.metadata;
  const { gated } = effectivePolicy(app, store.projects.get(`${store.namespace}/${app.spec.project}`));
  if (!gated) return undefined;
  if (waitingApproval(store, applicationKey(app)))
    return `${name} waits for approval; it syncs by itself once approved: \`/cox approve ${name}\``;
  const closed = closedNow(store, app);
  return closed === undefined ? undefined : `${name}: ${closed}`;
}

/** Answers what was begun as one of `syncs`: its end is told later. Refuses at once what the gate would end. */
export async function syncNow(task: Task, verb: 'sync' | 'retry'): Promise<Answer> {
  const { deps, request, app } = task;
  const { name } = app.metadata;
  const key = applicationKey(app);
  const locked = lockedText(task);
  if (locked !== undefined) return { ok: false, text: `${name}: it is ${locked}` };
  const gate = gateNote(task);
  if (gate !== undefined) return { ok: false, text: gate };
  const wanted = {
    application: key,
    request: request.metadata.name,
    actor: request.spec.actor,
    since: Date.parse(request.spec.createdAt),
  };
  const outcome: Outcome = await (verb === 'sync' ? requestSync : retrySync)(requestDeps(deps), wanted);
  return {
    ok: outcome.done,
    text: `${name}: ${outcome.message}`,
    ...(outcome.done && { syncs: [{ application: key }] }),
  };
}
