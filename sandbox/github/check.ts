// Check runs: written by the App, shown with their buttons, pressed by persons.
import type { Json } from './present/present.ts';
import type { Site } from './site.ts';
import type { Actor, App, CheckAction, CheckConclusion, CheckRun, CheckStatus, Repository } from './world.ts';
import { Failure, invalid } from './failure.ts';
import { presentCheckForHook } from './present/present-parts.ts';
import { presentScene } from './present/present.ts';
import { timestamp } from './world.ts';

/** The members of a request body that create or change a check run; schema-checked before. */
export interface CheckInput {
  name?: string;
  head_sha?: string;
  details_url?: string;
  external_id?: string;
  status?: CheckStatus;
  conclusion?: CheckConclusion;
  started_at?: string;
  completed_at?: string;
  output?: { title?: string; summary?: string; text?: string; annotations?: Record<string, unknown>[] };
  actions?: CheckAction[];
}

type Place = { repository: Repository; actor: Actor };

function announce(site: Site, at: Place, check: CheckRun, change: { action: string; more?: Json }): void {
  site.hooks.send('check_run', {
    action: change.action,
    ...change.more,
    check_run: presentCheckForHook(site.world, at.repository, check),
    ...presentScene(site.world, at.repository, at.actor.account),
  });
  site.world.changed();
}

/** One suite per commit and App, as GitHub groups them. */
function suiteOf(site: Site, repository: Repository, sha: string): number {
  return repository.checks.find((check) => check.headSha === sha)?.suite ?? site.world.nextId();
}

export function createCheck(
  site: Site,
  at: Place & { app: App },
  input: CheckInput & { name: string; head_sha: string },
): CheckRun {
  const check: CheckRun = {
    id: site.world.nextId(),
    suite: suiteOf(site, at.repository, input.head_sha),
    name: input.name,
    headSha: input.head_sha,
    externalId: '',
    detailsUrl: null,
    status: 'queued',
    conclusion: null,
    startedAt: input.started_at ?? timestamp(),
    completedAt: null,
    output: { title: null, summary: null, text: null, annotations: [] },
    actions: [],
    rerequested: false,
    app: at.app,
  };
  change(check, input);
  at.repository.checks.push(check);
  announce(site, at, check, { action: 'created' });
  if (check.status === 'completed') announce(site, at, check, { action: 'completed' });
  return check;
}

export function updateCheck(site: Site, at: Place & { app: App }, check: CheckRun, input: CheckInput): void {
  if (check.app !== at.app) throw new Failure(403, 'Invalid app_id');
  const before = check.status;
  check.rerequested = false;
  change(check, input);
  if (before !== 'completed' && check.status === 'completed') announce(site, at, check, { action: 'completed' });
  site.world.changed();
}

function change(check: CheckRun, input: CheckInput): void {
  if (input.status === 'completed' && input.conclusion === undefined && check.conclusion === null) {
    throw invalid('CheckRun', 'conclusion', { code: 'missing_field' });
  }
  if (input.name !== undefined) check.name = input.name;
  if (input.external_id !== undefined) check.externalId = input.external_id;
  if (input.details_url !== undefined) check.detailsUrl = input.details_url;
  if (input.started_at !== undefined) check.startedAt = input.started_at;
  if (input.output) {
    const { title, summary, text, annotations = [] } = input.output;
    // Annotations are added to those that are there; the rest is replaced (GitHub: checks API).
    const all = [...check.output.annotations, ...annotations];
    check.output = {
      title: title ?? check.output.title,
      summary: summary ?? null,
      text: text ?? null,
      annotations: all,
    };
  }
  if (input.actions) check.actions = input.actions;
  if (input.status !== undefined && input.status !== 'completed')
    Object.assign(check, { status: input.status, conclusion: null, completedAt: null });
  // A conclusion or an end completes the run, whatever the status says.
  if (input.conclusion !== undefined || input.completed_at !== undefined) {
    Object.assign(check, {
      status: 'completed',
      conclusion: input.conclusion ?? check.conclusion,
      completedAt: input.completed_at ?? timestamp(),
    });
  }
}

/** A person presses one of the run's buttons. */
export function pressAction(site: Site, at: Place, check: CheckRun, identifier: string): void {
  if (!check.actions.some((action) => action.identifier === identifier)) throw new Failure(404, 'Not Found');
  announce(site, at, check, { action: 'requested_action', more: { requested_action: { identifier } } });
}

/**
 * A person presses "Re-run": the run stays as it is, its suite is queued again (GitHub REST: rerequest a check run).
 */
export function rerunCheck(site: Site, at: Place, check: CheckRun): void {
  check.rerequested = true;
  announce(site, at, check, { action: 'rerequested' });
}

/** `latest` keeps the newest run of each name and App; `all` keeps every run. Newest first. */
export function checksOf(
  repository: Repository,
  sha: string,
  filter: { name?: string | undefined; appId?: number | undefined; status?: string | undefined; all: boolean },
): CheckRun[] {
  const found = repository.checks
    .filter((check) => check.headSha === sha)
    .filter((check) => filter.appId === undefined || check.app.id === filter.appId)
    .filter((check) => filter.name === undefined || check.name === filter.name)
    .reverse();
  const shown = filter.all
    ? found
    : found.filter(
        (check, at) => found.findIndex((other) => other.name === check.name && other.app === check.app) === at,
      );
  return shown.filter((check) => filter.status === undefined || check.status === filter.status);
}
