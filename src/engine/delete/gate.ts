// Deleting an Application asks as a sync does: where a gate bears on what goes with it, nothing goes before people have
// agreed to exactly that.
import type { Gone } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { Effect, EffectOperation, ObjectDiff } from '../../model/effect.ts';
import type { GateDecision } from '../../policy/gate.ts';
import type { LoosenedGate } from '../../policy/policy.ts';
import type { Target } from '../application/assess.ts';
import type { Waiting } from './cascade.ts';
import type { DeleteHook } from './hooks.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { sameJson } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { deletionsOf } from '../../compare/effect/others.ts';
import { destinationOf, digestOf } from '../../compare/object/digest.ts';
import { maskObjects } from '../../diff/mask.ts';
import { applicationKey } from '../../model/application.ts';
import { keyText } from '../../model/kube.ts';
import { approvalRequired, decideGate } from '../../policy/gate.ts';
import { metText } from '../../policy/gate-text.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { isApprovalOf, openApproval, tooLarge } from '../approval/approval.ts';
import { withReviewers } from '../approval/authors.ts';
import { peopleLately, peopleNow } from '../approval/rights.ts';
import { goesWith, projectOf } from '../application/ownership.ts';
import { isWhereSynced } from '../application/sync-record.ts';
import { followPolicy, policyInForce } from '../application/gate-record.ts';
import { ownHooksIn } from './hooks.ts';

/** What the whole tree has now; clusters that cannot be reached tell by the statuses of their applications. */
async function treeNow(deps: ReconcileDeps, app: Application): Promise<Gone[]> {
  for (const { application } of goesWith(deps, app)) {
    const each = deps.store.applications.get(application);
    if (each) await deps.targetOf(each).catch(() => undefined);
  }
  return goesWith(deps, app);
}

function isSame(a: EffectOperation, b: EffectOperation): boolean {
  if (a.op === 'hook') return sameJson(a, b);
  return a.op === 'delete' && b.op === 'delete' && sameJson([a.key, a.with], [b.key, b.with]);
}

/** The garbage collector comes after its owner has gone (milliseconds). */
const collectorMs = 60_000;

/**
 * What was agreed to for another Application, such as the parent, counts where that one's deletion, begun under it,
 * takes this one along.
 */
export function isUnder(deps: ReconcileDeps, app: Application, { status }: Approval): boolean {
  if (status?.phase === 'Approved') return true;
  const until = Date.parse(status?.endedAt ?? '') + (app.metadata.ownerReferences ? collectorMs : 1000);
  return deps.store.applications.list().some((each) => {
    const begun = Date.parse(each.metadata.deletionTimestamp ?? '') <= until;
    return (
      begun &&
      (applicationKey(each) === applicationKey(app) ||
        goesWith(deps, each).some(({ application }) => application === applicationKey(app)))
    );
  });
}

/**
 * What was agreed to for this one was for that very cluster; what was agreed to for another Application, for the
 * cluster to which this one was last synced.
 */
function isMeantHere({ store }: ReconcileDeps, { app, target, effect }: Going, { spec }: Approval): boolean {
  return spec.application === applicationKey(app)
    ? sameJson(spec.destination, effect.destination)
    : isWhereSynced(store, { app, target });
}

/** A deletion was let pass under it. Whoever dies at its end finds it as applied. */
export function isCarriedOut({ status }: Approval): boolean {
  return status?.begunAt !== undefined && (status.phase === 'Approved' || status.phase === 'Applied');
}

function candidates(deps: ReconcileDeps, going: Going): Approval[] {
  const { app, effect } = going;
  return deps.store.approvals.list().filter((approval) => {
    const own = approval.spec.application === applicationKey(app);
    const phases = own ? ['Approved', 'Pending', 'Rejected', 'Expired'] : ['Approved', 'Applied'];
    const stands = phases.includes(approval.status?.phase ?? 'Pending') || (own && isCarriedOut(approval));
    if (!stands || (own && !isApprovalOf(approval, app))) return false;
    return (
      isMeantHere(deps, going, approval) &&
      effect.operations.every((operation) => approval.spec.operations.some((item) => isSame(item, operation))) &&
      (own || isUnder(deps, app, approval))
    );
  });
}

interface Going {
  app: Application;
  target: Target;
  effect: Effect;
}

interface Asked {
  app: Application;
  effect: Effect;
  gates: readonly LoosenedGate[];
}

/** Whoever deletes an Application by hand leaves no name, and may be one of those who approve it. */
const byHand = 'who deleted the Application left no name';

/** The gate's answer by that Approval; without one, that nobody has agreed. */
async function decided(
  deps: ReconcileDeps,
  { app, effect, gates }: Asked,
  approval: Approval | undefined,
): Promise<GateDecision> {
  const project = projectOf(deps.store, app);
  const phase = approval?.status?.phase ?? 'Pending';
  // Of an approval of the parent the parent's own gate has asked that.
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  const own = approval?.spec.application === applicationKey(app);
  const by = approval ? await (own ? peopleLately(deps, { app, known }, approval) : peopleNow({}, app, approval)) : [];
  const digest = approval?.spec.digest ?? effect.digest;
  const policy = policyInForce(deps.store, app, project);
  return decideGate({
    application: app.metadata.name,
    policy: by.length > 0 ? await withReviewers(deps.authors, app, policy) : policy,
    loosened: gates,
    effect: { digest, empty: false, tooLarge: tooLarge(effect.operations) },
    target: { revisions: [], sources: 'deletion' },
    last: undefined,
    approvals: approval
      ? [
          {
            name: approval.metadata.name,
            digest,
            phase: phase === 'Applied' ? 'Approved' : phase,
            message: approval.status?.message ?? '',
            by,
          },
        ]
      : [],
    authors:
      approval && by.length > 0
        ? await deps.authors.authorsOf(
            { ranges: approval.spec.ranges ?? [], unknown: approval.spec.unknown ?? [] },
            app,
          )
        : { people: [], unknown: [byHand] },
  });
}

function hookDiff({ key, phase, manifest }: DeleteHook): ObjectDiff {
  const [after] = maskObjects([manifest]);
  return { key, action: 'hook', changes: [], ...(after && { after }), notes: [`runs at ${phase}`] };
}

function effectOf(
  deps: ReconcileDeps,
  { app, target }: Pick<Going, 'app' | 'target'>,
  gone: readonly Gone[],
  { coming, made }: { coming: readonly DeleteHook[]; made: ReadonlySet<string> },
): Effect {
  const { operations: deletions, deleted, risks } = deletionsOf(gone);
  const input = { app, tracking: trackingName(app, deps.store.namespace), target: [], prune: true };
  /** To these people have agreed as hooks. What has the name of one alone is an object as any other. */
  const isAgreedHook = (operation: EffectOperation): boolean =>
    operation.op === 'delete' &&
    operation.with?.application === applicationKey(app) &&
    made.has(keyText(operation.key));
  const operations = [
    ...deletions.filter((operation) => !isAgreedHook(operation)),
    ...coming.map(({ key, manifest, phase }) => target.comparer.judgeHook(input, { key, manifest, phase })),
  ];
  const destination = destinationOf(app, target);
  return {
    drift: [],
    waiting: [],
    change: [],
    total: (gone[0]?.objects ?? []).map((key) => ({ key, action: 'delete', changes: [], notes: [] })),
    hooks: coming.map(hookDiff),
    errors: [],
    risks,
    operations,
    deleted,
    destination,
    unwritten: [],
    digest: digestOf({ application: applicationKey(app), destination, syncOptions: [], operations }),
    notes: ['The Application is being deleted.'],
  };
}

/** From now on the deletion is under way, for as long as it takes. */
async function begin(
  { store, clock }: ReconcileDeps,
  app: Application,
  { metadata, spec, status }: Approval,
): Promise<void> {
  if (spec.application !== applicationKey(app) || status?.begunAt !== undefined) return;
  const begun = { status: { begunAt: rfc3339(clock.now()) } };
  await store.approvals.patch(`${metadata.namespace}/${metadata.name}`, begun, { subresource: 'status' });
}

/** undefined: nothing that a gate guards goes, or people have agreed to all that goes, and to the hooks that run. */
export async function heldByGate(
  deps: ReconcileDeps,
  app: Application,
  target: Target,
  { coming, signal }: { coming: readonly DeleteHook[]; signal: AbortSignal },
): Promise<Waiting | undefined> {
  const gone = await treeNow(deps, app);
  const gates = gone.flatMap((each) => each.gates);
  if (gates.length === 0) return undefined;
  const made = await ownHooksIn(deps, app, target.cluster, signal);
  const effect = effectOf(deps, { app, target }, gone, { coming, made });
  if (effect.operations.length === 0) return undefined;
  const asked = { app, effect, gates };
  const found = candidates(deps, { app, target, effect });
  for (const approval of found) {
    if ((await decided(deps, asked, approval)).do !== 'go') continue;
    await begin(deps, app, approval);
    return undefined;
  }
  const verdict = await decided(
    deps,
    asked,
    found.find(({ spec }) => spec.digest === effect.digest),
  );
  if (verdict.do === 'refuse')
    return {
      error:
        `${verdict.why}. Nothing is deleted; to leave all its objects, ` +
        'remove the finalizers from the application.',
    };
  // From now on it is asked to the end, whatever becomes of the annotations.
  await followPolicy(deps.store, app, projectOf(deps.store, app));
  const history = app.status?.history?.at(-1);
  const name = await openApproval(deps, {
    application: app,
    digest: effect.digest,
    revision: history?.revision ?? history?.revisions?.[0] ?? '',
    from: undefined,
    ranges: [],
    made: { people: [], unknown: [byHand] },
    destination: effect.destination,
    operations: effect.operations,
    policy: verdict.policy,
  });
  deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace)).effect = { key: 'deletion', effect };
  return {
    error:
      `${approvalRequired(name)}: it would ${metText(gates)}; who deleted it is not known, ` +
      'so two people must agree',
  };
}
