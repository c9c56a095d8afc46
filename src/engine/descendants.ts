// What controllers made of an application's objects, and of that again: known by owner references, and read from the
// cluster when somebody looks.
import type { Comparison } from '../compare/compare.ts';
import type { Live, LiveRecord } from '../cluster/live.ts';
import type { Health } from '../model/application.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Target } from './application/assess.ts';
import { inParallel } from '../base/semaphore.ts';
import { describeError } from '../base/errors.ts';

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

/** Reads those whose bodies are not kept, a few at a time; what cannot be read is named without its health. */
export async function descendantsOf(
  { cluster, healthOf }: Target,
  uid: string,
  signal: AbortSignal,
): Promise<Descendants> {
  const all = walk(cluster.live, uid);
  let fault: string | undefined;
  const read = async ({ record, depth }: Walked): Promise<Descendant | undefined> => {
    const named = { key: record.key, uid: record.uid, depth, deleting: record.deleting };
    try {
      const object = cluster.live.get(record.key)?.object ?? (await cluster.api.get(record.key, { signal }));
      if (!object) return undefined;
      return { ...named, createdAt: object.metadata.creationTimestamp ?? undefined, health: await healthOf(object) };
    } catch (error) {
      signal.throwIfAborted();
      fault ??= describeError(error);
      return { ...named, createdAt: undefined, health: undefined };
    }
  };
  const rows = await inParallel(all.slice(0, mostRead), atOnce, read);
  return {
    rows: rows.filter((row) => row !== undefined),
    left: Math.max(0, all.length - mostRead),
    ...(fault !== undefined && { fault }),
  };
}
