// The refs of one mirror: brought from the server, remembered between two fetches.
import type { AdvertisedRefs } from './advertised.ts';
import type { RefChange, RefChanges } from './repository.ts';
import type { Refs } from './refs.ts';
import type { Remote } from './remote.ts';
import {
  askRefs,
  createMirror,
  exists,
  fetchChanged,
  fetchRefs,
  isWhole,
  removeLeftovers,
  removeLocks,
  replaceMirror,
} from './remote.ts';
import { readRefs, refChanges } from './refs.ts';

/** Refs that are brought by name at once; above that everything is fetched. */
const maxAtOnce = 50;

/** After so many fetches by name one of everything lets git tidy the mirror. */
const maxInRow = 100;

/** Whoever asks while a fetch runs waits for the next one: the running one may have begun too early. */
export class MirrorRefs {
  readonly #remote: Remote;
  readonly #onFetch: () => void;
  readonly #onBroken: () => void;
  #suspected = false;
  #refs: Refs = new Map();
  #inRow = 0;
  #ready: Promise<RefChanges> | undefined;
  #running: Promise<RefChanges> | undefined;
  #next: Promise<RefChanges> | undefined;

  constructor(remote: Remote, onFetch: () => void, onBroken: () => void) {
    this.#remote = remote;
    this.#onFetch = onFetch;
    this.#onBroken = onBroken;
  }

  /** The next fetch looks whether the mirror has all that its refs need. */
  suspect(): void {
    this.#suspected = true;
  }

  /** As of the last fetch. */
  async get(): Promise<Refs> {
    await this.open();
    return this.#refs;
  }

  fetch(): Promise<RefChanges> {
    if (!this.#running) {
      this.#running = this.#fetchNow().finally(() => (this.#running = undefined));
      return this.#running;
    }
    // A run under way may have read the server before the caller's event: one more follows for all who ask meanwhile.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.fetch();
      });
    return this.#next;
  }

  /**
   * Makes the mirror if it is not there; what a killed process left is cleaned once. Answers all refs as new if it
   * fetched.
   */
  open(): Promise<RefChanges> {
    this.#ready ??= this.#openNow().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #openNow(): Promise<RefChanges> {
    if (await exists(this.#remote.dir)) {
      await removeLeftovers(this.#remote.dir);
      await this.#read().catch(async () => {
        await this.#heal();
        await this.#read();
      });
      return { changes: [] };
    }
    this.#onFetch();
    await createMirror(this.#remote);
    return this.#read();
  }

  async #fetchNow(): Promise<RefChanges> {
    const fresh = !this.#ready;
    const first = await this.open();
    if (fresh && first.changes.length > 0) return first;
    this.#onFetch();
    if (this.#suspected) await this.#heal();
    try {
      const advertised = await askRefs(this.#remote);
      const changes = advertised && (await this.#follow(advertised));
      if (changes) return { changes };
      await fetchRefs(this.#remote);
    } catch (error) {
      this.suspect(); // a fetch over a broken mirror fails in many ways
      await removeLocks(this.#remote.dir);
      throw error;
    }
    this.#inRow = 0;
    return this.#read();
  }

  /** A mirror that lacks something is replaced by a whole one; a server that does not answer leaves it as it is. */
  async #heal(): Promise<void> {
    if (!(await isWhole(this.#remote))) {
      await replaceMirror(this.#remote);
      this.#onBroken();
    }
    this.#suspected = false;
  }

  /**
   * Brings what is new in an advertisement. undefined = not done: refs are gone, many have moved, or it is time to
   * tidy.
   */
  async #follow(advertised: AdvertisedRefs): Promise<RefChange[] | undefined> {
    const after = new Map([...advertised].map(([ref, { commit }]) => [ref, commit]));
    const changes = refChanges(this.#refs, after);
    if (changes.length === 0) return changes;
    if (changes.length > maxAtOnce || this.#inRow >= maxInRow || changes.some((change) => change.after === undefined))
      return undefined;
    const brought = await fetchChanged(this.#remote, changes, advertised).then(
      () => true,
      () => false,
    );
    if (!brought) return undefined;
    this.#inRow += 1;
    this.#refs = after;
    return changes;
  }

  async #read(): Promise<RefChanges> {
    const before = this.#refs;
    this.#refs = await readRefs(this.#remote.git);
    return { changes: refChanges(before, this.#refs) };
  }
}
