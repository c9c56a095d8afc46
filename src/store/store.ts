// What Coxswain remembers: Applications, projects, our own resources and settings, kept in the control-plane cluster
// and watched.
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Discovery } from '../cluster/discovery/discovery.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { AppProject } from '../model/project.ts';
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, Request, SyncRecord } from '../model/coxswain.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Report } from '../model/report.ts';
import type { Events } from './events.ts';
import type { Settings } from './settings.ts';
import type { Collection } from './collection.ts';
import type { Sealing } from './seal.ts';
import { randomBytes } from 'node:crypto';
import { argoGroup } from '../model/argo-kinds.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argo } from '../model/annotations.ts';
import { coxGroup } from '../model/coxswain.ts';
import { isObject } from '../model/kube.ts';
import { ClusterIdentities } from './cluster-identities.ts';
import { watchCollection } from './collection.ts';
import { isDispensable } from './dispensable.ts';
import { createEvents } from './events.ts';
import { sealKey } from './seal.ts';
import {
  parseApplication,
  parseApproval,
  parseEpisode,
  parseForeignRecord,
  parseProject,
  parseRecord,
  parseReport,
  parseRequest,
  parseTerminalRequest,
} from './parse.ts';
import { withGlobals } from './global-projects.ts';
import { readSettings, settingMaps } from './settings.ts';

export type { Collection } from './collection.ts';

export interface Store {
  namespace: string;
  applications: Collection<Application>;
  projects: Collection<AppProject>;
  approvals: Collection<Approval>;
  episodes: Collection<DriftEpisode>;
  reports: Collection<Report>;
  requests: Collection<Request>;
  records: Collection<SyncRecord>;
  events: Events;
  /** Parsed afresh whenever one of the ConfigMaps or Secrets behind it changes. */
  settings(): Settings;
  onSettings(fn: () => void): () => void;
  /** Which URLs of clusters lead to the same one, as far as somebody asked. */
  identities: ClusterIdentities;
  /** Key of the digests' MACs, kept in the Secret `coxswain-mac`, made once. */
  macKey: Buffer;
  /** Of our own kinds what we did not write, or what is no longer as we wrote it. */
  foreign(): KubeObject[];
  /** Kinds that it does without: they are not served, or may not be read or written, as of now. */
  lacking(): string[];
  stop(): Promise<void>;
}

export const macSecret = 'coxswain-mac';
const macBytes = 32;

function keyIn(secret: KubeObject | undefined): Buffer | undefined {
  const data = secret?.['data'];
  const key = isObject(data) && typeof data['key'] === 'string' ? Buffer.from(data['key'], 'base64') : undefined;
  return key && key.length >= macBytes ? key : undefined;
}

/** The key that is kept; undefined where there is none, or none of use. Throws ApiError. */
export async function keptKey(api: Api, namespace: string, signal?: AbortSignal): Promise<Buffer | undefined> {
  const ref = { group: '', kind: 'Secret', namespace, name: macSecret };
  return keyIn(await api.get(ref, signal ? { signal } : {}));
}

/** Reads the MAC key, or makes it: of two processes that try at once, one creates and both read the same. */
async function macKey(api: Api, namespace: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const ref = { group: '', kind: 'Secret', namespace, name: macSecret };
  const options = signal ? { signal } : {};
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const found = await api.get(ref, options);
    const key = keyIn(found);
    if (key) return key;
    if (found) break;
    const labels = { 'app.kubernetes.io/part-of': 'coxswain' };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: macSecret, namespace, labels },
      data: { key: randomBytes(macBytes).toString('base64') },
    };
    try {
      return keyIn(await api.create(secret, options)) ?? Buffer.alloc(0);
    } catch (error) {
      if (!isStatus(error, 409)) throw error; // taken: another process made it; read that one
    }
  }
  throw new AppError('E_CONFIG', `the Secret ${namespace}/${macSecret} has no key of ${macBytes} bytes`, {
    hint: 'Delete it: a new one is made at the next start, and open approvals are asked for again.',
  });
}

interface SettingsWatch {
  settings(): Settings;
  onSettings(fn: () => void): () => void;
  mirrors: Mirror<KubeObject>[];
}

function watchSettings(cluster: Cluster, namespace: string, withSecrets: boolean): SettingsWatch {
  const maps = cluster.mirror<KubeObject>({
    kind: { group: '', kind: 'ConfigMap' },
    namespace,
    labelSelector: 'app.kubernetes.io/part-of in (argocd, coxswain)',
    parse: (map) => (settingMaps.has(map.metadata.name ?? '') ? map : undefined),
  });
  const secrets = cluster.mirror<KubeObject>({
    kind: { group: '', kind: 'Secret' },
    namespace,
    labelSelector: argo.secretType,
    parse: (secret) => secret,
  });
  const mirrors = withSecrets ? [maps, secrets] : [maps];
  let current: Settings | undefined;
  // Subscribed first, so that whoever is told afterwards reads the new ones.
  for (const mirror of mirrors) mirror.onChange(() => void (current = undefined));
  return {
    mirrors,
    settings: () =>
      (current ??= readSettings({
        configMaps: new Map(maps.all().map((map) => [map.metadata.name ?? '', map])),
        secrets: secrets.all(),
      })),
    onSettings: (fn) => {
      const ends = mirrors.map((mirror) => mirror.onChange(() => fn()));
      return () => ends.forEach((end) => end());
    },
  };
}

const customKinds: Readonly<Record<string, readonly string[]>> = {
  [argoGroup]: ['Application', 'AppProject'],
  [coxGroup]: ['Approval', 'DriftEpisode', 'Report', 'Request', 'SyncRecord'],
};

/** `Kind.group` of what the store reads and the cluster does not serve. */
export function missingKinds(
  discovery: Pick<Discovery, 'resourceOf'>,
  { dispensable = true }: { dispensable?: boolean } = {},
): string[] {
  return Object.entries(customKinds)
    .flatMap(([group, kinds]) => kinds.map((kind) => ({ group, kind })))
    .filter((each) => !discovery.resourceOf(each) && (dispensable || !isDispensable(each)))
    .map(({ group, kind }) => `${kind}.${group}`);
}

function sealingWith(key: Buffer) {
  return (kind: string, rest: Partial<Sealing> = {}): Sealing => ({ key, kind, free: [], ...rest });
}

/** The copies of our own kinds, not yet started; each is indexed by what is asked for most. */
function collectionsOf(cluster: Cluster, namespace: string, key: Buffer) {
  const sealing = sealingWith(sealKey(key));
  const argo = { group: argoGroup, namespace };
  const cox = { group: coxGroup, namespace };
  return {
    applications: watchCollection(cluster, {
      ...argo,
      kind: 'Application',
      parse: parseApplication,
      indexOf: (app) => app.spec.project,
    }),
    projects: watchCollection(cluster, {
      ...argo,
      kind: 'AppProject',
      parse: parseProject,
      indexOf: (project) => project.metadata.name,
    }),
    approvals: watchCollection(cluster, {
      ...cox,
      kind: 'Approval',
      parse: parseApproval,
      indexOf: (approval) => approval.spec.application,
      sealing: sealing('Approval', { each: ['cards'] }),
    }),
    episodes: watchCollection(cluster, {
      ...cox,
      kind: 'DriftEpisode',
      parse: parseEpisode,
      indexOf: (episode) => episode.spec.application,
      sealing: sealing('DriftEpisode', { each: ['cards', 'details'] }),
    }),
    reports: watchCollection(cluster, {
      ...cox,
      kind: 'Report',
      parse: parseReport,
      indexOf: (report) => report.spec.application,
      sealing: sealing('Report', { each: ['cards', 'details'] }),
    }),
    requests: watchCollection(cluster, {
      ...cox,
      kind: 'Request',
      parse: parseRequest,
      indexOf: (request) => request.spec.application ?? '',
      sealing: sealing('Request', { free: ['told'] }),
      parseForeign: parseTerminalRequest,
    }),
    records: watchCollection(cluster, {
      ...cox,
      kind: 'SyncRecord',
      parse: parseRecord,
      indexOf: ({ spec }) => [spec.place ?? '', spec.clusterPlace ?? ''],
      sealing: sealing('SyncRecord', { bound: ['application'] }),
      parseForeign: parseForeignRecord,
    }),
  };
}

interface StoreOptions {
  /** Default: the one that is kept, made where there is none. With another one nothing counts as written by us. */
  key?: Buffer;
  /** Whether Secrets are read: without them there are no other clusters and no credentials. Default: they are. */
  secrets?: boolean;
  /** Kinds that may not be read or written and that it can do without (see `isDispensable`). Default: none. */
  denied?: readonly string[];
}

type Collections = ReturnType<typeof collectionsOf>;

/** Those that the store can do without are only waited for where they can be read. */
async function startAll(
  { discovery }: Cluster,
  { collections, mirrors }: { collections: Collections; mirrors: Mirror<KubeObject>[] },
  { denied = [], signal }: { denied?: readonly string[] | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  const all = Object.values(collections);
  for (const { mirror } of all) void mirror.start(signal).catch(() => undefined); // waited for below
  const [needed, rest] = [all.filter((each) => !isDispensable(each)), all.filter(isDispensable)];
  await Promise.all([...needed.map(({ mirror }) => mirror), ...mirrors].map((mirror) => mirror.start(signal)));
  const present = rest.filter((each) => !denied.includes(each.kind) && discovery.resourceOf(each));
  await Promise.all(present.map(({ mirror }) => mirror.start(signal)));
}

/**
 * Resolves when every kind has been read once; kinds whose CRD is missing are waited for until the signal ends, but for
 * those that it can do without.
 * Throws E_CONFIG when the MAC key cannot be used, ApiError when the API refuses.
 */
export async function openStore(
  cluster: Cluster,
  namespace: string,
  signal?: AbortSignal,
  { key: own, secrets = true, denied }: StoreOptions = {},
): Promise<Store> {
  const key = own ?? (await macKey(cluster.api, namespace, signal));
  const collections = collectionsOf(cluster, namespace, key);
  const { approvals, episodes, reports, requests, records } = collections;
  const events = createEvents(cluster.api, denied?.includes('Event') ?? false);
  const { mirrors, ...settings } = watchSettings(cluster, namespace, secrets);
  const all = [...Object.values(collections).map(({ mirror }) => mirror), ...mirrors];
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((mirror) => mirror.stop()));
  };
  try {
    await startAll(cluster, { collections, mirrors }, { denied, signal });
    return {
      namespace,
      ...collections,
      events,
      projects: withGlobals(collections.projects, settings.settings),
      ...settings,
      identities: new ClusterIdentities(),
      macKey: key,
      lacking: () => [
        ...Object.values(collections)
          .filter((each) => isDispensable(each) && !each.mirror.synced)
          .map(({ kind }) => kind),
        ...(events.refused ? ['Event'] : []),
      ],
      foreign: () => [approvals, episodes, reports, requests, records].flatMap((collection) => collection.foreign()),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
