// Server-sent events: tells open pages which applications changed, many changes in one message.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';

/** At most one message in that time; a first change is told at once. */
const gapMs = 250;
/** Sent when nothing happens, so that proxies keep the connection. */
const heartbeatMs = 25_000;
/** More changes than this in one message are told as "everything". */
const maxKeys = 50;
/** Pages that do not read are closed: they come back by themselves. */
const maxBuffered = 64 * 1024;

/** Open streams of pages; changes within a moment are one message, and silence is broken by a heartbeat. */
export class Listeners {
  readonly #open = new Set<ServerResponse>();
  readonly #clock: Clock;
  readonly #ends: (() => void)[];
  #changed = new Set<string>();
  #gap: (() => void) | undefined;
  #heartbeat: (() => void) | undefined;

  /** `onAll`: told when every page may have changed. */
  constructor(store: Store, clock: Clock, onAll?: (fn: () => void) => () => void) {
    this.#clock = clock;
    this.#ends = [
      store.applications.onChange((key) => this.#tell(key)),
      store.approvals.onChange((_key, now, before) => this.#tell((now ?? before)?.spec.application ?? '')),
      store.episodes.onChange((_key, now, before) => this.#tell((now ?? before)?.spec.application ?? '')),
      store.reports.onChange((_key, now, before) => this.#tell((now ?? before)?.spec.application ?? '')),
      onAll?.(() => this.#tell('*')) ?? (() => undefined),
    ];
  }

  /** Answers with a stream of `data: ["namespace/name", …]`; `["*"]` means that everything may have changed. */
  add(request: IncomingMessage, response: ServerResponse): void {
    response.flushHeaders();
    response.write('retry: 2000\n\n');
    this.#open.add(response);
    request.on('close', () => this.#drop(response));
    response.on('error', () => this.#drop(response));
    this.#heartbeat ??= this.#clock.after(heartbeatMs, () => this.#beat());
  }

  /** How many pages listen. */
  get size(): number {
    return this.#open.size;
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#gap?.();
    this.#heartbeat?.();
    for (const response of this.#open) response.end();
    this.#open.clear();
  }

  #drop(response: ServerResponse): void {
    this.#open.delete(response);
    response.destroy();
    if (this.#open.size > 0) return;
    this.#heartbeat?.();
    this.#heartbeat = undefined;
  }

  #tell(key: string): void {
    if (this.#open.size === 0) return;
    this.#changed.add(key);
    if (this.#gap === undefined) this.#flush();
  }

  #flush(): void {
    this.#gap = undefined;
    if (this.#changed.size === 0) return;
    const keys = this.#changed.size > maxKeys ? ['*'] : [...this.#changed];
    this.#changed = new Set();
    this.#send(`data: ${JSON.stringify(keys)}\n\n`);
    this.#gap = this.#clock.after(gapMs, () => this.#flush());
  }

  #beat(): void {
    this.#send(': still here\n\n');
    this.#heartbeat = this.#open.size > 0 ? this.#clock.after(heartbeatMs, () => this.#beat()) : undefined;
  }

  #send(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > maxBuffered) this.#drop(response);
      else response.write(text);
    }
  }
}
