// `/cox rollback`: the cluster goes back at once, where nobody must approve that, and Git follows by a pull request.
import type { Application } from '../model/application.ts';
import type { Deploy } from '../engine/rollback.ts';
import type { Repository } from '../git/repository.ts';
import type { Answer } from './ports.ts';
import type { Task } from './task.ts';
import { sameJson } from '../base/canonical.ts';
import { policyInForce } from '../engine/application/gate-record.ts';
import { carries } from '../engine/application/operation-state.ts';
import { formerDeploy, revisionsOf, rollback, rolledBackTo } from '../engine/rollback.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { lockedText } from './lock.ts';
import { openRevert } from './revert.ts';
import { requestDeps } from './task.ts';

/** Why the cluster cannot go back before Git does. */
function onlyGit({ deps, app }: Task): string | undefined {
  const { store } = deps;
  const { name } = app.metadata;
  if (policyInForce(store, app, store.projects.get(`${store.namespace}/${app.spec.project}`)).gated)
    return 'going back needs approval too, once its pull request is merged';
  return isAutomated(app.spec) && deps.turn?.(app).by === 'argocd'
    ? `Argo CD would sync it forward again by itself; \`/cox hold ${name}\` turns that off`
    : undefined;
}

function begun({ request, app }: Task): boolean {
  return [app.operation, app.status?.operationState?.operation].some((operation) =>
    carries(operation, request.metadata.name),
  );
}

/** Without what this very Request has brought: asked again after a crash it means the same. */
function asAsked(task: Task): Application {
  const { request, app } = task;
  const asked = Math.floor(Date.parse(request.spec.createdAt) / 1000) * 1000;
  const { operationState, history = [], ...status } = app.status ?? {};
  return {
    ...app,
    status: {
      ...status,
      history: history.filter(({ deployStartedAt, deployedAt }) => Date.parse(deployStartedAt ?? deployedAt) < asked),
      ...(operationState && !begun(task) && { operationState }),
    },
  };
}

async function isSame(repository: Repository, paths: readonly string[], [a, b]: [string, string]): Promise<boolean> {
  if (a === b) return true;
  for (const path of paths)
    if ((await repository.objectId(a, path)) !== (await repository.objectId(b, path))) return false;
  return true;
}

/**
 * Whether all that the application reads is the same at both. Where the sources are others than now, or Git does not
 * have it any more, nobody can tell.
 */
async function alike({ deps, app }: Task, a: Deploy, b: Deploy): Promise<boolean> {
  const sources = sourcesOf(app.spec);
  const [old, now] = [revisionsOf(a), revisionsOf(b)];
  const isOfNow = [a, b].every((each) => sameJson(each.sources ?? (each.source ? [each.source] : []), sources));
  if (!isOfNow) return false;
  try {
    const inputs = await deps.inputsOf(app, now);
    for (const [at, { repoURL }] of sources.entries()) {
      const revisions: [string, string] = [old[at] ?? '', now[at] ?? ''];
      if (!(await isSame(deps.git.repository(repoURL), inputs[at] ?? [], revisions))) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function goBack(task: Task): Promise<Answer> {
  const { deps, request, app } = task;
  const { name } = app.metadata;
  const application = applicationKey(app);
  const why = begun(task) ? undefined : (lockedText(task) ?? onlyGit(task));
  if (why !== undefined) return { ok: false, text: `${name}: nothing is rolled back: ${why}` };
  const to = await formerDeploy(asAsked(task), (a, b) => alike(task, a, b));
  if (!to) return { ok: false, text: `${name}: there is no earlier deploy to go back to` };
  const said = (request.spec.args['reason'] ?? '').trim().slice(0, 300);
  const outcome = await rollback(requestDeps(deps), app, {
    ...{ application, to, request: request.metadata.name, actor: request.spec.actor },
    reason: `rolled back to ${rolledBackTo(to)}${said === '' ? '' : `: ${said}`}`,
  });
  const stays = outcome.done && isAutomated(app.spec);
  const after = stays ? `; it is locked, and stays there until \`/cox unlock ${name}\`, once Git says the same` : '';
  return {
    ok: outcome.done,
    text: `${name}: ${outcome.message}${after}`,
    ...(outcome.done && { syncs: [{ application }] }),
  };
}

/** Done when one of both is: the answer tells of each. */
export async function rollBack(task: Task): Promise<Answer> {
  const { deps, request, person } = task;
  const gone = await goBack(task);
  const proposed = await openRevert(deps, {
    request,
    app: asAsked(task),
    actor: { ...request.spec.actor, id: person.id },
  });
  return {
    ok: gone.ok || proposed.ok,
    text: [...new Set([gone.text, proposed.text])].join('\n'),
    ...(proposed.result && { result: proposed.result }),
    ...(gone.syncs && { syncs: gone.syncs }),
  };
}
