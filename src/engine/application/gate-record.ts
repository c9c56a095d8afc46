// The gate that holds by what is remembered: of this application, and of those that are gone from its place.
import type { Application, RevisionHistory } from '../../model/application.ts';
import type { Past } from '../../model/history.ts';
import type { RememberedPolicy } from '../../model/coxswain.ts';
import type { ObjectMeta } from '../../model/kube.ts';
import type { AppProject } from '../../model/project.ts';
import type { EffectivePolicy } from '../../policy/policy.ts';
import type { Described, Gates } from './place.ts';
import type { Destined } from './sync-record.ts';
import { sameJson } from '../../base/canonical.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { effectivePolicy, loosens, stricter } from '../../policy/policy.ts';
import { removedFrom } from '../remote/pins.ts';
import { orphansAt, placesOfSpec } from './place.ts';
import { fetchedThen, isRemembered, policyFields, rememberCluster, rememberPolicy } from './sync-record.ts';

/** A remembered policy in the form that the gate reads; environment and channel are not remembered. */
export function asPolicy(policy: RememberedPolicy): EffectivePolicy {
  return { ...policy, environment: undefined, slack: undefined };
}

/**
 * The gate that holds beside the present annotations: the strictest since what was last approved, here and in this
 * place. undefined: none is known.
 */
export function lastPolicy(store: Gates, app: Described): EffectivePolicy | undefined {
  const own = store.records.get(applicationKey(app));
  const policies = [...(own ? [own] : []), ...orphansAt(store, app).filter((record) => record !== own)].map(
    ({ spec }) => asPolicy(spec.policy),
  );
  return policies.reduce<EffectivePolicy | undefined>(
    (all, policy) => (all ? stricter(all, policy) : policy),
    undefined,
  );
}

/** The annotations of application and project, and what was stricter before somebody loosened them without approval. */
export function policyInForce(store: Gates, app: Application, project: AppProject | undefined): EffectivePolicy {
  const [now, before] = [effectivePolicy(app, project), lastPolicy(store, app)];
  return before?.gated ? stricter(now, before) : now;
}

/**
 * Whether the history tells what was last synced. Where approval is needed, only what this engine has synced to the
 * present destination counts: an entry that somebody wrote does not, nor one of before the application moved.
 */
export function isProven(store: Gates, destined: Destined): boolean {
  return provenEntry(store, destined)?.id === destined.app.status?.history?.at(-1)?.id;
}

/** The newest history entry that can be believed so, with what was fetched then. */
export function provenEntry(store: Gates, destined: Destined): (RevisionHistory & Past) | undefined {
  const { app, project } = destined;
  const history = app.status?.history ?? [];
  const gated = policyInForce(store, app, project).gated;
  const entry = gated ? history.findLast((each) => isRemembered(store, destined, each)) : history.at(-1);
  const fetched = fetchedThen(store, destined, entry);
  return entry && { ...entry, ...(fetched && { fetched }) };
}

/** Records of older versions name none: the one that it has at the first look counts as that of its last sync. */
async function rememberProject({ records }: Gates, { metadata, spec: { project } }: Application): Promise<void> {
  const key = applicationKey({ metadata });
  const found = records.get(key)?.spec;
  if (found?.state !== undefined && found.project === undefined && found.uid === metadata.uid)
    await records.patch(key, { spec: { project } });
}

/**
 * A gate that is stricter than the former one holds from now on; a looser one waits until something is approved under
 * the former.
 */
export async function followPolicy(store: Gates, app: Application, project: AppProject | undefined): Promise<void> {
  await rememberProject(store, app);
  const places = placesOfSpec(store, app);
  if (places?.clusterPlace !== undefined) await rememberCluster(store, app, places);
  const [now, before] = [effectivePolicy(app, project), lastPolicy(store, app)];
  if ((now.gated || before?.gated) && !(before && loosens(before, now)))
    await rememberPolicy(store, app, policyFields(now));
}

/** The annotations by which it is decided where in Slack something is told (see src/slack/route.ts). */
function routing({ annotations = {} }: ObjectMeta): Record<string, string> {
  const routes = (name: string): boolean =>
    name === cox.slack || (name.startsWith('notifications.argoproj.io/subscribe.') && name.endsWith('.slack'));
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => routes(name)));
}

/**
 * Who works on it, and for one of Argo CD's where it is told, so that both are known when it is gone; only of one with
 * a gate.
 */
export async function rememberEngine({ records }: Gates, app: Application, by: 'argocd' | 'coxswain'): Promise<void> {
  const found = records.get(applicationKey(app))?.spec;
  if (!found?.policy.gated) return;
  const engine = by === 'argocd' ? by : undefined;
  const told = engine && { project: app.spec.project, annotations: routing(app.metadata) };
  if (found.engine === engine && sameJson(found.told, told)) return;
  const gone = told && removedFrom(found.told?.annotations, told.annotations);
  await records.patch(applicationKey(app), {
    spec: {
      engine: engine ?? null,
      told: told ? { ...told, annotations: { ...gone, ...told.annotations } } : null,
    },
  });
}

/** Its gate goes on guarding what it had; that it is gone has been told, and what Argo CD's left with that. */
export async function rememberGone({ records }: Pick<Gates, 'records'>, key: string): Promise<void> {
  const found = records.get(key)?.spec;
  if (!found?.policy.gated || found.uid === '') return;
  await records.patch(key, { spec: { uid: '', ...(found.engine === 'argocd' && { had: null }) } });
}

/** Its gate is at an end, and nothing more is to be remembered of it once the Application is gone. */
export async function endGate(
  { records, applications }: Pick<Gates, 'records' | 'applications'>,
  key: string,
): Promise<void> {
  const found = records.get(key);
  if (found?.spec.policy.gated)
    await records.patch(key, {
      spec: { policy: { gated: false, approvals: 1, approvers: [], reviewers: [], expires: null } },
    });
  if (found && !applications.get(key)) await records.delete(key);
}

/** What an Application that is gone leaves: nothing, unless a gate of it has not been ended. */
export async function forgetRecord({ records }: Pick<Gates, 'records'>, key: string): Promise<void> {
  if (records.get(key)?.spec.policy.gated === false) await records.delete(key);
}
