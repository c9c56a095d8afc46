// What Coxswain remembers: Applications, projects, our own resources and settings, kept in the control-plane cluster and watched.
import { randomBytes } from 'node:crypto';
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { AppProject } from '../model/project.ts';
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, Request } from '../model/coxswain.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Settings } from './settings.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argo } from '../model/annotations.ts';
import { coxGroup } from '../model/coxswain.ts';
import { isObject } from '../model/kube.ts';
import { watchCollection } from './collection.ts';
import { parseApplication, parseApproval, parseEpisode, parseProject, parseRequest } from './parse.ts';
import { readSettings } from './settings.ts';

/** One JSON patch operation (RFC 6902). */
export interface PatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test';
  path: string;
  value?: unknown;
}

/**
 * One kind of object in the control-plane namespace(s): reads come from memory (kept by a watch, and by the answers to
 * our own writes, so that a read after a write is never older than it), writes go to the API. Keys are `namespace/name`.
 */
export interface Collection<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): T[];
  /** Those that belong to it: our own resources by application (`namespace/name`), Applications by project, projects by name. */
  of(value: string): T[];
  /** Called with the key after every change, ours included; `now` is undefined after a deletion. Hints only: read afresh. */
  onChange(fn: (key: string, now: T | undefined, before: T | undefined) => void): () => void;
  /** 'exists' when the name is taken already: for content-named objects that is success. */
  create(object: T): Promise<'created' | 'exists'>;
  /** Merge patch of the object itself (or of its status subresource). Throws ApiError 404/409. */
  patch(key: string, patch: Record<string, unknown>, options?: { subresource?: 'status'; resourceVersion?: string }): Promise<T>;
  /** JSON patch; a failed `test` throws ApiError 422. */
  jsonPatch(key: string, operations: PatchOperation[]): Promise<T>;
  delete(key: string): Promise<void>;
}

export interface Store {
  namespace: string;
  applications: Collection<Application>;
  projects: Collection<AppProject>;
  approvals: Collection<Approval>;
  episodes: Collection<DriftEpisode>;
  requests: Collection<Request>;
  /** Parsed afresh whenever one of the ConfigMaps or Secrets behind it changes. */
  settings(): Settings;
  onSettings(fn: () => void): () => void;
  /** Key of the digests' MACs, kept in the Secret `coxswain-mac`, made once. */
  macKey: Buffer;
  stop(): Promise<void>;
}

const macSecret = 'coxswain-mac';

/** Reads the MAC key, or makes it: of two processes that try at once, one creates and both read the same. */
async function macKey(api: Api, namespace: string): Promise<Buffer> {
  const ref = { group: '', kind: 'Secret', namespace, name: macSecret };
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const found = await api.get(ref);
    const data = found?.['data'];
    if (isObject(data) && typeof data['key'] === 'string') return Buffer.from(data['key'], 'base64');
    const labels = { 'app.kubernetes.io/part-of': 'coxswain' };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: macSecret, namespace, labels }, data: { key: randomBytes(32).toString('base64') } };
    await api.create(secret).catch((error: unknown) => {
      if (!isStatus(error, 409)) throw error; // taken: another process made it; read again
    });
  }
  throw new AppError('E_CONFIG', `the Secret ${namespace}/${macSecret} has no key`, { hint: `Delete it: a new one is made at the next start.` });
}

interface SettingsWatch {
  settings(): Settings;
  onSettings(fn: () => void): () => void;
  mirrors: Mirror<KubeObject>[];
}

function watchSettings(cluster: Cluster, namespace: string): SettingsWatch {
  const keep = (object: KubeObject): KubeObject => object;
  const maps = cluster.mirror<KubeObject>({ kind: { group: '', kind: 'ConfigMap' }, namespace, labelSelector: 'app.kubernetes.io/part-of in (argocd, coxswain)', parse: keep });
  const secrets = cluster.mirror<KubeObject>({ kind: { group: '', kind: 'Secret' }, namespace, labelSelector: argo.secretType, parse: keep });
  const listeners = new Set<() => void>();
  let current: Settings | undefined;
  const changed = (): void => {
    current = undefined;
    for (const fn of listeners) fn();
  };
  maps.onChange(changed);
  secrets.onChange(changed);
  return {
    mirrors: [maps, secrets],
    settings: () => (current ??= readSettings({ configMaps: new Map(maps.all().map((map) => [map.metadata.name ?? '', map])), secrets: secrets.all() })),
    onSettings: (fn) => {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
  };
}

/** Resolves when every kind has been read once; kinds whose CRD is missing are waited for until the signal ends. */
export async function openStore(cluster: Cluster, namespace: string, signal?: AbortSignal): Promise<Store> {
  const argoproj = 'argoproj.io';
  const applications = watchCollection(cluster, { group: argoproj, kind: 'Application', namespace, parse: parseApplication, indexOf: (app) => app.spec.project });
  const projects = watchCollection(cluster, { group: argoproj, kind: 'AppProject', namespace, parse: parseProject, indexOf: (project) => project.metadata.name });
  const approvals = watchCollection(cluster, { group: coxGroup, kind: 'Approval', namespace, parse: parseApproval, indexOf: (approval) => approval.spec.application });
  const episodes = watchCollection(cluster, { group: coxGroup, kind: 'DriftEpisode', namespace, parse: parseEpisode, indexOf: (episode) => episode.spec.application });
  const requests = watchCollection(cluster, { group: coxGroup, kind: 'Request', namespace, parse: parseRequest, indexOf: (request) => request.spec.application ?? '' });
  const { mirrors, ...settings } = watchSettings(cluster, namespace);
  const all = [applications.mirror, projects.mirror, approvals.mirror, episodes.mirror, requests.mirror, ...mirrors];
  await Promise.all(all.map((mirror) => mirror.start(signal)));
  return {
    namespace,
    applications,
    projects,
    approvals,
    episodes,
    requests,
    ...settings,
    macKey: await macKey(cluster.api, namespace),
    stop: async () => {
      await Promise.all(all.map((mirror) => mirror.stop()));
    },
  };
}
