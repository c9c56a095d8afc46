// Which application's desired state holds which object: what one of them leaves and another one holds is not pruned, it changes hands.
import type { ResourceKey } from '../model/kube.ts';
import { keyText } from '../model/kube.ts';

/** What an Application will hold once its parent has synced stands apart from what it holds now. No application can have such a name. */
export const nextMark = '#next';

interface Held {
  server: string;
  /** What the keys were read from. */
  of: string;
  keys: ReadonlyMap<string, ResourceKey>;
}

export class Holdings {
  readonly #held = new Map<string, Held>();
  /** Server and key → tracking names. */
  readonly #holders = new Map<string, Set<string>>();

  /** What the application's branch head holds, as last rendered; answers the keys that it did not hold before, or holds no more. */
  set(tracking: string, server: string, of: string, read: () => readonly ResourceKey[]): ResourceKey[] {
    const before = this.#held.get(tracking);
    if (before?.of === of && before.server === server) return [];
    const keys = new Map(read().map((key) => [keyText(key), key]));
    const same = before?.server === server;
    const left = [...(before?.keys ?? [])].filter(([text]) => !same || !keys.has(text));
    const come = [...keys].filter(([text]) => !same || !before.keys.has(text));
    for (const [text] of left) this.#drop(before?.server ?? '', text, tracking);
    for (const [text] of come) this.#add(server, text, tracking);
    this.#held.set(tracking, { server, of, keys });
    return [...left, ...come].map(([, key]) => key);
  }

  /** It is gone, or going: it holds nothing any more. */
  delete(tracking: string): ResourceKey[] {
    const before = this.#held.get(tracking);
    if (!before) return [];
    for (const text of before.keys.keys()) this.#drop(before.server, text, tracking);
    this.#held.delete(tracking);
    return [...before.keys.values()];
  }

  /** Tracking names of the applications whose desired state has the object, sorted. */
  holders(server: string, key: ResourceKey): string[] {
    return [...(this.#holders.get(`${server}\n${keyText(key)}`) ?? [])].sort();
  }

  keysOf(tracking: string): ResourceKey[] {
    return [...(this.#held.get(tracking)?.keys.values() ?? [])];
  }

  /** undefined: nobody knows yet what it holds. */
  holds(tracking: string, key: ResourceKey): boolean | undefined {
    return this.#held.get(tracking)?.keys.has(keyText(key));
  }

  #add(server: string, text: string, tracking: string): void {
    const name = `${server}\n${text}`;
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders.add(tracking));
  }

  #drop(server: string, text: string, tracking: string): void {
    const name = `${server}\n${text}`;
    const holders = this.#holders.get(name);
    holders?.delete(tracking);
    if (holders?.size === 0) this.#holders.delete(name);
  }
}
