// What the engine itself knows of an application's last sync and gate: the Application's writers can change its status,
// not this.
import type { Application, ApplicationSource, ApplicationSpec, RevisionHistory } from '../../model/application.ts';
import type { RememberedPolicy, SyncRecord } from '../../model/coxswain.ts';
import type { ComparisonSettings } from '../../model/comparison-settings.ts';
import type { ObjectMeta, ObjectsAt } from '../../model/kube.ts';
import type { AppProject } from '../../model/project.ts';
import type { EffectivePolicy } from '../../policy/policy.ts';
import type { Store } from '../../store/store.ts';
import type { Fetched } from '../remote/remotes.ts';
import type { Placed, Places } from './place.ts';
import { hashOf, sameJson } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { defaultTracking } from '../../model/tracking.ts';
import { asPins, removedFrom } from '../remote/pins.ts';
import { isThere, placesOf } from './place.ts';

type Records = Pick<Store, 'records'>;
/** What a state is told by. */
type Settled = Pick<Store, 'records' | 'settings'>;

/** A sync, as a history entry or an operation's result names it. */
interface Synced {
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
}

/** An application, and the cluster to which its destination resolves. */
export interface Destined {
  app: Application;
  project: AppProject | undefined;
  target: { server: string; identity: string };
}

/** What beside sources decides what a sync writes, of the spec and of argocd-cm; undefined: nothing of it is there. */
function waysOf({ ignoreDifferences = [], syncPolicy }: ApplicationSpec, settings: ComparisonSettings): unknown {
  const ways = [
    ignoreDifferences,
    (syncPolicy?.syncOptions ?? []).toSorted(),
    syncPolicy?.managedNamespaceMetadata ?? {},
  ];
  const { ignoreDifferences: rules, ignoreAggregatedRoles, tracking } = settings;
  const system = [
    rules,
    ignoreAggregatedRoles ? ['aggregated roles'] : [],
    sameJson(tracking, defaultTracking) ? [] : [tracking],
  ];
  const isSaid = (each: object): boolean => Object.keys(each).length > 0;
  if (system.some(isSaid)) return [...ways, ...system];
  return ways.some(isSaid) ? ways : undefined;
}

/** `server`: the URL to which the destination resolves now; what its name meant then counts for nothing. */
function stateOf(store: Settled, { app, target }: Placed, synced: Synced): string {
  const { revision, revisions, source, sources } = synced;
  const { server } = target;
  const { namespace } = app.spec.destination;
  const all = sources && sources.length > 0 ? sources : source ? [source] : [];
  const ways = waysOf(app.spec, store.settings().comparison);
  return hashOf([
    revisions && revisions.length > 0 ? revisions : [revision ?? ''],
    all,
    { server, namespace },
    ...(ways === undefined ? [] : [ways]),
  ]);
}

/**
 * What was synced is told by the record of this very Application alone; its gate also by that of a former one of its
 * name.
 */
function recordOf({ records }: Records, app: { metadata: ObjectMeta }): SyncRecord | undefined {
  const found = records.get(applicationKey(app));
  return found?.spec.uid === app.metadata.uid ? found : undefined;
}

/** What of a policy a SyncRecord keeps: whether, how many, who and for how long; not where it is told. */
export function policyFields({
  gated,
  approvals,
  approvers,
  reviewers = [],
  expires,
}: EffectivePolicy): RememberedPolicy {
  return { gated, approvals, approvers, reviewers, ...(expires !== undefined && { expires }) };
}

type Fields = Partial<
  Pick<SyncRecord['spec'], 'fetched' | 'state' | 'project' | 'policy' | 'place' | 'clusterPlace'>
> & {
  base?: SyncRecord['spec']['base'] | null;
  unverified?: SyncRecord['spec']['unverified'];
  had?: SyncRecord['spec']['had'];
};

/**
 * What an application has in clusters, and what a former one of its name had while its gate stands: that one's objects
 * stay guarded. Of one that Argo CD worked on, its Report tells.
 */
export function hadIn({ records }: Records, app: { metadata: ObjectMeta }): SyncRecord['spec']['had'] {
  const { uid, engine, policy, had } = records.get(applicationKey(app))?.spec ?? {};
  return uid === app.metadata.uid || (policy?.gated === true && engine !== 'argocd') ? had : undefined;
}

/** Who works on it, where it is told and what it has are kept apart from the rest. */
function besideOf(
  store: Records,
  app: Application,
  fields: Fields,
): Pick<SyncRecord['spec'], 'engine' | 'told' | 'had'> {
  const { engine, told } = store.records.get(applicationKey(app))?.spec ?? {};
  const had = fields.had ?? hadIn(store, app);
  return { ...(engine && { engine }), ...(told && { told }), ...(had && { had }) };
}

/**
 * The record outlives its Application: whoever makes another one of that name, or for that place, has not ended the
 * gate.
 */
async function write({ records }: Records, app: Application, fields: Fields): Promise<void> {
  const { name, namespace, uid = '' } = app.metadata;
  const known = records.get(applicationKey(app));
  const before = known?.spec.uid === uid ? known.spec : undefined;
  const policy = fields.policy ?? known?.spec.policy ?? { gated: false, approvals: 1, approvers: [] };
  const state = fields.state ?? before?.state;
  const project = fields.project ?? before?.project;
  // A sync leaves nothing of what was agreed on before it.
  const base =
    fields.state !== undefined ? undefined : fields.base === undefined ? before?.base : (fields.base ?? undefined);
  const fetched = fields.state === undefined ? before?.fetched : fields.fetched;
  const unverified = 'unverified' in fields ? fields.unverified : before?.unverified;
  const beside = besideOf({ records }, app, fields);
  // Another place, of a cluster that nobody could ask, is not where the former one was.
  const { place, clusterPlace } = fields.place === undefined ? { ...known?.spec, ...fields } : fields;
  const spec: SyncRecord['spec'] = {
    application: applicationKey(app),
    uid,
    policy,
    ...(state !== undefined && { state }),
    ...(project !== undefined && { project }),
    ...(fetched && { fetched }),
    ...(place !== undefined && { place }),
    ...(clusterPlace !== undefined && { clusterPlace }),
    ...beside,
    ...(base && { base }),
    ...(unverified && { unverified }),
  };
  if (before && sameJson(before, spec)) return;
  if (known) {
    await records.patch(applicationKey(app), {
      metadata: { ownerReferences: null },
      spec: {
        ...spec,
        policy: { ...policy, expires: policy.expires ?? null },
        state: state ?? null,
        project: project ?? null,
        place: place ?? null,
        clusterPlace: clusterPlace ?? null,
        fetched: fetched ? { ...removedFrom(known.spec.fetched, fetched), ...fetched } : null,
        base: base ? { ...base, fetched: base.fetched ?? null } : null,
        unverified: unverified ?? null,
        had: beside.had ?? null,
      },
    });
    return;
  }
  const made = await records.create({
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'SyncRecord',
    metadata: { name, namespace },
    spec,
  });
  if (made === 'exists') await write({ records }, app, fields);
}

/** What a sync fetched, where the record tells of that very one. */
export function fetchedThen(
  store: Settled,
  placed: Placed,
  synced: Synced | undefined,
): Record<string, string> | undefined {
  const record = recordOf(store, placed.app)?.spec;
  return synced && record?.state === stateOf(store, placed, synced) ? record.fetched : undefined;
}

/** Whether that history entry is the last sync that the record tells of. */
export function isRemembered(store: Settled, placed: Placed, entry: RevisionHistory): boolean {
  const record = recordOf(store, placed.app)?.spec;
  return record?.state === stateOf(store, placed, entry) && isThere(record, placed);
}

/** Whether the application was last synced to the cluster that is there now, as far as anybody knows. */
export function isWhereSynced({ records }: Records, placed: Placed): boolean {
  const record = records.get(applicationKey(placed.app));
  return record === undefined || isThere(record.spec, placed);
}

/** Whether this engine has synced the whole application before, to whichever destination. */
export function isRecorded(store: Records, app: { metadata: ObjectMeta }): boolean {
  return recordOf(store, app)?.spec.state !== undefined;
}

/**
 * After a sync of the whole application, before its history tells of it; and for a history that the cluster itself
 * confirms.
 */
export function rememberSync(
  store: Settled,
  placed: Placed,
  synced: Synced,
  fetched: readonly Fetched[],
): Promise<void> {
  const {
    app,
    target: { server, identity },
  } = placed;
  const places = placesOf({ server, identity, namespace: app.spec.destination.namespace || undefined });
  const pins = asPins(fetched);
  const { project } = app.spec;
  return write(store, app, {
    state: stateOf(store, placed, synced),
    project,
    ...(pins && { fetched: pins }),
    ...places,
  });
}

/** What our own look found of a sync that Argo CD reports; undefined: it is as Argo CD says. */
export function rememberDoubt(
  store: Records,
  app: Application,
  unverified: SyncRecord['spec']['unverified'],
): Promise<void> {
  return write(store, app, { unverified });
}

/** What it has in clusters, as our own look found it. */
export function rememberHad(store: Records, app: Application, had: readonly ObjectsAt[]): Promise<void> {
  return write(store, app, { had: [...had] });
}

function placeOf({ app, target: { server } }: Placed): string {
  return hashOf({ server, namespace: app.spec.destination.namespace || undefined });
}

/**
 * What Git and the cluster were found to agree on after the newest sync in history; undefined while that is the sync
 * itself.
 */
export function baseOf(store: Records, placed: Placed): SyncRecord['spec']['base'] {
  const { app } = placed;
  const record = recordOf(store, app)?.spec;
  const base = record && isThere(record, placed) ? record.base : undefined;
  return base && base.history === app.status?.history?.at(-1)?.id && base.destination === placeOf(placed)
    ? base
    : undefined;
}

/** undefined: they agree on what was last synced. */
export async function rememberBase(
  store: Records,
  placed: Placed,
  agreed: { revisions: string[]; fetched: readonly Fetched[]; at: number } | undefined,
): Promise<void> {
  const { app } = placed;
  const history = app.status?.history?.at(-1)?.id;
  if (history === undefined) return;
  const fetched = agreed && asPins(agreed.fetched);
  await write(store, app, {
    base: agreed
      ? {
          history,
          destination: placeOf(placed),
          revisions: agreed.revisions,
          sources: sourcesOf(app.spec),
          ...(fetched && { fetched }),
          at: rfc3339(agreed.at),
        }
      : null,
  });
}

/** Which cluster it is, of which the URL alone was known. */
export async function rememberCluster(store: Records, app: Application, places: Places): Promise<void> {
  const record = recordOf(store, app);
  if (record && record.spec.place === places.place && record.spec.clusterPlace === undefined)
    await write(store, app, places);
}

/** From now on this is what is remembered, whatever was before. */
export function rememberPolicy(store: Records, app: Application, policy: RememberedPolicy): Promise<void> {
  return write(store, app, { policy });
}
