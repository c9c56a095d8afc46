// REST of check runs, deployments and environments.
import type { CheckInput } from '../check.ts';
import type { DeploymentInput, StatusInput } from '../deployment.ts';
import type { Call, Reply, Route } from './router.ts';
import type { Actor, App, CheckRun, Deployment, Repository } from '../world.ts';
import { checksOf, createCheck, updateCheck } from '../check.ts';
import { addDeploymentStatus, createDeployment } from '../deployment.ts';
import { Failure } from '../failure.ts';
import { resolveCommit } from '../git/git.ts';
import {
  presentAnnotation,
  presentCheck,
  presentDeployment,
  presentDeploymentStatus,
  presentEnvironment,
} from '../present/present-parts.ts';
import { numberIn, paged } from './router.ts';

const repo = '/repos/{owner}/{repo}';

/** Only Apps write check runs. */
function appPlace(call: Call): { repository: Repository; actor: Actor; app: App } {
  const actor = call.actor();
  if (!actor.app) throw new Failure(403, 'You must authenticate via a GitHub App.');
  return { repository: call.repository(), actor, app: actor.app };
}

function checkIn(call: Call): CheckRun {
  const check = call.repository().checks.find((each) => each.id === numberIn(call, 'check_run_id'));
  if (!check) throw new Failure(404, 'Not Found');
  return check;
}

async function postCheck(call: Call): Promise<Reply> {
  const input = call.body as unknown as CheckInput & { name: string; head_sha: string };
  const sha = await resolveCommit(call.repository().dir, input.head_sha);
  if (sha === null) throw new Failure(422, `No commit found for SHA: ${input.head_sha}`);
  const check = createCheck(call.site, appPlace(call), { ...input, head_sha: sha });
  return { status: 201, body: presentCheck(call.site.world, call.repository(), check) };
}

function patchCheck(call: Call): Reply {
  const check = checkIn(call);
  updateCheck(call.site, appPlace(call), check, call.body);
  return { status: 200, body: presentCheck(call.site.world, call.repository(), check) };
}

async function listChecks(call: Call): Promise<Reply> {
  const { check_name: name, app_id: appId, status, filter = 'latest' } = call.query;
  const sha = await resolveCommit(call.repository().dir, call.path['ref'] ?? '');
  if (sha === null) throw new Failure(422, `No commit found for SHA: ${call.path['ref'] ?? ''}`);
  const checks = checksOf(call.repository(), sha, {
    name,
    status,
    appId: appId === undefined ? undefined : Number(appId),
    all: filter === 'all',
  });
  const page = await paged(call, checks, (check) => presentCheck(call.site.world, call.repository(), check));
  return { ...page, body: { total_count: checks.length, check_runs: page.body } };
}

function listAnnotations(call: Call): Promise<Reply> {
  const check = checkIn(call);
  return paged(call, check.output.annotations, (annotation) =>
    presentAnnotation(call.site.world, call.repository(), { check, annotation }),
  );
}

function deploymentIn(call: Call): Deployment {
  const found = call.repository().deployments.find((each) => each.id === numberIn(call, 'deployment_id'));
  if (!found) throw new Failure(404, 'Not Found');
  return found;
}

function listDeployments(call: Call): Promise<Reply> {
  const wanted = (['sha', 'ref', 'task', 'environment'] as const).map((field) => [field, call.query[field]] as const);
  const found = call
    .repository()
    // The word `none` means no filter (GitHub: list deployments).
    .deployments.filter((deployment) =>
      wanted.every(([field, value]) => value === undefined || value === 'none' || deployment[field] === value),
    )
    .reverse();
  return paged(call, found, (deployment) => presentDeployment(call.site.world, call.repository(), deployment));
}

async function postDeployment(call: Call): Promise<Reply> {
  const place = { repository: call.repository(), actor: call.actor() };
  const deployment = await createDeployment(call.site, place, call.body as unknown as DeploymentInput);
  return { status: 201, body: presentDeployment(call.site.world, place.repository, deployment) };
}

function listStatuses(call: Call): Promise<Reply> {
  const deployment = deploymentIn(call);
  const newest = [...deployment.statuses].reverse();
  return paged(call, newest, (status) =>
    presentDeploymentStatus(call.site.world, call.repository(), { deployment, status }),
  );
}

function postStatus(call: Call): Reply {
  const deployment = deploymentIn(call);
  const place = { repository: call.repository(), actor: call.actor(), deployment };
  const status = addDeploymentStatus(call.site, place, call.body as unknown as StatusInput);
  return { status: 201, body: presentDeploymentStatus(call.site.world, place.repository, { deployment, status }) };
}

async function listEnvironments(call: Call): Promise<Reply> {
  const all = [...call.repository().environments.values()];
  const page = await paged(call, all, (environment) =>
    presentEnvironment(call.site.world, call.repository(), environment),
  );
  return { ...page, body: { total_count: all.length, environments: page.body } };
}

function oneEnvironment(call: Call): Reply {
  const environment = call.repository().environments.get(call.path['environment_name'] ?? '');
  if (!environment) throw new Failure(404, 'Not Found');
  return { status: 200, body: presentEnvironment(call.site.world, call.repository(), environment) };
}

export const checkRoutes: Route[] = [
  { route: `POST ${repo}/check-runs`, needs: 'checks:write', handle: postCheck },
  {
    route: `GET ${repo}/check-runs/{check_run_id}`,
    needs: 'checks:read',
    handle: (call) => ({ status: 200, body: presentCheck(call.site.world, call.repository(), checkIn(call)) }),
  },
  { route: `PATCH ${repo}/check-runs/{check_run_id}`, needs: 'checks:write', handle: patchCheck },
  { route: `GET ${repo}/check-runs/{check_run_id}/annotations`, needs: 'checks:read', handle: listAnnotations },
  { route: `GET ${repo}/commits/{ref}/check-runs`, needs: 'checks:read', handle: listChecks },
  { route: `GET ${repo}/deployments`, needs: 'deployments:read', handle: listDeployments },
  { route: `POST ${repo}/deployments`, needs: 'deployments:write', handle: postDeployment },
  {
    route: `GET ${repo}/deployments/{deployment_id}`,
    needs: 'deployments:read',
    handle: (call) => ({
      status: 200,
      body: presentDeployment(call.site.world, call.repository(), deploymentIn(call)),
    }),
  },
  { route: `GET ${repo}/deployments/{deployment_id}/statuses`, needs: 'deployments:read', handle: listStatuses },
  { route: `POST ${repo}/deployments/{deployment_id}/statuses`, needs: 'deployments:write', handle: postStatus },
  { route: `GET ${repo}/environments`, needs: 'actions:read', handle: listEnvironments },
  { route: `GET ${repo}/environments/{environment_name}`, needs: 'actions:read', handle: oneEnvironment },
];
