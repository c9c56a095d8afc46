// Who must agree to what a pull request does: the gates that stand now, and those that it would loosen elsewhere.
import type { Affected } from './affected.ts';
import type { Application } from '../model/application.ts';
import type { AppPreview } from './pull.ts';
import type { ChangeDeps } from './deps.ts';
import type { Effect } from '../model/effect.ts';
import type { GateAfter } from '../model/coxswain.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { EffectivePolicy, LoosenedGate } from '../policy/policy.ts';
import { applicationKey } from '../model/application.ts';
import { isProject } from '../model/argo-kinds.ts';
import { lockOf, lockText } from '../policy/lock.ts';
import { effectivePolicy, loosenedGates, loosens, stricter } from '../policy/policy.ts';
import { projectOf } from './permission.ts';

/** What annotations of the application and of its project ask for, the stricter of the two. */
export function policyFor(deps: Pick<ChangeDeps, 'projects' | 'namespace'>, app: Application): EffectivePolicy {
  return effectivePolicy(app, projectOf(deps, app));
}

/** What the gate of an Application that is there cannot hold. */
export function toldOf(deps: Pick<ChangeDeps, 'told'>, app: Application | undefined): { told?: string[] } {
  const told = (app && deps.told?.(app)) ?? [];
  return told.length > 0 ? { told } : {};
}

/** What keeps all of it from syncing now. */
export function lockTextOf({ clock }: Pick<ChangeDeps, 'clock'>, app: Application | undefined): string | undefined {
  const lock = app && lockOf(app, clock.now());
  return lock && lockText(lock);
}

interface Pair {
  key: ResourceKey;
  live: KubeObject | undefined;
  target: KubeObject | undefined;
}

/** Applications and AppProjects that the sync changes or deletes. */
function pairsOf(deps: ChangeDeps, effect: Effect | undefined): Pair[] {
  return (effect?.total ?? []).flatMap(({ key, before, after }) => {
    if (key.group !== 'argoproj.io') return [];
    const name = `${key.namespace}/${key.name}`;
    const live =
      key.kind === 'Application'
        ? deps.applications.get(name)
        : key.kind === 'AppProject'
          ? deps.projects.get(name)
          : undefined;
    return [{ key, live: live ?? before, target: after }];
  });
}

/** Gates of other applications that the sync would weaken or delete: it waits for approval under them. */
function loosenedBy(deps: ChangeDeps, effect: Effect | undefined): LoosenedGate[] {
  const pairs = pairsOf(deps, effect);
  return pairs.length === 0
    ? []
    : loosenedGates(pairs, new Map(deps.projects.list().map((project) => [project.metadata.name, project])), (app) =>
        deps.formerPolicy(app),
      );
}

/** What stands, after the merge, of the gates that it ends or loosens: the application's own, those of its projects. */
function gatesAfter(deps: ChangeDeps, { before, after }: Affected, effect: Effect | undefined): GateAfter[] {
  const left = (live: Application, then: EffectivePolicy): GateAfter[] => {
    const former = deps.formerPolicy(live);
    const now = policyFor(deps, live);
    const { gated, approvals, approvers, reviewers, expires } = then;
    const policy = { gated, approvals, approvers, ...(reviewers && { reviewers }), ...(expires && { expires }) };
    return loosens(former?.gated ? stricter(now, former) : now, then)
      ? [{ application: applicationKey(live), policy }]
      : [];
  };
  const projects = pairsOf(deps, effect).filter(({ key }) => isProject(key) && key.namespace === deps.namespace);
  const inProjects = projects.flatMap(({ key, target }) =>
    deps.applications
      .list()
      .filter(({ spec }) => spec.project === key.name)
      .flatMap((app) => left(app, effectivePolicy(app, target))),
  );
  return [...(before && after ? left(before, policyFor(deps, after)) : []), ...inProjects];
}

/** Who must agree to what the sync does; an Application that is removed goes with its parent, whose gate counts. */
export function gateOf(
  deps: ChangeDeps,
  item: Affected,
  effect: Effect | undefined,
): Pick<AppPreview, 'gated' | 'approvers' | 'approvals' | 'gates'> {
  const open = { gated: false, approvers: [], approvals: 0 };
  if (!item.after) return open;
  const former = item.before && deps.formerPolicy(item.before);
  // The gate is the one that stands now: a pull request that loosens it needs approval under the old policy.
  const gates = [
    policyFor(deps, item.before ?? item.after),
    policyFor(deps, item.after),
    ...(former ? [former] : []),
    ...loosenedBy(deps, effect).map(({ before }) => before),
    ...(effect?.asks ?? []).map((asked) => ({ ...asked, gated: true, environment: undefined, slack: undefined })),
  ];
  const [first, ...others] = gates.filter(({ gated }) => gated);
  if (!first) return open;
  const { approvers, approvals } = others.reduce(stricter, first);
  const after = gatesAfter(deps, item, effect);
  return { gated: true, approvers, approvals, ...(after.length > 0 && { gates: after }) };
}
