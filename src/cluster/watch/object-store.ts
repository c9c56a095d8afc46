// Objects of one kind by name, with the rules that keep a copy right: newer wins, a relist removes what it does not
// name.

/** Resource versions of one kind compare as integers (Kubernetes API: KEP-5504). Others count as newer unless equal. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return 1;
  return a.length - b.length || (a < b ? -1 : 1);
}

interface Slot<E> {
  entry: E;
  version: string;
  /** The listing in which it was last seen. */
  epoch: number;
  /** The listing during which it came as the answer to a write of ours. */
  own: number;
}

/** `list`: part of a listing; `event`: a later change; `own`: the answer to a write of ours. */
export type Source = 'list' | 'event' | 'own';

interface Put<E> {
  before: E | undefined;
  after: E;
  /** False if it is the same version again (a relist). */
  changed: boolean;
}

/** Told of each event and of the end of a listing; answers what each changed. */
export class ObjectStore<E> {
  readonly #slots = new Map<string, Slot<E>>();
  #epoch = 0;
  #reached = '';

  get size(): number {
    return this.#slots.size;
  }

  /** The version up to which the watch has told everything; '' before the first complete listing. */
  get reached(): string {
    return this.#reached;
  }

  get(name: string): E | undefined {
    return this.#slots.get(name)?.entry;
  }

  *entries(): Generator<E> {
    for (const slot of this.#slots.values()) yield slot.entry;
  }

  /** A listing begins, perhaps after one that was broken off. */
  begin(): void {
    this.#epoch += 1;
  }

  /** The listing is complete; answers the entries that are gone. */
  end(version: string): E[] {
    const gone: E[] = [];
    for (const [name, slot] of this.#slots) {
      if (slot.epoch === this.#epoch) continue;
      this.#slots.delete(name);
      gone.push(slot.entry);
    }
    this.#reached = version;
    return gone;
  }

  /** undefined if we know something newer, or the very same. */
  put(name: string, version: string, source: Source, make: () => E): Put<E> | undefined {
    const slot = this.#slots.get(name);
    if (source === 'event') this.#advance(version);
    if (this.#isOld(slot, version, source)) {
      if (slot) slot.epoch = this.#epoch;
      return undefined;
    }
    const after = make();
    this.#slots.set(name, { entry: after, version, epoch: this.#epoch, own: source === 'own' ? this.#epoch : -1 });
    return { before: slot?.entry, after, changed: slot?.version !== version };
  }

  /** Exchanges the entry of the version that is there. */
  replace(name: string, entry: E): void {
    const slot = this.#slots.get(name);
    if (slot) slot.entry = entry;
  }

  /** The watch told that it is gone; undefined if it was unknown or has come anew since. */
  remove(name: string, version: string): E | undefined {
    this.#advance(version);
    const slot = this.#slots.get(name);
    if (!slot || compareVersions(version, slot.version) < 0) return undefined;
    this.#slots.delete(name);
    return slot.entry;
  }

  /** A bookmark: nothing happened up to this version. */
  advance(version: string): void {
    this.#advance(version);
  }

  clear(): E[] {
    const all = [...this.entries()];
    this.#slots.clear();
    return all;
  }

  #isOld(slot: Slot<E> | undefined, version: string, source: Source): boolean {
    // A listing is the truth even if versions went back (a restored etcd); only what we wrote since it began is newer.
    if (source === 'list')
      return slot !== undefined && slot.own === this.#epoch && compareVersions(version, slot.version) < 0;
    if (slot) return compareVersions(version, slot.version) <= 0;
    // Unknown, though the watch is past that version: it has been deleted since.
    return source === 'own' && this.#reached !== '' && compareVersions(version, this.#reached) <= 0;
  }

  #advance(version: string): void {
    if (this.#reached === '' || compareVersions(version, this.#reached) > 0) this.#reached = version;
  }
}
