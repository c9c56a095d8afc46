// What is known of manifests over live objects: verdicts by (live fingerprint, manifest hash), so that nothing is asked twice (design decision 5).
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { LiveRecord } from '../cluster/live.ts';
import { keyText } from '../model/kube.ts';

export interface Verdict {
  /** What an apply would make of the live object, before removals; undefined = nothing that we manage would change. */
  applied: KubeObject | undefined;
  /** `applied` after the removals, if there are any. */
  settled: KubeObject | undefined;
  /** The live object in the manifest's version, where `applied` is kept. */
  live: KubeObject | undefined;
}

interface Entry extends Verdict {
  stamp: string;
  hash: string;
  /** Hash of the manifest that removals were looked for against; '*' = holds for any (after an apply and its removals). */
  baseline: string;
}

/** A pull request asks about three manifests of one object. */
const perObject = 4;

/** The uid is part of it: an object made anew starts at generation 1 again. */
export function liveStamp(live: LiveRecord): string {
  return `${live.uid}:${live.fingerprint}`;
}

/** Kept while the object lives; a few for each object. */
export class Verdicts {
  readonly #byKey = new Map<string, Entry[]>();
  readonly #valid = new Map<string, string>();
  readonly stats = { hits: 0, asked: 0 };

  /** The server took this manifest before, as a new object. */
  isValid(key: ResourceKey, hash: string): boolean {
    return this.#valid.get(keyText(key)) === hash;
  }

  setValid(key: ResourceKey, hash: string): void {
    this.#valid.set(keyText(key), hash);
  }

  find(live: LiveRecord, hash: string, baseline: string): Verdict | undefined {
    const stamp = liveStamp(live);
    const found = this.#byKey.get(keyText(live.key))?.find((entry) => entry.stamp === stamp && entry.hash === hash && (entry.baseline === baseline || entry.baseline === '*'));
    if (found) this.stats.hits += 1;
    return found;
  }

  set(live: LiveRecord, hash: string, baseline: string, verdict: Verdict): void {
    const text = keyText(live.key);
    const stamp = liveStamp(live);
    // Entries of an older live object can never be right again, save that it comes back to what it was: then one request is due.
    const others = (this.#byKey.get(text) ?? []).filter((entry) => entry.stamp === stamp && (entry.hash !== hash || entry.baseline !== baseline));
    this.#byKey.set(text, [{ ...verdict, stamp, hash, baseline }, ...others].slice(0, perObject));
  }

  drop(key: ResourceKey): void {
    this.#byKey.delete(keyText(key));
    this.#valid.delete(keyText(key));
  }
}
