// Who must agree to what a pull request does: the gates that stand now, and those that it would loosen elsewhere.
import type { Affected } from './affected.ts';
import type { Application } from '../model/application.ts';
import type { AppPreview } from './pull.ts';
import type { ChangeDeps } from './deps.ts';
import type { Effect } from '../model/effect.ts';
import type { EffectivePolicy, LoosenedGate } from '../policy/policy.ts';
import { effectivePolicy, loosenedGates, stricter } from '../policy/policy.ts';
import { projectOf } from './permission.ts';

export function policyFor(deps: Pick<ChangeDeps, 'projects' | 'namespace'>, app: Application): EffectivePolicy {
  return effectivePolicy(app, projectOf(deps, app));
}

/** Gates of other applications that the sync would weaken or delete: it waits for approval under them. */
function loosenedBy(deps: ChangeDeps, effect: Effect | undefined): LoosenedGate[] {
  const pairs = (effect?.total ?? []).flatMap(({ key, before, after }) => {
    if (key.group !== 'argoproj.io') return [];
    const name = `${key.namespace}/${key.name}`;
    const live =
      key.kind === 'Application'
        ? deps.applications.get(name)
        : key.kind === 'AppProject'
          ? deps.projects.get(name)
          : undefined;
    return [{ live: live ?? before, target: after }];
  });
  return pairs.length === 0
    ? []
    : loosenedGates(pairs, new Map(deps.projects.list().map((project) => [project.metadata.name, project])), (app) =>
        deps.formerPolicy(app),
      );
}

/** Who must agree to what the sync does; an Application that is removed goes with its parent, whose gate counts. */
export function gateOf(
  deps: ChangeDeps,
  item: Affected,
  effect: Effect | undefined,
): Pick<AppPreview, 'gated' | 'approvers' | 'approvals'> {
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
  return { gated: true, approvers, approvals };
}
