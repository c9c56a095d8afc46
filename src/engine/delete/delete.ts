// Deleting an application: what its finalizers ask for, one after the other, and why it waits
// (Argo CD: controller/appcontroller.go finalizeApplicationDeletion).
import type { Application } from '../../model/application.ts';
import type { Target } from '../application/assess.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Waiting } from './cascade.ts';
import { describeError, errorKind } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { cascade } from './cascade.ts';
import { heldByGate } from './gate.ts';
import { finalizersOf, heldByHooks } from './hooks.ts';
import { letGo, namesOf, othersOf, unread } from '../application/others.ts';
import { markApplied } from '../approval/round.ts';
import { projectOf } from '../application/ownership.ts';
import { withConditions, write } from '../application/status.ts';

/** Milliseconds after which what failed is tried again. */
const againMs = 10_000;

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

async function removeFinalizers(deps: ReconcileDeps, app: Application, done: readonly string[]): Promise<void> {
  const left = (app.metadata.finalizers ?? []).filter((item) => !done.includes(item));
  const { resourceVersion } = app.metadata;
  deps.claim(applicationKey(app));
  const metadata = { finalizers: left.length > 0 ? left : null, ...(resourceVersion && { resourceVersion }) };
  try {
    await deps.store.applications.patch(applicationKey(app), { metadata });
  } catch (error) {
    // It went meanwhile, which its watch tells: by our own patch a moment ago, or by somebody's hand.
    if (!isStatus(error, 404)) throw error;
  }
}

/** What must be known and agreed to before anything goes. */
async function beforeCascade(
  deps: ReconcileDeps,
  app: Application,
  target: Target,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const behind = await unread(deps, app, target, signal);
  if (behind.length > 0)
    return {
      error:
        `Nothing is deleted until it is known what ${namesOf(behind)} holds: what moves there stays. ` +
        'It goes on by itself.',
      after: unreadMs,
    };
  return heldByGate(deps, app, target);
}

/** undefined when nothing is left to wait for. A cluster that is gone takes everything with it. */
async function work(deps: ReconcileDeps, app: Application, signal: AbortSignal): Promise<Waiting | undefined> {
  const target = await deps.targetOf(app, { sure: true });
  if (!target) return undefined;
  const tracking = trackingName(app, deps.store.namespace);
  deps.memory.of(applicationKey(app), tracking).server = target.server;
  letGo(deps, target, tracking);
  const cascading = finalizersOf(app).filter((item) => item.startsWith(argo.resourcesFinalizer));
  const asked = cascading.length > 0 ? await beforeCascade(deps, app, target, signal) : undefined;
  if (asked) return asked;
  const before = await heldByHooks(deps, app, 'PreDelete', signal);
  if (before) return before;
  if (cascading.length > 0) {
    const project = projectOf(deps.store, app);
    // Nobody can tell what it would have kept; when it comes, the deletion goes on.
    if (!project)
      return {
        error:
          `The AppProject ${app.spec.project} does not exist, so nobody can tell which objects may be deleted. ` +
          `Make it again, or remove the finalizer ${cascading.join(' and ')} ` +
          'from the application to leave all its objects.',
      };
    const left = await cascade({
      app,
      project,
      target,
      tracking,
      heldBy: othersOf(deps, target, tracking).heldBy,
      signal,
    });
    if (left) return left;
  }
  return heldByHooks(deps, app, 'PostDelete', signal);
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
  const finalizers = finalizersOf(app);
  if (finalizers.length === 0) return undefined;
  let waiting: Waiting | undefined;
  try {
    waiting = await work(deps, app, signal);
  } catch (error) {
    if (signal.aborted || isStatus(error, 409) || errorKind(error) !== 'terminal') throw error;
    waiting = { error: describeError(error), after: againMs };
  }
  if (!waiting) {
    await endApprovals(deps, app);
    await removeFinalizers(deps, app, finalizers);
  }
  if (waiting) await told(deps, app, waiting.error);
  return waiting?.after;
}
