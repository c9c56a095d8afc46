// The end of a gate with the deletion of what it guards.
import type { Application } from '../../model/application.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Target } from '../application/assess.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { sameJson } from '../../base/canonical.ts';
import { destinationOf } from '../../compare/object/digest.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { keyText } from '../../model/kube.ts';
import { resourceDenied } from '../../policy/project.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { projectOf } from '../application/ownership.ts';
import { endGate } from '../application/gate-record.ts';
import { stillHad } from '../application/had.ts';
import { isWhereSynced } from '../application/sync-record.ts';
import { isApprovalOf } from '../approval/approval.ts';
import { isCarriedOut, isUnder } from './gate.ts';
import { ownHooksIn } from './hooks.ts';

/** Whether people agreed to its deletion: by itself, or with that of another. */
function agreesTo(deps: ReconcileDeps, app: Application, target: Target, approval: Approval): boolean {
  const { namespace, name, uid } = app.metadata;
  const { spec, status } = approval;
  if (spec.application === applicationKey(app))
    return (
      isCarriedOut(approval) && isApprovalOf(approval, app) && sameJson(spec.destination, destinationOf(app, target))
    );
  const names = spec.operations.some(
    (operation) =>
      operation.op === 'delete' &&
      (operation.with?.uid === uid ||
        (isApplication(operation.key) && operation.key.namespace === namespace && operation.key.name === name)),
  );
  return names && (status?.phase === 'Approved' || status?.phase === 'Applied') && isUnder(deps, app, approval);
}

/**
 * Whether anything is live, wherever we look, that the application tracks beside what its own hooks have left, or that
 * it is known to have had. Another control plane may have one of its name: of what nobody has seen it have, elsewhere
 * than in its own namespace only what its project permits is its own.
 */
async function leavesAnything(
  deps: ReconcileDeps,
  app: Application,
  target: Target,
  signal: AbortSignal,
): Promise<boolean> {
  const project = projectOf(deps.store, app);
  const isDenied = (key: ResourceKey): boolean =>
    project !== undefined &&
    key.namespace !== app.spec.destination.namespace &&
    resourceDenied(project, key, key.namespace !== '', target) !== undefined;
  const tracking = trackingName(app, deps.store.namespace);
  const had = stillHad(deps, tracking, app);
  const others = deps.store.applications.list().flatMap((each) => deps.connectedTo(each) ?? []);
  const targets = new Set([target, ...others]);
  const looked = new Set([...targets].map(({ identity }) => identity));
  if (had.some(({ cluster }) => !looked.has(cluster))) return true;
  for (const { cluster, identity } of targets) {
    const made = await ownHooksIn(deps, app, cluster, signal);
    const isOther = (key: ResourceKey): boolean =>
      !made.has(keyText(key)) && !(isApplication(key) && `${key.namespace}/${key.name}` === applicationKey(app));
    const known = had.filter((place) => place.cluster === identity).flatMap(({ objects }) => objects);
    const left = cluster.live.keysOf(tracking).filter((key) => !isDenied(key));
    if ([...known, ...left].some(isOther)) return true;
  }
  return false;
}

/**
 * At the end of a deletion. The gate ends with what it guards, and where people agreed to that: what stays, by its own
 * options or because somebody took a finalizer away, stays guarded.
 */
export async function endGateWith(
  deps: ReconcileDeps,
  app: Application,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  if (deps.store.records.get(applicationKey(app))?.spec.policy.gated !== true) return;
  if (!isWhereSynced(deps.store, { app, target })) return;
  if (!deps.store.approvals.list().some((approval) => agreesTo(deps, app, target, approval))) return;
  if (!(await leavesAnything(deps, app, target, signal))) await endGate(deps.store, applicationKey(app));
}
