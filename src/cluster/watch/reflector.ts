// The watch of one kind: a streamed initial list, bookmarks, relists, and no event lost in the end.
import type { KubeObject } from '../../model/kube.ts';
import type { WatchOptions } from './watch-options.ts';
import { AppError, errorMessage } from '../../base/errors.ts';
import { backoffDelay } from '../../base/retry.ts';
import { parseJson, stringifyJson } from '../../base/json.ts';
import { isObject } from '../../model/kube.ts';
import { isStatus, ApiError, watchErrorOf } from '../api-error.ts';
import { LineSplitter } from './lines.ts';
import { objectOf, pageOf } from '../object-list.ts';
import { collectionPath, withQuery } from '../paths.ts';
import { patience } from './watch-timing.ts';
import { accepts, Interruption } from './watch-options.ts';

/** After client-go's Reflector; listens until it is stopped, and waits longer after each failure. */
export class Reflector {
  readonly #options: WatchOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  /** From here the next connection goes on; undefined: a listing is needed. */
  #version: string | undefined;
  /** The next listing comes in pages. */
  #paged = false;
  /** The server knows no streamed lists. */
  #refused = false;
  #failures = 0;
  /** The cause that was told last, until it works again. */
  #told: { cause: string; forbidden: boolean } | undefined;
  /**
   * How often in a row a connection said nothing at all: an API server sends no bookmarks for a kind without events.
   */
  #silences = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('the watch stops'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version !== undefined) await this.#watch(signal, false);
        else if (this.#paged) await this.#inTurn(signal, () => this.#listPages(signal));
        else await this.#inTurn(signal, (done) => this.#watch(signal, true, done));
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error, signal);
      }
    }
  }

  /** The turn ends with the listing, although the same connection may go on as a watch. */
  async #inTurn(signal: AbortSignal, list: (done: () => void) => Promise<void>): Promise<void> {
    const done = await this.#options.turns.take(signal);
    try {
      await list(done);
    } finally {
      done();
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { sink, log, resource, clock, random, timing } = this.#options;
    const fields = { group: resource.group, kind: resource.kind, err: error };
    if (error instanceof Interruption) {
      if (error.relist) this.#version = undefined;
      log.info(fields, 'watch interrupted');
      if (!error.relist) return;
    } else if (isStatus(error, 410)) {
      // What lies between is gone from the server's memory. No failure, but a loop of it must not be hot.
      this.#version = undefined;
      log.info(fields, 'watch fell behind; it relists');
    } else if (this.#version === undefined && !this.#paged && (isStatus(error, 400) || isStatus(error, 422))) {
      this.#paged = true;
      this.#refused = true;
      return;
    } else {
      // A version that the server cannot serve (a restored etcd, say) would fail for ever.
      if (error instanceof ApiError && error.status !== 429 && this.#failures >= 3) this.#version = undefined;
      this.#tell(error);
      // A storage that is being initialised (a definition that just came) answers 429 for a moment.
      if (!isStatus(error, 429) || this.#failures >= 3)
        sink.problem(error instanceof Error ? error : new Error(String(error)));
    }
    const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
    const wait = backoffDelay(this.#failures, random, timing);
    this.#failures += 1;
    await clock.sleep(asked === undefined ? wait : asked + random() * timing.baseMs, signal).catch(() => undefined);
  }

  /** Once for each cause: what fails for long is not told at each attempt. */
  #tell(error: unknown): void {
    const { log, resource, forbiddenIsTold } = this.#options;
    const cause = `${error instanceof ApiError ? error.status : ''} ${errorMessage(error)}`;
    const forbidden = isStatus(error, 403);
    const isKnown = cause === this.#told?.cause || (forbiddenIsTold === true && forbidden);
    this.#told = { cause, forbidden };
    log[isKnown ? 'debug' : 'warn']({ group: resource.group, kind: resource.kind, err: error }, 'watch failed');
  }

  #path(query: Record<string, string | number | boolean | undefined>): string {
    const { resource, namespace, labelSelector, fieldSelector } = this.#options;
    return withQuery(collectionPath(resource, namespace), { labelSelector, fieldSelector, ...query });
  }

  async #listPages(signal: AbortSignal): Promise<void> {
    const { transport, sink, resource, metadataOnly } = this.#options;
    sink.listing();
    let version = '';
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const path = this.#path({ limit: 500, continue: cursor });
      const { body } = await transport.call({
        verb: 'list',
        method: 'GET',
        path,
        accept: metadataOnly ? accepts.metadataList : accepts.whole,
        signal,
        safe: true,
      });
      const page = pageOf(body, resource);
      for (const object of page.items) sink.listed(object, () => stringifyJson(object));
      version = page.resourceVersion;
      cursor = page.next;
    }
    this.#paged = this.#refused;
    this.#complete(version);
  }

  #complete(version: string): void {
    this.#version = version;
    this.#options.sink.complete(version);
    this.#works();
  }

  #works(): void {
    const { log, resource, forbiddenIsTold } = this.#options;
    if (this.#told !== undefined && !(forbiddenIsTold && this.#told.forbidden))
      log.info({ group: resource.group, kind: resource.kind }, 'watch works again');
    this.#told = undefined;
    this.#failures = 0;
    this.#options.sink.problem(undefined);
  }

  /** One connection; returns when the server ends it in good order. */
  async #watch(signal: AbortSignal, initial: boolean, listed: () => void = () => undefined): Promise<void> {
    signal.throwIfAborted(); // it may have ended while a turn was taken: an abort that is past calls no listener
    const { transport, sink, clock, random, timing, metadataOnly } = this.#options;
    const connection = new AbortController();
    const end = (): void => connection.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    const stopIdle = this.#watchIdle(connection);
    const lines = new LineSplitter();
    const started = clock.now();
    let events = 0;
    const onLine = (line: string): void => {
      if (connection.signal.aborted) return;
      events += 1;
      this.#take(line, listed);
    };
    if (initial) sink.listing();
    try {
      await transport.stream({
        path: this.#path({
          watch: true,
          allowWatchBookmarks: true,
          timeoutSeconds: Math.ceil((timing.minLifeMs + random() * (timing.maxLifeMs - timing.minLifeMs)) / 1000),
          ...(initial
            ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
            : { resourceVersion: this.#version }),
        }),
        accept: metadataOnly ? accepts.metadata : accepts.whole,
        signal: connection.signal,
        headersMs: timing.headersMs,
        onStart: () => (initial ? undefined : this.#works()),
        onData: (chunk) => {
          stopIdle.touch();
          try {
            lines.push(chunk, onLine);
          } catch (error) {
            connection.abort(error);
          }
        },
      });
    } finally {
      stopIdle.stop();
      signal.removeEventListener('abort', end);
    }
    // A server or proxy that ends every connection at once must not be asked in a hot loop.
    if (events === 0 && clock.now() - started < timing.baseMs)
      throw new AppError('E_API_UNREACHABLE', 'the watch ended at once', { kind: 'transient' });
  }

  /**
   * Half-open connections say nothing for ever: bookmarks are the proof of life. Where none come, it is asked for ever
   * more rarely.
   */
  #watchIdle(connection: AbortController): { touch: () => void; stop: () => void } {
    const { clock, timing } = this.#options;
    let last = clock.now();
    const patienceMs = patience(timing, this.#silences);
    const look = (): void => {
      const left = last + patienceMs - clock.now();
      if (left > 0) cancel = clock.after(left, look);
      else {
        const listing = this.#version === undefined;
        if (listing)
          this.#paged = true; // a server that never ends a streamed list may know pages
        else this.#silences += 1;
        connection.abort(new Interruption('nothing was heard for too long', listing));
      }
    };
    let cancel = clock.after(patienceMs, look);
    return { touch: () => (last = clock.now()), stop: () => cancel() };
  }

  #take(line: string, listed: () => void): void {
    const { sink } = this.#options;
    const { type, object } = this.#parse(line);
    if (type === 'ERROR') throw watchErrorOf(this.#path({}), object);
    const parsed = this.#objectOf(object);
    const version = parsed.metadata.resourceVersion ?? '';
    const listing = this.#version === undefined;
    if (!listing) this.#silences = 0;
    const json = (): string => line.slice(line.indexOf('"object":') + 9, line.lastIndexOf('}'));
    if (type === 'BOOKMARK') {
      if (listing && parsed.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
        this.#complete(version);
        listed();
      } else if (!listing) {
        this.#version = version;
        sink.reached(version);
      }
    } else if (listing) {
      // The server may list from a state that is a little old and then tell what happened since, before it ends the
      // listing.
      if (type === 'DELETED') sink.gone(parsed);
      else sink.listed(parsed, json);
    } else {
      this.#version = version;
      if (type === 'DELETED') sink.gone(parsed);
      else sink.changed(parsed, json);
    }
  }

  #parse(line: string): { type: string; object: unknown } {
    let event: unknown;
    try {
      event = parseJson(line);
    } catch (cause) {
      throw new Interruption('a line of the watch is no JSON', true, cause instanceof Error ? cause.name : undefined);
    }
    if (isObject(event) && typeof event['type'] === 'string') return { type: event['type'], object: event['object'] };
    throw new Interruption('a line of the watch is no event', true);
  }

  #objectOf(value: unknown): KubeObject {
    try {
      return objectOf(value);
    } catch (cause) {
      throw new Interruption('an event of the watch has no object', true, cause);
    }
  }
}
