// Webhooks: signed, checked against the published payloads, sent once, recorded, redelivered on request.
import type { ArmedFaults } from './faults.ts';
import type { Json } from './present/present.ts';
import type { Schema } from './schema/schema.ts';
import type { World } from './world.ts';
import { createHmac, randomUUID } from 'node:crypto';
import { Agent, fetch } from 'undici';
import { timestamp } from './world.ts';

export interface Delivery {
  id: number;
  /** X-GitHub-Delivery; a redelivery keeps it. */
  guid: string;
  deliveredAt: string;
  redelivery: boolean;
  /** Seconds. */
  duration: number;
  /** `OK`, or what went wrong. */
  status: string;
  statusCode: number;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  requestHeaders: Record<string, string>;
  payload: Json;
  responseHeaders: Record<string, string>;
  response: string;
}

export interface Hooks {
  /** Sends without waiting for the receiver. `event` is `pull_request`; the action is read from the payload. */
  send(event: string, payload: Json): void;
  /** Sends that delivery's payload again, under a new id and the same guid. */
  redeliver(delivery: Delivery): Delivery;
  /** Newest first. */
  deliveries(): Delivery[];
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  setUrl(url: string | null): void;
  /** Null: nothing is sent. */
  url(): string | null;
  close(): void;
}

interface HookOptions {
  world: World;
  schema: Schema;
  faults: ArmedFaults;
  secret: string;
  url: string | null;
}

/** `pull-request-opened`, as the published description names webhooks. */
function publishedName(event: string, action: unknown): string {
  return `${event}${typeof action === 'string' ? `-${action}` : ''}`.replaceAll('_', '-');
}

function idOf(value: unknown): number | null {
  const id = typeof value === 'object' && value !== null ? (value as Json)['id'] : undefined;
  return typeof id === 'number' ? id : null;
}

class WebhookSender implements Hooks {
  readonly #options: HookOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #url: string | null;
  #deliveries: Delivery[] = [];
  #held: (() => void)[] = [];

  constructor(options: HookOptions) {
    this.#options = options;
    this.#url = options.url;
  }

  send(event: string, payload: Json): void {
    const { world, schema, faults } = this.#options;
    if (this.#url === null || !this.#subscribed(event)) return;
    const name = publishedName(event, payload['action']);
    const body = schema.fitWebhook(name, payload) as Json;
    const faulty = schema.webhook(name, body);
    if (faulty.length > 0) {
      world.violations.push(...faulty.map((fault) => ({ side: 'webhook' as const, route: name, fault })));
      return;
    }
    const delivery = this.#record(event, body);
    const fate = faults.takeHook(event);
    if (fate === 'swap') {
      this.#held.push(() => this.#start(delivery));
      return;
    }
    if (fate === 'lose') Object.assign(delivery, { status: 'timed out', statusCode: 504 });
    else this.#start(delivery);
    if (fate === 'double') this.#start({ ...delivery });
    for (const release of this.#held.splice(0)) release();
  }

  redeliver(delivery: Delivery): Delivery {
    const again: Delivery = {
      ...delivery,
      id: this.#options.world.nextId(),
      redelivery: true,
      deliveredAt: timestamp(),
    };
    this.#deliveries.unshift(again);
    this.#start(again);
    return again;
  }

  deliveries(): Delivery[] {
    return [...this.#deliveries];
  }

  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  setUrl(url: string | null): void {
    this.#url = url;
  }

  url(): string | null {
    return this.#url;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Installation events always arrive (GitHub: webhooks of an App). */
  #subscribed(event: string): boolean {
    return event.startsWith('installation') || this.#options.world.app.events.includes(event);
  }

  #record(event: string, payload: Json): Delivery {
    const { world, secret } = this.#options;
    const guid = randomUUID();
    const text = JSON.stringify(payload);
    const delivery: Delivery = {
      id: world.nextId(),
      guid,
      deliveredAt: timestamp(),
      redelivery: false,
      duration: 0,
      status: 'pending',
      statusCode: 0,
      event,
      action: typeof payload['action'] === 'string' ? payload['action'] : null,
      installationId: idOf(payload['installation']),
      repositoryId: idOf(payload['repository']),
      requestHeaders: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/sandbox',
        'x-github-event': event,
        'x-github-delivery': guid,
        'x-github-hook-id': '1',
        'x-github-hook-installation-target-id': String(world.app.id),
        'x-github-hook-installation-target-type': 'integration',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
      },
      payload,
      responseHeaders: {},
      response: '',
    };
    this.#deliveries.unshift(delivery);
    return delivery;
  }

  #start(delivery: Delivery): void {
    const work = this.#post(delivery).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** GitHub waits ten seconds for a 2xx and never sends again by itself. */
  async #post(delivery: Delivery): Promise<void> {
    const began = Date.now();
    // A connection of its own: one that was kept may be closed by the receiver at the very moment, and nothing is sent
    // again.
    const dispatcher = new Agent({ pipelining: 0 });
    try {
      const response = await fetch(this.#url ?? '', {
        method: 'POST',
        headers: delivery.requestHeaders,
        body: JSON.stringify(delivery.payload),
        dispatcher,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(10_000)]),
      });
      delivery.response = await response.text();
      delivery.responseHeaders = Object.fromEntries(response.headers);
      delivery.statusCode = response.status;
      delivery.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
    } catch (cause) {
      // A receiver that is down or too slow is what the delivery list is for.
      delivery.status =
        cause instanceof Error && cause.name === 'TimeoutError' ? 'timed out' : 'failed to connect to host';
      delivery.statusCode = delivery.status === 'timed out' ? 504 : 502;
    } finally {
      await dispatcher.destroy();
    }
    delivery.duration = (Date.now() - began) / 1000;
  }
}

export function createHooks(options: HookOptions): Hooks {
  return new WebhookSender(options);
}
