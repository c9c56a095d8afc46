// The informer of one kind: a watch of its own, and a store of parsed values that follows it (client-go: tools/cache).
import type { Logger } from '../../base/log.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { ApiResource } from '../discovery/discovery.ts';
import type { Mirror, MirrorChange, MirrorOptions } from '../mirror.ts';
import type { Source } from './object-store.ts';
import type { Reflector } from './reflector.ts';
import type { WatchSink } from './watch-options.ts';
import { Conditions, orAborted } from '../../base/abort.ts';
import { Topic } from '../../base/topic.ts';
import { ObjectStore, compareVersions } from './object-store.ts';

interface Kept<T> {
  namespace: string;
  name: string;
  resourceVersion: string;
  value: T | undefined;
}

interface MirrorContext {
  log: Logger;
  /** Waits for the kind to be served. */
  resource: (signal: AbortSignal) => Promise<ApiResource>;
  makeWatch: (resource: ApiResource, sink: WatchSink) => Reflector;
}

/** Parsed once for each version; an object that cannot be parsed is left out. */
export class Informer<T> implements Mirror<T>, WatchSink {
  readonly #options: MirrorOptions<T>;
  readonly #context: MirrorContext;
  readonly #store = new ObjectStore<Kept<T>>();
  readonly #changes: Topic<MirrorChange<T>>;
  readonly #conditions = new Conditions();
  readonly #abort = new AbortController();
  #begun: Promise<void> | undefined;
  #watch: Reflector | undefined;
  #synced = false;

  constructor(options: MirrorOptions<T>, context: MirrorContext) {
    this.#options = options;
    this.#context = context;
    this.#changes = new Topic(`mirror of ${options.kind.kind}`, context.log);
  }

  get synced(): boolean {
    return this.#synced;
  }

  async start(signal?: AbortSignal): Promise<void> {
    this.#begun ??= this.#begin();
    await orAborted(this.#begun, signal);
    await this.#conditions.when(() => this.#synced, signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('the mirror stops'));
    await this.#begun?.catch(() => undefined); // it failed for whoever waits for the start
    await this.#watch?.stop();
  }

  get(namespace: string, name: string): T | undefined {
    return this.#store.get(`${namespace}/${name}`)?.value;
  }

  all(): T[] {
    return [...this.#store.entries()].map((kept) => kept.value).filter((value) => value !== undefined);
  }

  accept(object: KubeObject): void {
    this.#put(object, 'own');
    this.#conditions.look();
  }

  async waitFor(namespace: string, name: string, resourceVersion: string, signal?: AbortSignal): Promise<void> {
    await this.#conditions.when(() => {
      const kept = this.#store.get(`${namespace}/${name}`);
      const { reached } = this.#store;
      return (
        (kept !== undefined && compareVersions(resourceVersion, kept.resourceVersion) <= 0) ||
        (reached !== '' && compareVersions(resourceVersion, reached) <= 0)
      );
    }, signal);
  }

  onChange(fn: (change: MirrorChange<T>) => void): () => void {
    return this.#changes.subscribe(fn);
  }

  listing(): void {
    this.#store.begin();
  }

  listed(object: KubeObject): void {
    this.#put(object, 'list');
  }

  complete(resourceVersion: string): void {
    for (const kept of this.#store.end(resourceVersion)) this.#report(kept, kept.value, undefined, 'watch');
    this.#synced = true;
    this.#conditions.look();
  }

  changed(object: KubeObject): void {
    this.#put(object, 'event');
    this.#conditions.look();
  }

  gone(object: KubeObject): void {
    const { namespace = '', name = '', resourceVersion = '' } = object.metadata;
    const kept = this.#store.remove(`${namespace}/${name}`, resourceVersion);
    if (kept) this.#report(kept, kept.value, undefined, 'watch');
    this.#conditions.look();
  }

  reached(resourceVersion: string): void {
    this.#store.advance(resourceVersion);
    this.#conditions.look();
  }

  problem(): void {
    // The watch tells the log; readers go on with what was known last.
  }

  async #begin(): Promise<void> {
    const resource = await this.#context.resource(this.#abort.signal);
    this.#watch = this.#context.makeWatch(resource, this);
    this.#watch.start();
  }

  #put(object: KubeObject, source: Source): void {
    const { namespace = '', name = '', resourceVersion = '' } = object.metadata;
    const put = this.#store.put(`${namespace}/${name}`, resourceVersion, source, () => ({
      namespace,
      name,
      resourceVersion,
      value: this.#parse(object),
    }));
    if (put?.changed) this.#report(put.after, put.before?.value, put.after.value, source === 'own' ? 'own' : 'watch');
  }

  #parse(object: KubeObject): T | undefined {
    try {
      return this.#options.parse(object);
    } catch (err) {
      const { namespace, name } = object.metadata;
      this.#context.log.warn({ kind: this.#options.kind.kind, namespace, name, err }, 'an object cannot be read');
      return undefined;
    }
  }

  #report(kept: Kept<T>, before: T | undefined, after: T | undefined, origin: 'watch' | 'own'): void {
    if (before === undefined && after === undefined) return;
    this.#changes.publish({ namespace: kept.namespace, name: kept.name, before, after, origin });
  }
}
