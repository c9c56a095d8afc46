// Deployments and their statuses.
import type { Json } from './present/present.ts';
import type { Site } from './site.ts';
import type { Actor, Deployment, DeploymentStatus, Repository } from './world.ts';
import { resolveCommit } from './git/git.ts';
import { Failure, invalid } from './failure.ts';
import { presentDeployment, presentDeploymentStatus } from './present/present-parts.ts';
import { presentScene } from './present/present.ts';
import { timestamp } from './world.ts';

/** The members of a request body; schema-checked before. */
export interface DeploymentInput {
  ref: string;
  task?: string;
  auto_merge?: boolean;
  required_contexts?: string[];
  payload?: Record<string, unknown> | string;
  environment?: string;
  description?: string | null;
  transient_environment?: boolean;
  production_environment?: boolean;
}

export interface StatusInput {
  state: string;
  target_url?: string;
  log_url?: string;
  description?: string;
  environment?: string;
  environment_url?: string;
  auto_inactive?: boolean;
}

type Place = { repository: Repository; actor: Actor };

export async function createDeployment(site: Site, at: Place, input: DeploymentInput): Promise<Deployment> {
  const { repository, actor } = at;
  const sha = await resolveCommit(repository.dir, input.ref);
  if (sha === null) throw new Failure(422, `No ref found for: ${input.ref}`);
  refuseUnready(repository, sha, input);
  const environment = input.environment ?? 'production';
  const now = timestamp();
  if (!repository.environments.has(environment)) {
    repository.environments.set(environment, {
      id: nextEnvironmentId(site),
      name: environment,
      reviewers: [],
      preventSelfReview: false,
      waitTimer: 0,
      createdAt: now,
    });
  }
  const deployment: Deployment = {
    id: site.world.nextId(),
    sha,
    ref: input.ref,
    task: input.task ?? 'deploy',
    environment,
    description: input.description ?? null,
    payload: input.payload ?? '',
    transient: input.transient_environment ?? false,
    production: input.production_environment ?? environment === 'production',
    creator: actor.account,
    app: actor.app,
    createdAt: now,
    updatedAt: now,
    statuses: [],
  };
  repository.deployments.push(deployment);
  site.hooks.send('deployment', {
    action: 'created',
    deployment: presentDeployment(site.world, repository, deployment),
    workflow: null,
    workflow_run: null,
    ...presentScene(site.world, repository, actor.account),
  });
  site.world.changed();
  return deployment;
}

/** Ids of an environment and of its two rules follow each other. */
function nextEnvironmentId(site: Site): number {
  const id = site.world.nextId();
  site.world.nextId();
  site.world.nextId();
  return id;
}

/** Without `required_contexts: []` GitHub wants every check of the commit to be green, and answers 409. */
function refuseUnready(repository: Repository, sha: string, input: DeploymentInput): void {
  if (input.required_contexts?.length === 0) return;
  const bad = repository.checks.filter(
    (check) =>
      check.headSha === sha &&
      check.conclusion !== 'success' &&
      check.conclusion !== 'neutral' &&
      check.conclusion !== 'skipped',
  );
  if (bad.length > 0) throw new Failure(409, `Conflict: Commit status checks failed for ${input.ref}.`);
}

const states = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];

export function addDeploymentStatus(
  site: Site,
  at: Place & { deployment: Deployment },
  input: StatusInput,
): DeploymentStatus {
  if (!states.includes(input.state)) throw invalid('DeploymentStatus', 'state', { code: 'invalid' });
  // 140 is GitHub's limit of the description.
  if ((input.description ?? '').length > 140)
    throw invalid('DeploymentStatus', 'description', {
      code: 'custom',
      message: 'description is too long (maximum is 140 characters)',
    });
  const status = append(site, at, input);
  // auto_inactive is true by default: success retires the environment's other finished deployments.
  if (input.state === 'success' && (input.auto_inactive ?? true)) retireOthers(site, at);
  return status;
}

function retireOthers(site: Site, at: Place & { deployment: Deployment }): void {
  for (const other of at.repository.deployments) {
    if (
      other === at.deployment ||
      other.environment !== at.deployment.environment ||
      other.transient ||
      other.production
    )
      continue;
    if (other.statuses.at(-1)?.state === 'success') append(site, { ...at, deployment: other }, { state: 'inactive' });
  }
}

/** Webhooks leave a link out where REST writes an empty one. */
function withoutEmptyLinks(status: Json): Json {
  return Object.fromEntries(
    Object.entries(status).filter(([name, value]) => value !== '' || !['log_url', 'environment_url'].includes(name)),
  );
}

function append(site: Site, at: Place & { deployment: Deployment }, input: StatusInput): DeploymentStatus {
  const { repository, actor, deployment } = at;
  const status: DeploymentStatus = {
    id: site.world.nextId(),
    state: input.state,
    description: input.description ?? '',
    environment: input.environment ?? deployment.environment,
    logUrl: input.log_url ?? input.target_url ?? '',
    environmentUrl: input.environment_url ?? '',
    creator: actor.account,
    app: actor.app,
    createdAt: timestamp(),
  };
  deployment.statuses.push(status);
  deployment.environment = status.environment;
  deployment.updatedAt = status.createdAt;
  site.hooks.send('deployment_status', {
    action: 'created',
    deployment_status: withoutEmptyLinks(presentDeploymentStatus(site.world, repository, { deployment, status })),
    deployment: presentDeployment(site.world, repository, deployment),
    ...presentScene(site.world, repository, actor.account),
  });
  site.world.changed();
  return status;
}
