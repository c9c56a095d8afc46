// What the applications that a pull request touches would hold after its merge: objects that move between them change
// hands.
import type { Affected } from './affected.ts';
import type { ChangeDeps, Held } from './deps.ts';
import type { ResourceKey } from '../model/kube.ts';
import { trackingName } from '../render/document/tracking.ts';

/** One that cannot be rendered is left out: then what it holds now counts. */
export async function heldAfter(deps: ChangeDeps, affected: readonly Affected[]): Promise<Held> {
  const held = new Map<string, { server: string; keys: readonly ResourceKey[] }>();
  for (const { before, after, result } of affected) {
    const app = after ?? before;
    const server = app && deps.clusterOf(app)?.server;
    if (!app || server === undefined || result instanceof Error) continue;
    if (!after) held.set(trackingName(app, deps.namespace), { server, keys: [] });
    else if (result) held.set(trackingName(app, deps.namespace), { server, keys: await deps.keysOf(after, result) });
  }
  return held;
}
