// One process works at a time: the holder of one Lease; others wait until it is released or runs out.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Api } from '../cluster/api.ts';
import type { EngineName } from '../policy/engine.ts';
import type { KubeObject } from '../model/kube.ts';
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hashOf } from '../base/canonical.ts';
import { AppError } from '../base/errors.ts';
import { cox } from '../model/annotations.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';

interface LeaseOptions {
  api: Api;
  namespace: string;
  clock: Clock;
  log: Logger;
  /** COX_ENGINE, told on the Lease: `cox doctor` reads there what runs. */
  engine?: EngineName;
  /** Called when the lease was lost to another process: this one must stop working. */
  onLost: () => void;
  /** Seconds after which a silent holder counts as dead; default 15. Renewed every third of it. */
  seconds?: number;
}

const name = 'coxswain';
/** What the clocks may differ by, and a timer be late, without a pause. */
const leapMs = 1500;
/** The lease itself is written without asking it. */
const forLease = { forLease: true };

/** Where a pid means one process: a boot of the machine and a namespace of pids. '' where neither is told. */
function placeOfPids(): string {
  try {
    return hashOf([readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'), readlinkSync('/proc/self/ns/pid')]).slice(
      0,
      8,
    );
  } catch {
    return '';
  }
}

/** `host:pid:random:place`; pid and place let a restarted process see that the former holder is dead. */
function identity(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}:${placeOfPids()}`;
}

/** Hosts of one name are many: pods of one name, containers on the network of their node. */
function isDead(holder: string): boolean {
  const [host, pid, , place] = holder.split(':');
  if (host !== hostname() || !pid || !place || place !== placeOfPids()) return false;
  try {
    process.kill(Number(pid), 0);
    return Number(pid) === process.pid; // our own pid in a former life
  } catch {
    return true;
  }
}

/** `confirm` before each write: it rejects once the Lease may be somebody else's. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #me = identity();
  readonly #seconds: number;
  #held: KubeObject | undefined;
  /**
   * When the last renewal that succeeded was sent, by both clocks: they part when the machine is suspended, and when
   * somebody sets one.
   */
  #renewed = { steady: 0, wall: 0 };
  /** The renewal under way. */
  #renewing: Promise<void> | undefined;
  #dueAt = 0;
  /**
   * The record as it was found last, and when we first saw it so: other hosts' clocks tell us nothing (as in
   * client-go).
   */
  #seen: { version: string | undefined; at: number } | undefined;
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

  /**
   * Resolves at once while this process surely holds the lease. After a pause, in which another one may have taken it,
   * it is renewed first.
   * A pause that neither clock tells of, such as a hypervisor's, is told by nobody: there the preconditions of what is
   * written hold.
   * Throws when it is lost, or cannot be renewed now.
   */
  async confirm(): Promise<void> {
    if (this.#isSure()) return;
    await this.#renewOnce();
    if (!this.#isSure())
      throw new AppError('E_API', 'the Lease is not held for sure, so nothing is written', {
        kind: 'transient',
        hint: 'It is renewed by itself, or another replica goes on.',
      });
  }

  #isSure(): boolean {
    return this.#held !== undefined && this.#left() > 1 && !this.#hasLeapt();
  }

  /** The wall clock has gone further than the steady one. */
  #hasLeapt(): boolean {
    const { clock } = this.#options;
    return clock.now() - this.#renewed.wall - (clock.steady() - this.#renewed.steady) > leapMs;
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
    const found = await api.get({ group: 'coordination.k8s.io', kind: 'Lease', namespace, name }, forLease);
    const now = clock.steady();
    try {
      if (!found) {
        const sent = { steady: now, wall: clock.now() };
        this.#held = await api.create(this.#object(), forLease);
        this.#renewed = sent;
        return 0;
      }
      const spec = isObject(found['spec']) ? found['spec'] : {};
      const holder = typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '';
      const seconds = typeof spec['leaseDurationSeconds'] === 'number' ? spec['leaseDurationSeconds'] : this.#seconds;
      if (!this.#seen || this.#seen.version !== found.metadata.resourceVersion)
        this.#seen = { version: found.metadata.resourceVersion, at: now };
      const until = this.#seen.at + seconds * 1000;
      if (holder && holder !== this.#me && !isDead(holder) && until > now)
        return Math.min(until - now + 50, this.#seconds * 334);
      await this.#take(found, this.#seconds * 1000);
      return 0;
    } catch (error) {
      if (isStatus(error, 409)) return 200; // another process was quicker
      throw error;
    }
  }

  #object(holder = this.#me, base?: KubeObject): KubeObject {
    const now = new Date(this.#options.clock.now()).toISOString().replace('Z', '000Z'); // MicroTime
    const { engine, namespace } = this.#options;
    const metadata = base?.metadata ?? { name, namespace };
    const held = isObject(base?.['spec']) ? base['spec'] : {};
    const acquireTime =
      held['holderIdentity'] === holder && typeof held['acquireTime'] === 'string' ? held['acquireTime'] : now;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: engine ? { ...metadata, annotations: { ...metadata.annotations, [cox.engine]: engine } } : metadata,
      spec: { holderIdentity: holder, leaseDurationSeconds: this.#seconds, renewTime: now, acquireTime },
    };
  }

  #write(base: KubeObject, holder: string, timeoutMs = this.#seconds * 1000): Promise<KubeObject> {
    return this.#options.api.replace(this.#object(holder, base), { timeoutMs, ...forLease });
  }

  async #take(base: KubeObject, timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const sent = { steady: clock.steady(), wall: clock.now() };
    this.#held = await this.#write(base, this.#me, timeoutMs);
    this.#renewed = sent;
  }

  /** After a renewal whose answer was lost, the lease is ours at a version that we do not know. */
  async #readOwn(): Promise<boolean> {
    const found = await this.#options.api
      .get(
        { group: 'coordination.k8s.io', kind: 'Lease', namespace: this.#options.namespace, name },
        { timeoutMs: this.#left(), ...forLease },
      )
      .catch(() => undefined);
    const mine = isObject(found?.['spec']) && found['spec']['holderIdentity'] === this.#me;
    if (found && mine) this.#held = found;
    return mine;
  }

  /** Milliseconds until we must have stopped: well before another process may take the lease. */
  #left(): number {
    return Math.max(1, this.#renewed.steady + this.#seconds * 800 - this.#options.clock.steady());
  }

  #renewLater(ms = (this.#seconds * 1000) / 3): void {
    this.#cancel?.();
    this.#dueAt = this.#options.clock.steady() + ms;
    this.#cancel = this.#options.clock.after(ms, () => void this.#renewOnce());
  }

  #renewOnce(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    // Who slept over the end of the lease may still find it its own: nothing is written before that is known.
    const slept = this.#left() <= 1 && this.#options.clock.steady() - this.#dueAt > leapMs;
    try {
      await this.#take(held, slept ? this.#seconds * 800 : this.#left());
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the lease could not be renewed');
      const mine = isStatus(error, 409) && (await this.#readOwn());
      if (this.#left() <= 1 || (!mine && isStatus(error, 409))) {
        this.#held = undefined;
        this.#options.log.warn({}, 'the lease is lost: this process stops');
        return this.#options.onLost();
      }
      if (this.#held) this.#renewLater(Math.min(1000, this.#left()));
      return;
    }
    if (this.#held) this.#renewLater();
  }
}
