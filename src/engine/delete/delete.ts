// Deleting an application: what its finalizers ask for, one after the other, and why it waits
// (Argo CD: controller/appcontroller.go finalizeApplicationDeletion).
import type { Application } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Target } from '../application/assess.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Waiting } from './cascade.ts';
import type { Stage } from './finalizers.ts';
import type { DeleteHook } from './hooks.ts';
import { describeError, errorKind } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { cascade } from './cascade.ts';
import { endGateWith } from './end.ts';
import { heldByGate } from './gate.ts';
import { clearHooks, deleteHooksOf, runHooks } from './hooks.ts';
import { stagesOf } from './finalizers.ts';
import { letGo, namesOf, othersOf, unread } from '../application/others.ts';
import { markApplied } from '../approval/round.ts';
import { goesWith, projectOf } from '../application/ownership.ts';
import { withConditions, write } from '../application/status.ts';

/** Milliseconds after which what failed is tried again. */
const againMs = 10_000;

/** The same for hooks that cannot be read. */
const unreadableMs = 60_000;

/** The same for applications that are not rendered yet. */
const unreadMs = 1_000;

async function told(deps: ReconcileDeps, app: Application, error: string | undefined): Promise<void> {
  const before = app.status?.conditions;
  if (error === undefined && !before?.some((item) => item.type === 'DeletionError')) return;
  const conditions = withConditions(
    before,
    ['DeletionError'],
    error === undefined ? [] : [{ type: 'DeletionError', message: error }],
    deps.clock.now(),
  );
  await write(deps, app, { ...app.status, conditions });
}

/** People agreed to what has been done now. */
async function endApprovals(deps: ReconcileDeps, app: Application): Promise<void> {
  const approved = deps.store.approvals.of(applicationKey(app)).filter(({ status }) => status?.phase === 'Approved');
  for (const { metadata } of approved) await markApplied(deps, applicationKey(app), metadata.name, 'deleted');
}

/** The Application as it is then; undefined when it is gone. */
async function removeFinalizers(
  deps: ReconcileDeps,
  app: Application,
  done: readonly string[],
): Promise<Application | undefined> {
  const left = (app.metadata.finalizers ?? []).filter((item) => !done.includes(item));
  const { resourceVersion } = app.metadata;
  deps.claim(applicationKey(app));
  const metadata = { finalizers: left.length > 0 ? left : null, ...(resourceVersion && { resourceVersion }) };
  try {
    const answer = await deps.store.applications.patch(applicationKey(app), { metadata });
    return left.length > 0 ? answer : undefined;
  } catch (error) {
    // It went meanwhile, which its watch tells: by our own patch a moment ago, or by somebody's hand.
    if (!isStatus(error, 404)) throw error;
    return undefined;
  }
}

/** The hooks of this deletion; why it waits where nobody can tell. */
async function hooksFor(
  deps: ReconcileDeps,
  { app, target, stages }: Work,
  signal: AbortSignal,
): Promise<{ hooks: DeleteHook[] } | { waits: Waiting }> {
  const asking = stages.filter(({ do: does }) => does === 'run').flatMap(({ names }) => names);
  if (asking.length === 0) return { hooks: [] };
  try {
    return { hooks: await deleteHooksOf(deps, app, target, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    return {
      waits: {
        error:
          `Nobody can tell which hooks run at its deletion: ${describeError(error)} If there are none, ` +
          `remove the finalizer ${asking.join(' and ')} from the application.`,
        after: unreadableMs,
      },
    };
  }
}

interface Work {
  app: Application;
  target: Target;
  stages: readonly Stage[];
}

/** What must be known and agreed to before anything of a stage is done. */
async function beforeStage(
  deps: ReconcileDeps,
  { app, target, stages }: Work,
  hooks: readonly DeleteHook[],
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const behind = stages.some(({ do: does }) => does === 'cascade') ? await unread(deps, app, target, signal) : [];
  if (behind.length > 0)
    return {
      error:
        `Nothing is deleted until it is known what ${namesOf(behind)} holds: what moves there stays. ` +
        'It goes on by itself.',
      after: unreadMs,
    };
  const phases = stages.flatMap((stage) => (stage.do === 'run' ? [stage.phase] : []));
  return heldByGate(deps, app, target, { coming: hooks.filter(({ phase }) => phases.includes(phase)), signal });
}

/** Whether that object is an Application that is going, whose deletion takes the application along. */
function takesAlong(deps: ReconcileDeps, key: ResourceKey, app: Application): boolean {
  const other = isApplication(key) ? deps.store.applications.get(`${key.namespace}/${key.name}`) : undefined;
  return (
    other?.metadata.deletionTimestamp !== undefined &&
    goesWith(deps, other).some(({ application }) => application === applicationKey(app))
  );
}

/** undefined when the first stage has nothing left to wait for. */
async function work(deps: ReconcileDeps, input: Work, signal: AbortSignal): Promise<Waiting | undefined> {
  const { app, target, stages } = input;
  const [stage] = stages;
  if (!stage) return undefined;
  if (stage.do === 'clear') return clearHooks({ deps, app, target, signal }, stage.phase);
  const found = await hooksFor(deps, input, signal);
  if ('waits' in found) return found.waits;
  const { hooks } = found;
  const asked = await beforeStage(deps, input, hooks, signal);
  if (asked) return asked;
  if (stage.do === 'run' && !hooks.some(({ phase }) => phase === stage.phase)) return undefined;
  const project = projectOf(deps.store, app);
  // Nobody can tell what it would have kept; when it comes, the deletion goes on.
  if (!project)
    return {
      error:
        `The AppProject ${app.spec.project} does not exist, so nobody can tell which objects may be ` +
        `${stage.do === 'cascade' ? 'deleted' : 'made'}. Make it again, or remove the finalizer ` +
        `${stage.names.join(' and ')} from the application to ` +
        `${stage.do === 'cascade' ? 'leave all its objects' : 'go on without these hooks'}.`,
    };
  if (stage.do === 'run') return runHooks({ deps, app, project, target, signal }, stage.phase, hooks);
  const tracking = trackingName(app, deps.store.namespace);
  const { heldBy } = othersOf(deps, target, tracking);
  return cascade({ app, project, target, tracking, heldBy, signal }, (key) => takesAlong(deps, key, app));
}

/** Stage after stage, each remembered by the finalizer that goes with it. */
async function workAll(deps: ReconcileDeps, of: Application, signal: AbortSignal): Promise<Waiting | undefined> {
  let app: Application | undefined = of;
  const target = await deps.targetOf(app, { sure: true });
  // A cluster that is gone has taken everything with it.
  const names = stagesOf(app).flatMap((stage) => stage.names);
  if (!target) {
    await endApprovals(deps, app);
    await removeFinalizers(deps, app, names);
    return undefined;
  }
  const tracking = trackingName(app, deps.store.namespace);
  deps.memory.of(applicationKey(app), tracking).server = target.server;
  letGo(deps, target, tracking);
  while (app) {
    const stages = stagesOf(app);
    const [stage] = stages;
    if (!stage) return undefined;
    const waiting = await work(deps, { app, target, stages }, signal);
    if (waiting) {
      await told(deps, app, waiting.error);
      return waiting;
    }
    if (stages.length === 1) {
      await endGateWith(deps, app, target, signal);
      await endApprovals(deps, app);
    }
    app = await removeFinalizers(deps, app, stage.names);
  }
  return undefined;
}

/**
 * Goes on with every event of its objects. Milliseconds after which to look again; undefined = only when something
 * happens.
 */
export async function deleteApplication(
  deps: ReconcileDeps,
  app: Application,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (stagesOf(app).length === 0) return undefined;
  try {
    return (await workAll(deps, app, signal))?.after;
  } catch (error) {
    if (signal.aborted || isStatus(error, 409) || errorKind(error) !== 'terminal') throw error;
    await told(deps, deps.store.applications.get(applicationKey(app)) ?? app, describeError(error));
    return againMs;
  }
}
