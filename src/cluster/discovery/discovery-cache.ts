// Asks the API server which kinds it serves, and keeps the answer.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Gvk } from '../../model/kube.ts';
import type { GroupDocument, VersionDocument } from './discovery-documents.ts';
import type { ApiResource, Discovery } from './discovery.ts';
import type { Transport } from '../wire/transport.ts';
import { orAborted } from '../../base/abort.ts';
import { hashOf } from '../../base/canonical.ts';
import { Topic } from '../../base/topic.ts';
import { isObject } from '../../model/kube.ts';
import { isStatus } from '../api-error.ts';
import { parseAggregated, parseGroup, parseResourceList } from './discovery-documents.ts';
import { groupVersionPath } from '../paths.ts';

const aggregated = 'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io,application/json';

/** Everything that is derived from the documents; replaced whole at a change. */
interface Index {
  byVersion: ReadonlyMap<string, ApiResource>;
  preferred: ReadonlyMap<string, ApiResource>;
  resources: readonly ApiResource[];
  apiVersions: readonly string[];
  hash: string;
}

/** Read anew as a whole or by group; what did not change is not read again (ETag). */
export class DiscoveryCache implements Discovery {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: Topic<void>;
  readonly #groups = new Map<string, GroupDocument>();
  readonly #etags = new Map<string, string>();
  readonly #underWay = new Map<string, Promise<void>>();
  #version = '';
  #index: Index = indexOf(new Map());

  constructor(transport: Transport, clock: Clock, log: Logger) {
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#changed = new Topic('discovery', log);
  }

  get version(): string {
    return this.#version;
  }

  get hash(): string {
    return this.#index.hash;
  }

  resourceOf(gvk: { group: string; version?: string; kind: string }): ApiResource | undefined {
    return gvk.version === undefined
      ? this.#index.preferred.get(`${gvk.group}/${gvk.kind}`)
      : this.#index.byVersion.get(`${gvk.group}/${gvk.version}/${gvk.kind}`);
  }

  resources(): readonly ApiResource[] {
    return this.#index.resources;
  }

  apiVersions(): readonly string[] {
    return this.#index.apiVersions;
  }

  onChange(fn: () => void): () => void {
    return this.#changed.subscribe(fn);
  }

  /** Requests of the same thing under way are shared, so the signal only ends the waiting. */
  async refresh(group?: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const name = group ?? '*';
    let running = this.#underWay.get(name);
    if (!running) {
      running = (group === undefined ? this.#refreshAll() : this.#refreshGroup(group)).finally(() =>
        this.#underWay.delete(name),
      );
      this.#underWay.set(name, running);
    }
    await orAborted(running, signal);
  }

  async await(gvk: Gvk, signal: AbortSignal): Promise<ApiResource> {
    for (let wait = 50; ; wait = Math.min(2000, wait * 2)) {
      const known = this.resourceOf(gvk);
      if (known) return known;
      await this.refresh(gvk.group, signal);
      const found = this.resourceOf(gvk);
      if (found) return found;
      await this.#clock.sleep(wait, signal);
    }
  }

  async #refreshAll(): Promise<void> {
    const [version, core, named] = await Promise.all([
      this.#get('/version'),
      this.#get('/api', aggregated),
      this.#get('/apis', aggregated),
    ]);
    if (isObject(version) && typeof version['gitVersion'] === 'string')
      this.#version = version['gitVersion'].replace(/^v/, '');
    const groups = new Map<string, GroupDocument>();
    for (const document of [core, named])
      for (const group of await this.#read(document)) groups.set(group.name, this.#keepStale(group));
    if (core === undefined) groups.set('', this.#groups.get('') ?? { name: '', versions: [] });
    if (named === undefined) for (const [name, group] of this.#groups) if (name !== '') groups.set(name, group);
    this.#groups.clear();
    for (const [name, group] of groups) this.#groups.set(name, group);
    this.#reindex();
  }

  async #refreshGroup(name: string): Promise<void> {
    if (name === '') return this.#refreshAll();
    try {
      const group = parseGroup(await this.#get(`/apis/${encodeURIComponent(name)}`));
      this.#groups.set(name, this.#keepStale(await this.#readVersions(group)));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      this.#groups.delete(name);
    }
    this.#etags.delete('/apis'); // what we hold is no longer the document of that tag
    this.#reindex();
  }

  /** undefined: not changed since the last time. */
  async #get(path: string, accept?: string): Promise<unknown> {
    const etag = this.#etags.get(path);
    const answer = await this.#transport.call({
      verb: 'discovery',
      method: 'GET',
      path,
      ...(accept !== undefined && { accept }),
      ...(etag !== undefined && { headers: { 'if-none-match': etag } }),
      safe: true,
    });
    if (answer.status === 304) return undefined;
    const next = answer.headers['etag'];
    if (accept !== undefined && typeof next === 'string') this.#etags.set(path, next);
    return answer.body;
  }

  async #read(document: unknown): Promise<GroupDocument[]> {
    if (document === undefined) return [];
    const groups = parseAggregated(document);
    if (groups) return groups;
    // A server older than aggregated discovery (Kubernetes 1.26): ask version by version.
    const plain =
      isObject(document) && Array.isArray(document['groups'])
        ? document['groups'].map(parseGroup)
        : [parseGroup(document)];
    return Promise.all(plain.map((group) => this.#readVersions(group)));
  }

  async #readVersions(group: GroupDocument): Promise<GroupDocument> {
    const versions = await Promise.all(
      group.versions.map(async ({ version }): Promise<VersionDocument> => {
        try {
          return {
            version,
            stale: false,
            resources: parseResourceList(await this.#get(groupVersionPath(group.name, version)), group.name, version),
          };
        } catch (error) {
          this.#log.warn({ group: group.name, version, err: error }, 'discovery of a version failed');
          return { version, stale: true, resources: [] };
        }
      }),
    );
    return { name: group.name, versions };
  }

  /** Versions whose server is down keep what they had: a missing kind would look like a removed one. */
  #keepStale(group: GroupDocument): GroupDocument {
    const before = this.#groups.get(group.name);
    const versions = group.versions.map((version) =>
      version.stale ? (before?.versions.find((known) => known.version === version.version) ?? version) : version,
    );
    return { name: group.name, versions };
  }

  #reindex(): void {
    const index = indexOf(this.#groups);
    const changed = index.hash !== this.#index.hash;
    this.#index = index;
    if (changed) this.#changed.publish();
  }
}

function indexOf(groups: ReadonlyMap<string, GroupDocument>): Index {
  const byVersion = new Map<string, ApiResource>();
  const preferred = new Map<string, ApiResource>();
  const apiVersions = new Set<string>();
  const served = [...groups.values()].flatMap((group) =>
    group.versions.map((each) => ({ group: group.name, ...each })),
  );
  for (const { group, version, resources } of served) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    apiVersions.add(apiVersion);
    for (const resource of resources) {
      apiVersions.add(`${apiVersion}/${resource.kind}`);
      const known = byVersion.get(`${group}/${version}/${resource.kind}`);
      if (known && known.verbs.length >= resource.verbs.length) continue;
      byVersion.set(`${group}/${version}/${resource.kind}`, resource);
      const name = `${group}/${resource.kind}`;
      const first = preferred.get(name);
      if (!first || first.version === version) preferred.set(name, resource);
    }
  }
  const resources = [...preferred.values()].sort((a, b) => compare(a.group, b.group) || compare(a.kind, b.kind));
  return {
    byVersion,
    preferred,
    resources,
    apiVersions: [...apiVersions].sort(compare),
    hash: hashOf([...byVersion].sort(([a], [b]) => compare(a, b))),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
