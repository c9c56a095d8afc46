// JSON of comments, reactions, checks, deployments and environments.
import type { Json } from './present.ts';
import type {
  CheckRun,
  Comment,
  Deployment,
  DeploymentStatus,
  Environment,
  Reaction,
  ReactionContent,
  Repository,
  World,
} from '../world.ts';
import { association } from './present-pull.ts';
import { api, nodeId, presentApp, presentTeam, presentUser } from './present.ts';
import { findAccount, findTeam, fullName } from '../world.ts';

const reactionContents: ReactionContent[] = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'];

export function presentComment(world: World, repository: Repository, comment: Comment): Json {
  const url = api(world, `/repos/${fullName(repository)}/issues/comments/${comment.id}`);
  const count = (content: ReactionContent): number =>
    comment.reactions.filter((each) => each.content === content).length;
  return {
    id: comment.id,
    node_id: nodeId('IssueComment', comment.id),
    url,
    html_url: `${world.url}/${fullName(repository)}/pull/${comment.pull}#issuecomment-${comment.id}`,
    body: comment.body,
    user: presentUser(world, comment.user),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    issue_url: api(world, `/repos/${fullName(repository)}/issues/${comment.pull}`),
    author_association: association(world, repository, comment.user),
    performed_via_github_app: comment.app ? presentApp(world, comment.app) : null,
    reactions: {
      url: `${url}/reactions`,
      total_count: comment.reactions.length,
      ...Object.fromEntries(reactionContents.map((content) => [content, count(content)])),
    },
  };
}

export function presentReaction(world: World, reaction: Reaction): Json {
  return {
    id: reaction.id,
    node_id: nodeId('Reaction', reaction.id),
    user: presentUser(world, reaction.user),
    content: reaction.content,
    created_at: reaction.createdAt,
  };
}

/** The open pull requests whose head is this commit. */
function minimalPulls(world: World, repository: Repository, sha: string): Json[] {
  const repo = { id: repository.id, url: api(world, `/repos/${fullName(repository)}`), name: repository.name };
  return [...repository.pulls.values()]
    .filter((pull) => pull.state === 'open' && pull.headSha === sha)
    .map((pull) => ({
      id: pull.id,
      number: pull.number,
      url: api(world, `/repos/${fullName(repository)}/pulls/${pull.number}`),
      head: { ref: pull.headRef, sha: pull.headSha, repo },
      base: { ref: pull.baseRef, sha: pull.baseSha, repo },
    }));
}

export function presentCheck(world: World, repository: Repository, check: CheckRun): Json {
  const url = api(world, `/repos/${fullName(repository)}/check-runs/${check.id}`);
  const html = `${world.url}/${fullName(repository)}/runs/${check.id}`;
  const { annotations, ...output } = check.output;
  return {
    id: check.id,
    name: check.name,
    node_id: nodeId('CheckRun', check.id),
    head_sha: check.headSha,
    external_id: check.externalId,
    url,
    html_url: html,
    details_url: check.detailsUrl ?? html,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.startedAt,
    completed_at: check.completedAt,
    output: { ...output, annotations_count: annotations.length, annotations_url: `${url}/annotations` },
    check_suite: { id: check.suite },
    app: presentApp(world, check.app),
    pull_requests: minimalPulls(world, repository, check.headSha),
  };
}

export function presentAnnotation(
  world: World,
  repository: Repository,
  of: { check: CheckRun; annotation: Record<string, unknown> },
): Json {
  const { check, annotation } = of;
  const blob = `${world.url}/${fullName(repository)}/blob/${check.headSha}/${String(annotation['path'])}`;
  return { start_column: null, end_column: null, title: null, raw_details: null, ...annotation, blob_href: blob };
}

/** Webhooks show the suite in more detail than REST. */
export function presentCheckForHook(world: World, repository: Repository, check: CheckRun): Json {
  const pulls = minimalPulls(world, repository, check.headSha);
  const head = [...repository.pulls.values()].find((pull) => pull.headSha === check.headSha);
  return {
    ...presentCheck(world, repository, check),
    check_suite: {
      id: check.suite,
      node_id: nodeId('CheckSuite', check.suite),
      head_branch: head?.headRef ?? null,
      head_sha: check.headSha,
      status: check.rerequested ? 'queued' : check.status,
      conclusion: check.rerequested ? null : check.conclusion,
      url: api(world, `/repos/${fullName(repository)}/check-suites/${check.suite}`),
      before: null,
      after: check.headSha,
      pull_requests: pulls,
      app: presentApp(world, check.app),
      created_at: check.startedAt,
      updated_at: check.completedAt ?? check.startedAt,
    },
  };
}

export function presentDeployment(world: World, repository: Repository, deployment: Deployment): Json {
  const url = api(world, `/repos/${fullName(repository)}/deployments/${deployment.id}`);
  return {
    url,
    id: deployment.id,
    node_id: nodeId('Deployment', deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.environment,
    environment: deployment.environment,
    description: deployment.description,
    creator: presentUser(world, deployment.creator),
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: api(world, `/repos/${fullName(repository)}`),
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: deployment.app ? presentApp(world, deployment.app) : null,
  };
}

export function presentDeploymentStatus(
  world: World,
  repository: Repository,
  of: { deployment: Deployment; status: DeploymentStatus },
): Json {
  const { deployment, status } = of;
  const url = api(world, `/repos/${fullName(repository)}/deployments/${deployment.id}`);
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('DeploymentStatus', status.id),
    state: status.state,
    creator: presentUser(world, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: url,
    repository_url: api(world, `/repos/${fullName(repository)}`),
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
    performed_via_github_app: status.app ? presentApp(world, status.app) : null,
  };
}

function presentReviewer(world: World, reviewer: string): Json | null {
  const [, org, slug] = /^@([^/]+)\/(.+)$/.exec(reviewer) ?? [];
  if (org !== undefined && slug !== undefined) {
    const team = findTeam(world, org, slug);
    return team ? { type: 'Team', reviewer: presentTeam(world, team) } : null;
  }
  const account = findAccount(world, reviewer);
  return account ? { type: 'User', reviewer: presentUser(world, account) } : null;
}

export function presentEnvironment(world: World, repository: Repository, environment: Environment): Json {
  const rule = (offset: number): Json => ({
    id: environment.id + offset,
    node_id: nodeId('Gate', environment.id + offset),
  });
  const reviewers = environment.reviewers.map((each) => presentReviewer(world, each)).filter((each) => each !== null);
  return {
    id: environment.id,
    node_id: nodeId('Environment', environment.id),
    name: environment.name,
    url: api(world, `/repos/${fullName(repository)}/environments/${encodeURIComponent(environment.name)}`),
    html_url:
      `${world.url}/${fullName(repository)}/deployments/activity_log?environments_filter=` +
      encodeURIComponent(environment.name),
    created_at: environment.createdAt,
    updated_at: environment.createdAt,
    protection_rules: [
      ...(environment.waitTimer > 0 ? [{ ...rule(1), type: 'wait_timer', wait_timer: environment.waitTimer }] : []),
      ...(reviewers.length > 0
        ? [{ ...rule(2), type: 'required_reviewers', prevent_self_review: environment.preventSelfReview, reviewers }]
        : []),
    ],
    deployment_branch_policy: null,
  };
}
