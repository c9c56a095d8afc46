// Carrying out one Request: every verb in one place, each made so that doing it twice is doing it once.
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Action } from '../policy/rbac.ts';
import type { Store } from '../store/store.ts';
import type { MergedPull } from './introduced-by.ts';
import type { Answer } from './ports.ts';
import type { Sees } from './target.ts';
import type { CarryOutDeps, Task } from './task.ts';
import { closedNote, refresh, reopen, waitingApproval } from '../engine/request.ts';
import { applicationKey, shortRevision } from '../model/application.ts';
import { operationText } from '../policy/outside-text.ts';
import { decideApproval } from './approval.ts';
import { createAsker } from './identity.ts';
import { isBrought, mergeIn } from './introduced-by.ts';
import { helpText, verbs } from './command.ts';
import { openHold } from './hold.ts';
import { heal, isStanding } from './heal.ts';
import { endLock, lockedText, openLock } from './lock.ts';
import { openRevert } from './revert.ts';
import { rollBack } from './rollback.ts';
import { snooze, unsnooze } from './snooze.ts';
import { syncNow } from './sync.ts';
import { findApplication, seen, unseen, waitingApplications } from './target.ts';
import { requestDeps } from './task.ts';

/** The right (argocd-rbac-cm) that each verb needs. */
export const rights: Record<Exclude<Request['spec']['verb'], 'help'>, Action> = {
  status: 'get',
  diff: 'get',
  sync: 'sync',
  retry: 'sync',
  approve: 'approve',
  reject: 'approve',
  reopen: 'approve',
  revert: 'revert',
  heal: 'revert',
  rollback: 'revert',
  hold: 'update',
  snooze: 'snooze',
  unsnooze: 'snooze',
  lock: 'sync',
  unlock: 'sync',
};

const circles: Record<string, string> = {
  Healthy: '🟢',
  Progressing: '🔵',
  Degraded: '🔴',
  Missing: '🟠',
  Suspended: '⏸️',
};

function statusLine(deps: CarryOutDeps, app: Application): string {
  const { store } = deps;
  const { sync, health, operationState } = app.status ?? {};
  const state = health?.status ?? 'Unknown';
  const circle = state === 'Healthy' && sync?.status === 'OutOfSync' ? '🟡' : (circles[state] ?? '⚪');
  const failed =
    operationState && ['Failed', 'Error'].includes(operationState.phase)
      ? [`last sync ${operationState.phase.toLowerCase()}: ${operationText(operationState)}`]
      : [];
  const running = app.operation ? ['an operation is running'] : [];
  const waits = waitingApproval(store, applicationKey(app)) ? ['waits for approval'] : [];
  const lock = lockedText({ deps, app });
  const drift = store.episodes.of(applicationKey(app)).find(isStanding);
  const { phase, snooze: snoozed } = drift?.status ?? {};
  const until = phase === 'Snoozed' && snoozed ? ` (snoozed until ${snoozed.until} by ${snoozed.by.login})` : '';
  const drifted = drift ? [`edited in the cluster${until}`] : [];
  return [
    `${circle} ${app.metadata.name}`,
    `${sync?.status ?? 'Unknown'} at ${shortRevision(sync?.revision ?? 'nothing')}`,
    state,
    ...(lock === undefined ? [] : [`🔒 ${lock}`]),
    ...waits,
    ...drifted,
    ...running,
    ...failed,
  ].join(' · ');
}

async function askAgain({ deps, request, person, app }: Task): Promise<Answer> {
  const digest = request.spec.digest ?? request.spec.args['digest']?.toLowerCase();
  if (digest !== undefined && digest.length < 6)
    return { ok: false, text: `${app.metadata.name}: a digest needs six of its digits` };
  const outcome = await reopen(requestDeps(deps), {
    application: applicationKey(app),
    actor: { ...request.spec.actor, id: person.id },
    ...(digest !== undefined && { digest }),
  });
  return { ok: outcome.done, text: `${app.metadata.name}: ${outcome.message}` };
}

function idleWhy({ turn }: Pick<CarryOutDeps, 'turn'>, app: Application): string | undefined {
  const found = turn?.(app);
  return found?.by === 'nobody' ? found.why : undefined;
}

/** Of what would be written to the Application, or wait for somebody to work on it: why it would not be done. */
function idle({ deps, request: { spec }, app }: Task): string | undefined {
  if (spec.verb === 'status' || spec.verb === 'revert' || spec.verb === 'hold' || spec.verb === 'help')
    return undefined;
  const why = idleWhy(deps, app);
  return why === undefined ? undefined : `${app.metadata.name}: ${why}`;
}

async function perform(task: Task): Promise<Answer> {
  const { deps, request, app } = task;
  const why = idle(task);
  if (why !== undefined) return { ok: false, text: why };
  switch (request.spec.verb) {
    case 'approve':
    case 'reject':
      return decideApproval(task, request.spec.verb);
    case 'reopen':
      return askAgain(task);
    case 'sync':
    case 'retry':
      return syncNow(task, request.spec.verb);
    case 'heal':
      return heal(task);
    case 'revert':
      return openRevert(deps, { request, app, actor: { ...request.spec.actor, id: task.person.id } });
    case 'rollback':
      return rollBack(task);
    case 'hold':
      return openHold(deps, { request, app, actor: { ...request.spec.actor, id: task.person.id } });
    case 'snooze':
      return snooze(task);
    case 'unsnooze':
      return unsnooze(task);
    case 'lock':
      return openLock(task);
    case 'unlock':
      return endLock(task);
    case 'diff':
      await refresh(deps, applicationKey(app));
      return { ok: true, text: `${app.metadata.name} is compared again` };
    case 'status':
      return { ok: true, text: statusLine(deps, app) };
    case 'help':
      return { ok: true, text: helpText(request.spec.application) };
  }
}

/** What may be asked of several at once: people decide about what they were shown, one by one. */
const several: ReadonlySet<Request['spec']['verb']> = new Set(['status', 'diff', 'sync', 'retry', 'lock', 'unlock']);

/** `--all`: those that the pull request touches; elsewhere those that the person may see. */
function isAll({ spec }: Request): boolean {
  return several.has(spec.verb) && spec.args['all'] === 'true';
}

/** Applications a command without a name means: those that wait, or all that the pull request touches. */
async function implied(deps: CarryOutDeps, { request, merged, sees }: Asking): Promise<Application[]> {
  const { verb, pull } = request.spec;
  if (verb === 'approve' || verb === 'reject') return seen(await waitingApplications(deps, request, merged), sees);
  if (verb !== 'status' && verb !== 'diff' && !isAll(request)) return [];
  if (!pull) return seen(deps.store.applications.list(), sees);
  const touched = (await deps.forge?.touchedBy(pull, deps.signal)) ?? [];
  return touched.flatMap((key) => deps.store.applications.get(key) ?? []);
}

function nothingMeant(store: Store, request: Request): string {
  const { verb, pull } = request.spec;
  if (verb === 'approve' || verb === 'reject')
    return pull ? 'nothing that this pull request brought waits for approval' : 'nothing waits for approval';
  if (!pull && (verb === 'status' || verb === 'diff' || isAll(request)))
    return unseen(store, 'there is no application that you may see');
  if (isAll(request)) return 'this pull request touches no application';
  return verb === 'help' ? 'name an application' : `name an application: ${verbs[verb].usage}`;
}

/**
 * What was rejected, or has expired, is no longer waited for: who asks to decide about it is told how it is asked for
 * again.
 */
async function closedAmong(deps: CarryOutDeps, { request: { spec }, sees }: Asking): Promise<string[]> {
  if ((spec.verb !== 'approve' && spec.verb !== 'reject') || spec.pull) return [];
  const closed = deps.store.applications
    .list()
    .filter(
      (app) => app.status?.sync?.status === 'OutOfSync' && closedNote(deps.store, applicationKey(app)) !== undefined,
    );
  return (await seen(closed, sees))
    .slice(0, 5)
    .map((app) => `${app.metadata.name}: ${closedNote(deps.store, applicationKey(app)) ?? ''}`);
}

/** What waited is void while no engine works on the application: who asks to decide about it is told why. */
async function idleAmong(deps: CarryOutDeps, { request: { spec }, merged, sees }: Asking): Promise<string[]> {
  if (spec.verb !== 'approve' && spec.verb !== 'reject') return [];
  const idle: Application[] = [];
  for (const app of deps.store.applications.list()) {
    if (idleWhy(deps, app) === undefined) continue;
    const [newest] = deps.store.approvals
      .of(applicationKey(app))
      .toSorted(
        (a, b) => Date.parse(b.metadata.creationTimestamp ?? '') - Date.parse(a.metadata.creationTimestamp ?? ''),
      );
    const voided = newest?.status?.phase === 'Superseded';
    if (voided && (!merged || (await isBrought(deps, newest, merged)))) idle.push(app);
  }
  return (await seen(idle, sees)).slice(0, 5).map((app) => `${app.metadata.name}: ${idleWhy(deps, app) ?? ''}`);
}

interface Asking {
  request: Request;
  merged: MergedPull | undefined;
  sees: Sees;
}

async function meant(deps: CarryOutDeps, asking: Asking): Promise<{ apps: Application[]; refused?: string }> {
  const { request, sees } = asking;
  if (request.spec.application && isAll(request))
    return {
      apps: [],
      refused: `${request.spec.application.slice(0, 80)} and --all are two things; write one of them`,
    };
  if (request.spec.application) {
    const found = await findApplication(deps.store, request.spec.application, sees);
    if (!found.ok) return { apps: [], refused: found.message };
    const { length } = found.apps;
    if (length > 1 && !several.has(request.spec.verb))
      return { apps: [], refused: `that selects ${length} applications; name the one that you mean` };
    return { apps: found.apps };
  }
  const apps = await implied(deps, asking);
  if (apps.length > 0) return { apps };
  const notes = [...(await closedAmong(deps, asking)), ...(await idleAmong(deps, asking))];
  return { apps, refused: [nothingMeant(deps.store, request), ...notes].join('\n') };
}

/** Answers what became of it; throws what is worth another try. */
export async function carryOut(deps: CarryOutDeps, request: Request): Promise<Answer> {
  const { verb, pull, args } = request.spec;
  if (args['error']) return { ok: false, text: args['error'] };
  if (verb === 'help') return { ok: true, text: helpText(request.spec.application) };
  await deps.forge?.ready();
  const merge = pull && (verb === 'approve' || verb === 'reject') ? await mergeIn(deps, pull) : undefined;
  if (merge && 'refused' in merge) return { ok: false, text: merge.refused };
  const touched = async (): Promise<string[]> => (pull && (await deps.forge?.touchedBy(pull, deps.signal))) ?? [];
  const asker = await createAsker({ ...deps, touched }, request.spec);
  const { apps, refused } = await meant(deps, { request, merged: merge, sees: (app) => asker.sees(rights[verb], app) });
  if (verb === 'diff' && pull) deps.forge?.refreshPull(pull);
  // What it brings may not be in the cluster yet; its comment is made anew all the same.
  if (verb === 'diff' && pull && refused && !request.spec.application)
    return { ok: true, text: 'this pull request is looked at again' };
  if (refused) return { ok: false, text: refused };
  const answers: Answer[] = [];
  for (const app of apps) {
    const denied = await asker.refusal(rights[verb], app);
    answers.push(
      denied
        ? { ok: false, text: denied }
        : await perform({ deps, request, person: await asker.person(app), app, merged: merge }),
    );
  }
  return merged(answers, verb);
}

/** More lines than this nobody reads in a chat. */
const mostLines = 40;

/**
 * One answer of several; all is well when something was done. Applications that a person may not even see are not named
 * to them.
 */
function merged(answers: Answer[], verb: Exclude<Request['spec']['verb'], 'help'>): Answer {
  const good = answers.filter((item) => item.ok);
  if (verb === 'diff' && good.length > 1) return { ok: true, text: `${good.length} applications are compared again` };
  const result: Record<string, string> = Object.fromEntries(
    answers.flatMap((item) => Object.entries(item.result ?? {})),
  );
  const syncs = answers.flatMap((item) => item.syncs ?? []);
  const lines = [
    ...new Set((good.length > 0 && rights[verb] === 'get' ? good : answers).map((item) => item.text)),
  ].sort();
  const more = lines.length > mostLines ? [`and ${lines.length - mostLines} more; name one of them`] : [];
  return {
    ok: good.length > 0,
    text: [...lines.slice(0, mostLines), ...more].join('\n'),
    ...(Object.keys(result).length > 0 && { result }),
    ...(syncs.length > 0 && { syncs }),
  };
}
