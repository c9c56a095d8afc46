// The indexes of the live cache: application → root objects, owner → children, and which keys somebody wants.
import type { ResourceKey } from '../../model/kube.ts';
import type { LiveRecord } from '../live.ts';
import type { Entry } from './record.ts';
import { keyText } from '../../model/kube.ts';

/** Follows what `put`, `remove` and `want` tell. */
export class LiveIndex {
  readonly #tracked = new Map<string, Map<string, ResourceKey>>();
  readonly #children = new Map<string, Set<Entry>>();
  /** Namespace → root objects in it, by key; of those that somebody asked about. */
  readonly #roots = new Map<string, Map<string, LiveRecord>>();
  /** Key → applications that want it. */
  readonly #wanted = new Map<string, Set<string>>();
  readonly #wants = new Map<string, Map<string, ResourceKey>>();
  readonly #wantedKinds = new Map<string, number>();

  put(before: Entry | undefined, after: Entry): void {
    if (before) this.remove(before);
    if (after.application !== undefined && after.root)
      entryIn(this.#tracked, after.application, () => new Map<string, ResourceKey>()).set(
        keyText(after.key),
        after.key,
      );
    if (after.root) this.#roots.get(after.key.namespace)?.set(keyText(after.key), after);
    for (const owner of after.ownerUids) entryIn(this.#children, owner, () => new Set<Entry>()).add(after);
  }

  remove(entry: Entry): void {
    if (entry.application !== undefined && entry.root) {
      const keys = this.#tracked.get(entry.application);
      keys?.delete(keyText(entry.key));
      if (keys?.size === 0) this.#tracked.delete(entry.application);
    }
    if (entry.root) this.#roots.get(entry.key.namespace)?.delete(keyText(entry.key));
    for (const owner of entry.ownerUids) {
      const children = this.#children.get(owner);
      children?.delete(entry);
      if (children?.size === 0) this.#children.delete(owner);
    }
  }

  keysOf(application: string): ResourceKey[] {
    return [...(this.#tracked.get(application)?.values() ?? [])];
  }

  /** `all`: looked through when somebody asks about that namespace for the first time. */
  rootsIn(namespace: string, all: () => Iterable<LiveRecord>): Iterable<LiveRecord> {
    let found = this.#roots.get(namespace);
    if (!found) {
      found = new Map();
      for (const record of all())
        if (record.root && record.key.namespace === namespace) found.set(keyText(record.key), record);
      this.#roots.set(namespace, found);
    }
    return found.values();
  }

  childrenOf(uid: string): LiveRecord[] {
    return [...(this.#children.get(uid) ?? [])];
  }

  wants(key: ResourceKey): boolean {
    return this.#wanted.has(keyText(key));
  }

  wantsKind(kind: { group: string; kind: string }): boolean {
    return this.#wantedKinds.has(`${kind.group}/${kind.kind}`);
  }

  /** Who tracks the object or wants its key. */
  applicationsOf(key: ResourceKey, before: LiveRecord | undefined, after: LiveRecord | undefined): string[] {
    const names = new Set(this.#wanted.get(keyText(key)));
    for (const record of [before, after]) if (record?.application !== undefined) names.add(record.application);
    return [...names];
  }

  /** Replaces what the application wants; answers the keys that nobody wants any more. */
  want(application: string, keys: readonly ResourceKey[]): ResourceKey[] {
    const before = this.#wants.get(application) ?? new Map<string, ResourceKey>();
    const after = new Map(keys.map((key) => [keyText(key), key]));
    for (const [text, key] of after) if (!before.has(text)) this.#add(application, text, key);
    const dropped: ResourceKey[] = [];
    for (const [text, key] of before) if (!after.has(text) && this.#drop(application, text, key)) dropped.push(key);
    if (after.size > 0) this.#wants.set(application, after);
    else this.#wants.delete(application);
    return dropped;
  }

  #add(application: string, text: string, key: ResourceKey): void {
    const names = entryIn(this.#wanted, text, () => new Set<string>());
    names.add(application);
    if (names.size > 1) return;
    const kind = `${key.group}/${key.kind}`;
    this.#wantedKinds.set(kind, (this.#wantedKinds.get(kind) ?? 0) + 1);
  }

  #drop(application: string, text: string, key: ResourceKey): boolean {
    const names = this.#wanted.get(text);
    names?.delete(application);
    if (names && names.size > 0) return false;
    this.#wanted.delete(text);
    const kind = `${key.group}/${key.kind}`;
    const left = (this.#wantedKinds.get(kind) ?? 0) - 1;
    if (left > 0) this.#wantedKinds.set(kind, left);
    else this.#wantedKinds.delete(kind);
    return true;
  }
}

function entryIn<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
