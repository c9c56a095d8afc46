// A process that dies at a request of our choice: from then on its API client answers nothing, and whatever it still
// wants to do is lost.
import type { Api } from '../../src/cluster/api.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { AppError } from '../../src/base/errors.ts';

/**
 * Counts what the engine changes (dry runs change nothing), and ends it at the n-th change, or the first of that label,
 * before or after the server handles it.
 */
export class Fuse {
  readonly log: string[] = [];
  dead = false;
  #meanwhile: { what: string; act: () => Promise<unknown> } | undefined;
  #order: { n: number | string; side: 'before' | 'after'; onDeath: () => void } | undefined;

  arm(n: number | string, side: 'before' | 'after', onDeath: () => void): void {
    this.log.length = 0;
    this.dead = false;
    this.#order = { n, side, onDeath };
  }

  /**
   * What somebody else does between our looking and our first change of that kind and name, such as `apply
   * ConfigMap/web`.
   */
  meanwhile(what: string, act: () => Promise<unknown>): void {
    this.#meanwhile = { what, act };
  }

  disarm(): void {
    this.#meanwhile = undefined;
    this.#order = undefined;
    this.dead = false;
  }

  #die(): never {
    const order = this.#order;
    this.#order = undefined;
    this.dead = true;
    order?.onDeath();
    throw gone();
  }

  async change<T>(label: string, name: string | undefined, send: () => Promise<T>): Promise<T> {
    if (this.dead) throw gone();
    const meanwhile = this.#meanwhile;
    if (meanwhile?.what === `${label}/${name}`) {
      this.#meanwhile = undefined;
      await meanwhile.act();
    }
    const n = this.log.push(label);
    const hit = (): boolean => this.#order?.n === n || this.#order?.n === label;
    if (hit() && this.#order?.side === 'before') this.#die();
    const answer = await send();
    if (hit()) this.#die();
    if (this.dead) throw gone();
    return answer;
  }

  async read<T>(send: () => Promise<T>): Promise<T> {
    if (this.dead) throw gone();
    return send();
  }
}

function gone(): AppError {
  return new AppError('E_API_UNREACHABLE', 'this process is dead', { kind: 'transient' });
}

function fusedApi(api: Api, fuse: Fuse): Api {
  const through = <T>(
    label: string,
    { name, dryRun }: { name: string | undefined; dryRun?: boolean | undefined },
    send: () => Promise<T>,
  ): Promise<T> => (dryRun ? fuse.read(send) : fuse.change(label, name, send));
  return {
    get: (...all) => fuse.read(() => api.get(...all)),
    list: (...all) => fuse.read(() => api.list(...all)),
    request: (...all) => fuse.read(() => api.request(...all)),
    create: (object, options) =>
      through(`create ${object.kind}`, { name: object.metadata.name, ...options }, () => api.create(object, options)),
    replace: (object, options) =>
      through(`replace ${object.kind}`, { name: object.metadata.name, ...options }, () => api.replace(object, options)),
    apply: (object, options) =>
      through(`apply ${object.kind}`, { name: object.metadata.name, ...options }, () => api.apply(object, options)),
    patch: (ref, options) =>
      through(`patch ${ref.kind}`, { name: ref.name, ...options }, () => api.patch(ref, options)),
    delete: (ref, options) =>
      through(`delete ${ref.kind}`, { name: ref.name, ...options }, () => api.delete(ref, options)),
    get counts() {
      return api.counts;
    },
  };
}

export function fused(cluster: Cluster, fuse: Fuse): Cluster {
  const { name, server, discovery, live } = cluster;
  return {
    name,
    server,
    discovery,
    live,
    api: fusedApi(cluster.api, fuse),
    readLines: (...args) => cluster.readLines(...args),
    mirror: (options) => cluster.mirror(options),
    stop: () => cluster.stop(),
  };
}
