// Carrying out one Request: every verb in one place, each made so that doing it twice is doing it once.
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Authoriser, RbacPolicy, Action } from '../policy/rbac.ts';
import type { Answer, ChatopsOptions } from './ports.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { approve, refresh, reject, requestSync, revertDrift } from '../engine/request.ts';
import { verbs } from './command.ts';
import { openRevert } from './revert.ts';
import { findApplication, refusal, waitingApplications } from './target.ts';

export interface CarryOutDeps extends ChatopsOptions {
  authorise: (policy: RbacPolicy) => Promise<Authoriser>;
}

interface Task {
  deps: CarryOutDeps;
  request: Request;
  person: { login: string; id: number; teams: string[] };
  app: Application;
}

/** The right (argocd-rbac-cm) that each verb needs. */
export const rights: Record<Exclude<Request['spec']['verb'], 'help'>, Action> = {
  status: 'get',
  diff: 'get',
  sync: 'sync',
  approve: 'approve',
  reject: 'approve',
  revert: 'revert',
  'revert-drift': 'revert',
};

export function helpText(): string {
  return Object.values(verbs).map((verb) => `${verb.usage} — ${verb.does}`).join('\n');
}

function short(revision: string | undefined): string {
  return revision && /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 7) : (revision ?? 'nothing');
}

function statusLine(app: Application): string {
  const { sync, health, operationState } = app.status ?? {};
  const last = operationState ? `; last operation ${operationState.phase}${operationState.message ? `: ${operationState.message}` : ''}` : '';
  return `${app.metadata.name}: ${sync?.status ?? 'Unknown'} at ${short(sync?.revision)}, ${health?.status ?? 'Unknown'}${last}`;
}

function requestDeps({ store, clock, forge }: CarryOutDeps): Parameters<typeof requestSync>[0] {
  return { store, clock, authors: forge ?? { authorsBetween: () => Promise.resolve(undefined) } };
}

async function decide({ deps, request, person, app }: Task, verb: 'approve' | 'reject'): Promise<Answer> {
  const { digest } = request.spec;
  const wanted = { application: applicationKey(app), actor: { ...request.spec.actor, id: person.id }, teams: person.teams, ...(digest && { digest }) };
  const outcome = verb === 'approve' ? await approve(requestDeps(deps), wanted) : await reject(requestDeps(deps), { ...wanted, reason: request.spec.args['reason'] ?? '' });
  return { ok: outcome.done, text: `${app.metadata.name}: ${outcome.message}` };
}

async function undoDrift({ deps, request, app }: Task): Promise<Answer> {
  const episode = deps.store.episodes.get(`${app.metadata.namespace}/${request.spec.args['episode'] ?? ''}`);
  if (!episode || episode.spec.application !== applicationKey(app)) return { ok: false, text: 'that drift is not known any more' };
  if (!['Open', 'Reverting'].includes(episode.status?.phase ?? 'Open')) return { ok: false, text: `${app.metadata.name}: ${episode.status?.message ?? 'that drift has ended'}` };
  const keys = (episode.status?.objects ?? []).map((item) => item.key);
  const outcome = await revertDrift(requestDeps(deps), { application: applicationKey(app), keys, actor: request.spec.actor, request: request.metadata.name });
  return { ok: outcome.done, text: `${app.metadata.name}: ${outcome.message}` };
}

async function perform(task: Task): Promise<Answer> {
  const { deps, request, app } = task;
  switch (request.spec.verb) {
    case 'approve':
    case 'reject':
      return decide(task, request.spec.verb);
    case 'sync': {
      const outcome = await requestSync(requestDeps(deps), { application: applicationKey(app), request: request.metadata.name, actor: request.spec.actor });
      return { ok: outcome.done, text: `${app.metadata.name}: ${outcome.message}` };
    }
    case 'revert-drift':
      return undoDrift(task);
    case 'revert':
      return openRevert(deps, request, app);
    case 'diff':
      await refresh(deps, applicationKey(app));
      return { ok: true, text: `${app.metadata.name} is compared again` };
    case 'status':
      return { ok: true, text: statusLine(app) };
    case 'help':
      return { ok: true, text: helpText() };
  }
}

/** Applications a command without a name means: those that wait, or all that the pull request's repository feeds. */
function implied(deps: CarryOutDeps, request: Request): Application[] {
  const { verb, pull } = request.spec;
  const repositoryOf = (url: string): { owner: string; repo: string } | undefined => deps.forge?.repositoryOf(url);
  if (verb === 'approve' || verb === 'reject') return waitingApplications(deps.store, request, repositoryOf);
  if (verb !== 'status' && verb !== 'diff') return [];
  return deps.store.applications.list().filter((app) => {
    const repository = repositoryOf(sourcesOf(app.spec)[0]?.repoURL ?? '');
    return !pull || (repository?.owner === pull.owner && repository.repo === pull.repo);
  });
}

function nothingMeant(request: Request): string {
  const { verb } = request.spec;
  if (verb === 'approve' || verb === 'reject') return 'nothing waits for approval';
  return verb === 'revert-drift' || verb === 'help' ? 'name an application' : `name an application: ${verbs[verb].usage}`;
}

export async function personOf(deps: ChatopsOptions, { actor, pull }: Pick<Request['spec'], 'actor' | 'pull'>, app: Application): Promise<Task['person']> {
  const owner = pull?.owner ?? deps.forge?.repositoryOf(sourcesOf(app.spec)[0]?.repoURL ?? '')?.owner ?? '';
  const teams = deps.forge ? (await deps.forge.teams(actor.login, owner)).map((team) => team.replace(':', '/')) : [];
  const id = actor.id || ((await deps.forge?.userId(actor.login)) ?? 0);
  return { login: actor.login, id, teams };
}

function meant(deps: CarryOutDeps, request: Request): { apps: Application[]; refused?: string } {
  if (request.spec.application) {
    const found = findApplication(deps.store, request.spec.application);
    return found.ok ? { apps: found.apps } : { apps: [], refused: found.message };
  }
  const apps = implied(deps, request);
  return apps.length > 0 ? { apps } : { apps, refused: nothingMeant(request) };
}

/** Answers what became of it; throws what is worth another try. */
export async function carryOut(deps: CarryOutDeps, request: Request): Promise<Answer> {
  const { verb, pull, args } = request.spec;
  if (args['error']) return { ok: false, text: args['error'] };
  if (verb === 'help') return { ok: true, text: helpText() };
  const { apps, refused } = meant(deps, request);
  if (refused) return { ok: false, text: refused };
  const { policyCsv, policyDefault } = deps.store.settings();
  const authoriser = await deps.authorise({ policyCsv, policyDefault, projects: deps.store.projects.list() });
  const answers: Answer[] = [];
  for (const app of apps) {
    const person = await personOf(deps, request.spec, app);
    const denied = refusal(deps.store, authoriser, person, rights[verb], app);
    answers.push(denied ? { ok: false, text: denied } : await perform({ deps, request, person, app }));
  }
  if (verb === 'diff' && pull && answers.some((item) => item.ok)) deps.forge?.refreshPull(pull);
  return merged(answers, verb === 'diff' && request.spec.application === undefined);
}

/** One answer of several; all is well when something was done. */
function merged(answers: Answer[], brief: boolean): Answer {
  const good = answers.filter((item) => item.ok);
  const result: Record<string, string> = Object.fromEntries(answers.flatMap((item) => Object.entries(item.result ?? {})));
  const lines = good.length > 0 ? good : answers;
  const text = brief && good.length > 1 ? `${good.length} applications are compared again` : [...new Set(lines.map((item) => item.text))].join('\n');
  return { ok: good.length > 0, text, ...(Object.keys(result).length > 0 && { result }) };
}
