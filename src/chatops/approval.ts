// Approving and rejecting: which effect the person means, and that they can be told apart from its authors.
import type { Approval } from '../model/coxswain.ts';
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { approve, reject } from '../engine/request.ts';
import { applicationKey } from '../model/application.ts';
import { withTeamless } from './identity.ts';
import { isBrought } from './introduced-by.ts';
import { isMeant, seconds } from './target.ts';
import { requestDeps } from './task.ts';

/**
 * The effect that the person means: the one that they were shown or named; else the one that waited already when they
 * asked.
 */
function meantApproval({ deps, request, app }: Task): { approval?: Approval; refused?: string } {
  const all = deps.store.approvals.of(applicationKey(app));
  const named = request.spec.digest ?? request.spec.args['digest'];
  if (named !== undefined) {
    const fits = all.filter(
      (approval) =>
        approval.spec.digest === named || (named.length >= 6 && approval.spec.digest.startsWith(named.toLowerCase())),
    );
    const [only] = fits;
    if (!only || fits.length > 1) return { refused: `no approval has the digest ${named.slice(0, 64)}` };
    // What is asked anew is agreed to anew: a Request of a former round can be made again, with its MAC, by whoever may
    // delete it.
    return isOpen(only) && seconds(only.status?.openedAt) > seconds(request.spec.createdAt)
      ? { refused: `${only.metadata.name} is asked anew since then; look at it and ask again` }
      : { approval: only };
  }
  const found = all.find(isOpen) ?? all.find((approval) => isMeant(approval, request.spec));
  if (!found) return {};
  // Asked anew it is opened anew, and made once.
  const openedAt = found.status?.openedAt ?? found.metadata.creationTimestamp;
  if (seconds(openedAt) <= seconds(request.spec.createdAt)) return { approval: found };
  return {
    refused: `what waits now is another effect than when you asked (${found.metadata.name}); look at it and ask again`,
  };
}

/** Counts for exactly one effect, never for whatever happens to wait. */
export async function decideApproval(task: Task, verb: 'approve' | 'reject'): Promise<Answer> {
  const { deps, request, person, app } = task;
  const { approval, refused } = meantApproval(task);
  if (approval && task.merged && !(await isBrought(deps, approval, task.merged))) {
    return {
      ok: false,
      text:
        `${app.metadata.name}: what waits there (${approval.metadata.name}) was not brought by this pull request; ` +
        'decide about it in the one that brought it, or in Slack',
    };
  }
  if (refused) return { ok: false, text: `${app.metadata.name}: ${refused}` };
  const reason = request.spec.args['reason'] ?? '';
  // A button of GitHub has no place to ask for it.
  const mayBeSilent = request.spec.shown === true && request.spec.origin.kind !== 'slack';
  if (verb === 'reject' && reason.trim() === '' && !mayBeSilent)
    return {
      ok: false,
      text: `${app.metadata.name}: say why, the authors read it: \`/cox reject ${app.metadata.name} <reason>\``,
    };
  // Authors are told apart by id: whoever has none may be one of them.
  if (person.id === 0)
    return {
      ok: false,
      text:
        `${app.metadata.name}: GitHub knows nobody called ${person.login}, ` +
        'so nobody can tell whether they wrote the change',
    };
  const wanted = {
    application: applicationKey(app),
    actor: { ...request.spec.actor, id: person.id },
    teams: person.teams,
    ...(approval && { digest: approval.spec.digest }),
  };
  const outcome =
    verb === 'approve'
      ? await approve(requestDeps(deps), wanted)
      : await reject(requestDeps(deps), { ...wanted, reason });
  return {
    ok: outcome.done,
    text: `${app.metadata.name}: ${outcome.done ? outcome.message : withTeamless(outcome.message, person.teamless)}`,
    ...(outcome.done &&
      verb === 'approve' &&
      approval && { syncs: [{ application: applicationKey(app), approval: approval.metadata.name }] }),
  };
}
