// What controllers made of an application's objects, and of that again: known by owner references, and read from the
// cluster when somebody looks.
import type { Clock } from '../base/clock.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Live, LiveRecord } from '../cluster/live.ts';
import type { Health } from '../model/application.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Target } from './application/assess.ts';
import { describeError } from '../base/errors.ts';
import { inParallel, Semaphore } from '../base/semaphore.ts';
import { TtlCache } from '../base/ttl-cache.ts';

/** So many are read at most, and named at most. */
const [mostRead, mostNamed] = [100, 1000];
const atOnce = 8;

interface Walked {
  record: LiveRecord;
  /** 1: made of the managed object itself. */
  depth: number;
}

interface Descendant {
  key: ResourceKey;
  uid: string;
  /** 1: made of the managed object itself, 2: of that, and so on. */
  depth: number;
  deleting: boolean;
  /** RFC 3339; undefined where it was not read. */
  createdAt: string | undefined;
  /** undefined: its kind has none, or it was not read. */
  health: Health | undefined;
}

export interface Descendants {
  /** In the order of a tree: each behind what it was made of. */
  rows: Descendant[];
  /** How many more there are. */
  left: number;
  /** Why some could not be read. */
  fault?: string;
}

function byKey(a: LiveRecord, b: LiveRecord): number {
  const text = ({ kind, name }: ResourceKey): string => `${kind}/${name}`;
  return text(a.key) < text(b.key) ? -1 : 1;
}

/** A circle of owners ends. */
function walk(live: Live, uid: string): Walked[] {
  const seen = new Set([uid]);
  const found: Walked[] = [];
  const visit = (owner: string, depth: number): void => {
    for (const record of live.childrenOf(owner).toSorted(byKey)) {
      if (seen.has(record.uid) || found.length >= mostNamed) continue;
      seen.add(record.uid);
      found.push({ record, depth });
      visit(record.uid, depth + 1);
    }
  };
  visit(uid, 1);
  return found;
}

/** `1 ReplicaSet, 3 Pods`, '' where there are none; costs look-ups alone. */
export function descendantsText(live: Live, uid: string): string {
  const counts = new Map<string, number>();
  for (const { record } of walk(live, uid)) counts.set(record.key.kind, (counts.get(record.key.kind) ?? 0) + 1);
  return [...counts].map(([kind, number]) => `${number} ${kind}${number === 1 ? '' : 's'}`).join(', ');
}

/** Only what is below an object of the application: a uid alone opens nothing. */
export function isManaged(comparison: Comparison | undefined, uid: string): boolean {
  return comparison?.objects.some(({ live, hook }) => !hook.isHook && live?.metadata.uid === uid) ?? false;
}

/** Of a version of an object; undefined when it is gone. */
type Seen = Pick<Descendant, 'createdAt' | 'health'> & { fault?: string };

/** An object that changed has another version, so this only bounds how long a failure and an older script count. */
const keptMs = 10_000;

/**
 * Tells what is below an object of that uid; what cannot be read is named without its health. Nobody is asked who they
 * are: bodies that are not kept are read once for each version, and a few at a time for all who ask.
 */
export function descendantReader(
  clock: Clock,
  signal: AbortSignal,
): (target: Target, uid: string) => Promise<Descendants> {
  const known = new TtlCache<Seen | undefined>({ clock, forMs: keptMs, keeps: () => true, limit: 10_000 });
  const turns = new Semaphore(atOnce);
  const read = async ({ cluster, healthOf }: Target, key: ResourceKey): Promise<Seen | undefined> => {
    const give = await turns.take(signal);
    try {
      const object = cluster.live.get(key)?.object ?? (await cluster.api.get(key, { signal }));
      return object && { createdAt: object.metadata.creationTimestamp ?? undefined, health: await healthOf(object) };
    } catch (error) {
      signal.throwIfAborted();
      return { createdAt: undefined, health: undefined, fault: describeError(error) };
    } finally {
      give();
    }
  };
  return async (target, uid) => {
    const all = walk(target.cluster.live, uid);
    let fault: string | undefined;
    const rows = await inParallel(all.slice(0, mostRead), atOnce, async ({ record, depth }) => {
      const version = `${target.identity} ${record.uid} ${record.resourceVersion}`;
      const seen = await known.get(version, () => read(target, record.key));
      fault ??= seen?.fault;
      const { createdAt, health } = seen ?? {};
      return seen && { key: record.key, uid: record.uid, depth, deleting: record.deleting, createdAt, health };
    });
    return {
      rows: rows.filter((row) => row !== undefined),
      left: Math.max(0, all.length - mostRead),
      ...(fault !== undefined && { fault }),
    };
  };
}
