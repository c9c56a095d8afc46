// The live cache of one cluster: a kind cache per kind, the indexes over them, and what is told to the rooms above.
import type { Gvk, KubeObject, ResourceKey } from '../../model/kube.ts';
import type { ApiResource } from '../discovery/discovery.ts';
import type { Live, LiveChange, LiveObject, LiveRecord, LiveSettings, LiveStats } from '../live.ts';
import type { Entry } from './record.ts';
import type { Kind, LiveOptions } from './live-options.ts';
import { Conditions } from '../../base/abort.ts';
import { AppError } from '../../base/errors.ts';
import { Topic } from '../../base/topic.ts';
import { sameJson } from '../../base/canonical.ts';
import { gvkOf, keyText } from '../../model/kube.ts';
import { defaultTracking } from '../../model/tracking.ts';
import { kindNamed, resourceName } from '../discovery/discovery.ts';
import { isWatched, leavesOut } from '../discovery/exclusions.ts';
import { KindCache } from './kind-cache.ts';
import { KindFollower } from '../discovery/kind-follower.ts';
import { LiveIndex } from './live-index.ts';
import { compareVersions } from './object-store.ts';
import { ForbiddenKinds } from './forbidden-kinds.ts';
import { Reflector } from './reflector.ts';

/** Watches begin with the kinds that discovery names and end with them; `want` makes objects whole. */
export class LiveCache implements Live {
  readonly #options: LiveOptions;
  readonly #kinds = new Map<string, KindCache>();
  readonly #index = new LiveIndex();
  readonly #shared = new Map<string, string>();
  readonly #changes: Topic<LiveChange>;
  readonly #kindsTopic: Topic<readonly Gvk[]>;
  readonly #awaited = new Map<string, Conditions>();
  readonly #follower: KindFollower;
  readonly #forbidden: ForbiddenKinds;
  readonly #ending = new Set<Promise<void>>();
  /** What takes back a pending `again`, by application and key. */
  readonly #reminders = new Map<string, () => void>();
  #settings: LiveSettings = { tracking: defaultTracking, excludes: leavesOut({}, '') };
  #unsubscribe: (() => void) | undefined;
  #bodies = 0;
  #events = 0;
  #relists = 0;
  #stopped = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#changes = new Topic('live', options.log);
    this.#kindsTopic = new Topic('kinds', options.log);
    this.#follower = new KindFollower(options);
    this.#forbidden = new ForbiddenKinds({ ...options, settled: () => this.settled });
  }

  get settled(): boolean {
    return (
      this.#unsubscribe !== undefined &&
      [...this.#kinds.values()].every((kind) => kind.synced || kind.problemNow !== undefined)
    );
  }

  get stats(): LiveStats {
    let objects = 0;
    for (const kind of this.#kinds.values()) objects += kind.size;
    return { kinds: this.#kinds.size, objects, bodies: this.#bodies, events: this.#events, relists: this.#relists };
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (!this.#unsubscribe) {
      this.#unsubscribe = this.#options.discovery.onChange(() => this.#follow());
      this.#follower.start();
      this.#follow();
    }
    await Promise.all([...this.#kinds.values()].map((kind) => kind.settled(false, signal)));
  }

  configure(settings: LiveSettings): void {
    const { tracking } = this.#settings;
    this.#settings = settings;
    if (!sameJson(tracking, settings.tracking)) for (const kind of this.#kinds.values()) kind.retrack();
    if (this.#unsubscribe) this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#forbidden.stop();
    this.#unsubscribe?.();
    for (const cancel of this.#reminders.values()) cancel();
    await this.#follower.stop();
    await Promise.all([...[...this.#kinds.values()].map((kind) => kind.stop()), ...this.#ending]);
  }

  get(key: ResourceKey): LiveObject | undefined {
    return this.#kindOf(key)?.get(key);
  }

  keysOf(application: string): ResourceKey[] {
    return this.#index.keysOf(application);
  }

  childrenOf(uid: string): LiveRecord[] {
    return this.#index.childrenOf(uid);
  }

  rootsIn(namespace: string): Iterable<LiveRecord> {
    return this.#index.rootsIn(namespace, () => this.records());
  }

  *records(kind?: Kind): Generator<LiveRecord> {
    const caches = kind ? [this.#kindOf(kind)] : this.#kinds.values();
    for (const cache of caches) if (cache) yield* cache.entries();
  }

  async want(application: string, keys: readonly ResourceKey[], signal?: AbortSignal): Promise<void> {
    this.#replaceWanted(application, keys);
    await this.ensureKinds(keys, signal);
    // What came before somebody wanted it has no body yet.
    const bare = keys.filter((key) => {
      const entry = this.#kindOf(key)?.get(key);
      return entry !== undefined && entry.json === undefined;
    });
    await Promise.all(bare.map((key) => this.#fetchBody(key, signal)));
  }

  forget(application: string): void {
    this.#replaceWanted(application, []);
    this.#shared.delete(application);
  }

  again(application: string, key: ResourceKey, ms: number): void {
    if (this.#stopped) return;
    const name = `${application} ${keyText(key)}`;
    this.#reminders.get(name)?.();
    this.#reminders.set(
      name,
      this.#options.clock.after(ms, () => {
        this.#reminders.delete(name);
        const record = this.get(key);
        this.#changes.publish({
          key,
          before: record,
          after: record,
          object: record?.object,
          fingerprintChanged: false,
          applications: [application],
          origin: 'watch',
        });
      }),
    );
  }

  async ensureKinds(kinds: readonly Kind[], signal?: AbortSignal): Promise<void> {
    const caches = new Set<KindCache>();
    for (const kind of kinds) {
      const cache = this.#kindOf(kind) ?? this.#begin(kind);
      if (!cache || cache.whole) continue;
      cache.turnWhole();
      caches.add(cache);
    }
    if (caches.size > 0) await Promise.all([...caches].map((cache) => cache.readable(signal)));
  }

  problemOf(kind: Kind): Error | undefined {
    const resource = this.#options.discovery.resourceOf(kind);
    if (!resource && !this.#settings.excludes(kind)) return undefined;
    if (!resource || !isWatched(resource, this.#settings.excludes))
      return new AppError('E_KIND_UNKNOWN', `${kind.kind} of ${kind.group || 'core'} is not watched`);
    return this.#kindOf(kind)?.problemNow;
  }

  async waitFor(key: ResourceKey, resourceVersion: string, signal?: AbortSignal): Promise<void> {
    const kind = this.#kindOf(key);
    if (!kind) return;
    await kind.when(() => {
      const entry = kind.get(key);
      return (
        kind.hasReached(resourceVersion) ||
        (entry !== undefined && compareVersions(resourceVersion, entry.resourceVersion) <= 0)
      );
    }, signal);
  }

  async until(
    key: ResourceKey,
    test: (object: LiveObject | undefined) => boolean,
    signal?: AbortSignal,
  ): Promise<LiveObject | undefined> {
    const text = keyText(key);
    const conditions = this.#awaited.get(text) ?? new Conditions();
    this.#awaited.set(text, conditions);
    try {
      let found: LiveObject | undefined;
      await conditions.when(() => test((found = this.get(key))), signal);
      return found;
    } finally {
      if (conditions.idle) this.#awaited.delete(text);
    }
  }

  accept(object: KubeObject): void {
    this.#kindOf(gvkOf(object))?.accept(object);
  }

  onChange(fn: (change: LiveChange) => void): () => void {
    return this.#changes.subscribe(fn);
  }

  onKinds(fn: (kinds: readonly Gvk[]) => void): () => void {
    return this.#kindsTopic.subscribe(fn);
  }

  #replaceWanted(application: string, keys: readonly ResourceKey[]): void {
    for (const key of this.#index.want(application, keys)) this.#kindOf(key)?.drop(key);
  }

  #kindOf(kind: Kind): KindCache | undefined {
    return this.#kinds.get(`${kind.group}/${kind.kind}`);
  }

  /** Starts the watch of a kind that is served and not excluded. */
  #begin(kind: Kind): KindCache | undefined {
    const resource = this.#options.discovery.resourceOf(kind);
    if (!resource || this.#stopped || !isWatched(resource, this.#settings.excludes)) return undefined;
    const { describing } = this.#options;
    const cache = new KindCache(
      resource,
      this.#index.wantsKind(kind) || describing?.wants(kind) ? 'whole' : 'metadata',
      {
        shared: this.#shared,
        describing,
        wants: (key) => this.#index.wants(key),
        tracking: () => this.#settings.tracking,
        makeWatch: (served, metadataOnly, sink) =>
          new Reflector({ ...this.#options, resource: served, metadataOnly, sink, forbiddenIsTold: true }),
        put: (before, after, origin, report) => this.#put(before, after, origin, report),
        removed: (entry) => this.#removed(entry),
        forbidden: (is) => this.#forbidden.set(resourceName(resource), is),
        counted: (what) => (what === 'event' ? (this.#events += 1) : (this.#relists += 1)),
      },
    );
    this.#kinds.set(`${kind.group}/${kind.kind}`, cache);
    return cache;
  }

  /** Brings the watched kinds in line with what the cluster serves. */
  #follow(): void {
    const served = new Map<string, ApiResource>();
    for (const resource of this.#options.discovery.resources())
      if (isWatched(resource, this.#settings.excludes)) served.set(`${resource.group}/${resource.kind}`, resource);
    const moved: Gvk[] = [];
    for (const [name, resource] of served) {
      const known = this.#kinds.get(name);
      if (known) known.serve(resource);
      else if (this.#begin(resource)) moved.push(kindNamed(resource));
    }
    for (const [name, kind] of this.#kinds) {
      if (served.has(name)) continue;
      this.#kinds.delete(name);
      this.#forbidden.set(resourceName(kind.resource), false);
      moved.push(kindNamed(kind.resource));
      const ended = kind.end().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
    if (moved.length > 0) this.#kindsTopic.publish(moved);
  }

  async #fetchBody(key: ResourceKey, signal: AbortSignal | undefined): Promise<void> {
    const object = await this.#options.api.get(key, signal ? { signal } : {});
    if (object) this.#kindOf(key)?.fill(object);
  }

  #put(before: Entry | undefined, after: Entry, origin: 'watch' | 'own', report: boolean): void {
    this.#bodies += (after.json === undefined ? 0 : 1) - (before?.json === undefined ? 0 : 1);
    this.#index.put(before, after);
    if (report) this.#report(after.key, before, after, origin);
  }

  #removed(entry: Entry): void {
    if (entry.json !== undefined) this.#bodies -= 1;
    this.#index.remove(entry);
    if (entry.key.kind === 'Namespace' && entry.key.group === '') this.#shared.delete(entry.key.name);
    this.#report(entry.key, entry, undefined, 'watch');
  }

  #report(key: ResourceKey, before: Entry | undefined, after: Entry | undefined, origin: 'watch' | 'own'): void {
    if (this.#unsubscribe) this.#follower.changed(key, this.#kindOf(key)?.synced !== true);
    this.#awaited.get(keyText(key))?.look();
    this.#changes.publish({
      key,
      before,
      after,
      // Parsed only if a subscriber looks.
      get object() {
        return after?.object;
      },
      fingerprintChanged: before?.fingerprint !== after?.fingerprint,
      applications: this.#index.applicationsOf(key, before, after),
      origin,
    });
  }
}
