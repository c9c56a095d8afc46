// What is known of manifests over live objects: verdicts by (live fingerprint, manifest hash), so that nothing is asked
// twice (docs/decisions/0006).
import type { FieldPath } from '../../model/effect.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveRecord } from '../../cluster/live.ts';
import { LRUCache } from 'lru-cache';
import { hashOf } from '../../base/canonical.ts';
import { keyText } from '../../model/kube.ts';
import { ownedState } from '../../diff/owned.ts';

export interface Verdict {
  /** What an apply would make of the live object, before removals; undefined = nothing that we manage would change. */
  applied: KubeObject | undefined;
  /** `applied` after the removals, if there are any. */
  settled: KubeObject | undefined;
  /** The live object in the manifest's version, where `applied` is kept. */
  live: KubeObject | undefined;
  /** Left behind by an apply, as the server said when it refused one: taken out too. */
  named?: readonly FieldPath[];
}

/** What is known of an object, for `find` and `set`. */
interface Entry extends Verdict {
  uid: string;
  stamp: string;
  /**
   * Hash of the fields that are ours and of their values, of verdicts "in sync". '' = not all that the manifest names
   * are.
   */
  owned: string;
  hash: string;
  /**
   * Hash of the manifest that removals were looked for against; '*' = holds for any (after an apply and its removals).
   */
  baseline: string;
}

/** Nothing that we manage would change. */
export const synced: Verdict = { applied: undefined, settled: undefined, live: undefined };

function ownedHash(object: KubeObject): string {
  const owned = ownedState(object);
  return owned.length === 0 ? '' : hashOf(owned);
}

/**
 * Manifests that the server took as new objects, so many of all applications; they and their verdicts tell nothing when
 * they are gone from Git.
 */
const validKept = 10_000;

/** A pull request asks about three manifests of one object. */
const perObject = 4;

/** The uid is part of it: an object made anew starts at generation 1 again. */
export function liveStamp(live: LiveRecord): string {
  return `${live.uid}:${live.fingerprint}`;
}

/** Kept while the object lives; a few for each object. */
export class Verdicts {
  readonly #byKey = new Map<string, Entry[]>();
  readonly #valid = new LRUCache<string, string>({ max: validKept });
  readonly stats = { hits: 0, asked: 0 };

  /** Live objects of which something is known. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The server took this manifest before, as a new object. */
  isValid(key: ResourceKey, hash: string): boolean {
    return this.#valid.get(keyText(key)) === hash;
  }

  setValid(key: ResourceKey, hash: string): void {
    this.#valid.set(keyText(key), hash);
  }

  find(live: LiveRecord, hash: string, baseline: string): Verdict | undefined {
    const stamp = liveStamp(live);
    const found = this.#byKey
      .get(keyText(live.key))
      ?.find(
        (entry) =>
          entry.stamp === stamp && entry.hash === hash && (entry.baseline === baseline || entry.baseline === '*'),
      );
    if (found) this.stats.hits += 1;
    return found;
  }

  /**
   * The verdict "in sync" holds on while all that is ours stays as it was: what controllers write beside it (a
   * Deployment's revision annotation) moves the fingerprint and nothing else.
   */
  stillSynced(live: LiveRecord, object: KubeObject, hash: string, baseline: string): boolean {
    const former = this.#byKey
      .get(keyText(live.key))
      ?.find(
        (entry) =>
          entry.uid === live.uid &&
          entry.hash === hash &&
          !entry.applied &&
          (entry.baseline === baseline || entry.baseline === '*'),
      );
    if (!former || former.owned === '' || former.owned !== ownedHash(object)) return false;
    this.stats.hits += 1;
    this.set(live, { hash, baseline: former.baseline }, synced, object);
    return true;
  }

  /**
   * `object` is the live one; `whole`: all that the manifest names is ours in it. What others wrote with the value that
   * Git has is in sync too, but theirs: what is ours does not tell when they change it.
   */
  set(
    live: LiveRecord,
    { hash, baseline, whole = true }: { hash: string; baseline: string; whole?: boolean },
    verdict: Verdict,
    object: KubeObject,
  ): void {
    this.#put(live.key, {
      ...verdict,
      uid: live.uid,
      stamp: liveStamp(live),
      hash,
      baseline,
      owned: verdict.applied || !whole ? '' : ownedHash(object),
    });
  }

  /**
   * Our own apply was answered with `object`; `live` is what the cache has, which may be newer: then what is ours in it
   * decides.
   */
  accept(key: ResourceKey, hash: string, object: KubeObject, live: LiveRecord | undefined): void {
    const same = live && live.resourceVersion === object.metadata.resourceVersion;
    this.#put(key, {
      ...synced,
      uid: object.metadata.uid ?? '',
      stamp: same ? liveStamp(live) : '',
      hash,
      baseline: '*',
      owned: ownedHash(object),
    });
  }

  #put(key: ResourceKey, entry: Entry): void {
    const text = keyText(key);
    // What was asked of an older live object can never be right again, save that what is ours is still in sync.
    const others = (this.#byKey.get(text) ?? []).filter(
      (other) =>
        (other.stamp === entry.stamp || !other.applied) &&
        (other.hash !== entry.hash || other.baseline !== entry.baseline),
    );
    this.#byKey.set(text, [entry, ...others].slice(0, perObject));
  }

  drop(key: ResourceKey): void {
    this.#byKey.delete(keyText(key));
    this.#valid.delete(keyText(key));
  }

  dropAll(keys: readonly ResourceKey[]): void {
    for (const key of keys) this.drop(key);
  }
}
