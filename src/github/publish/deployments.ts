// GitHub deployments: one for each application and environment of a merge, found by commit, environment and task.
import type { AppProgress, ProgressState } from '../../change/pull.ts';
import type { DeploymentMemory, PullMemory } from './pull-memory.ts';
import type { RepositoryClient } from '../client/installations.ts';
import { isGitHub, LimitReached, paginating } from '../client/api.ts';
import { oneLine } from '../markdown/escape.ts';

export interface DeploymentContext {
  client: RepositoryClient;
  appId: number;
  memory: PullMemory;
  /** The merge commit. */
  sha: string;
  publicUrl: string;
  /** `owner/repo#number`, shown as the deployment's description. */
  pull: string;
  signal: AbortSignal;
}

type State = 'queued' | 'pending' | 'in_progress' | 'success' | 'failure' | 'inactive';

const states: Record<ProgressState, State> = {
  queued: 'queued',
  waiting: 'pending',
  rejected: 'failure',
  syncing: 'in_progress',
  progressing: 'in_progress',
  success: 'success',
  failure: 'failure',
  superseded: 'inactive',
};

/** Nothing is active any more. */
const ended = new Set(['inactive', 'failure', 'error']);

function place(app: { application: string; name: string; environment: string | undefined }): {
  environment: string;
  task: string;
} {
  return { environment: oneLine(app.environment ?? app.name, 100), task: `coxswain:${app.application}` };
}

/** Of something that people may delete: undefined when they have. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isGitHub(error, 404)) return undefined;
    throw error;
  }
}

async function statuses({ client, signal }: DeploymentContext, id: number): Promise<DeploymentMemory | undefined> {
  const { owner, repo, octokit } = client;
  const answer = await unlessGone(
    octokit.request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
      owner,
      repo,
      deployment_id: id,
      per_page: 100,
      request: { signal },
    }),
  );
  if (!answer) return undefined;
  const { data } = answer;
  const newest = [...data].sort((a, b) => Number(b.id) - Number(a.id))[0];
  const success = data.find((status) => status.state === 'success');
  return {
    id,
    state: newest?.state ?? '',
    description: (success ?? newest)?.description ?? '',
    succeeded: success !== undefined,
  };
}

/** Reads the deployments of these applications that are not known yet. */
export async function findDeployments(context: DeploymentContext, apps: AppProgress[]): Promise<void> {
  const { client, appId, memory, sha, signal } = context;
  const { owner, repo, octokit } = client;
  for (const app of apps) {
    if (memory.deployments.has(app.application)) continue;
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/deployments', {
      owner,
      repo,
      sha,
      ...place(app),
      per_page: 100,
      request: { signal },
    });
    const [first] = data
      .filter((each) => each.performed_via_github_app?.id === appId)
      .sort((a, b) => Number(a.id) - Number(b.id));
    const found = first && (await statuses(context, Number(first.id)));
    memory.deployments.set(app.application, found ?? null);
  }
}

/** An application that was deployed once stays so in this pull request, whatever later ones do to it. */
export function settled(app: AppProgress, memory: PullMemory, merged: string): AppProgress {
  const known = memory.deployments.get(app.application);
  if (known?.succeeded) {
    const { steps: _steps, approval: _approval, ...rest } = app;
    return { ...rest, state: 'success', message: known.description, revision: merged };
  }
  return app.state === 'success' ? { ...app, revision: merged } : app;
}

async function post(
  context: DeploymentContext,
  id: number,
  status: { state: State; description: string; environment: string; logUrl: string },
): Promise<void> {
  const { owner, repo, octokit } = context.client;
  const { state, description, environment, logUrl } = status;
  await octokit.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
    owner,
    repo,
    deployment_id: id,
    state,
    description,
    environment,
    log_url: logUrl,
    auto_inactive: false,
    request: { signal: context.signal, atOnce: true },
  });
}

async function create({ client, sha, pull, signal }: DeploymentContext, app: AppProgress): Promise<number> {
  const { owner, repo, octokit } = client;
  const { data } = await octokit.request('POST /repos/{owner}/{repo}/deployments', {
    owner,
    repo,
    ref: sha,
    ...place(app),
    description: `${app.name} by ${pull}`.slice(0, 140),
    // The default would merge the base branch into the ref, and refuse while checks are not green.
    auto_merge: false,
    required_contexts: [],
    transient_environment: false,
    production_environment: app.gated,
    request: { signal, atOnce: true },
  });
  return 'id' in data ? Number(data.id) : 0;
}

/** Of a hundred former deployments each; older ones were looked at when their followers succeeded. */
const maxPages = 3;

/**
 * The deployments of this application before ours: several may be active or unfinished when merges overtook each other.
 * Automatic inactivation would hit the other applications of the environment too. One that succeeded and is inactive
 * has none before it that is not; hence the oldest first.
 */
async function inactivatePredecessors(context: DeploymentContext, app: AppProgress, own: number): Promise<void> {
  const { client, appId, signal } = context;
  const { owner, repo, octokit } = client;
  let pages = 0;
  const all = await paginating(octokit, signal)(
    'GET /repos/{owner}/{repo}/deployments',
    { owner, repo, ...place(app), per_page: 100 },
    ({ data }, done) => {
      pages += 1;
      if (pages === maxPages) done();
      return data;
    },
  );
  const before = all
    .filter((each) => Number(each.id) < own && each.performed_via_github_app?.id === appId)
    .sort((a, b) => Number(b.id) - Number(a.id));
  const active: number[] = [];
  for (const each of before) {
    const found = await statuses(context, Number(each.id));
    if (found?.state === 'inactive' && found.succeeded) break;
    if (found && !ended.has(found.state)) active.push(found.id);
  }
  for (const id of active.reverse()) {
    await unlessGone(
      post(context, id, {
        state: 'inactive',
        description: 'followed by a later deployment',
        environment: place(app).environment,
        logUrl: '',
      }),
    );
  }
}

/** `known`: what GitHub has of it already; without, it is created. */
async function bring(
  context: DeploymentContext,
  app: AppProgress,
  known: DeploymentMemory | null | undefined,
): Promise<void> {
  const state = states[app.state];
  const description = oneLine(app.message, 140);
  const id = known?.id ?? (await create(context, app));
  const status = {
    description,
    environment: place(app).environment,
    logUrl: `${context.publicUrl}/applications/${app.application}`,
  };
  if (state === 'success' && known?.state !== 'in_progress')
    await post(context, id, { ...status, state: 'in_progress' });
  if (state === 'success') await inactivatePredecessors(context, app, id);
  await post(context, id, { ...status, state });
  context.memory.deployments.set(app.application, { id, state, description, succeeded: state === 'success' });
}

/** One that somebody deleted is made anew. A failure forgets the deployment: the next pass looks again. */
async function writeDeployment(context: DeploymentContext, app: AppProgress): Promise<void> {
  const { deployments } = context.memory;
  const known = deployments.get(app.application);
  if (known?.succeeded || known?.state === states[app.state]) return;
  deployments.delete(app.application);
  try {
    await bring(context, app, known);
  } catch (error) {
    if (!known || !isGitHub(error, 404)) throw error;
    await findDeployments(context, [app]);
    const other = deployments.get(app.application);
    deployments.delete(app.application);
    if (other?.id === known.id) throw error; // there, and yet not ours to write
    await bring(context, app, other);
  }
}

/**
 * Needs `findDeployments` before. Waits for no limit of GitHub's: answers after how many milliseconds there may be room
 * for the rest, undefined when all is written.
 */
export async function writeDeployments(context: DeploymentContext, apps: AppProgress[]): Promise<number | undefined> {
  try {
    for (const app of apps) await writeDeployment(context, app);
    return undefined;
  } catch (error) {
    if (error instanceof LimitReached) return error.waitMs;
    throw error;
  }
}
