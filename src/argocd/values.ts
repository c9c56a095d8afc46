// The values of Argo CD's cache: their keys and their form, each written when it changes and never else (Argo CD:
// util/cache).
import type { Redis } from './redis.ts';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { hashOf } from '../base/canonical.ts';

/** Of the values' form; Argo CD's server looks for no other (Argo CD 3.5: common/common.go CacheVersion). */
const version = '1.8.3';

interface ValuesOptions {
  redis: Redis;
  /** As REDIS_COMPRESSION of Argo CD's server says: it looks for other keys if not. */
  compression: 'gzip' | 'none';
}

/** `app`: tracking name. */
export const keys = {
  managed: (app: string): string => `app|managed-resources|${app}`,
  tree: (app: string, shard: number): string => `app|resources-tree|${app}${shard > 0 ? `|${shard}` : ''}`,
  cluster: (server: string): string => `cluster|info|${server}`,
};

const compress = promisify(gzip);

interface Value {
  text(): string;
  hash?: string;
  seconds: number;
}

interface Written {
  hash: string;
  seconds: number;
}

/** What is remembered of a value is a hash, until its owner is dropped. */
export class Values {
  readonly #options: ValuesOptions;
  readonly #written = new Map<string, Map<string, Written>>();

  constructor(options: ValuesOptions) {
    this.#options = options;
  }

  /** Nobody knows what Redis has: everything is written when it is looked at next. */
  forget(): void {
    this.#written.clear();
  }

  /** Answers whether it had to be written. `hash`: of all that counts, default the text's; the same needs no text. */
  async set(owner: string, key: string, value: Value): Promise<boolean> {
    const known = this.#written.get(owner) ?? new Map<string, Written>();
    this.#written.set(owner, known);
    const before = known.get(key)?.hash;
    if (before !== undefined && before === value.hash) return false;
    const text = value.text();
    const hash = value.hash ?? hashOf(text);
    if (before === hash) return false;
    // Until it is there nobody knows: a write that fails may have come through.
    known.delete(key);
    const line = `${text}\n`;
    const { redis, compression } = this.#options;
    await redis.set(this.#name(key), compression === 'gzip' ? await compress(line) : Buffer.from(line), value.seconds);
    known.set(key, { hash, seconds: value.seconds });
    return true;
  }

  /** Of what Redis has. */
  hashOf(owner: string, key: string): string | undefined {
    return this.#written.get(owner)?.get(key)?.hash;
  }

  /** Keys of the owner that were written and are not among these. */
  others(owner: string, wanted: readonly string[]): string[] {
    return [...(this.#written.get(owner)?.keys() ?? [])].filter((key) => !wanted.includes(key));
  }

  async delete(owner: string, key: string): Promise<void> {
    await this.#options.redis.delete(this.#name(key));
    this.#written.get(owner)?.delete(key);
  }

  /** The owner is gone. */
  drop(owner: string): void {
    this.#written.delete(owner);
  }

  /** What stays as it is lives on; answers the owners of whose values Redis has lost one. Default: all of them. */
  async renew(owners: Iterable<string> = [...this.#written.keys()]): Promise<string[]> {
    const lost: string[] = [];
    for (const owner of owners) {
      const values = this.#written.get(owner) ?? new Map<string, Written>();
      const names = [...values];
      const kept = await Promise.all(
        names.map(([key, { seconds }]) => this.#options.redis.expire(this.#name(key), seconds)),
      );
      if (kept.every(Boolean)) continue;
      for (const [index, [key]] of names.entries()) if (!kept[index]) values.delete(key);
      lost.push(owner);
    }
    return lost;
  }

  /** Whoever watches the tree is told (Argo CD: OnAppResourcesTreeChanged). */
  notify(app: string): Promise<void> {
    return this.#options.redis.publish(`${keys.managed(app)}|${version}`);
  }

  #name(key: string): string {
    return `${key}|${version}${this.#options.compression === 'gzip' ? '.gz' : ''}`;
  }
}
