// Which applications an event of a live object concerns.
import type { LiveChange, LiveRecord } from '../cluster/live.ts';
import type { Application } from '../model/application.ts';
import type { Target } from './application/assess.ts';
import type { Memory } from './application/memory.ts';
import type { Store } from '../store/store.ts';
import { trackingName } from '../render/document/tracking.ts';
import { isApplicationName } from './orphans.ts';

interface Known {
  memory: Memory;
  store: Pick<Store, 'applications' | 'namespace'>;
}

function isOrphan({ store }: Known, record: LiveRecord | undefined): boolean {
  if (!record?.root) return false;
  return record.application === undefined || !isApplicationName(store, record.application);
}

/** Those that look for orphans where one has come or gone. */
function watchers(known: Known, server: string, { key, before, after }: LiveChange): readonly string[] {
  const found = known.memory.watching(server, key.namespace);
  return found.length === 0 || isOrphan(known, before) === isOrphan(known, after) ? [] : found;
}

/**
 * Keys of the applications of that cluster that the change concerns; what we wrote ourselves is looked at by who wrote
 * it, and by whom it was taken from.
 */
export function touched(known: Known, server: string, change: LiveChange): string[] {
  const { memory } = known;
  const keys = [...watchers(known, server, change)];
  for (const tracking of change.applications) {
    const key = memory.keyOf(tracking);
    if (key === undefined || memory.get(key)?.server !== server) continue;
    memory.touch(tracking, change.key);
    const lost = change.before?.application === tracking && change.after?.application !== tracking;
    if (change.origin === 'watch' || lost) keys.push(key);
  }
  return keys;
}

/** Keys of those that look for orphans where that application, which has come or gone, has objects. */
export function besides({ memory, store }: Known, target: Target, app: Application): string[] {
  const objects = target.cluster.live.keysOf(trackingName(app, store.namespace));
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  return [...namespaces].flatMap((namespace) => memory.watching(target.server, namespace));
}
