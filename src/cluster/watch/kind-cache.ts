// One kind of the live cache: its watch, its entries, and whether it is watched whole or by metadata alone.
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { ApiResource } from '../discovery/discovery.ts';
import type { Describing } from '../live.ts';
import type { Entry, RecordContext } from './record.ts';
import type { Source } from './object-store.ts';
import type { Tracking } from '../../model/tracking.ts';
import type { Reflector } from './reflector.ts';
import type { WatchSink } from './watch-options.ts';
import { Conditions } from '../../base/abort.ts';
import { AppError } from '../../base/errors.ts';
import { stringifyJson } from '../../base/json.ts';
import { apiVersionOf, gvkOf } from '../../model/kube.ts';
import { isStatus } from '../api-error.ts';
import { entryOf } from './record.ts';
import { ObjectStore, compareVersions } from './object-store.ts';

/** What the kind needs of the cache around it. */
interface KindHost {
  shared: Map<string, string>;
  wants(key: ResourceKey): boolean;
  /** As it is now. */
  tracking(): Tracking;
  describing?: Describing | undefined;
  makeWatch(resource: ApiResource, metadataOnly: boolean, sink: WatchSink): Reflector;
  /** `report` is false for the same version again, of which only the body or the index changes. */
  put(before: Entry | undefined, after: Entry, origin: 'watch' | 'own', report: boolean): void;
  removed(entry: Entry): void;
  counted(what: 'event' | 'relist'): void;
  /** Whether the cluster lets us read the kind. */
  forbidden(is: boolean): void;
}

type Mode = 'metadata' | 'whole';

/** Watched by metadata alone until somebody wants whole objects; then once more, whole. */
export class KindCache implements WatchSink {
  #resource: ApiResource;
  readonly #host: KindHost;
  readonly #store = new ObjectStore<Entry>();
  readonly #conditions = new Conditions();
  #context: RecordContext;
  #mode: Mode;
  /** What the present watch brings: it lags behind the mode while an old watch ends. */
  #delivers: Mode;
  /** What the last complete listing brought. */
  #complete: Mode | undefined;
  #problem: Error | undefined;
  #watch: Reflector | undefined;
  #ending: Promise<void> = Promise.resolve();
  #stopped = false;
  #listings = 0;

  constructor(resource: ApiResource, mode: Mode, host: KindHost) {
    this.#resource = resource;
    this.#host = host;
    this.#mode = mode;
    this.#delivers = mode;
    this.#context = this.#newContext();
    this.#restart();
  }

  get resource(): ApiResource {
    return this.#resource;
  }

  /** Some complete listing has arrived; the entries are good, if perhaps without bodies. */
  get synced(): boolean {
    return this.#complete !== undefined;
  }

  get whole(): boolean {
    return this.#mode === 'whole' && this.#complete === 'whole';
  }

  get problemNow(): Error | undefined {
    return this.#problem;
  }

  get size(): number {
    return this.#store.size;
  }

  get(key: ResourceKey): Entry | undefined {
    return this.#store.get(nameOf(key));
  }

  entries(): Iterable<Entry> {
    return this.#store.entries();
  }

  /** From now on with bodies. */
  turnWhole(): void {
    if (this.#mode === 'whole' || this.#stopped) return;
    this.#mode = 'whole';
    this.#restart();
  }

  /** Objects tell by something else to whom they belong: they are listed anew. */
  retrack(): void {
    this.#context = this.#newContext();
    this.#restart();
  }

  /** The cluster serves the kind differently now: another preferred version. */
  serve(resource: ApiResource): void {
    if (resource.version === this.#resource.version && resource.plural === this.#resource.plural) {
      this.#resource = resource;
      this.#context = this.#newContext();
      return;
    }
    this.#resource = resource;
    this.#context = this.#newContext();
    this.#complete = undefined;
    this.#restart();
  }

  /** The kind is no longer served: its objects are gone. */
  async end(): Promise<void> {
    await this.stop();
    for (const entry of this.#store.clear()) this.#host.removed(entry);
    this.#conditions.look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#watch?.stop(), this.#ending]);
    this.#conditions.look();
  }

  /**
   * Resolves when the first listing is complete (with bodies, if the kind is watched whole) or, with `patient` false,
   * has failed.
   */
  async settled(patient: boolean, signal?: AbortSignal): Promise<void> {
    await this.when(
      () => this.#stopped || this.#complete === this.#mode || (!patient && this.#problem !== undefined),
      signal,
    );
  }

  /** Resolves when the entries can be read with bodies. Throws what keeps the watch from it. */
  async readable(signal?: AbortSignal): Promise<void> {
    await this.when(() => this.whole || this.#stopped || this.#problem !== undefined, signal);
    if (this.whole) return;
    if (this.#problem) throw this.#problem;
    throw new AppError('E_API_UNREACHABLE', 'the watch has ended', { kind: 'transient' });
  }

  /** Resolves when the condition holds; it is looked at after everything that the watch tells. */
  when(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    return this.#conditions.when(condition, signal);
  }

  /** Has the watch told everything up to that version? */
  hasReached(version: string): boolean {
    return this.#store.reached !== '' && compareVersions(version, this.#store.reached) <= 0;
  }

  accept(object: KubeObject): void {
    // The answer is in the version that was written; a body of another version would not compare.
    if (apiVersionOf(gvkOf(object)) !== this.#context.apiVersion) return;
    this.#put(object, () => stringifyJson(object), 'own');
    this.#conditions.look();
  }

  /** Puts the body of an object whose record is there already, or of a newer version of it. */
  fill(object: KubeObject): void {
    const name = nameOf({ namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' });
    const known = this.#store.get(name);
    if (known?.resourceVersion === object.metadata.resourceVersion) {
      const entry = entryOf(object, () => stringifyJson(object), this.#context);
      this.#store.replace(name, entry);
      this.#host.put(known, entry, 'watch', false);
    } else this.#put(object, () => stringifyJson(object), 'own');
    this.#conditions.look();
  }

  /** Nobody wants the body any more. */
  drop(key: ResourceKey): void {
    const entry = this.get(key);
    if (!entry || entry.json === undefined || this.#context.keeps(key, entry.application, entry.root)) return;
    const slim = entry.slim();
    this.#store.replace(nameOf(key), slim);
    this.#host.put(entry, slim, 'watch', false);
  }

  listing(): void {
    this.#listings += 1;
    if (this.#listings > 1) this.#host.counted('relist');
    this.#store.begin();
  }

  listed(object: KubeObject, json: () => string): void {
    this.#put(object, json, 'list');
  }

  complete(resourceVersion: string): void {
    for (const entry of this.#store.end(resourceVersion)) this.#host.removed(entry);
    this.#complete = this.#delivers;
    this.#conditions.look();
  }

  changed(object: KubeObject, json: () => string): void {
    this.#host.counted('event');
    this.#put(object, json, 'event');
    this.#conditions.look();
  }

  gone(object: KubeObject): void {
    this.#host.counted('event');
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
    const entry = this.#store.remove(nameOf(key), object.metadata.resourceVersion ?? '');
    if (entry) this.#host.removed(entry);
    this.#conditions.look();
  }

  reached(resourceVersion: string): void {
    this.#store.advance(resourceVersion);
    this.#conditions.look();
  }

  problem(error: Error | undefined): void {
    this.#problem = error;
    this.#host.forbidden(isStatus(error, 403));
    this.#conditions.look();
  }

  #put(object: KubeObject, json: () => string, source: Source): void {
    const { metadata } = object;
    const name = nameOf({ namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
    const put = this.#store.put(name, metadata.resourceVersion ?? '', source, () =>
      entryOf(object, json, this.#context),
    );
    if (!put) return;
    const { before, after } = put;
    const report = put.changed || before?.application !== after.application;
    this.#host.put(before, after, source === 'own' ? 'own' : 'watch', report);
    if (this.#mode === 'metadata' && after.root && after.application !== undefined) this.turnWhole();
  }

  /** Another watch over the same entries; the old one ends first, so that no two tell the same story. */
  #restart(): void {
    const old = this.#watch;
    this.#problem = undefined;
    const mode = this.#mode;
    const watch = this.#host.makeWatch(this.#resource, mode === 'metadata', this);
    this.#watch = watch;
    if (!old) return watch.start();
    this.#ending = Promise.all([this.#ending, old.stop()]).then(() => {
      if (this.#stopped || this.#watch !== watch) return;
      this.#delivers = mode;
      watch.start();
    });
  }

  #newContext(): RecordContext {
    const { describing } = this.#host;
    return {
      note: describing && ((object) => describing.note(object, this.#delivers === 'whole')),
      resource: this.#resource,
      apiVersion: apiVersionOf(this.#resource),
      tracking: this.#host.tracking(),
      shared: this.#host.shared,
      keeps: (key, application, root) =>
        this.#delivers === 'whole' && ((application !== undefined && root) || this.#host.wants(key)),
    };
  }
}

function nameOf(key: { namespace: string; name: string }): string {
  return `${key.namespace}/${key.name}`;
}
