// Which objects of the clusters each application shows, to know whom a change concerns.
import type { LiveChange } from '../cluster/live.ts';

interface Sight {
  server: string;
  uids: readonly string[];
  /** Namespace of which it shows what belongs to nobody. */
  orphansOf: string | undefined;
}

function namesOf({ server, uids, orphansOf }: Sight): string[] {
  return [...uids.map((uid) => `${server} ${uid}`), ...(orphansOf ? [`${server} in ${orphansOf}`] : [])];
}

/** By application, what its tree shows; and by object, the applications that show it. */
export class Seen {
  readonly #sights = new Map<string, Sight>();
  /** Names as above → applications. */
  readonly #viewers = new Map<string, Set<string>>();

  /** Applications by key. */
  get applications(): string[] {
    return [...this.#sights.keys()];
  }

  set(application: string, sight: Sight): void {
    this.delete(application);
    this.#sights.set(application, sight);
    for (const name of namesOf(sight)) {
      const viewers = this.#viewers.get(name) ?? new Set();
      this.#viewers.set(name, viewers.add(application));
    }
  }

  delete(application: string): void {
    const sight = this.#sights.get(application);
    this.#sights.delete(application);
    for (const name of sight ? namesOf(sight) : []) {
      const viewers = this.#viewers.get(name);
      viewers?.delete(application);
      if (viewers?.size === 0) this.#viewers.delete(name);
    }
  }

  /** Those in whose trees the object is, or belongs. */
  concerned(server: string, { key, before, after }: LiveChange): Set<string> {
    const records = [before, after].filter((record) => record !== undefined);
    const names = records.flatMap(({ uid, ownerUids }) => [uid, ...ownerUids].map((each) => `${server} ${each}`));
    const orphan = records.some(({ root, application }) => root && application === undefined);
    if (orphan && key.namespace !== '') names.push(`${server} in ${key.namespace}`);
    return new Set(names.flatMap((name) => [...(this.#viewers.get(name) ?? [])]));
  }
}
