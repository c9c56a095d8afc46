// One process works at a time: the holder of one Lease; others wait until it is released or runs out.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Api } from '../cluster/api.ts';
import type { KubeObject } from '../model/kube.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';

export interface LeaseOptions {
  api: Api;
  namespace: string;
  clock: Clock;
  log: Logger;
  /** Called when the lease was lost to another process: this one must stop working. */
  onLost: () => void;
  /** Seconds after which a silent holder counts as dead; default 15. Renewed every third of it. */
  seconds?: number;
}

const name = 'coxswain';

/** `host:pid:random`; the pid lets a restarted process on the same host see that the former holder is dead. */
function identity(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

function isDead(holder: string): boolean {
  const [host, pid] = holder.split(':');
  if (host !== hostname() || !pid) return false;
  try {
    process.kill(Number(pid), 0);
    return Number(pid) === process.pid; // our own pid in a former life: containers begin with the same one
  } catch {
    return true;
  }
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #me = identity();
  readonly #seconds: number;
  #held: KubeObject | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#seconds = options.seconds ?? 15;
  }

  /** Resolves when this process holds the lease; then renews it until `release`. */
  async acquire(signal: AbortSignal): Promise<void> {
    for (;;) {
      const wait = await this.#try();
      if (wait === 0) break;
      this.#options.log.info({ waitMs: wait }, 'another process holds the lease; waiting');
      await this.#options.clock.sleep(wait, signal);
    }
    this.#renewLater();
  }

  async release(): Promise<void> {
    this.#cancel?.();
    const held = this.#held;
    this.#held = undefined;
    if (held) await this.#write(held, '').catch(() => undefined); // it runs out by itself
  }

  /** 0 when held now, else how long to wait in ms. */
  async #try(): Promise<number> {
    const { api, namespace, clock } = this.#options;
    const found = await api.get({ group: 'coordination.k8s.io', kind: 'Lease', namespace, name });
    try {
      if (!found) {
        this.#held = await api.create(this.#object());
        return 0;
      }
      const spec = isObject(found['spec']) ? found['spec'] : {};
      const holder = typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '';
      const until = Date.parse(String(spec['renewTime'] ?? '')) + this.#seconds * 1000;
      if (holder && holder !== this.#me && !isDead(holder) && until > clock.now()) return Math.min(until - clock.now() + 50, this.#seconds * 334);
      this.#held = await this.#write(found, this.#me);
      return 0;
    } catch (error) {
      if (isStatus(error, 409)) return 200; // another process was quicker
      throw error;
    }
  }

  #object(holder = this.#me, base?: KubeObject): KubeObject {
    const now = new Date(this.#options.clock.now()).toISOString().replace('Z', '000Z'); // MicroTime
    const held = isObject(base?.['spec']) ? base['spec'] : {};
    const acquireTime = held['holderIdentity'] === holder && typeof held['acquireTime'] === 'string' ? held['acquireTime'] : now;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: base?.metadata ?? { name, namespace: this.#options.namespace },
      spec: { holderIdentity: holder, leaseDurationSeconds: this.#seconds, renewTime: now, acquireTime },
    };
  }

  #write(base: KubeObject, holder: string): Promise<KubeObject> {
    return this.#options.api.replace(this.#object(holder, base));
  }

  /** After a renewal whose answer was lost, the lease is ours at a version that we do not know. */
  async #readOwn(): Promise<boolean> {
    const found = await this.#options.api.get({ group: 'coordination.k8s.io', kind: 'Lease', namespace: this.#options.namespace, name }).catch(() => undefined);
    const mine = isObject(found?.['spec']) && found['spec']['holderIdentity'] === this.#me;
    if (found && mine) this.#held = found;
    return mine;
  }

  #renewLater(): void {
    this.#cancel = this.#options.clock.after((this.#seconds * 1000) / 3, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    try {
      this.#held = await this.#write(held, this.#me);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the lease could not be renewed');
      const spec = isObject(held['spec']) ? held['spec'] : {};
      const expired = Date.parse(String(spec['renewTime'])) + this.#seconds * 1000 < this.#options.clock.now();
      const mine = isStatus(error, 409) && (await this.#readOwn());
      if (!mine && (isStatus(error, 409) || expired)) return this.#options.onLost();
    }
    if (this.#held) this.#renewLater();
  }
}
