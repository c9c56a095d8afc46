// What names mean, such as the index of a chart repository or a tag: looked up once, then kept until it is renewed.
import type { Clock } from '../base/clock.ts';
import type { Cache, Named } from './cache.ts';
import { AppError } from '../base/errors.ts';

/** Looks a name up; `before`: what it meant last. */
export type Load = (
  before: Named | undefined,
  signal: AbortSignal,
) => Promise<{ content: Buffer; etag?: string } | 'same'>;

interface Asked {
  /** What it is, and of whom: one text for one thing. */
  name: string;
  /** Of the server's repository: what is renewed together. */
  address: string;
  load: Load;
}

interface Registered {
  asked: Asked;
  found: Named;
  loading?: Promise<Named> | undefined;
}

/** Names that nobody asked for in that time are not renewed any more. */
const unusedMs = 3_600_000;

/** Names live in memory and, with what they meant, in the cache: a restart asks no server before it must. */
export class Names {
  readonly #cache: Cache;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known = new Map<string, Registered & { askedAt: number }>();
  readonly #first = new Map<string, Promise<Named>>();

  constructor(cache: Cache, clock: Pick<Clock, 'now'>) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** What it meant when it was looked up last, in this process or a former one; looked up now if nobody ever did. */
  async read(asked: Asked, signal: AbortSignal): Promise<Buffer> {
    const content = await this.#cache.read(await this.digest(asked, signal));
    if (content) return content;
    const again = await this.#cache.read((await this.#look(asked, undefined, signal)).digest);
    if (!again) throw new AppError('E_FETCH', 'the cache of fetched content is too small', { kind: 'transient' });
    return again;
  }

  /** The digest of that. */
  async digest(asked: Asked, signal: AbortSignal): Promise<string> {
    return (await this.#meaning(asked, signal)).digest;
  }

  /** Looks up again what was looked up before `since` (clock ms): all of an address, or one name. */
  async renew(of: { address: string } | { name: string }, since: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const all = [...this.#known.values()].filter(({ asked, found, askedAt }) => {
      const meant = 'name' in of ? asked.name === of.name : asked.address === of.address && askedAt > now - unusedMs;
      return meant && found.at < since;
    });
    await Promise.all(
      all.map(async (each) => {
        each.loading ??= this.#look(each.asked, each.found, signal).finally(() => (each.loading = undefined));
        await each.loading;
      }),
    );
  }

  async #meaning(asked: Asked, signal: AbortSignal): Promise<Named> {
    const known = this.#known.get(asked.name);
    if (known) {
      known.askedAt = this.#clock.now();
      return known.found;
    }
    const running = this.#first.get(asked.name);
    if (running) return running;
    const first = this.#remembered(asked, signal).finally(() => this.#first.delete(asked.name));
    this.#first.set(asked.name, first);
    return first;
  }

  async #remembered(asked: Asked, signal: AbortSignal): Promise<Named> {
    const found = await this.#cache.named(asked.name);
    if (!found) return this.#look(asked, undefined, signal);
    this.#keep(asked, found);
    return found;
  }

  async #look(asked: Asked, before: Named | undefined, signal: AbortSignal): Promise<Named> {
    const at = this.#clock.now();
    const usable = before && (await this.#cache.read(before.digest)) ? before : undefined;
    const loaded = await asked.load(usable, signal);
    const found: Named =
      loaded === 'same' && usable
        ? { ...usable, at }
        : loaded === 'same'
          ? await this.#look(asked, undefined, signal)
          : { digest: await this.#cache.write(loaded.content), at, ...(loaded.etag && { etag: loaded.etag }) };
    await this.#cache.name(asked.name, found);
    this.#keep(asked, found);
    return found;
  }

  #keep(asked: Asked, found: Named): void {
    this.#known.set(asked.name, { asked, found, askedAt: this.#clock.now() });
  }
}
