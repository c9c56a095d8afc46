// What the engine itself knows of an application's last sync and gate: the Application's writers can change its status, not this.
import type { Application, ApplicationSource, ApplicationSpec, OperationState } from '../model/application.ts';
import type { SyncRecord } from '../model/coxswain.ts';
import type { ObjectMeta } from '../model/kube.ts';
import type { AppProject } from '../model/project.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Store } from '../store/store.ts';
import { hashOf, sameJson } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { coxGroup, coxVersion } from '../model/coxswain.ts';
import { effectivePolicy, loosens, stricter } from '../policy/policy.ts';
import { makesHistory } from '../sync/history.ts';

type Records = Pick<Store, 'records'>;

/** A sync, as a history entry or an operation's result names it. */
interface Synced {
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
}

/** An application, and the cluster to which its destination resolves. */
interface Destined {
  app: Application;
  project: AppProject | undefined;
  target: { server: string };
}

/** What of the spec beside its sources decides what a sync writes; undefined when there is nothing of it. */
function waysOf({ ignoreDifferences = [], syncPolicy }: ApplicationSpec): unknown {
  const ways = [ignoreDifferences, (syncPolicy?.syncOptions ?? []).toSorted(), syncPolicy?.managedNamespaceMetadata ?? {}];
  return ways.some((each) => Object.keys(each).length > 0) ? ways : undefined;
}

/** `server`: the URL to which the destination resolves now; what its name meant then counts for nothing. */
function stateOf({ revision, revisions, source, sources }: Synced, spec: ApplicationSpec, server: string): string {
  const { namespace } = spec.destination;
  const all = sources && sources.length > 0 ? sources : source ? [source] : [];
  const ways = waysOf(spec);
  return hashOf([revisions && revisions.length > 0 ? revisions : [revision ?? ''], all, { server, namespace }, ...(ways === undefined ? [] : [ways])]);
}

/** What was synced is told by the record of this very Application alone; its gate also by that of a former one of its name. */
function recordOf({ records }: Records, app: { metadata: ObjectMeta }): SyncRecord | undefined {
  const found = records.get(applicationKey(app));
  return found?.spec.uid === app.metadata.uid ? found : undefined;
}

function policyFields({ gated, approvals, approvers }: EffectivePolicy): SyncRecord['spec']['policy'] {
  return { gated, approvals, approvers };
}

type Fields = Partial<Pick<SyncRecord['spec'], 'state' | 'policy'>> & { base?: SyncRecord['spec']['base'] | null };

async function write({ records }: Records, app: Application, fields: Fields): Promise<void> {
  const { name, namespace, uid = '' } = app.metadata;
  const known = records.get(applicationKey(app));
  const before = known?.spec.uid === uid ? known.spec : undefined;
  const policy = fields.policy ?? known?.spec.policy ?? { gated: false, approvals: 1, approvers: [] };
  const state = fields.state ?? before?.state;
  // A sync leaves nothing of what was agreed on before it.
  const base = fields.state !== undefined ? undefined : fields.base === undefined ? before?.base : (fields.base ?? undefined);
  const spec: SyncRecord['spec'] = { application: applicationKey(app), uid, policy, ...(state !== undefined && { state }), ...(base && { base }) };
  if (before && sameJson(before, spec)) return;
  const ownerReferences = [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', name, uid }];
  if (known) {
    await records.patch(applicationKey(app), { metadata: { ownerReferences }, spec: { ...spec, state: state ?? null, base: base ?? null } });
    return;
  }
  const made = await records.create({ apiVersion: `${coxGroup}/${coxVersion}`, kind: 'SyncRecord', metadata: { name, namespace, ownerReferences }, spec });
  if (made === 'exists') await write({ records }, app, fields);
}

/** The gate that holds beside the present annotations: the strictest since what was last approved. undefined: none is known. */
export function lastPolicy(store: Records, app: { metadata: ObjectMeta }): EffectivePolicy | undefined {
  const policy = store.records.get(applicationKey(app))?.spec.policy;
  return policy && { ...policy, environment: undefined, slack: undefined };
}

/** The annotations of application and project, and what was stricter before somebody loosened them without approval. */
export function policyInForce(store: Records, app: Application, project: AppProject | undefined): EffectivePolicy {
  const [now, before] = [effectivePolicy(app, project), lastPolicy(store, app)];
  return before?.gated ? stricter(now, before) : now;
}

/**
 * Whether the history tells what was last synced. Where approval is needed, only what this engine has synced to the present destination
 * counts: an entry that somebody wrote does not, nor one of before the application moved.
 */
export function isProven(store: Records, { app, project, target: { server } }: Destined): boolean {
  const entry = app.status?.history?.at(-1);
  if (!entry || !policyInForce(store, app, project).gated) return true;
  return recordOf(store, app)?.spec.state === stateOf(entry, app.spec, server);
}

/** Whether this engine has synced the whole application before, to whichever destination. */
export function isRecorded(store: Records, app: { metadata: ObjectMeta }): boolean {
  return recordOf(store, app)?.spec.state !== undefined;
}

/** After a sync of the whole application, before its history tells of it; and for a history that the cluster itself confirms. */
export function rememberSync(store: Records, { app, target: { server } }: Pick<Destined, 'app' | 'target'>, synced: Synced): Promise<void> {
  return write(store, app, { state: stateOf(synced, app.spec, server) });
}

type Placed = Pick<Destined, 'app' | 'target'>;

function placeOf({ app, target: { server } }: Placed): string {
  return hashOf({ server, namespace: app.spec.destination.namespace });
}

/** What Git and the cluster were found to agree on after the newest sync in history; undefined while that is the sync itself. */
export function baseOf(store: Records, placed: Placed): SyncRecord['spec']['base'] {
  const { app } = placed;
  const base = recordOf(store, app)?.spec.base;
  return base && base.history === app.status?.history?.at(-1)?.id && base.destination === placeOf(placed) ? base : undefined;
}

/** undefined: they agree on what was last synced. */
export async function rememberBase(store: Records, placed: Placed, agreed: { revisions: string[]; at: number } | undefined): Promise<void> {
  const { app } = placed;
  const history = app.status?.history?.at(-1)?.id;
  if (history === undefined) return;
  await write(store, app, { base: agreed ? { history, destination: placeOf(placed), revisions: agreed.revisions, sources: sourcesOf(app.spec), at: rfc3339(agreed.at) } : null });
}

/** A gate that is stricter than the former one holds from now on; a looser one waits until something is approved under the former. */
export async function followPolicy(store: Records, app: Application, project: AppProject | undefined): Promise<void> {
  const [now, before] = [effectivePolicy(app, project), lastPolicy(store, app)];
  if ((now.gated || before?.gated) && !(before && loosens(before, now))) await write(store, app, { policy: policyFields(now) });
}

/** People who agree to an effect agree to the gates that stand after it: the application's own, and those that it changes. */
async function release(store: Store, approval: string, app: Application): Promise<void> {
  const operations = store.approvals.get(`${app.metadata.namespace}/${approval}`)?.spec.operations ?? [];
  const own = operations.flatMap(({ key }) => (key.group === 'argoproj.io' ? [key] : []));
  const named = own.filter(({ kind }) => kind === 'Application').map(({ namespace, name }) => `${namespace}/${name}`);
  const projects = own.filter(({ kind, namespace }) => kind === 'AppProject' && namespace === store.namespace).flatMap(({ name }) => store.applications.of(name));
  const children = [...named.flatMap((key) => store.applications.get(key) ?? []), ...projects];
  for (const each of [app, ...children]) {
    if (store.records.get(applicationKey(each))) await write(store, each, { policy: policyFields(effectivePolicy(each, store.projects.get(`${store.namespace}/${each.spec.project}`))) });
  }
}

/** At the end of an operation, before its status tells of it. `approval`: name of the Approval under which the gate let it pass. */
export async function recordEnd(store: Store, subject: Pick<Destined, 'app' | 'target'>, { state, approval }: { state: OperationState; approval: string | undefined }): Promise<void> {
  if (state.phase !== 'Succeeded') return;
  if (makesHistory(state) && state.syncResult) await rememberSync(store, subject, state.syncResult);
  if (approval !== undefined) await release(store, approval, subject.app);
}
