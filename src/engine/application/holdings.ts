// Which application's desired state holds which object: what one of them leaves and another one holds is not pruned, it
// changes hands.
import type { ResourceKey } from '../../model/kube.ts';
import { keyText } from '../../model/kube.ts';
import { ClusterIdentities } from '../../store/cluster-identities.ts';

/**
 * What an Application will hold once its parent has synced stands apart from what it holds now. No application can have
 * such a name.
 */
export const nextMark = '#next';

/** Keys that were read from a status, not from Git. */
const recalled = 'recalled';

interface Held {
  server: string;
  /** What the keys were read from. */
  of: string;
  keys: ReadonlyMap<string, ResourceKey>;
}

/** Who holds what, to be read. */
export interface Holders {
  /** Tracking names of the applications whose desired state has the object, sorted. */
  holders(server: string, key: ResourceKey): string[];
  /** Whether both URLs lead to one cluster, as far as anybody knows. */
  isSame(server: string | undefined, other: string): boolean;
  keysOf(tracking: string): ResourceKey[];
  /** undefined: nobody knows yet what it holds. */
  holds(tracking: string, key: ResourceKey): boolean | undefined;
}

/** The same, with other holdings of some applications. */
export function instead(
  holders: Holders,
  others: ReadonlyMap<string, { server: string; keys: readonly ResourceKey[] }>,
): Holders {
  const texts = new Map([...others].map(([tracking, { keys }]) => [tracking, new Set(keys.map(keyText))]));
  return {
    holders: (server, key) =>
      [
        ...holders.holders(server, key).filter((name) => !others.has(name.split(nextMark)[0] ?? '')),
        ...[...others].flatMap(([tracking, held]) =>
          holders.isSame(held.server, server) && texts.get(tracking)?.has(keyText(key)) ? [tracking] : [],
        ),
      ].sort(),
    isSame: (server, other) => holders.isSame(server, other),
    keysOf: (tracking) => [...(others.get(tracking)?.keys ?? holders.keysOf(tracking))],
    holds: (tracking, key) => texts.get(tracking)?.has(keyText(key)) ?? holders.holds(tracking, key),
  };
}

/** By tracking name and by object, under every URL of a cluster; until `delete`. */
export class Holdings implements Holders {
  readonly #held = new Map<string, Held>();
  /** Server and key → tracking names. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #identities: ClusterIdentities;

  constructor(identities: ClusterIdentities = new ClusterIdentities()) {
    this.#identities = identities;
  }

  /** Who is behind that URL. */
  identify(server: string, id: string): void {
    if (this.#identities.known(server) === id) return;
    const held = [...this.#held].filter(([, each]) => each.server === server);
    for (const [tracking, { keys }] of held) for (const text of keys.keys()) this.#drop(server, text, tracking);
    this.#identities.set(server, id);
    for (const [tracking, { keys }] of held) for (const text of keys.keys()) this.#add(server, text, tracking);
  }

  /** Of URLs that lead nowhere any more and where nothing is held it is forgotten who was behind them. */
  forgetOthers(servers: ReadonlySet<string>): void {
    this.#identities.forgetOthers(servers.union(new Set([...this.#held.values()].map(({ server }) => server))));
  }

  isSame(server: string | undefined, other: string): boolean {
    return this.#identities.isSame(server, other);
  }

  /**
   * What the application's branch head holds, as last rendered; answers the keys that it did not hold before, or holds
   * no more.
   */
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

  /** What a process before this one last knew it to hold. Until it is rendered nobody can tell what it has left. */
  recall(tracking: string, server: string, keys: readonly ResourceKey[]): void {
    this.set(tracking, server, recalled, () => keys);
  }

  /** It is gone, or going: it holds nothing any more. */
  delete(tracking: string): ResourceKey[] {
    const before = this.#held.get(tracking);
    if (!before) return [];
    for (const text of before.keys.keys()) this.#drop(before.server, text, tracking);
    this.#held.delete(tracking);
    return [...before.keys.values()];
  }

  holders(server: string, key: ResourceKey): string[] {
    return [...(this.#holders.get(`${this.#identities.of(server)}\n${keyText(key)}`) ?? [])].sort();
  }

  keysOf(tracking: string): ResourceKey[] {
    return [...(this.#held.get(tracking)?.keys.values() ?? [])];
  }

  holds(tracking: string, key: ResourceKey): boolean | undefined {
    const held = this.#held.get(tracking);
    const has = held?.keys.has(keyText(key));
    return has === false && held?.of === recalled ? undefined : has;
  }

  #add(server: string, text: string, tracking: string): void {
    const name = `${this.#identities.of(server)}\n${text}`;
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders.add(tracking));
  }

  #drop(server: string, text: string, tracking: string): void {
    const name = `${this.#identities.of(server)}\n${text}`;
    const holders = this.#holders.get(name);
    holders?.delete(tracking);
    if (holders?.size === 0) this.#holders.delete(name);
  }
}
