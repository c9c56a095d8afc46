// What became of the objects of an Application that is gone: as its cluster answers, and as it is told.
import type { ObjectsAt, ResourceKey } from '../../model/kube.ts';
import type { Report } from '../../model/report.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { keyTitle } from '../../model/kube.ts';
import { appAt } from '../application/had.ts';
import { saysItStays } from '../application/taken.ts';

type Deps = Pick<ReconcileDeps, 'targetOf' | 'log'>;

/** So many objects are named. */
const mostNamed = 5;

interface Place {
  application: string;
  place: ObjectsAt;
  signal: AbortSignal;
}

interface Found {
  gone: ResourceKey[];
  /** Being deleted still. */
  going: ResourceKey[];
  there: ResourceKey[];
  /** There, and not meant to go with its application. */
  kept: ResourceKey[];
  /** Nobody knows: it could not be read. */
  unread: ResourceKey[];
}

async function lookThere(
  { targetOf, log }: Deps,
  { application, place: { server, cluster, objects }, signal }: Place,
  found: Found,
): Promise<void> {
  const unread = (keys: readonly ResourceKey[], err?: unknown): void => {
    if (signal.aborted) throw err;
    log.debug({ app: application, err }, 'what an application had could not be read');
    found.unread.push(...keys);
  };
  let target;
  try {
    target = await targetOf(appAt(application, server), { sure: true });
  } catch (err) {
    return unread(objects, err);
  }
  // What another cluster has by those names tells nothing.
  if (!target || (cluster !== '' && target.identity !== cluster)) return unread(objects);
  const { discovery, api } = target.cluster;
  for (const key of objects) {
    try {
      const object = discovery.resourceOf(key) && (await api.get(key, { signal }));
      if (!object) found.gone.push(key);
      else if (object.metadata.deletionTimestamp) found.going.push(key);
      else (saysItStays(object) ? found.kept : found.there).push(key);
    } catch (err) {
      unread([key], err);
    }
  }
}

/** undefined: nobody knows what it had. */
export async function lookAt(deps: Deps, { spec }: Report, signal: AbortSignal): Promise<Found | undefined> {
  const { application, had } = spec;
  if (!had) return undefined;
  const found: Found = { gone: [], going: [], there: [], kept: [], unread: [] };
  for (const place of had) await lookThere(deps, { application, place, signal }, found);
  return found;
}

function listed(told: string, keys: readonly ResourceKey[]): string[] {
  const more = keys.length > mostNamed ? ` and ${keys.length - mostNamed} more` : '';
  return keys.length > 0 ? [`${told}: ${keys.slice(0, mostNamed).map(keyTitle).join(', ')}${more}.`] : [];
}

/** A sentence without its subject, the Application. */
export function outcome({ spec }: Report, approval: string | undefined, found: Found | undefined): string {
  const by =
    approval === undefined
      ? 'was deleted past the gate. Nobody has approved it here.'
      : `was deleted by Argo CD, as approved in ${approval}.`;
  if (!found) return `${by} What became of its objects is not known: nobody saw what it had.`;
  return [
    by,
    ...listed('Gone with it', found.gone),
    ...listed('Still going', found.going),
    ...(spec.cascades
      ? [
          ...listed('Still there, though its finalizer asks for them to go', found.there),
          ...listed('Kept, as definitions or by their own options', found.kept),
        ]
      : listed('Still there', [...found.there, ...found.kept])),
    ...listed('Not known, for it could not be read', found.unread),
  ].join(' ');
}
