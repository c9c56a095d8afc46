// What the engine keeps in memory of each application between two passes; losing it costs one full comparison, nothing
// else.
import type { Comparer, Comparison } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Agreed, GateRule } from '../../policy/gate.ts';
import type { DesiredState } from './desired.ts';
import { keyText } from '../../model/kube.ts';

/** What is remembered between two comparisons: since when this very drift has been seen. */
export interface DriftSeen {
  fingerprint: string;
  since: number;
}

/** What the gate said of an operation that may run. */
export interface Leave {
  /** Why it may run. */
  rule: GateRule;
  /** Name of the Approval that lets it. */
  approval?: string | undefined;
  /**
   * Ignored fields of it that nobody has approved and that it does not write: it does not become what was last synced.
   */
  unapproved?: Effect['unwritten'];
  /** Gates of others that bore on it when it was asked, by their ids: what another one guards by now stops it. */
  met?: readonly string[];
  /** Those who agreed, as they were when they were asked about last. */
  people?: readonly Agreed[];
  /** When that was (clock ms), and before which phase and wave. */
  asked?: { at: number; group?: string };
}

/** `heads`: commits by source, as text. */
export interface Telling {
  heads: string;
  /** How often it was told of them. */
  times: number;
  /** When it is told again (clock ms); Infinity: it knows them, or is left to its own poll. */
  due: number;
  /** What Argo CD's status named when that was found, as text. */
  compared?: string;
  /** What was told stands there, and was not taken. */
  standing: boolean;
}

export interface Known {
  /** Rendered manifests at the branch head, while nothing says that Git moved. */
  desired: DesiredState | undefined;
  /** Counts the times that Git may have moved: what was rendered before the newest is not kept. */
  gitMoves: number;
  /** What was last synced, for that history entry (as text) and that branch head. */
  last: { entry: string; head: DesiredState; state: DesiredState | 'gone' } | undefined;
  /**
   * What Git and the cluster were found to agree on since, in the same way; undefined while that is what was last
   * synced.
   */
  base: { entry: string; head: DesiredState; state: DesiredState | 'gone' } | undefined;
  /** The branch head for which what they agree on was looked after. */
  agreed: DesiredState | undefined;
  /** The comparison of `desired`. */
  comparison: Comparison | undefined;
  /** Hash of what the comparison depends on beside manifests: project, destination, ignoreDifferences. */
  basis: string;
  /** Who made the comparison. */
  comparer: Comparer | undefined;
  /** Live objects that changed since the comparison, by key text. */
  dirty: Map<string, ResourceKey>;
  /** Effect of syncing `effectOf` over what the comparison saw. */
  effect: { key: string; effect: Effect } | undefined;
  /** The inputs changed since the status was written. */
  moved: boolean;
  drift: DriftSeen | undefined;
  /**
   * The operation (as text) that has passed the gate in this process and goes on, the key of what it applies, a hash of
   * all beside manifests on which that depends, whether a gate asked, and its answer.
   */
  admitted:
    ({ operation: string; manifests: string; basis: string; gated: boolean; policy: string } & Leave) | undefined;
  /** Those who agreed to its deletion, as they were when they were asked about last, `of` what they agreed to. */
  rights?: { of: string[]; at: number; people: Agreed[] };
  /** When delete hooks that failed go, to be made anew (clock ms). */
  hooksGo?: number | undefined;
  /** The mirrors must be as new as this (clock ms) before Git is read: they could not be fetched yet. */
  wantsSince: number | undefined;
  /** What came of the fetch that the application waited for, until a pass has told it. */
  fetchFault: Error | undefined;
  /**
   * Commits by source at which it could not be rendered, for good; [] = it cannot be looked at whatever Git says.
   * undefined: it could.
   */
  failedAt: readonly (string | undefined)[] | undefined;
  /** How far it is with telling Argo CD of the newest commits. */
  telling?: Telling | undefined;
  /** Commits that Argo CD's status named and the mirrors lacked, as text: the remote was asked for them. */
  soughtFor?: string;
  /** Applications among its manifests, as Git has them. */
  children: readonly Application[];
  /** Key of the manifests from which `children` were read. */
  childrenOf: string;
  /** The revision at the head was not there, and was looked for at the remote. */
  sought: boolean;
  /** When the present refresh annotation was first seen (clock ms): a fetch that began later answers it. */
  refreshSeen: number | undefined;
  /** What was warned of, by message, with its cause: it is not said in each pass. */
  readonly warned: Map<string, string>;
  /** Tracking name (`<name>` or `<namespace>_<name>`) and server under which live objects are looked up. */
  tracking: string;
  server: string;
  /** Where it watches for orphans, as text. */
  watches?: string | undefined;
}

function placeName(server: string, namespace: string): string {
  return `${server} ${namespace}`;
}

/** By `namespace/name` of the application. Lost with the process, which costs one comparison each. */
export class Memory {
  readonly #known = new Map<string, Known>();
  readonly #byTracking = new Map<string, string>();
  readonly #unmoved = new WeakMap<DesiredState, string[]>();
  /** Place → applications that watch for what belongs to nobody there. */
  readonly #watching = new Map<string, Set<string>>();

  of(key: string, tracking: string): Known {
    const found = this.#known.get(key);
    if (found) return found;
    const fresh: Known = {
      desired: undefined,
      gitMoves: 0,
      last: undefined,
      base: undefined,
      agreed: undefined,
      comparison: undefined,
      comparer: undefined,
      basis: '',
      dirty: new Map(),
      effect: undefined,
      moved: false,
      drift: undefined,
      admitted: undefined,
      wantsSince: undefined,
      fetchFault: undefined,
      failedAt: undefined,
      children: [],
      childrenOf: '',
      sought: false,
      refreshSeen: undefined,
      warned: new Map(),
      tracking,
      server: '',
    };
    this.#known.set(key, fresh);
    this.#byTracking.set(tracking, key);
    return fresh;
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Key of the application with that tracking name; undefined when it is not one of ours. */
  keyOf(tracking: string): string | undefined {
    return this.#byTracking.get(tracking);
  }

  /** Marks one live object as changed; answers the application's key, if it is known. */
  touch(tracking: string, object: ResourceKey): string | undefined {
    const key = this.#byTracking.get(tracking);
    const known = key === undefined ? undefined : this.#known.get(key);
    known?.dirty.set(keyText(object), object);
    return key;
  }

  /** Git may have moved: the next pass resolves and renders again. */
  forgetDesired(key: string): void {
    const known = this.#known.get(key);
    if (!known) return;
    known.desired = undefined;
    known.gitMoves += 1;
  }

  /**
   * Commits by source up to which nothing has changed where the application reads; undefined while it is not rendered.
   */
  readFrom(key: string): { revisions: string[]; inputs: string[][] } | undefined {
    const desired = this.#known.get(key)?.desired;
    return desired && { revisions: this.#unmoved.get(desired) ?? desired.revisions, inputs: desired.inputs };
  }

  /**
   * The next look begins at these commits: otherwise each would begin where the application was last rendered, ever
   * further away.
   */
  unmovedAt(key: string, revisions: string[]): void {
    const desired = this.#known.get(key)?.desired;
    if (desired) this.#unmoved.set(desired, revisions);
  }

  delete(key: string): Known | undefined {
    const known = this.#known.get(key);
    this.#known.delete(key);
    if (known) this.#byTracking.delete(known.tracking);
    if (known?.watches !== undefined) this.#watching.get(known.watches)?.delete(key);
    return known;
  }

  /** From now on the application hears of what comes there and goes that belongs to nobody; undefined: nowhere. */
  watch(key: string, namespace: string | undefined): void {
    const known = this.#known.get(key);
    if (!known) return;
    const place = namespace === undefined ? undefined : placeName(known.server, namespace);
    if (place === known.watches) return;
    if (known.watches !== undefined) this.#watching.get(known.watches)?.delete(key);
    known.watches = place;
    if (place !== undefined) this.#watching.set(place, (this.#watching.get(place) ?? new Set()).add(key));
  }

  /** Keys of the applications that `watch` there. */
  watching(server: string, namespace: string): readonly string[] {
    return [...(this.#watching.get(placeName(server, namespace)) ?? [])];
  }

  /** Keys of the applications that were last looked up there. */
  at(server: string): string[] {
    return [...this.#known].flatMap(([key, known]) => (known.server === server ? [key] : []));
  }

  entries(): IterableIterator<[string, Known]> {
    return this.#known.entries();
  }
}
