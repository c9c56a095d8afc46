// The end of a gate: what people are shown of it when they are asked, and how far it is released once that is applied.
import type { Fetched } from '../remote/remotes.ts';
import type { Comparison } from '../../compare/compare.ts';
import type { Application, OperationState } from '../../model/application.ts';
import type { Approval, GateAfter } from '../../model/coxswain.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { AppProject } from '../../model/project.ts';
import type { Store } from '../../store/store.ts';
import type { Gates } from '../application/place.ts';
import type { Destined } from '../application/sync-record.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication, isProject } from '../../model/argo-kinds.ts';
import { isObject } from '../../model/kube.ts';
import { textAt } from '../../model/read.ts';
import { effectivePolicy, loosens } from '../../policy/policy.ts';
import { makesHistory } from '../../sync/history.ts';
import { policyFields, rememberPolicy, rememberSync } from '../application/sync-record.ts';
import { asPolicy, endGate, policyInForce } from '../application/gate-record.ts';
import { orphansAt } from '../application/place.ts';

type Places = Gates & Pick<Store, 'projects' | 'namespace'>;

function projectNamed({ projects, namespace }: Places, name: string): AppProject | undefined {
  return projects.get(`${namespace}/${name || 'default'}`);
}

/** By `namespace/name`: the Applications or AppProjects that the sync writes, as it writes them; undefined: deleted. */
function targetsOf({ objects }: Comparison, is: typeof isApplication): Map<string, KubeObject | undefined> {
  return new Map(
    objects
      .filter(({ key, status, movesTo }) => is(key) && status !== 'Synced' && movesTo === undefined)
      .filter(({ target, requiresPruning }) => target !== undefined || requiresPruning)
      .map(({ key, target }) => [`${key.namespace}/${key.name}`, target]),
  );
}

function projectIn(app: KubeObject): string {
  return (isObject(app['spec']) && textAt(app['spec'], 'project')) || 'default';
}

/**
 * Gates that the sync of this comparison ends or loosens: of the application itself, of those that it writes, of those
 * whose project it writes, and of one that is gone and was where this one deploys.
 */
export function gatesAfter(store: Places, app: Application, comparison: Comparison): GateAfter[] {
  const [apps, projects] = [targetsOf(comparison, isApplication), targetsOf(comparison, isProject)];
  const inProjects = [...projects.keys()]
    .filter((key) => key.startsWith(`${store.namespace}/`))
    .flatMap((key) => store.applications.of(key.slice(store.namespace.length + 1)));
  const written = [...apps.keys()].flatMap((key) => store.applications.get(key) ?? []);
  const concerned = new Map([app, ...written, ...inProjects].map((each) => [applicationKey(each), each]));
  const loosened = [...concerned].flatMap(([application, live]): GateAfter[] => {
    const target = apps.has(application) ? apps.get(application) : live;
    if (!target) return []; // its deletion is shown as one
    const name = projectIn(target);
    const key = `${store.namespace}/${name}`;
    const project = projects.has(key) ? projects.get(key) : projectNamed(store, name);
    const before = policyInForce(store, live, projectNamed(store, live.spec.project));
    const after = effectivePolicy(target, project);
    return loosens(before, after) ? [{ application, policy: policyFields(after) }] : [];
  });
  const orphans = orphansAt(store, app).map(({ spec }): GateAfter => ({
    application: spec.application,
    policy: policyFields({ ...asPolicy(spec.policy), gated: false }),
    gone: true,
  }));
  return [...loosened, ...orphans];
}

/** Applications that people agreed to see deleted. */
function deletedBy({ operations }: Approval['spec']): string[] {
  return operations.flatMap(({ op, key }) =>
    op === 'delete' && isApplication(key) ? [`${key.namespace}/${key.name}`] : [],
  );
}

/** Finalizers of ours hold it. */
function isGoingOn(app: Application | undefined): boolean {
  const { resourcesFinalizer, preDeleteFinalizer, postDeleteFinalizer } = argo;
  const own = [resourcesFinalizer, preDeleteFinalizer, postDeleteFinalizer];
  return (app?.metadata.finalizers ?? []).some((name) => own.some((each) => name.startsWith(each)));
}

/**
 * People who agree to an effect agree to the gates that were said to stand after it: to no looser one, whatever the
 * annotations say by now.
 */
async function release(store: Store, approval: string, app: Application, endsItself: boolean): Promise<void> {
  const spec = store.approvals.get(`${app.metadata.namespace}/${approval}`)?.spec;
  if (!spec) return;
  const deleted = deletedBy(spec);
  for (const { application, policy, gone } of spec.gates ?? []) {
    const live = store.applications.get(application);
    if (!live && gone) await endGate(store, application);
    // Made anew since: nobody was asked about that one.
    if (!live || gone || deleted.includes(application)) continue;
    const now = effectivePolicy(live, projectNamed(store, live.spec.project));
    await rememberPolicy(store, live, loosens(asPolicy(policy), now) ? policy : policyFields(now));
  }
  // What goes on being deleted ends its gate itself, once nothing is left that it guards.
  for (const key of deleted) if (!endsItself || !isGoingOn(store.applications.get(key))) await endGate(store, key);
}

/**
 * At the end of an operation, before its status tells of it. `approval`: name of the Approval under which the gate let
 * it pass. `fetched`: what was synced beside its repositories. `endsItself`: whether a deletion that goes on ends its
 * gate; Argo CD's does not.
 */
export async function recordEnd(
  store: Store,
  subject: Pick<Destined, 'app' | 'target'>,
  {
    state,
    approval,
    fetched,
    endsItself = false,
  }: { state: OperationState; approval: string | undefined; fetched: readonly Fetched[]; endsItself?: boolean },
): Promise<void> {
  if (state.phase !== 'Succeeded') return;
  if (makesHistory(state) && state.syncResult) await rememberSync(store, subject, state.syncResult, fetched);
  if (approval !== undefined) await release(store, approval, subject.app, endsItself);
}
